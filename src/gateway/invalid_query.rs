//! Requests to `/v1/authorize` with invalid parameters. They are mistakes in a gateway's
//! configuration and are never allowed.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::problem::problem;
use crate::base::clock::{HOUR, Timestamp};
use crate::base::secret_scan;
use crate::domain::usage::RequestId;
use crate::domain::verification::InvalidQuery;

/// How many different mistakes are logged per hour.
const LOGGED_PER_HOUR: usize = 20;
/// The maximum length of a logged parameter name, in characters. A secret key has at least 55.
const MAX_NAME_LENGTH: usize = 40;

/// The current hour, and the mistakes logged in it.
static LOGGED_MISTAKES: Mutex<(i64, Option<HashSet<String>>)> = Mutex::new((0, None));

/// The response to a request with invalid parameters.
pub(super) fn reject(what: &InvalidQuery<'_>, now: Timestamp) -> HttpResponse {
    let request_id = RequestId::random();
    let question = describe(what);
    if is_new(&question, now) {
        tracing::error!(
            %request_id,
            "/v1/authorize was asked with {question}: no such request passes. Correct the gateway's \
             configuration; if the parameter is a client's own, end the address that the gateway asks \
             with ?, as in /v1/authorize?"
        );
    }
    let (status, title) =
        (StatusCode::SERVICE_UNAVAILABLE, "The gateway's question is not understood");
    problem(status, title, "unavailable", request_id)
}

/// Describes the mistake, without anything that a client may have sent in confidence.
fn describe(what: &InvalidQuery<'_>) -> String {
    match what {
        InvalidQuery::Unknown(name) => {
            let short: String = name.chars().take(MAX_NAME_LENGTH).collect();
            let is_hidden = secret_scan::contains_secret(name) || short.len() < name.len();
            let short = if is_hidden { "…".to_owned() } else { short.escape_debug().to_string() };
            format!("a parameter that does not exist, \"{short}\"")
        }
        InvalidQuery::Repeated(name) => format!("{name} more than once"),
        InvalidQuery::Empty(name) => format!("an empty {name}"),
    }
}

fn is_new(question: &str, now: Timestamp) -> bool {
    let mut logged = LOGGED_MISTAKES.lock().unwrap_or_else(PoisonError::into_inner);
    let hour = now.millis() / HOUR;
    if logged.0 != hour {
        *logged = (hour, None);
    }
    let questions = logged.1.get_or_insert_default();
    questions.len() < LOGGED_PER_HOUR && questions.insert(question.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_is_logged_once_per_hour_and_at_most_twenty() {
        // This test uses its own hours, which nothing else writes to.
        let now = Timestamp::default().plus(-HOUR * 1000);
        assert!(is_new("a", now) && !is_new("a", now));
        let others = (0..100).filter(|number| is_new(&number.to_string(), now)).count();
        assert_eq!(others, LOGGED_PER_HOUR - 1);
        assert!(is_new("a", now.plus(HOUR)));
    }

    #[test]
    fn long_names_and_secrets_are_hidden() {
        let unknown = |name: &'static str| describe(&InvalidQuery::Unknown(name.into()));
        assert!(unknown("scopes").contains("\"scopes\""));
        assert!(unknown("a\nb").contains("\"a\\nb\""));
        let long: &'static str = Box::leak("x".repeat(41).into_boxed_str());
        assert!(unknown(long).contains("\"…\""));
    }
}
