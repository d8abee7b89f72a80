//! What the provider publishes: where its endpoints are, and the keys that it signs with.
//!
//! Both are kept for an hour. A token with an unknown key has the keys fetched once more, at most
//! every ten seconds, so that a provider can change its keys and nobody can make Latchkey ask all
//! the time.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::{
    EndSessionUrl, HttpRequest, HttpResponse, IssuerUrl, JsonWebKey as _, JsonWebKeySet,
    ProviderMetadataWithLogout,
};
use url::Url;

use crate::base::clock::{HOUR, SECOND, Timestamp};
use crate::base::outgoing::{BodyLimit, Client};

/// How long what the provider publishes is kept, in milliseconds.
const LIFETIME: i64 = HOUR;
/// How long after the keys were fetched they may be fetched again, in milliseconds.
const MIN_WAIT: i64 = 10 * SECOND;
/// How many bytes an answer of the provider may have.
const MAX_BODY_LENGTH: u64 = 64 * 1024;

/// What is known about the provider.
#[derive(Clone)]
struct Published {
    metadata: ProviderMetadataWithLogout,
    metadata_at: Timestamp,
    keys: CoreJsonWebKeySet,
    keys_at: Timestamp,
    /// When the provider was last asked for its keys, whether it answered or not.
    asked_at: Timestamp,
}

/// Asks the provider, and remembers what it publishes.
pub(super) struct Discovery {
    client: Client,
    published: Mutex<Option<Published>>,
}

/// Why a request to the provider failed.
#[derive(Debug)]
pub(super) struct RequestFailed(String);

impl fmt::Display for RequestFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RequestFailed {}

impl Discovery {
    pub(super) fn new(client: Client) -> Self {
        Self { client, published: Mutex::default() }
    }

    /// Sends one request to the provider.
    pub(super) fn send(&self, request: HttpRequest) -> Result<HttpResponse, RequestFailed> {
        self.client.send(request, BodyLimit::Whole(MAX_BODY_LENGTH)).map_err(RequestFailed)
    }

    /// Where the provider's endpoints are.
    pub(super) fn metadata(
        &self,
        issuer: &str,
        now: Timestamp,
    ) -> Result<ProviderMetadataWithLogout, String> {
        Ok(self.published(issuer, now)?.metadata)
    }

    /// The keys that the provider signs with, among which the key `id` is if it publishes it.
    pub(super) fn keys(
        &self,
        issuer: &str,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<CoreJsonWebKeySet, String> {
        let published = self.published(issuer, now)?;
        let is_known = |id: &str| {
            let keys = published.keys.keys().iter();
            keys.filter_map(|key| key.key_id()).any(|known| known.as_str() == id)
        };
        let is_current = (0..LIFETIME).contains(&now.since(published.keys_at));
        if is_current && id.is_none_or(is_known) {
            return Ok(published.keys);
        }
        if (0..MIN_WAIT).contains(&now.since(published.asked_at)) {
            let outdated = || "its keys could not be fetched a moment ago".to_owned();
            return if is_current { Ok(published.keys) } else { Err(outdated()) };
        }
        // Noted before the request, so that parallel sign-ins do not ask at the same time.
        self.update(issuer, |published| published.asked_at = now);
        let keys =
            JsonWebKeySet::fetch(published.metadata.jwks_uri(), &|request| self.send(request));
        let keys: CoreJsonWebKeySet = keys.map_err(|error| words(&error))?;
        self.update(issuer, |published| (published.keys, published.keys_at) = (keys.clone(), now));
        Ok(keys)
    }

    /// Forgets the provider, for example because its settings changed.
    pub(super) fn forget(&self) {
        *self.known() = None;
    }

    fn published(&self, issuer: &str, now: Timestamp) -> Result<Published, String> {
        if let Some(known) = self.known().as_ref()
            && known.metadata.issuer().as_str() == issuer
            && (0..LIFETIME).contains(&now.since(known.metadata_at))
        {
            return Ok(known.clone());
        }
        let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| error.to_string())?;
        let metadata = ProviderMetadataWithLogout::discover(&url, &|request| self.send(request))
            .map_err(|error| words(&error))?;
        check_endpoints(&metadata)?;
        let keys = metadata.jwks().clone();
        let published = Published { metadata, metadata_at: now, keys, keys_at: now, asked_at: now };
        *self.known() = Some(published.clone());
        Ok(published)
    }

    /// Changes what is known about a provider, unless another one has replaced it.
    fn update(&self, issuer: &str, change: impl FnOnce(&mut Published)) {
        let mut known = self.known();
        let known = known.as_mut();
        if let Some(known) = known.filter(|known| known.metadata.issuer().as_str() == issuer) {
            change(known);
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<Published>> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The endpoints must be as well protected as the issuer: browsers are sent to one of them, and the
/// client secret to another.
fn check_endpoints(metadata: &ProviderMetadataWithLogout) -> Result<(), String> {
    let token = metadata.token_endpoint().ok_or("it names no token endpoint")?;
    let end_session = metadata.additional_metadata().end_session_endpoint.as_ref();
    let urls: [Option<&Url>; 4] = [
        Some(metadata.authorization_endpoint().url()),
        Some(token.url()),
        Some(metadata.jwks_uri().url()),
        end_session.map(EndSessionUrl::url),
    ];
    let scheme = metadata.issuer().url().scheme();
    let is_safe = |url: &Url| url.scheme() == "https" || url.scheme() == scheme;
    match urls.into_iter().flatten().find(|url| !is_safe(url)) {
        Some(url) => Err(format!("its endpoint {url} does not start with https://")),
        None => Ok(()),
    }
}

/// An error with the reasons behind it, for the log.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
