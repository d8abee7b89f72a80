//! Refusals as programs read them: `WWW-Authenticate` (RFC 6750, 3) and problem details (RFC 9457).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};

use crate::error::{Error, Result};
use crate::random;
use crate::verification::Refusal;

/// How many bytes of missing scopes a challenge names: nginx has 4 KB for all headers of an answer.
const MOST_NAMED: usize = 1024;

/// The answer to a request that may not pass. It never says which addresses are allowed.
pub(super) fn refused(refusal: &Refusal) -> Result<HttpResponse> {
    let (status, title) = match refusal {
        Refusal::MissingKey => (StatusCode::UNAUTHORIZED, "No API key"),
        Refusal::MalformedKey => (StatusCode::UNAUTHORIZED, "Not a secret key"),
        Refusal::InvalidKey => (StatusCode::UNAUTHORIZED, "Secret key does not match"),
        Refusal::KeyExpired => (StatusCode::UNAUTHORIZED, "Key expired"),
        Refusal::KeyRevoked => (StatusCode::UNAUTHORIZED, "Key revoked"),
        Refusal::SecretSuperseded => (StatusCode::UNAUTHORIZED, "Secret key was replaced"),
        Refusal::ScopeMissing(_) => (StatusCode::FORBIDDEN, "Scope missing"),
        Refusal::AddressNotAllowed => (StatusCode::FORBIDDEN, "Address not in the IP whitelist"),
        Refusal::EnvironmentMismatch => (StatusCode::FORBIDDEN, "Key of another environment"),
    };
    let challenge = match refusal {
        Refusal::MissingKey => r#"Bearer realm="latchkey""#.to_owned(),
        Refusal::ScopeMissing(missing) => insufficient(missing),
        _ if status == StatusCode::FORBIDDEN => {
            format!(
                r#"Bearer realm="latchkey", error="insufficient_scope", error_description="{title}""#
            )
        }
        _ => format!(
            r#"Bearer realm="latchkey", error="invalid_token", error_description="{title}""#
        ),
    };
    let mut response = problem(status, title, refusal.code())?;
    let challenge = challenge.parse().map_err(Error::internal)?;
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    Ok(response)
}

/// The answer when nothing can be decided.
pub(super) fn undecided(error: &Error) -> HttpResponse {
    tracing::error!(%error, "a request could not be decided");
    problem(StatusCode::SERVICE_UNAVAILABLE, "Latchkey cannot decide", "unavailable")
        .unwrap_or_else(|_| HttpResponse::ServiceUnavailable().finish())
}

/// Problem details, with an id that the log and the dashboard know the request by.
pub(super) fn problem(status: StatusCode, title: &str, code: &str) -> Result<HttpResponse> {
    let request_id = format!("req_{}", random::text(random::CROCKFORD, 16)?);
    let body = serde_json::json!({
        "type": "about:blank",
        "title": title,
        "status": status.as_u16(),
        "code": code,
        "request_id": request_id,
    });
    Ok(HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("application/problem+json")
        .body(body.to_string()))
}

/// The challenge that names the scopes that are missing: those that a challenge can name, and as
/// many as fit.
fn insufficient(missing: &[String]) -> String {
    let mut named = String::new();
    for scope in missing.iter().filter(|scope| is_scope_token(scope)) {
        if named.len() + scope.len() < MOST_NAMED {
            named.push_str(if named.is_empty() { "" } else { " " });
            named.push_str(scope);
        }
    }
    let challenge = r#"Bearer realm="latchkey", error="insufficient_scope""#;
    if named.is_empty() { challenge.to_owned() } else { format!(r#"{challenge}, scope="{named}""#) }
}

/// RFC 6749, 3.3: printable ASCII without space, quote and backslash.
fn is_scope_token(scope: &str) -> bool {
    scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}
