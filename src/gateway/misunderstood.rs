//! Questions that are not understood: mistakes in a gateway's configuration, which never let a
//! request pass.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::problem::problem;
use crate::base::clock::{HOUR, Timestamp};
use crate::base::secret_scan;
use crate::domain::usage::RequestId;
use crate::domain::verification::Misunderstood;

/// How many such questions are logged in an hour.
const LOGGED: usize = 20;
/// The longest name of a parameter that is logged, in characters: a secret key has 55 or more.
const LONGEST: usize = 40;

/// The hour, and which questions were logged in it.
static TOLD: Mutex<(i64, Option<HashSet<String>>)> = Mutex::new((0, None));

/// The answer to a question that is not understood.
pub(super) fn misunderstood(what: &Misunderstood<'_>, now: Timestamp) -> HttpResponse {
    let request_id = RequestId::random();
    let question = named(what);
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

/// What was wrong, without anything that a client may have sent in confidence.
fn named(what: &Misunderstood<'_>) -> String {
    match what {
        Misunderstood::Unknown(name) => {
            let short: String = name.chars().take(LONGEST).collect();
            let is_quiet = secret_scan::holds_secret(name) || short.len() < name.len();
            let short = if is_quiet { "…".to_owned() } else { short.escape_debug().to_string() };
            format!("a parameter that does not exist, \"{short}\"")
        }
        Misunderstood::Repeated(name) => format!("{name} more than once"),
        Misunderstood::Empty(name) => format!("an empty {name}"),
    }
}

fn is_new(question: &str, now: Timestamp) -> bool {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let hour = now.millis() / HOUR;
    if told.0 != hour {
        *told = (hour, None);
    }
    let questions = told.1.get_or_insert_default();
    questions.len() < LOGGED && questions.insert(question.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_logged_once_an_hour_and_twenty_at_most() {
        // A test of its own clock: nothing else writes to these hours.
        let now = Timestamp::default().plus(-HOUR * 1000);
        assert!(is_new("a", now) && !is_new("a", now));
        let others = (0..100).filter(|number| is_new(&number.to_string(), now)).count();
        assert_eq!(others, LOGGED - 1);
        assert!(is_new("a", now.plus(HOUR)));
    }

    #[test]
    fn nothing_long_and_no_secret_is_named() {
        let unknown = |name: &'static str| named(&Misunderstood::Unknown(name.into()));
        assert!(unknown("scopes").contains("\"scopes\""));
        assert!(unknown("a\nb").contains("\"a\\nb\""));
        let long: &'static str = Box::leak("x".repeat(41).into_boxed_str());
        assert!(unknown(long).contains("\"…\""));
    }
}
