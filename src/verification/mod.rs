//! Whether the bearer of a secret key may pass: what gateways and services ask on every request.
//!
//! Answers come from memory while the database's feed says that nothing else has changed; what is
//! not in memory is one SELECT. What this process changes is forgotten before its response; what
//! others change within 10 ms on the same SQLite file, and as PostgreSQL notifies, two seconds at
//! most, over nodes. Uses the nouns of `api_keys`; no feature uses this one.

mod cache;
pub mod http;
mod presented;
mod store;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use presented::Presented;
pub use verdict::{From, Record, Refusal, Wanted, decide};

use crate::clock::{Timestamp, uptime};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use cache::{Cache, Digest};

/// Whether a request may pass.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It may, as this key.
    Pass(Arc<Record>),
    /// It may not.
    Refuse(Refusal),
}

/// Decides; one for the whole program.
pub struct Verifier {
    db: Db,
    keyring: Keyring,
    cache: Arc<Cache>,
    /// Until when nobody tries a database that has just not answered: the program's uptime, in
    /// milliseconds.
    down_until: AtomicU64,
}

/// For how long a database that did not answer is left alone, in milliseconds: who waits for it
/// is refused at once instead of one after another.
const PAUSE: u64 = 500;

impl Verifier {
    /// A verifier that forgets what it hears to have changed.
    #[must_use]
    pub fn new(db: &Db, keyring: &Keyring) -> Self {
        let cache = Arc::new(Cache::default());
        let forgets = Arc::clone(&cache);
        db.subscribe(move |heard| forgets.forget(heard));
        let down_until = AtomicU64::new(0);
        Self { db: db.clone(), keyring: keyring.clone(), cache, down_until }
    }

    /// Decides whether a request may pass.
    ///
    /// # Errors
    /// When the database cannot be read and what is in memory may not be relied on: then nobody
    /// passes.
    pub async fn verify(
        &self,
        presented: Presented,
        wanted: &Wanted,
        from: From,
        now: Timestamp,
    ) -> Result<Verdict> {
        let digest: Digest = match presented {
            Presented::Nothing => return Ok(Verdict::Refuse(Refusal::MissingKey)),
            Presented::Malformed => return Ok(Verdict::Refuse(Refusal::MalformedKey)),
            Presented::Secret(secret) => secret.digest(&self.keyring),
        };
        let record = if self.db.is_current() {
            self.cache.get_or_load(digest, || self.load(digest)).await?
        } else {
            self.load(digest).await?.map(Arc::new)
        };
        Ok(match record {
            None => Verdict::Refuse(Refusal::InvalidKey),
            Some(record) => match decide(&record, wanted, from, now) {
                Ok(()) => Verdict::Pass(record),
                Err(refusal) => Verdict::Refuse(refusal),
            },
        })
    }

    async fn load(&self, digest: Digest) -> Result<Option<Record>> {
        if uptime() < self.down_until.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("it did not answer a moment ago".into()));
        }
        let loaded = self.db.read(move |connection| store::find(connection, &digest)).await;
        if matches!(loaded, Err(Error::Unavailable(_))) {
            self.down_until.store(uptime() + PAUSE, Ordering::Relaxed);
        }
        loaded
    }
}
