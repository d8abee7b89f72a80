//! Whether the bearer of a secret key may pass: what gateways and services ask on every request.
//!
//! Answers come from memory while the database's feed says that nothing else has changed; what is
//! not in memory is one SELECT. What this process changes is forgotten before its response; what
//! others change within 10 ms on the same SQLite file, and as PostgreSQL notifies, two seconds at
//! most, over nodes. Every answer is counted. Uses the nouns of `api_keys` and `usage`.

mod cache;
mod measures;
mod presented;
mod record;
mod store;
mod strangers;
mod verdict;
mod wanted;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

pub use presented::Presented;
pub use record::{Grant, Record};
pub use verdict::{From, Refusal, decide};
pub use wanted::{Misunderstood, Wanted};

use crate::base::clock::{Clock, Timestamp, uptime};
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::{Connection, Db};
use crate::domain::api_keys::SecretKey;
use crate::domain::usage::{Denial, Named, Outcome, Recorder, RequestId, Secret};
use cache::{Cache, Digest};
use measures::Measures;
use strangers::Strangers;

/// Whether a request may pass.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It may, as this key.
    Pass(Arc<Record>),
    /// It may not; the id is what the request is known by.
    Refuse(Refusal, RequestId),
}

pub struct Question<'a, 'b> {
    /// What the request bears.
    pub presented: Presented,
    pub wanted: Wanted<'a>,
    /// Where it comes from.
    pub from: From,
    /// What it asks for, as far as anybody says so; wanted only when it may not pass.
    pub request: &'b dyn Fn() -> Named<'b>,
}

/// A secret key that memory knows nothing about, to be looked up.
pub struct LookUp {
    digest: Digest,
    start: String,
    /// `None` while memory may not be relied on; otherwise whether this is one of the look-ups that
    /// the network has.
    memory: Option<bool>,
}

/// Decides; one for the whole program.
pub struct Verifier {
    db: Db,
    keyring: Keyring,
    cache: Arc<Cache>,
    strangers: Strangers,
    usage: Arc<Recorder>,
    measures: Measures,
    /// Until when nobody tries a database that has just not answered: the program's uptime, in
    /// milliseconds.
    down_until: AtomicU64,
}

/// For how long a database that did not answer is left alone, in milliseconds: who waits for it
/// is refused at once instead of one after another.
const PAUSE: u64 = 500;

impl Verifier {
    /// A verifier that forgets what it hears to have changed, and counts with `usage`.
    pub fn new(db: &Db, keyring: &Keyring, clock: Clock, usage: Arc<Recorder>) -> Self {
        let cache = Arc::new(Cache::default());
        let forgets = Arc::clone(&cache);
        db.subscribe(move |heard| forgets.forget(heard));
        Self {
            strangers: Strangers::new(db, clock),
            db: db.clone(),
            keyring: keyring.clone(),
            cache,
            usage,
            measures: Measures::default(),
            down_until: AtomicU64::new(0),
        }
    }

    /// Decides from memory whether a request may pass, and counts it.
    pub fn recall(
        &self,
        question: &Question<'_, '_>,
        now: Timestamp,
    ) -> std::result::Result<Verdict, LookUp> {
        let bearer = match &question.presented {
            Presented::Nothing => Err(Refusal::MissingKey),
            Presented::Malformed(flaw) => Err(Refusal::MalformedKey(*flaw)),
            Presented::Secret(secret) => self.remembered(secret, question.from)?,
        };
        Ok(self.conclude(bearer, question, now))
    }

    /// Decides whether a request may pass, and counts it.
    pub async fn verify(&self, question: Question<'_, '_>, now: Timestamp) -> Result<Verdict> {
        match self.recall(&question, now) {
            Ok(verdict) => Ok(verdict),
            Err(look_up) => self.verify_by(look_up, question, now).await,
        }
    }

    /// The same of a request about which memory could not decide.
    pub async fn verify_by(
        &self,
        look_up: LookUp,
        question: Question<'_, '_>,
        now: Timestamp,
    ) -> Result<Verdict> {
        let looked_up = self.look_up(&look_up, question.from).await;
        let record = looked_up.inspect_err(|_| self.measures.undecided.increment(1))?;
        let bearer = record.ok_or(Refusal::InvalidKey(look_up.start));
        Ok(self.conclude(bearer, &question, now))
    }

    /// Decides about the bearer of a key, and counts the request.
    fn conclude(
        &self,
        bearer: Result<Arc<Record>, Refusal>,
        question: &Question<'_, '_>,
        now: Timestamp,
    ) -> Verdict {
        let Question { wanted, from, request, .. } = question;
        let (record, refusal) = match bearer {
            Ok(record) => match decide(&record, wanted, *from, now) {
                Ok(()) => {
                    self.measures.decided(Outcome::Pass);
                    let asked = asked(&record, wanted);
                    self.usage.pass(record.secret, from.address(), asked, now);
                    return Verdict::Pass(record);
                }
                Err(refusal) => (Some(record), refusal),
            },
            Err(refusal) => (None, refusal),
        };
        let (reason, request_id) = (refusal.outcome(), RequestId::random());
        self.measures.decided(reason);
        let denial = Denial {
            secret: record.as_ref().map(|record| record.secret),
            reason,
            detail: refusal.detail(),
            address: from.address(),
            request_id,
            request: request(),
            at: now,
        };
        self.usage.refuse(denial, record.iter().flat_map(|record| asked(record, wanted)));
        Verdict::Refuse(refusal, request_id)
    }

    /// What memory knows of a secret key, while it may be relied on: that it is genuine, or that for
    /// certain there is none like it.
    fn remembered(
        &self,
        secret: &SecretKey,
        from: From,
    ) -> std::result::Result<Result<Arc<Record>, Refusal>, LookUp> {
        let digest = secret.digest(&self.keyring);
        let start = || secret.start().to_owned();
        if !self.db.is_current() {
            return Err(LookUp { digest, start: start(), memory: None });
        }
        if let Some(record) = self.cache.get(&digest) {
            self.measures.hits.increment(1);
            return Ok(Ok(record));
        }
        let is_taken = self.strangers.take(from.address());
        if !is_taken && self.strangers.are_certain_of(&digest) {
            self.measures.barred.increment(1);
            return Ok(Err(Refusal::InvalidKey(start())));
        }
        Err(LookUp { digest, start: start(), memory: Some(is_taken) })
    }

    /// What the database knows of a secret key.
    async fn look_up(&self, look_up: &LookUp, from: From) -> Result<Option<Arc<Record>>> {
        let LookUp { digest, memory, .. } = *look_up;
        let Some(is_taken) = memory else {
            self.measures.bypasses.increment(1);
            return Ok(self.load(digest).await?.map(Arc::new));
        };
        self.measures.misses.increment(1);
        let record = self.cache.get_or_load(digest, || self.load(digest)).await?;
        if is_taken && record.is_some() {
            self.strangers.give_back(from.address());
        }
        Ok(record)
    }

    async fn load(&self, digest: Digest) -> Result<Option<Record>> {
        if uptime() < self.down_until.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("it did not answer a moment ago".into()));
        }
        let begun = Instant::now();
        let find = move |connection: &mut Connection| store::find(connection, &digest);
        let loaded = self.db.read_reserved(find).await;
        self.measures.look_up.record(begun.elapsed());
        if matches!(loaded, Err(Error::Unavailable(_))) {
            self.down_until.store(uptime() + PAUSE, Ordering::Relaxed);
        }
        loaded
    }
}

/// What is known of a secret key that somebody shows; none when it does not exist.
pub fn find(
    connection: &mut Connection,
    secret: &SecretKey,
    keyring: &Keyring,
) -> Result<Option<Record>> {
    store::find(connection, &secret.digest(keyring))
}

/// The same of a key's secret with that number.
pub fn numbered(connection: &mut Connection, secret: Secret) -> Result<Option<Record>> {
    match store::digest_of(connection, secret)? {
        Some(digest) => store::find(connection, &digest),
        None => Ok(None),
    }
}

/// Those of the scopes wanted that the key has, by the name that all who share its grant share.
fn asked<'a>(record: &'a Record, wanted: &'a Wanted<'_>) -> impl Iterator<Item = &'a Arc<str>> {
    wanted.names().filter_map(|scope| record.grant.scopes.get(scope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Location;

    #[test]
    fn a_verifier_that_is_gone_keeps_no_database_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Sqlite(folder.path().join("latchkey.db"));
        let db = Db::open(&location).expect("a database");
        let keyring = Keyring::from_bytes(&[7; 32]);
        let verifier = Verifier::new(&db, &keyring, Clock::default(), Arc::default());
        // Kept by a subscriber, and so for as long as the database is.
        let kept = Arc::new(());
        let held = Arc::clone(&kept);
        db.subscribe(move |_| drop(Arc::clone(&held)));
        drop((verifier, db));
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
