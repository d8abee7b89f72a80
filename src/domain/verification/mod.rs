//! Decides whether a request with a secret key may pass, for gateways and services that ask on every
//! request.
//!
//! Decisions come from memory while the database's change feed is current; a secret key that is not
//! cached takes one SELECT. A change by this process takes effect before its response is sent. A
//! change by another process takes effect within 10 ms on the same SQLite file, and across nodes
//! when PostgreSQL notifies, after at most two seconds. Every decision is counted. Uses the types of
//! `api_keys` and `usage`.

mod cache;
mod credential;
mod decision_metrics;
mod denial_reason;
mod digests;
mod look_up;
mod record;
mod requirements;
mod store;
mod strangers;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

pub use credential::Credential;
pub use denial_reason::DenialReason;
pub use look_up::LookUp;
pub use record::{Grant, Record};
pub use requirements::{InvalidQuery, Requirements};
pub use verdict::{ClientAddress, decide};

use crate::base::clock::{Clock, Timestamp};
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::{Connection, Db};
use crate::domain::api_keys::SecretKey;
use crate::domain::usage::{Denial, Outcome, Recorder, RequestId, RequestLine, Secret};
use cache::Cache;
use decision_metrics::DecisionMetrics;
use digests::Candidates;
use strangers::Strangers;

/// The decision about a request.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Allowed, as this key.
    Pass(Arc<Record>),
    /// Denied; the id identifies the request.
    Deny(DenialReason, RequestId),
}

pub struct Question<'a, 'b> {
    /// The secret key in the request, if any.
    pub credential: Credential,
    pub requirements: Requirements<'a>,
    /// The client address.
    pub from: ClientAddress,
    /// What was requested, as far as the caller reports it; called only if the request is denied.
    pub request: &'b dyn Fn() -> RequestLine<'b>,
}

/// Makes decisions; one for the whole program.
pub struct Verifier {
    db: Db,
    keyring: Keyring,
    cache: Arc<Cache>,
    strangers: Strangers,
    usage: Arc<Recorder>,
    metrics: DecisionMetrics,
    /// Until when a database that has just failed to respond is not tried again, as the program's
    /// uptime in milliseconds.
    down_until: AtomicU64,
}

impl Verifier {
    /// A verifier that invalidates what the database reports as changed, and counts requests with
    /// `usage`.
    pub fn new(db: &Db, keyring: &Keyring, clock: Clock, usage: Arc<Recorder>) -> Self {
        let cache = Arc::new(Cache::default());
        // This reference is weak, because the database outlives a verifier whose master key was
        // rotated.
        let subscribed_cache = Arc::downgrade(&cache);
        db.subscribe(move |announcement| {
            if let Some(cache) = subscribed_cache.upgrade() {
                cache.forget(announcement);
            }
        });
        Self {
            strangers: Strangers::new(db, clock),
            db: db.clone(),
            keyring: keyring.clone(),
            cache,
            usage,
            metrics: DecisionMetrics::default(),
            down_until: AtomicU64::new(0),
        }
    }

    /// Decides from memory whether a request may pass, and counts it.
    pub fn verify_from_memory(
        &self,
        question: &Question<'_, '_>,
        now: Timestamp,
    ) -> std::result::Result<Verdict, LookUp> {
        let bearer = match &question.credential {
            Credential::Nothing => Err(DenialReason::MissingKey),
            Credential::Malformed(flaw) => Err(DenialReason::MalformedKey(*flaw)),
            Credential::Secret(secret) => self.find_in_memory(secret, question.from)?,
        };
        Ok(self.conclude(bearer, question, now))
    }

    /// Decides whether a request may pass, and counts it.
    pub async fn verify(&self, question: Question<'_, '_>, now: Timestamp) -> Result<Verdict> {
        match self.verify_from_memory(&question, now) {
            Ok(verdict) => Ok(verdict),
            Err(look_up) => self.verify_with_look_up(look_up, question, now).await,
        }
    }

    /// Like [`Verifier::verify`], for a request that could not be decided from memory.
    pub async fn verify_with_look_up(
        &self,
        look_up: LookUp,
        question: Question<'_, '_>,
        now: Timestamp,
    ) -> Result<Verdict> {
        let looked_up = self.look_up(&look_up, question.from).await;
        let record = looked_up.inspect_err(|_| self.metrics.undecided.increment(1))?;
        let bearer = record.ok_or(DenialReason::InvalidKey(look_up.start));
        Ok(self.conclude(bearer, &question, now))
    }

    /// Decides a request with a looked-up secret key, and counts it.
    fn conclude(
        &self,
        bearer: Result<Arc<Record>, DenialReason>,
        question: &Question<'_, '_>,
        now: Timestamp,
    ) -> Verdict {
        let Question { requirements, from, request, .. } = question;
        let (record, denial_reason) = match bearer {
            Ok(record) => match decide(&record, requirements, *from, now) {
                Ok(()) => {
                    self.metrics.decided(Outcome::Pass);
                    let requested_scopes = requested_scopes(&record, requirements);
                    self.usage.pass(record.secret, from.address(), requested_scopes, now);
                    return Verdict::Pass(record);
                }
                Err(denial_reason) => (Some(record), denial_reason),
            },
            Err(denial_reason) => (None, denial_reason),
        };
        let (reason, request_id) = (denial_reason.outcome(), RequestId::random());
        self.metrics.decided(reason);
        let denial = Denial {
            secret: record.as_ref().map(|record| record.secret),
            reason,
            detail: denial_reason.detail(),
            address: from.address(),
            request_id,
            request: request(),
            at: now,
        };
        self.usage
            .deny(denial, record.iter().flat_map(|record| requested_scopes(record, requirements)));
        Verdict::Deny(denial_reason, request_id)
    }

    /// Records how long a decision took.
    pub fn took(&self, time: Duration) {
        self.metrics.decision.record(time);
    }

    /// Counts a question that is not understood. If the key is genuine, the dashboard shows it.
    pub fn misunderstand(&self, mistake: String, is_genuine: bool, now: Timestamp) {
        self.metrics.misunderstood.increment(1);
        if is_genuine {
            self.usage.misunderstand(mistake, now);
        }
    }

    /// Whether a credential is a genuine secret key, if that can be decided from memory.
    pub fn is_genuine_from_memory(
        &self,
        credential: &Credential,
        from: ClientAddress,
    ) -> std::result::Result<bool, LookUp> {
        match credential {
            Credential::Secret(secret) => Ok(self.find_in_memory(secret, from)?.is_ok()),
            Credential::Nothing | Credential::Malformed(_) => Ok(false),
        }
    }

    /// Whether a secret key is genuine; not if that cannot be decided.
    pub async fn is_genuine(&self, look_up: &LookUp, from: ClientAddress) -> bool {
        matches!(self.look_up(look_up, from).await, Ok(Some(_)))
    }
}

/// The record of a secret key that somebody presented; `None` if it does not exist.
pub fn find(
    connection: &mut Connection,
    secret: &SecretKey,
    keyring: &Keyring,
) -> Result<Option<Record>> {
    for candidate in Candidates::of(secret, keyring).iter() {
        if let Some(record) = store::find(connection, candidate, keyring)? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// The record of a key's secret with this number.
pub fn find_by_number(connection: &mut Connection, secret: Secret) -> Result<Option<Record>> {
    store::find_by_number(connection, secret)
}

/// The requested scopes that the key has, as the shared strings of its grant.
fn requested_scopes<'a>(
    record: &'a Record,
    requirements: &'a Requirements<'_>,
) -> impl Iterator<Item = &'a Arc<str>> {
    requirements.names().filter_map(|scope| record.grant.scopes.get(scope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Location;

    #[test]
    fn a_dropped_verifier_does_not_keep_the_database_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Sqlite(folder.path().join("latchkey.db"));
        let db = Db::open(&location).expect("a database");
        let keyring = Keyring::from_bytes(&[7; 32]);
        let verifier = Verifier::new(&db, &keyring, Clock::default(), Arc::default());
        // A subscriber holds this, so it lives as long as the database.
        let kept = Arc::new(());
        let held = Arc::clone(&kept);
        db.subscribe(move |_| drop(Arc::clone(&held)));
        drop((verifier, db));
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
