//! Finds the record of a secret key: in memory, or with one SELECT for each digest under which it may
//! be stored.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::digests::{Candidate, Candidates};
use super::{ClientAddress, DenialReason, Record, Verifier, store};
use crate::base::clock::uptime;
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::domain::api_keys::SecretKey;

/// For how long a database that did not respond is not tried again, in milliseconds, so that
/// requests fail at once instead of waiting one after another.
const PAUSE: u64 = 500;

/// A secret key that is not cached and has to be looked up.
pub struct LookUp {
    candidates: Candidates,
    pub(super) start: String,
    /// `None` while the cache may be outdated; otherwise whether the network still had an unknown
    /// secret key to spend on this look-up.
    memory: Option<bool>,
}

impl Verifier {
    /// What is known about a secret key without a look-up: that it is genuine, or that it certainly
    /// does not exist.
    pub(super) fn find_in_memory(
        &self,
        secret: &SecretKey,
        from: ClientAddress,
    ) -> std::result::Result<Result<Arc<Record>, DenialReason>, LookUp> {
        let candidates = Candidates::of(secret, &self.keyring);
        let look_up = |memory| LookUp { candidates, start: secret.start().to_owned(), memory };
        if !self.db.is_current() {
            return Err(look_up(None));
        }
        let cached = candidates.iter().find_map(|candidate| self.cache.get(candidate.digest()));
        if let Some(record) = cached {
            self.metrics.hits.increment(1);
            return Ok(Ok(record));
        }
        let has_attempt = self.strangers.take(from.address());
        let is_unknown =
            |candidate: &Candidate| self.strangers.is_certainly_unknown(candidate.digest());
        if !has_attempt && candidates.iter().all(is_unknown) {
            self.metrics.barred.increment(1);
            return Ok(Err(DenialReason::InvalidKey(secret.start().to_owned())));
        }
        Err(look_up(Some(has_attempt)))
    }

    /// The record of a secret key in the database.
    pub(super) async fn look_up(
        &self,
        look_up: &LookUp,
        from: ClientAddress,
    ) -> Result<Option<Arc<Record>>> {
        let Some(has_attempt) = look_up.memory else {
            self.metrics.bypasses.increment(1);
            for candidate in look_up.candidates.iter() {
                if let Some(record) = self.load(*candidate).await? {
                    return Ok(Some(Arc::new(record)));
                }
            }
            return Ok(None);
        };
        self.metrics.misses.increment(1);
        for candidate in look_up.candidates.iter() {
            let load = || self.load(*candidate);
            if let Some(record) = self.cache.get_or_load(*candidate.digest(), load).await? {
                if has_attempt {
                    self.strangers.give_back(from.address());
                }
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    async fn load(&self, candidate: Candidate) -> Result<Option<Record>> {
        if uptime() < self.down_until.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("it did not answer a moment ago".into()));
        }
        let started = Instant::now();
        let keyring = self.keyring.clone();
        let find = move |connection: &mut Connection| store::find(connection, &candidate, &keyring);
        let loaded = self.db.read_reserved(find).await;
        self.metrics.look_up.record(started.elapsed());
        if matches!(loaded, Err(Error::Unavailable(_))) {
            self.down_until.store(uptime() + PAUSE, Ordering::Relaxed);
        }
        loaded
    }
}
