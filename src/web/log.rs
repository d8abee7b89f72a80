//! What the log contains about a request: never its query, which may contain a one-time code, and
//! no part that is long enough for a secret key. ASVS 16.2.5.

use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::Error;
use actix_web::HttpMessage as _;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use governor::{DefaultDirectRateLimiter, Quota};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};

/// How many lines requests may write at once, and how many per second after that. Without a limit,
/// anyone who can send requests could fill the disk (ASVS 16.4.2).
const LINES: Quota = Quota::per_second(NonZeroU32::MIN.saturating_add(99))
    .allow_burst(NonZeroU32::MIN.saturating_add(1999));

static BUDGET: LazyLock<DefaultDirectRateLimiter> =
    LazyLock::new(|| DefaultDirectRateLimiter::direct(LINES));
/// How many lines were dropped since the last one was written.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Whether the log may take a line about a request. Dropped lines are counted, and the count is
/// written before the next line.
pub fn has_room() -> bool {
    if BUDGET.check().is_err() {
        DROPPED.fetch_add(1, Ordering::Relaxed);
        return false;
    }
    let lines = DROPPED.swap(0, Ordering::Relaxed);
    if lines > 0 {
        tracing::warn!(lines, "lines about requests were left out: there were too many");
    }
    true
}
use crate::base::secret_scan;

/// The maximum length of a logged method or path segment, in bytes: a secret key has at least 55.
const MAX_LENGTH: usize = 40;

/// A span with the method, the path and the request's id. Errors are logged in `error_page`: the
/// library's own event, which its default feature turns on, repeats errors verbatim, with the query
/// to which an anonymous visitor returns.
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
        if has_room() {
            tracing::info!(parent: &span, "answered");
        }
    }
}

/// `path` without parts that may be secret.
fn quiet(path: &str) -> String {
    if secret_scan::contains_secret(path) {
        return "…".into();
    }
    let parts = path.split('/').map(|part| if part.len() > MAX_LENGTH { "…" } else { part });
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
