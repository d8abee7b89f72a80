//! Questions of gateways that are not valid. They are mistakes in a gateway's configuration and are
//! never allowed.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::authorize::GatewayRequest;
use super::endpoint::InvalidQuestion;
use super::ext_authz::InvalidPath;
use super::problem::problem;
use crate::base::clock::{HOUR, Timestamp};
use crate::base::secret_scan;
use crate::domain::usage::RequestId;
use crate::domain::verification::InvalidQuery;

/// How many different mistakes are logged per hour.
const LOGGED_PER_HOUR: usize = 20;
/// The maximum length of a logged parameter name, in characters.
const MAX_NAME_LENGTH: usize = 80;

/// The current hour, and the mistakes logged in it.
static LOGGED_MISTAKES: Mutex<(i64, Option<HashSet<String>>)> = Mutex::new((0, None));

/// The response to an invalid question.
pub(super) fn reject(
    request: GatewayRequest<'_>,
    why: &InvalidQuestion<'_>,
    is_genuine: bool,
    now: Timestamp,
) -> HttpResponse {
    let request_id = RequestId::random();
    let mistake = describe(why);
    if is_new(&mistake, now) {
        tracing::error!(
            %request_id,
            "{} was asked something that is not understood, and no such request passes. {mistake}",
            request.endpoint.path(),
        );
    }
    request.verifier.misunderstand(mistake, is_genuine, now);
    let (status, title) =
        (StatusCode::SERVICE_UNAVAILABLE, "The gateway's question is not understood");
    problem(status, title, "unavailable", request_id)
}

/// Describes the mistake and what to do about it, without anything that a client may have sent in
/// confidence.
fn describe(why: &InvalidQuestion<'_>) -> String {
    let query = match why {
        InvalidQuestion::Query(query) => query,
        InvalidQuestion::Path(InvalidPath::DotSegment) => {
            return "The client's path contains dot segments: the gateway does not normalise paths. \
                    Turn normalisation on, so that no later server can resolve them."
                .into();
        }
        InvalidQuestion::Path(InvalidPath::NoQuestion | InvalidPath::UnsafeQuestion) => {
            return "The path has no valid question. Configure the prefix \
                    /v1/ext-authz/scope=orders:read with the scope that the route needs, or \
                    /v1/ext-authz/- for any valid key; the gateway appends the client's path."
                .into();
        }
    };
    match query {
        InvalidQuery::Unknown(name) => {
            let is_hidden =
                secret_scan::contains_secret(name) || name.chars().nth(MAX_NAME_LENGTH).is_some();
            let name = if is_hidden { "…".to_owned() } else { name.escape_debug().to_string() };
            format!(
                "The question contains `{name}`. If that comes from your client, end the address \
                 with `?`."
            )
        }
        InvalidQuery::Repeated(name) => format!("The question contains `{name}` more than once."),
        InvalidQuery::Empty(name) => format!("The question contains an empty `{name}`."),
        InvalidQuery::Invalid(name) => format!("The question contains an invalid `{name}`."),
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
        let unknown = |name: &'static str| {
            describe(&InvalidQuestion::Query(InvalidQuery::Unknown(name.into())))
        };
        assert!(unknown("scopes").contains("`scopes`"));
        assert!(unknown("a\nb").contains("`a\\nb`"));
        for length in [MAX_NAME_LENGTH, MAX_NAME_LENGTH + 1] {
            let long: &'static str = Box::leak("x".repeat(length).into_boxed_str());
            assert_eq!(unknown(long).contains("`…`"), length > MAX_NAME_LENGTH);
        }
    }
}
