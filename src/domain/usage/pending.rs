//! Writes pending counts in transactions so small that other writers never wait long. Counts and
//! last uses go into separate transactions, each in the order of their tables, so that a database
//! page is written once and not again for every few keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::buffer::Buffer;
use super::{Recorder, Secret, store};
use crate::base::error::{Error, Result};
use crate::db::Db;
use crate::domain::api_keys::{self, LastUse};

/// How many tallies or last uses go into one transaction.
const BATCH: usize = 2_000;
/// If last uses of more secrets than this are pending, those of secrets already in use are delayed,
/// because writing a last use takes twice as long as writing a secret's counts.
const DELAY_ABOVE: usize = 10_000;
/// For how long they are delayed after all last uses were written.
const DELAY: Duration = Duration::from_mins(5);

/// Data that could not be written yet, or is delayed.
#[derive(Default)]
pub(super) struct Pending {
    counts: Buffer,
    /// Last uses of secrets whose counts have been written.
    uses: HashMap<Secret, LastUse>,
    /// Secrets that are known to be in use. The first use of any other secret is not delayed.
    in_use: HashSet<Secret>,
    /// When all pending last uses were last written.
    all_written: Option<Instant>,
}

impl Recorder {
    /// Writes the counts so far, and the last uses that are not delayed. Anything that the database
    /// temporarily does not accept is written with the next call.
    pub async fn write_due(&self, db: &Db) -> Result<()> {
        let mut pending = self.pending.lock().await;
        pending.counts.merge(self.collect());
        pending.write_counts(db).await?;
        pending.write_uses(db, Instant::now()).await
    }

    /// Writes all counts and last uses so far.
    pub async fn write(&self, db: &Db) -> Result<()> {
        self.pending.lock().await.all_written = None;
        self.write_due(db).await
    }
}

impl Pending {
    async fn write_counts(&mut self, db: &Db) -> Result<()> {
        let places = self.counts.places();
        let mut places = places.chunks(BATCH);
        while !self.counts.is_empty() {
            let part = Arc::new(self.counts.take(places.next().unwrap_or_default()));
            let written = Arc::clone(&part);
            let outcome = db.write(move |tx| store::write(tx, &written)).await;
            if is_temporary_failure(&outcome) {
                self.counts.merge(Arc::unwrap_or_clone(part));
                return outcome;
            }
            for used in part.uses() {
                self.uses.entry(Secret::of(&used)).or_insert(used).update(&used);
            }
        }
        Ok(())
    }

    async fn write_uses(&mut self, db: &Db, now: Instant) -> Result<()> {
        let is_all_due = self.is_all_due(now);
        let uses = self.due(is_all_due);
        if uses.is_empty() {
            return Ok(());
        }
        let uses = db.read(|connection| api_keys::in_order_of_rows(connection, uses)).await?;
        for part in uses.chunks(BATCH) {
            let written = part.to_vec();
            let outcome = db.write(move |tx| api_keys::record_last_uses(tx, &written)).await;
            if is_temporary_failure(&outcome) {
                return outcome;
            }
            for secret in part.iter().map(Secret::of) {
                self.uses.remove(&secret);
                self.in_use.insert(secret);
            }
        }
        if is_all_due {
            self.all_written = Some(now);
        }
        Ok(())
    }

    fn is_all_due(&self, now: Instant) -> bool {
        let is_delay_over = |at| now.saturating_duration_since(at) >= DELAY;
        self.uses.len() <= DELAY_ABOVE || self.all_written.is_none_or(is_delay_over)
    }

    fn due(&self, all: bool) -> Vec<LastUse> {
        let due = self.uses.iter().filter(|(secret, _)| all || !self.in_use.contains(secret));
        due.map(|(_, used)| *used).collect()
    }
}

/// Whether an error is temporary. Any other error would recur every time, so the part that caused it
/// is discarded.
fn is_temporary_failure(outcome: &Result<()>) -> bool {
    if let Err(error) = outcome
        && !matches!(error, Error::Unavailable(_))
    {
        tracing::error!(%error, "a part of what was counted is lost");
    }
    matches!(outcome, Err(Error::Unavailable(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::domain::api_keys::KeyId;

    fn used() -> LastUse {
        let (key_id, at) = (KeyId::random().expect("random"), Timestamp::from_millis(0));
        LastUse { key_id, secret: 1, at, address: None }
    }

    /// A number of secrets that are all known to be in use and have each been used once more.
    fn pending(secrets: usize, all_written: Option<Instant>) -> Pending {
        let uses: HashMap<_, _> = std::iter::repeat_with(used)
            .map(|used| (Secret::of(&used), used))
            .take(secrets)
            .collect();
        let in_use = uses.keys().copied().collect();
        Pending { uses, in_use, all_written, ..Pending::default() }
    }

    fn due(pending: &Pending, now: Instant) -> usize {
        pending.due(pending.is_all_due(now)).len()
    }

    #[test]
    fn last_uses_of_many_secrets_are_delayed_for_five_minutes() {
        let start = Instant::now();
        let pending = pending(DELAY_ABOVE + 1, Some(start));
        assert_eq!(due(&pending, start + Duration::from_secs(299)), 0);
        assert_eq!(due(&pending, start + DELAY), DELAY_ABOVE + 1);
    }

    #[test]
    fn last_uses_of_few_secrets_are_not_delayed() {
        let start = Instant::now();
        assert_eq!(due(&pending(DELAY_ABOVE, Some(start)), start), DELAY_ABOVE);
    }

    #[test]
    fn the_first_use_of_a_secret_is_not_delayed() {
        let start = Instant::now();
        let mut pending = pending(DELAY_ABOVE + 1, Some(start));
        let first = used();
        pending.uses.insert(Secret::of(&first), first);
        let due = pending.due(pending.is_all_due(start));
        assert_eq!(due.iter().map(Secret::of).collect::<Vec<_>>(), [Secret::of(&first)]);
    }

    #[test]
    fn the_first_time_all_last_uses_are_due() {
        assert_eq!(due(&pending(DELAY_ABOVE + 1, None), Instant::now()), DELAY_ABOVE + 1);
    }
}
