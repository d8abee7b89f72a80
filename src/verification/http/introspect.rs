//! `/v1/introspect`: what is this token worth? (RFC 7662.) Only for callers whose own secret key
//! holds the scope `latchkey:introspect`; any bad token is one and the same `{"active":false}`.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use url::form_urlencoded;

use super::bearer;
use super::problem::{problem, refused, undecided};
use crate::api_keys::SecretKey;
use crate::clock::SECOND;
use crate::error::Result;
use crate::scopes::INTROSPECT;
use crate::verification::{From, Presented, Record, Verdict, Verifier, Wanted};
use crate::web::Site;

/// What a caller asks.
#[derive(Default)]
struct Question {
    token: Vec<String>,
    client_ip: Vec<String>,
    wanted: Wanted,
}

pub(super) async fn introspect(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    site: web::Data<Site>,
    verifier: web::Data<Verifier>,
) -> HttpResponse {
    answer(&request, body, &site, &verifier).await.unwrap_or_else(|error| undecided(&error))
}

/// Other methods are told which one to use.
pub(super) async fn only_post() -> HttpResponse {
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "Use POST", "invalid_request")
        .unwrap_or_else(|_| HttpResponse::MethodNotAllowed().finish());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn answer(
    request: &HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    site: &Site,
    verifier: &Verifier,
) -> Result<HttpResponse> {
    let now = site.clock.now();
    let caller = bearer::presented(request.headers());
    let may_ask = Wanted { scopes: [INTROSPECT.to_owned()].into(), environment: None };
    let from = bearer::origin(request, site);
    if let Verdict::Refuse(refusal) = verifier.verify(caller, &may_ask, from, now).await? {
        return refused(&refusal);
    }
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            let status = error.as_response_error().status_code();
            return problem(status, "The body cannot be read", "invalid_request");
        }
    };
    let is_form =
        request.headers().get("content-type").and_then(|v| v.to_str().ok()).is_some_and(|value| {
            value
                .split(';')
                .next()
                .is_some_and(|v| v.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
        });
    let question = if is_form { read(&body) } else { Question::default() };
    // A parameter that stands twice may mean either (RFC 6749, 3.2).
    let ([token], [] | [_]) = (question.token.as_slice(), question.client_ip.as_slice()) else {
        let title = "Give one token, and one client_ip at most, in a form";
        return problem(StatusCode::BAD_REQUEST, title, "invalid_request");
    };
    let Some(secret) = SecretKey::parse(token) else { return Ok(inactive()) };
    let from = match question.client_ip.first().map(|address| address.parse()) {
        Some(Ok(address)) => From::Address(address),
        Some(Err(_)) => From::Unknown,
        None => From::Untold,
    };
    let presented = Presented::Secret(secret);
    match verifier.verify(presented, &question.wanted, from, now).await? {
        Verdict::Pass(record) => Ok(active(&record, site.public_url.origin())),
        Verdict::Refuse(_) => Ok(inactive()),
    }
}

fn read(body: &[u8]) -> Question {
    let mut question = Question::default();
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "token" => question.token.push(value.into_owned()),
            "client_ip" => question.client_ip.push(value.into_owned()),
            "scope" => question
                .wanted
                .scopes
                .extend(value.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned)),
            _ => {}
        }
    }
    question
}

fn active(record: &Record, issuer: &str) -> HttpResponse {
    let scopes: Vec<&str> = record.scopes.iter().map(String::as_str).collect();
    json(&serde_json::json!({
        "active": true,
        "scope": scopes.join(" "),
        "client_id": record.key_id.as_str(),
        "sub": record.key_id.as_str(),
        "token_type": "Bearer",
        "iat": record.created_at.millis() / SECOND,
        "exp": record.ends_at().millis() / SECOND,
        "iss": issuer,
        "latchkey_role": record.role,
        "latchkey_environment": record.environment.slug(),
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
