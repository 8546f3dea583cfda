//! The same echo on Rust's ttrpc, with its asynchronous server, as Debian ships it.
//!
//!     peer-rust SOCKET

use async_trait::async_trait;
use protobuf::{well_known_types::Any, Message};
use std::{
    collections::HashMap,
    os::unix::{io::IntoRawFd, net::UnixListener},
};
use ttrpc::r#async::{convert_response_to_buf, MethodHandler, Server, TtrpcContext};

struct Echo;

#[async_trait]
impl MethodHandler for Echo {
    async fn handler(
        &self,
        context: TtrpcContext,
        request: ttrpc::Request,
    ) -> ttrpc::Result<(u32, Vec<u8>)> {
        let message = Any::parse_from_bytes(&request.payload)
            .map_err(|error| ttrpc::Error::Others(error.to_string()))?;
        let mut response = ttrpc::Response::new();
        response.payload = message
            .write_to_bytes()
            .map_err(|error| ttrpc::Error::Others(error.to_string()))?;
        Ok((context.mh.stream_id, convert_response_to_buf(response)?))
    }
}

fn main() {
    let path = std::env::args().nth(1).expect("usage: peer-rust SOCKET");
    let _ = std::fs::remove_file(&path);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("no threads");
    runtime.block_on(async {
        let mut methods: HashMap<String, Box<dyn MethodHandler + Send + Sync>> = HashMap::new();
        methods.insert("/bench.Echo/Echo".to_string(), Box::new(Echo));
        // Its own bind wants SO_REUSEPORT, which newer kernels refuse a Unix socket, and no file.
        let listener = UnixListener::bind(&path).expect("cannot listen");
        let mut server = Server::new()
            .set_domain_unix()
            .add_listener(listener.into_raw_fd())
            .expect("cannot listen")
            .register_service(methods);
        server.start().await.expect("cannot serve");
        println!("ready");
        std::future::pending::<()>().await
    })
}
