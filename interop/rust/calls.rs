//! How a call is made with either form of the client, and how its answer is judged.

use protobuf::Message;
use std::{os::unix::io::IntoRawFd, os::unix::net::UnixStream, process};
use ttrpc::{Client, Code, Error, Request, Response, Status};

/// 30 s in ns.
pub const PATIENCE: i64 = 30_000_000_000;

pub struct Checks {
    pub passed: usize,
}

impl Checks {
    pub fn check(&mut self, name: &str, ok: bool, detail: impl std::fmt::Debug) {
        if !ok {
            println!("FAILED {name} {detail:?}");
            process::exit(1);
        }
        self.passed += 1;
        println!("ok     {name}");
    }
}

/// `Client::connect` of this version knows only abstract socket names, so the socket is opened here.
pub fn dial(path: &str) -> i32 {
    match UnixStream::connect(path) {
        Ok(stream) => stream.into_raw_fd(),
        Err(error) => {
            println!("cannot connect: {error}");
            process::exit(1);
        }
    }
}

pub fn request(service: &str, method: &str, message: &impl Message, timeout_nano: i64) -> Request {
    let mut request = Request::new();
    request.set_service(service.to_string());
    request.set_method(method.to_string());
    request.set_timeout_nano(timeout_nano);
    request.set_payload(message.write_to_bytes().expect("a message can be encoded"));
    request
}

pub fn decode<A: Message>(response: Response) -> Result<A, Error> {
    A::parse_from_bytes(response.get_payload()).map_err(|error| Error::Others(error.to_string()))
}

pub fn call<A: Message>(
    client: &Client,
    service: &str,
    method: &str,
    message: &impl Message,
) -> Result<A, Error> {
    decode(client.request(request(service, method, message, PATIENCE))?)
}

/// The status of a call that the server refused.
pub fn refusal<A>(result: &Result<A, Error>) -> Option<&Status> {
    match result {
        Err(Error::RpcStatus(status)) => Some(status),
        _ => None,
    }
}

pub fn refused<A>(result: &Result<A, Error>, code: Code) -> bool {
    refusal(result).map_or(false, |status| {
        status.get_code() == code && !status.get_message().is_empty()
    })
}
