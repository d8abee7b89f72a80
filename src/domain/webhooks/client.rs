//! Sends a message over HTTP, and describes the answer.

use std::time::Instant;

use super::{ClaimedDelivery, Policy};
use crate::base::clock::{SECOND, Timestamp};
use crate::base::outgoing::{self, BodyLimit, http};
use crate::base::text;

/// How much of a response body is read and stored, in bytes.
const BODY_LENGTH: u64 = 1024;

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status, if there was a response.
    pub status: Option<u16>,
    /// Why it failed; empty if it succeeded.
    pub error: String,
    /// The start of the body, without invisible characters.
    pub body: String,
    /// The duration in milliseconds.
    pub duration: i64,
}

impl Answer {
    /// An answer without a body: its status, or why there is none.
    pub(super) fn new(status: Result<u16, &str>, duration: i64) -> Self {
        let error = status.map_or_else(str::to_owned, status_error);
        Self { status: status.ok(), error, body: String::new(), duration }
    }

    pub(super) fn is_delivered(&self) -> bool {
        self.error.is_empty()
    }

    /// Whether the endpoint asks for no more messages (RFC 9110, 15.5.11; Standard Webhooks).
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// The short description on pages.
    pub(super) fn result(&self) -> String {
        match self.status {
            Some(status) if self.is_delivered() => format!("Answered with {status}"),
            _ => self.error.clone(),
        }
    }
}

/// Sends messages; cheap to clone.
#[derive(Clone)]
pub(super) struct Client(outgoing::Client);

impl Client {
    pub(super) fn new(policy: &Policy) -> Self {
        Self(outgoing::Client::new(policy))
    }

    /// Sends a message, signed with the time `now`.
    pub(super) fn send(&self, message: &ClaimedDelivery, now: Timestamp) -> Answer {
        let started = Instant::now();
        let (status, error, body) = match self.post(message, now) {
            Ok((status, body)) => (Some(status), status_error(status), body),
            Err(error) => (None, error, String::new()),
        };
        let duration = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Answer { status, error, body, duration }
    }

    fn post(&self, message: &ClaimedDelivery, now: Timestamp) -> Result<(u16, String), String> {
        let id = message.message_id.as_str();
        let signed = message.secrets.iter().map(|secret| secret.sign(id, now, &message.body));
        let signed: Result<Vec<_>, _> = signed.collect();
        let signature = signed.map_err(|_| "The signing secret cannot be used")?.join(" ");
        let request = http::Request::post(&message.url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.millis().div_euclid(SECOND).to_string())
            .header("webhook-signature", signature)
            .body(message.body.clone().into_bytes())
            .map_err(|error| outgoing::unusable(&error))?;
        let answer = self.0.send(request, BodyLimit::Start(BODY_LENGTH))?;
        Ok((answer.status().as_u16(), readable(answer.body())))
    }
}

/// The error for a status; empty for success.
fn status_error(status: u16) -> String {
    match status {
        200..=299 => String::new(),
        300..=399 => format!("Answered with a redirect ({status}), which is not followed"),
        _ => format!("Answered with {status}"),
    }
}

fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|c| !text::is_forbidden(*c) || matches!(c, '\n' | '\t')).collect()
}
