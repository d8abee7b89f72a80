//! HTTP requests to other servers: within five seconds, to addresses that the policy allows, without
//! following redirects or using a proxy. Webhooks and single sign-on send their requests here.

mod policy;

use std::fmt;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsConfigBuilder};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

pub use policy::Policy;
pub use ureq::http;

use crate::base::network::TrustedRoots;
use crate::base::text;

/// How long a request may take, from the name look-up to the end of the part of the response body
/// that is read.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many idle connections to a server are kept for the next requests.
const MAX_IDLE_CONNECTIONS: usize = 8;
/// The maximum size of a response's headers, in bytes.
const MAX_HEAD_LENGTH: usize = 16 * 1024;
/// The maximum length of an error, in characters.
const MAX_ERROR_LENGTH: usize = 200;

/// How much of a response body is read.
#[derive(Clone, Copy, Debug)]
pub enum BodyLimit {
    /// The first bytes. The status is all that matters, so an incomplete body is no error.
    Start(u64),
    /// The whole body, which may have this many bytes.
    Whole(u64),
}

/// Sends requests; cheap to clone.
#[derive(Clone)]
pub struct Client(Agent);

impl Client {
    /// A client that reaches what `policy` allows.
    pub fn new(policy: &Policy) -> Self {
        let resolver = PolicyResolver { policy: policy.clone(), names: DefaultResolver::default() };
        Self::with(trusting(policy.roots()), resolver)
    }

    /// A client that reaches any address, for commands that an operator runs.
    pub fn for_operator(roots: &TrustedRoots) -> Self {
        Self::with(trusting(roots), DefaultResolver::default())
    }

    /// The same, for requests to this machine that contain nothing secret: any certificate is
    /// accepted.
    pub fn without_verification() -> Self {
        Self::with(TlsConfig::builder().disable_verification(true), DefaultResolver::default())
    }

    fn with(tls: TlsConfigBuilder, resolver: impl Resolver) -> Self {
        let tls = tls.unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
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
        Self(Agent::with_parts(config, DefaultConnector::new(), resolver))
    }

    /// Sends a request and reads the response. Blocks the thread for at most five seconds.
    ///
    /// # Errors
    /// The reason in words, if there is no response.
    pub fn send(
        &self,
        request: http::Request<Vec<u8>>,
        limit: BodyLimit,
    ) -> Result<http::Response<Vec<u8>>, String> {
        let answer = if request.method() == http::Method::GET {
            self.0.run(request.map(drop))
        } else {
            self.0.run(request)
        };
        let (parts, body) = answer.map_err(|error| explain(&error))?.into_parts();
        let mut bytes = Vec::new();
        match limit {
            BodyLimit::Start(length) => {
                let _ = body.into_reader().take(length).read_to_end(&mut bytes);
            }
            BodyLimit::Whole(length) => {
                let read = body.into_reader().take(length + 1).read_to_end(&mut bytes);
                read.map_err(|error| explain(&Error::from(error)))?;
                if bytes.len() as u64 > length {
                    return Err(format!("Answered with more than {} KB", length / 1024));
                }
            }
        }
        Ok(http::Response::from_parts(parts, bytes))
    }
}

fn trusting(roots: &TrustedRoots) -> TlsConfigBuilder {
    let roots = roots.certificates().iter();
    let roots = roots.map(|root| Certificate::from_der(root).to_owned());
    TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots.collect::<Vec<_>>()))
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
        other => unusable(other),
    }
}

/// The error for a request that cannot be sent as it is.
pub fn unusable(cause: &dyn fmt::Display) -> String {
    error_text("Could not be used", cause)
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
        uri: &http::Uri,
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
/// name server is asked for it, so the sample organisation contacts nobody.
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
