//! Calls integrationd with containerd's ttrpc client for Rust, in both its forms: threads and tokio.
//! What a service in another language does, from the proto files alone. Exits with 1 at the first
//! answer that is not as documented.

use protobuf::Message;
use std::{env, thread};
use ttrpc::{asynchronous, context, Client, Code, Error};

mod calls;
mod grpc_health {
    include!(concat!(env!("OUT_DIR"), "/grpc/health/v1/mod.rs"));
}
mod rpc {
    include!(concat!(env!("OUT_DIR"), "/google/rpc/mod.rs"));
}
mod v1 {
    include!(concat!(env!("OUT_DIR"), "/integration/v1/mod.rs"));
}
use calls::{call, decode, dial, refusal, refused, request, Checks, PATIENCE};
use grpc_health::health::{
    HealthCheckRequest, HealthCheckResponse, HealthCheckResponse_ServingStatus,
};
use rpc::error_details::BadRequest;
use v1::api_keys::{
    ApiKeyState, CreateApiKeyRequest, CreateApiKeyResponse, RevokeApiKeyRequest,
    RevokeApiKeyResponse, VerificationCode, VerifyApiKeyRequest, VerifyApiKeyResponse,
};
use v1::events::{PublishEventRequest, PublishEventStreamResponse};
use v1::tenants::{
    CreateTenantRequest, CreateTenantResponse, GetTenantRequest, GetTenantResponse,
    ListTenantsRequest, ListTenantsResponse,
};

const HEALTH: &str = "grpc.health.v1.Health";
const TENANTS: &str = "integration.v1.TenantService";
const KEYS: &str = "integration.v1.ApiKeyService";
const EVENTS: &str = "integration.v1.EventService";

fn serves(answer: &Result<HealthCheckResponse, Error>) -> bool {
    matches!(answer, Ok(health) if health.get_status() == HealthCheckResponse_ServingStatus::SERVING)
}

fn get(tenant: &str) -> GetTenantRequest {
    GetTenantRequest {
        tenant_id: tenant.to_string(),
        ..Default::default()
    }
}

/// What is wrong with one answer of many calls at once, if anything is.
fn complaint(answer: Result<GetTenantResponse, Error>, tenant: &str) -> Option<String> {
    match answer {
        Ok(answer) if answer.get_tenant().tenant_id == tenant => None,
        Ok(_) => Some("the answer of another call".to_string()),
        Err(error) => Some(error.to_string()),
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let (socket, version) = match &arguments[..] {
        [_, socket, version] => (socket, version),
        _ => panic!("name the socket and the version of the library"),
    };
    let mut checks = Checks { passed: 0 };
    let client = Client::new(dial(socket));

    let health = call(&client, HEALTH, "Check", &HealthCheckRequest::new());
    checks.check("health check", serves(&health), health);

    let tenant = create_tenant(&client, &mut checks);
    keys(&client, &tenant, &mut checks);
    refusals(&client, &tenant, &mut checks);
    deadlines(&client, &mut checks);
    threads(&client, &tenant, &mut checks);
    streams(&client, &tenant, &mut checks);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("cannot start tokio")
        .block_on(tasks(socket, &tenant, &mut checks));

    let health = call(&client, HEALTH, "Check", &HealthCheckRequest::new());
    checks.check("the first connection still serves", serves(&health), health);
    println!("skipped: streaming (ttrpc-rust {version} has none)");
    println!("{} passed, 0 failed", checks.passed);
}

fn create_tenant(client: &Client, checks: &mut Checks) -> String {
    let name = "Rust Schule é";
    let wanted = CreateTenantRequest {
        display_name: name.to_string(),
        ..Default::default()
    };
    let made: Result<CreateTenantResponse, _> = call(client, TENANTS, "CreateTenant", &wanted);
    let named = matches!(&made, Ok(made) if made.get_tenant().display_name == name);
    checks.check("create a tenant", named, &made);
    made.map(|made| made.get_tenant().tenant_id.clone())
        .unwrap_or_default()
}

fn keys(client: &Client, tenant: &str, checks: &mut Checks) {
    let mut wanted = CreateApiKeyRequest {
        tenant_id: tenant.to_string(),
        key_name: "from Rust".to_string(),
        rate_limit_per_minute: 5,
        rate_limit_per_hour: 1000,
        idempotency_key: "rust-1".to_string(),
        ..Default::default()
    };
    let issued: Result<CreateApiKeyResponse, _> = call(client, KEYS, "CreateApiKey", &wanted);
    checks.check(
        "issue a key",
        matches!(&issued, Ok(key) if key.api_key.starts_with("sk_live_")),
        &issued,
    );
    let issued = issued.unwrap_or_default();
    let again: Result<CreateApiKeyResponse, _> = call(client, KEYS, "CreateApiKey", &wanted);
    let same = matches!(&again, Ok(key) if key.api_key == issued.api_key);
    checks.check(
        "repeating with its idempotency key answers the same",
        same,
        again,
    );
    wanted.key_name = "another".to_string();
    let again: Result<CreateApiKeyResponse, _> = call(client, KEYS, "CreateApiKey", &wanted);
    checks.check(
        "the key with another request is refused",
        refused(&again, Code::FAILED_PRECONDITION),
        again,
    );

    // Five are admitted; the sixth not, unless the minute turned in between: then count anew.
    let presented = VerifyApiKeyRequest {
        api_key: issued.api_key.clone(),
        ..Default::default()
    };
    let (mut allowed, mut limited, mut broken) = (0, false, None);
    for _ in 0..11 {
        let verdict: Result<VerifyApiKeyResponse, _> =
            call(client, KEYS, "VerifyApiKey", &presented);
        match verdict {
            Ok(verdict) if verdict.allowed => allowed += 1,
            Ok(verdict) => {
                limited = verdict.code == VerificationCode::VERIFICATION_CODE_RATE_LIMITED_MINUTE
            }
            Err(error) => broken = Some(error),
        }
        if limited || broken.is_some() {
            break;
        }
    }
    let exact = broken.is_none() && limited && (5..=10).contains(&allowed);
    checks.check("verify until the minute's limit", exact, (broken, allowed));

    let dismissed = RevokeApiKeyRequest {
        tenant_id: tenant.to_string(),
        key_id: issued.get_key().key_id.clone(),
        ..Default::default()
    };
    let revoked: Result<RevokeApiKeyResponse, _> = call(client, KEYS, "RevokeApiKey", &dismissed);
    let is_revoked = matches!(&revoked, Ok(answer) if answer.get_key().state == ApiKeyState::API_KEY_STATE_REVOKED);
    checks.check("revoke", is_revoked, revoked);
    let verdict: Result<VerifyApiKeyResponse, _> = call(client, KEYS, "VerifyApiKey", &presented);
    let is_refused = matches!(&verdict, Ok(verdict)
        if !verdict.allowed && verdict.code == VerificationCode::VERIFICATION_CODE_REVOKED);
    checks.check("a revoked key is refused", is_refused, verdict);
}

fn refusals(client: &Client, tenant: &str, checks: &mut Checks) {
    let answer: Result<GetTenantResponse, _> = call(client, "no.such.Service", "Do", &get(tenant));
    checks.check(
        "an unknown service is UNIMPLEMENTED",
        refused(&answer, Code::UNIMPLEMENTED),
        answer,
    );
    let answer: Result<GetTenantResponse, _> = call(client, TENANTS, "GetTenant", &get("x"));
    checks.check(
        "a malformed id is INVALID_ARGUMENT",
        refused(&answer, Code::INVALID_ARGUMENT),
        &answer,
    );
    let named = refusal(&answer).map_or(false, |status| {
        status.get_details().iter().any(|detail| {
            detail.type_url == "type.googleapis.com/google.rpc.BadRequest"
                && matches!(BadRequest::parse_from_bytes(&detail.value), Ok(request)
                    if request.field_violations.iter().any(|violation| violation.field == "tenant_id"))
        })
    });
    checks.check("its details name the field", named, answer);
    let answer: Result<GetTenantResponse, _> = call(
        client,
        TENANTS,
        "GetTenant",
        &get("00000000-0000-4000-8000-000000000000"),
    );
    checks.check(
        "an unknown id is NOT_FOUND",
        refused(&answer, Code::NOT_FOUND),
        answer,
    );
    let answer: Result<GetTenantResponse, _> =
        call(client, TENANTS, "GetTenant", &get(&"x".repeat(4 << 20)));
    let too_long = refused(&answer, Code::RESOURCE_EXHAUSTED);
    checks.check(
        "a request above 4 MiB is RESOURCE_EXHAUSTED",
        too_long,
        answer.err(),
    );

    let mut described = request(TENANTS, "GetTenant", &get(tenant), PATIENCE);
    let pairs = [("trace".to_string(), vec!["7".to_string(), "8".to_string()])];
    described.set_metadata(context::to_pb(pairs.into_iter().collect()));
    let answer = client
        .request(described)
        .and_then(decode::<GetTenantResponse>);
    checks.check(
        "a call with metadata",
        matches!(&answer, Ok(answer) if answer.has_tenant()),
        answer,
    );
}

/// This client keeps a time itself, except a negative one, which it takes for a huge one.
fn deadlines(client: &Client, checks: &mut Checks) {
    let list = ListTenantsRequest::new();
    let late = client.request(request(TENANTS, "ListTenants", &list, 1));
    checks.check(
        "a deadline that has passed ends the call",
        late.is_err(),
        late,
    );
    let late = client.request(request(TENANTS, "ListTenants", &list, -1));
    checks.check(
        "a negative time is DEADLINE_EXCEEDED",
        refused(&late, Code::DEADLINE_EXCEEDED),
        late,
    );
    let list: Result<ListTenantsResponse, _> = call(client, TENANTS, "ListTenants", &list);
    let listed = matches!(&list, Ok(list) if !list.tenants.is_empty());
    checks.check(
        "an answer nobody waits for disturbs no other call",
        listed,
        list,
    );
}

fn threads(client: &Client, tenant: &str, checks: &mut Checks) {
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (client, tenant) = (client.clone(), tenant.to_string());
            thread::spawn(move || {
                (0..10).find_map(|_| {
                    complaint(call(&client, TENANTS, "GetTenant", &get(&tenant)), &tenant)
                })
            })
        })
        .collect();
    let failures: Vec<_> = callers
        .into_iter()
        .filter_map(|caller| caller.join().expect("a caller panicked"))
        .collect();
    checks.check(
        "1,000 calls of 100 threads on one connection",
        failures.is_empty(),
        failures.first(),
    );
}

/// A client without streams asks for one: it cannot read the answer, and loses nothing else.
fn streams(client: &Client, tenant: &str, checks: &mut Checks) {
    let event = PublishEventRequest {
        tenant_id: tenant.to_string(),
        event_type: "no.such_type".to_string(),
        event_data: b"{}".to_vec(),
        ..Default::default()
    };
    let answer: Result<PublishEventStreamResponse, _> =
        call(client, EVENTS, "PublishEventStream", &event);
    let not_understood =
        matches!(&answer, Err(Error::Others(text)) if text.contains("malformed packet"));
    checks.check(
        "a call of a stream is no answer to this client",
        not_understood,
        answer,
    );
    let answer: Result<GetTenantResponse, _> = call(client, TENANTS, "GetTenant", &get(tenant));
    checks.check("the connection outlives it", answer.is_ok(), answer);
}

async fn tasks(socket: &str, tenant: &str, checks: &mut Checks) {
    let mut client = asynchronous::Client::new(dial(socket));

    // This one leaves the time to the server.
    let late = client
        .request(request(
            TENANTS,
            "ListTenants",
            &ListTenantsRequest::new(),
            1,
        ))
        .await;
    checks.check(
        "tokio: a time that is over is DEADLINE_EXCEEDED",
        refused(&late, Code::DEADLINE_EXCEEDED),
        late,
    );

    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let (mut client, tenant) = (client.clone(), tenant.to_string());
            tokio::spawn(async move {
                let answer = client
                    .request(request(TENANTS, "GetTenant", &get(&tenant), PATIENCE))
                    .await;
                complaint(answer.and_then(decode), &tenant)
            })
        })
        .collect();
    let mut failures = Vec::new();
    for caller in callers {
        failures.extend(caller.await.expect("a caller panicked"));
    }
    checks.check(
        "tokio: 1,000 calls at once on one connection",
        failures.is_empty(),
        failures.first(),
    );
}
