//! `/v1/introspect`: returns information about a token (RFC 7662). Only for callers whose own secret
//! key has the scope `latchkey:introspect`. Every invalid token gets the same response,
//! `{"active":false}`.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use url::form_urlencoded;

use super::bearer;
use super::problem::{denied, problem, undecided};
use crate::base::clock::SECOND;
use crate::base::error::Result;
use crate::domain::scopes::INTROSPECT;
use crate::domain::usage::{RequestId, RequestLine};
use crate::domain::verification::{
    ClientAddress, Credential, Question, Record, Requirements, Verdict, Verifier,
};
use crate::web::Site;
use crate::web::body::{Body, is_of_type};
use crate::web::connections::Connection;

/// The maximum size of a request body, in bytes.
const MAX_BODY_LENGTH: usize = 64 * 1024;

/// An introspection request.
struct Introspection {
    token: String,
    from: ClientAddress,
    requirements: Requirements<'static>,
}

pub(super) async fn introspect(
    request: HttpRequest,
    body: Body,
    site: web::Data<Site>,
    verifier: web::Data<Verifier>,
) -> HttpResponse {
    answer(&request, body, &site, &verifier).await.unwrap_or_else(|error| undecided(&error))
}

/// Tells callers of other methods which one to use.
pub(super) async fn only_post() -> HttpResponse {
    let mut response =
        problem(StatusCode::METHOD_NOT_ALLOWED, "Use POST", "invalid_request", RequestId::random());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn answer(
    request: &HttpRequest,
    body: Body,
    site: &Site,
    verifier: &Verifier,
) -> Result<HttpResponse> {
    let now = site.clock.now();
    let caller = Question {
        credential: bearer::credential(request.headers()),
        requirements: Requirements {
            scopes: [INTROSPECT.into()].into_iter().collect(),
            environment: None,
        },
        from: bearer::origin(request.head(), site),
        request: &|| RequestLine { method: Some(b"POST"), target: Some(b"/v1/introspect") },
    };
    if let Verdict::Deny(denial_reason, request_id) = verifier.verify(caller, now).await? {
        return denied(&denial_reason, request_id);
    }
    if let Some(connection) = Connection::of(request) {
        connection.mark_genuine();
    }
    let introspection = match read(request, body).await {
        Ok(introspection) => introspection,
        Err((status, title)) => {
            return Ok(problem(status, title, "invalid_request", RequestId::random()));
        }
    };
    let token = Question {
        credential: Credential::text(&introspection.token),
        requirements: introspection.requirements,
        from: introspection.from,
        // Nobody reports the request in which the token was sent.
        request: &RequestLine::default,
    };
    match verifier.verify(token, now).await? {
        Verdict::Pass(record) => Ok(active(&record, site.public_url.origin())),
        Verdict::Deny(..) => Ok(inactive()),
    }
}

/// Parses the form; otherwise returns the status and what is wrong with it.
async fn read(
    request: &HttpRequest,
    body: Body,
) -> Result<Introspection, (StatusCode, &'static str)> {
    let body = body.read(MAX_BODY_LENGTH).await;
    let body = body.map_err(|rejection| (rejection.status_code(), "The body cannot be read"))?;
    let (mut tokens, mut addresses, mut requirements) =
        (Vec::new(), Vec::new(), Requirements::default());
    let is_form = is_of_type(request, "application/x-www-form-urlencoded");
    let fields = if is_form { body.as_slice() } else { b"" };
    for (name, value) in form_urlencoded::parse(fields) {
        match &*name {
            "token" => tokens.push(value.into_owned()),
            "client_ip" => addresses.push(value.into_owned()),
            "scope" => requirements.require(value.into_owned().into()),
            _ => {}
        }
    }
    let from = match addresses.as_slice() {
        [] => Some(ClientAddress::NotRequired),
        [address] => Some(address.parse().map_or(ClientAddress::Missing, ClientAddress::Known)),
        _ => None,
    };
    // A parameter that occurs twice is ambiguous (RFC 6749, 3.2).
    match (tokens.pop().filter(|_| tokens.is_empty()), from) {
        (Some(token), Some(from)) => Ok(Introspection { token, from, requirements }),
        _ => Err((StatusCode::BAD_REQUEST, "Give one token, and one client_ip at most, in a form")),
    }
}

fn active(record: &Record, issuer: &str) -> HttpResponse {
    // The values were made from text and contain only ASCII.
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    let key_id = record.secret.key_id.as_str();
    json(&serde_json::json!({
        "active": true,
        "scope": text(&record.grant.scopes_text),
        "client_id": key_id,
        "sub": key_id,
        "token_type": "Bearer",
        "iat": record.created_at.millis() / SECOND,
        "exp": record.ends_at().millis() / SECOND,
        "iss": issuer,
        "latchkey_role": text(&record.grant.role),
        "latchkey_environment": record.environment.as_str(),
    }))
}

fn inactive() -> HttpResponse {
    json(&serde_json::json!({ "active": false }))
}

fn json(body: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(body.to_string())
}
