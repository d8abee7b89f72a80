//! Single sign-on: members sign in at the organisation's provider (OpenID Connect).
//!
//! `protocol` asks the provider who somebody is and believes only what it can verify; `identity`
//! says which member that is; `mapping` turns their groups into access. Uses activity, settings,
//! members and sign-in. Does not depend on pages or cookies.

mod attempt;
pub mod break_glass;
mod change;
mod claims;
mod draft;
mod identity;
mod keys;
mod logout;
mod mapping;
mod protocol;
mod provider;
mod refusal;
mod store;
mod token;

pub use attempt::{Attempt, LIFETIME, Purpose};
pub use change::{MappingDraft, allow_passwords, change, delete_mapping, save_mapping};
pub use claims::{Groups, Person};
pub use draft::Draft;
pub use identity::{Outcome, confirm, link, sign_in};
pub use logout::{LogoutToken, end_sessions};
pub use mapping::{MappedAccess, Mapping, MappingId, access_of};
pub use provider::{NewMembers, Provider};
pub use refusal::Refusal;
pub use store::reseal;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;

use tokio::sync::{Semaphore, oneshot};
use url::Url;

use crate::base::clock::{Clock, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::base::network::Network;
use crate::base::outgoing::{Client, Policy};
use crate::base::rate::Rate;
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::members::ways_in::Passwords;
use keys::Discovery;
use protocol::Failure;

/// How many sign-ins may wait for the provider at the same time, each on a thread.
const MAX_WAITING: usize = 16;
/// How many logout tokens a network may send in a minute.
const LOGOUTS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
/// How many networks are remembered that send logout tokens.
const MAX_NETWORKS: usize = 10_000;
/// The longest error of a provider in the log, in characters.
const MAX_LOGGED: usize = 300;

/// The state that all sign-ins at the provider share; one for the whole program.
pub struct SingleSignOn {
    discovery: Discovery,
    waiting: Arc<Semaphore>,
    logouts: Rate,
}

/// The start of an attempt: what the browser keeps, and where it goes.
pub struct Started {
    pub attempt: Attempt,
    pub url: Url,
}

/// The provider, if single sign-on is on.
pub fn provider(connection: &mut Connection, keyring: &Keyring) -> Result<Option<Provider>> {
    store::provider(connection, keyring)
}

/// The text of the button on the sign-in page, and who may use a password; `None` while single
/// sign-on is off.
pub fn button(connection: &mut Connection) -> Result<Option<(String, Passwords)>> {
    store::button(connection)
}

/// The mappings, by the names of their groups.
pub fn mappings(connection: &mut Connection) -> Result<Vec<Mapping>> {
    store::mappings(connection)
}

/// Deletes logout tokens that have expired. Returns the number of deleted rows.
pub fn purge(tx: &mut Transaction<'_>, now: Timestamp) -> Result<usize> {
    store::delete_expired_tokens(tx, now)
}

impl SingleSignOn {
    /// Reaches providers at the addresses that `policy` allows.
    pub fn new(policy: &Policy, clock: Clock) -> Self {
        Self {
            discovery: Discovery::new(Client::new(policy)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            logouts: Rate::new(clock, LOGOUTS_PER_MINUTE, MAX_NETWORKS),
        }
    }

    /// Starts an attempt. If `is_fresh`, the provider asks the person again who they are.
    pub async fn start(
        self: Arc<Self>,
        provider: Provider,
        redirect_uri: String,
        (purpose, next): (Purpose, String),
        is_fresh: bool,
        now: Timestamp,
    ) -> Result<Result<Started, Refusal>> {
        let attempt = Attempt::new(&provider.issuer, purpose, next, now)?;
        let started = self.on_thread(move |sso| {
            let discovery = &sso.discovery;
            protocol::authorization_url(
                discovery,
                &provider,
                &attempt,
                &redirect_uri,
                is_fresh,
                now,
            )
            .map(|url| Started { attempt, url })
            .map_err(Failure::Unreachable)
        });
        started.await
    }

    /// Finishes an attempt with the code that the browser brought back.
    pub async fn finish(
        self: Arc<Self>,
        provider: Provider,
        redirect_uri: String,
        attempt: Attempt,
        code: String,
        now: Timestamp,
    ) -> Result<Result<Person, Refusal>> {
        if attempt.issuer != provider.issuer {
            return Ok(Err(Refusal::Outdated));
        }
        let finished = self.on_thread(move |sso| {
            protocol::person(&sso.discovery, &provider, &attempt, code, &redirect_uri, now)
        });
        finished.await
    }

    /// Verifies a logout token that came from `network`.
    ///
    /// # Errors
    /// [`Error::TooMany`] when the network has sent too many.
    pub async fn check_logout(
        self: Arc<Self>,
        provider: Provider,
        token: String,
        network: Network,
        now: Timestamp,
    ) -> Result<Result<LogoutToken, Refusal>> {
        if let Err(wait) = self.logouts.take(network) {
            let message = "Too many logout tokens".to_owned();
            return Err(Error::TooMany { seconds: wait.as_secs().max(1), message });
        }
        let checked =
            self.on_thread(move |sso| logout::verify(&sso.discovery, &provider, &token, now));
        checked.await
    }

    /// Asks the provider for what it publishes, as a test. The error says what went wrong.
    pub async fn test(
        self: Arc<Self>,
        issuer: String,
        now: Timestamp,
    ) -> Result<Result<(), String>> {
        self.discovery.forget();
        let (sender, receiver) = oneshot::channel();
        let asked = self.on_thread(move |sso| {
            let _ = sender.send(sso.discovery.metadata(&issuer, now).map(drop));
            Ok(())
        });
        if let Err(refusal) = asked.await? {
            return Ok(Err(refusal.message().to_owned()));
        }
        let answer = receiver.await.map_err(Error::internal)?;
        Ok(answer.map_err(|error| text::visible(&error, MAX_LOGGED)))
    }

    /// The URL at which the provider ends its own session, if it has one.
    pub async fn end_session_url(
        self: Arc<Self>,
        provider: Provider,
        return_to: String,
        now: Timestamp,
    ) -> Option<Url> {
        let url = self.on_thread(move |sso| {
            let metadata = sso.discovery.metadata(&provider.issuer, now);
            let metadata = metadata.map_err(Failure::Unreachable)?;
            let endpoint = metadata.additional_metadata().end_session_endpoint.as_ref();
            Ok(endpoint.map(|endpoint| {
                let mut url = endpoint.url().clone();
                url.query_pairs_mut()
                    .append_pair("client_id", &provider.client_id)
                    .append_pair("post_logout_redirect_uri", &return_to);
                url
            }))
        });
        url.await.ok()?.ok()?
    }

    /// Does `work`, which waits for the provider, on a thread of its own: the threads of the
    /// database and of the pages must not wait for a provider.
    async fn on_thread<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Result<T, Refusal>> {
        let Ok(permit) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return Ok(Err(Refusal::Busy));
        };
        let (sender, receiver) = oneshot::channel();
        let run = move || {
            let _permit = permit;
            // Nobody receives this if the browser has gone.
            let _ = sender.send(work(&self));
        };
        thread::Builder::new().name("sso".into()).spawn(run).map_err(Error::internal)?;
        Ok(receiver.await.map_err(Error::internal)?.map_err(|failure| report(&failure)))
    }
}

/// Logs what went wrong, which is not for the person who signs in.
fn report(failure: &Failure) -> Refusal {
    let (Failure::Unreachable(why) | Failure::Unverified(why)) = failure;
    let why = text::visible(why, MAX_LOGGED);
    match failure {
        Failure::Unreachable(_) => {
            tracing::warn!(%why, "the provider of single sign-on did not answer as it must");
            Refusal::Unreachable
        }
        Failure::Unverified(_) => {
            tracing::warn!(%why, "a token of single sign-on was denied");
            Refusal::Unverified
        }
    }
}

#[cfg(test)]
mod tests;
