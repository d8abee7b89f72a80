//! What the log says of a request: never its query, which may hold a one-time code, and nothing
//! that is long enough for a secret key. ASVS 16.2.5.

use actix_web::Error;
use actix_web::HttpMessage as _;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};

use crate::secret_scan;

/// The longest method or part of a path that is logged, in bytes: a secret key has 55 or more.
const LONGEST: usize = 40;

/// A span with the method, the path and the request's id. What failed is logged where it is
/// answered, in `error_page`: the library's own event, which its default feature turns on, repeats
/// errors word for word, with the query that an anonymous visitor is to come back to.
pub struct QuietRootSpan;

impl RootSpanBuilder for QuietRootSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(ToString::to_string);
        tracing::info_span!(
            "request",
            method = quiet(request.method().as_str()),
            path = quiet(request.path()),
            id,
            status = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.as_response_error().status_code().as_u16(),
        };
        span.record("status", status);
        tracing::info!(parent: &span, "answered");
    }
}

/// `path` without parts that may be secret.
fn quiet(path: &str) -> String {
    if secret_scan::holds_secret(path) {
        return "…".into();
    }
    let parts = path.split('/').map(|part| if part.len() > LONGEST { "…" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::quiet;

    #[test]
    fn a_secret_key_in_a_path_is_left_out() {
        assert_eq!(quiet("/api-keys/key_7QF2M8KDX4TN/edit"), "/api-keys/key_7QF2M8KDX4TN/edit");
        let secret = format!("lk_dev_{}", "a".repeat(49));
        assert_eq!(quiet(&format!("/api-keys/{secret}/edit")), "/api-keys/…/edit");
        assert_eq!(quiet(&secret), "…");
    }
}
