//! Sends a message over HTTP: within five seconds, to an address that the policy allows, without
//! following redirects or using a proxy.

use std::fmt;
use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::ring;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use super::{ClaimedDelivery, Policy};
use crate::base::clock::{SECOND, Timestamp};
use crate::base::text;

/// How long an attempt may take, from the name look-up to the start of the response body.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many idle connections to a receiver are kept for its next messages.
const MAX_IDLE_CONNECTIONS: usize = 8;
/// The maximum size of a response's headers, in bytes.
const MAX_HEAD_LENGTH: usize = 16 * 1024;
/// How much of a response body is read and stored, in bytes.
const BODY_LENGTH: u64 = 1024;
/// The maximum length of a stored error, in characters.
const MAX_ERROR_LENGTH: usize = 200;

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
pub(super) struct Client(Agent);

impl Client {
    pub(super) fn new(policy: &Policy) -> Self {
        let roots = policy.roots().certificates().iter();
        let roots = roots.map(|root| Certificate::from_der(root).to_owned());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&roots.collect::<Vec<_>>()))
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .max_response_header_size(MAX_HEAD_LENGTH)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            .user_agent(concat!("Latchkey/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = PolicyResolver { policy: policy.clone(), names: DefaultResolver::default() };
        Self(Agent::with_parts(config, DefaultConnector::new(), resolver))
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
        let request = self
            .0
            .post(&message.url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.millis().div_euclid(SECOND).to_string())
            .header("webhook-signature", signature);
        let answer = request.send(message.body.as_str()).map_err(|error| explain(&error))?;
        let status = answer.status().as_u16();
        let mut start = Vec::new();
        // The status is already known, so an incomplete body does not matter.
        let _ = answer.into_body().into_reader().take(BODY_LENGTH).read_to_end(&mut start);
        Ok((status, readable(&start)))
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

fn explain(error: &Error) -> String {
    match error {
        Error::Timeout(_) => format!("Did not answer within {} seconds", TIMEOUT.as_secs()),
        Error::HostNotFound => "The host was not found".into(),
        Error::Other(inner) if inner.is::<BlockedAddress>() => inner.to_string(),
        Error::Rustls(inner) => error_text("TLS failed", inner),
        Error::Io(inner) => {
            let what = match inner.get_ref() {
                Some(cause) if cause.is::<rustls::Error>() => "TLS failed",
                _ => "Could not be reached",
            };
            let cause = inner.get_ref().map(ToString::to_string);
            error_text(what, &cause.unwrap_or_else(|| inner.to_string()))
        }
        other => error_text("Could not be used", other),
    }
}

fn error_text(what: &str, cause: &dyn fmt::Display) -> String {
    let text = format!("{what}: {cause}");
    // The number that the operating system gives an error says nothing more than its text.
    let text = text.split(" (os error ").next().unwrap_or_default();
    text::visible(text, MAX_ERROR_LENGTH)
}

/// Resolves names and keeps only the addresses that the policy allows. The connection uses one of
/// them, without a second look-up.
#[derive(Debug)]
struct PolicyResolver {
    policy: Policy,
    names: DefaultResolver,
}

impl Resolver for PolicyResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        if uri.host().is_some_and(is_reserved) {
            return Err(Error::HostNotFound);
        }
        let is_https = uri.scheme_str() == Some("https");
        let (mut allowed, mut why) = (self.empty(), String::new());
        for socket in &self.names.resolve(uri, config, timeout)? {
            match self.policy.check(socket.ip(), is_https) {
                Ok(()) => allowed.push(*socket),
                Err(reason) => why = reason,
            }
        }
        if allowed.is_empty() {
            return Err(Error::Other(Box::new(BlockedAddress(why))));
        }
        Ok(allowed)
    }
}

/// Whether a host's name is reserved for examples, and can never exist (RFC 2606, 2). Not even a
/// name server is asked for it, so the sample organisation's webhooks contact nobody.
fn is_reserved(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    [".example", ".invalid"].iter().any(|ending| host.ends_with(ending))
}

/// Why none of a host's addresses is allowed.
#[derive(Debug)]
struct BlockedAddress(String);

impl fmt::Display for BlockedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BlockedAddress {}
