//! Denials in the form that programs read: `WWW-Authenticate` (RFC 6750, 3) and problem details (RFC
//! 9457).

use std::collections::BTreeSet;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::error::{Error, Result};
use crate::domain::usage::RequestId;
use crate::domain::verification::DenialReason;
use crate::web::log;

const CODE: HeaderName = HeaderName::from_static("latchkey-code");
const REQUEST_ID: HeaderName = HeaderName::from_static("latchkey-request-id");

/// How many bytes of missing scopes a challenge lists. nginx allows 4 KB for all headers of a
/// response.
const LISTED_SCOPES_LENGTH: usize = 1024;

/// The response to a denied request. It never reveals which addresses are allowed.
pub(super) fn denied(denial_reason: &DenialReason, request_id: RequestId) -> Result<HttpResponse> {
    let (status, title) = match denial_reason {
        DenialReason::MissingKey => (StatusCode::UNAUTHORIZED, "No API key"),
        DenialReason::MalformedKey(_) => (StatusCode::UNAUTHORIZED, "Not a secret key"),
        DenialReason::InvalidKey(_) => (StatusCode::UNAUTHORIZED, "Secret key does not match"),
        DenialReason::KeyExpired => (StatusCode::UNAUTHORIZED, "Key expired"),
        DenialReason::KeyRevoked => (StatusCode::UNAUTHORIZED, "Key revoked"),
        DenialReason::KeyDisabled => (StatusCode::UNAUTHORIZED, "Key disabled"),
        DenialReason::SecretSuperseded => (StatusCode::UNAUTHORIZED, "Secret key was replaced"),
        DenialReason::ScopeMissing(_) => (StatusCode::FORBIDDEN, "Scope missing"),
        DenialReason::AddressNotAllowed => {
            (StatusCode::FORBIDDEN, "Address not in the IP whitelist")
        }
        DenialReason::EnvironmentMismatch => (StatusCode::FORBIDDEN, "Key of another environment"),
    };
    let challenge = match denial_reason {
        DenialReason::MissingKey => r#"Bearer realm="latchkey""#.to_owned(),
        DenialReason::ScopeMissing(missing) => insufficient(missing),
        _ => {
            let error = if status == StatusCode::FORBIDDEN {
                "insufficient_scope"
            } else {
                "invalid_token"
            };
            format!(r#"Bearer realm="latchkey", error="{error}", error_description="{title}""#)
        }
    };
    let mut response = problem(status, title, denial_reason.outcome().as_str(), request_id);
    let challenge = challenge.parse().map_err(Error::internal)?;
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    Ok(response)
}

/// The response to a request for a path below `/v1/` that does not exist. Programs ask here, so it is
/// never a page.
pub(super) async fn not_found(request: HttpRequest) -> HttpResponse {
    let detail = if request.path().starts_with("/v1/authorize/") {
        "A gateway that appends its client's path asks /v1/ext-authz/- instead, or \
         /v1/ext-authz/scope=orders:read with the scope that the route needs"
    } else {
        ""
    };
    let id = RequestId::random();
    problem_with(StatusCode::NOT_FOUND, "No such endpoint", detail, "not_found", id)
}

/// The response when no decision can be made.
pub(super) fn undecided(error: &Error) -> HttpResponse {
    let id = RequestId::random();
    if log::has_room() {
        tracing::error!(%error, request_id = %id, "a request could not be decided");
    }
    problem(StatusCode::SERVICE_UNAVAILABLE, "Latchkey cannot decide", "unavailable", id)
}

/// Problem details, with the id that the log and the dashboard show for the request. The code and the
/// id are headers too, because some gateways drop the body.
pub(super) fn problem(
    status: StatusCode,
    title: &'static str,
    code: &'static str,
    request_id: RequestId,
) -> HttpResponse {
    problem_with(status, title, "", code, request_id)
}

/// [`problem`] with a sentence about what to do, if it is not empty.
pub(super) fn problem_with(
    status: StatusCode,
    title: &'static str,
    detail: &'static str,
    code: &'static str,
    request_id: RequestId,
) -> HttpResponse {
    // All parts are known and contain nothing that must be escaped in JSON.
    let detail = if detail.is_empty() { String::new() } else { format!(r#""detail":"{detail}","#) };
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}",{detail}"status":{},"code":"{code}","request_id":"{request_id}"}}"#,
        status.as_u16()
    );
    let mut response = HttpResponse::with_body(status, BoxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(CODE, HeaderValue::from_static(code));
    if let Ok(id) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// The challenge with the missing scopes that are valid in a challenge, as many as fit.
fn insufficient(missing: &BTreeSet<String>) -> String {
    let mut listed = String::new();
    for scope in missing.iter().filter(|scope| is_scope_token(scope)) {
        if listed.len() + scope.len() < LISTED_SCOPES_LENGTH {
            listed.push_str(if listed.is_empty() { "" } else { " " });
            listed.push_str(scope);
        }
    }
    let challenge = r#"Bearer realm="latchkey", error="insufficient_scope""#;
    if listed.is_empty() {
        challenge.to_owned()
    } else {
        format!(r#"{challenge}, scope="{listed}""#)
    }
}

/// Printable ASCII except space, quotation mark and backslash (RFC 6749, 3.3).
fn is_scope_token(scope: &str) -> bool {
    scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}
