//! What is to be written, and writing it: in transactions small enough that nobody else who writes
//! waits for long. Counts and last uses go into transactions of their own, each in the order of
//! their tables, so that a page of those is written once and not with every few keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::buffer::Buffer;
use super::{Recorder, Secret, store};
use crate::base::error::{Error, Result};
use crate::db::Db;
use crate::domain::api_keys::{self, Used};

/// How many tallies, or last uses, go into one transaction.
const AT_ONCE: usize = 2_000;
/// Last uses of more secrets wait: writing one takes twice what writing a secret's counts does,
const MANY: usize = 10_000;
/// until all of them were written so long ago.
const SELDOM: Duration = Duration::from_mins(5);

/// What could not be written yet, or waits.
#[derive(Default)]
pub(super) struct Pending {
    counts: Buffer,
    /// Of secrets whose counts are written.
    uses: HashMap<Secret, Used>,
    /// Those that are known to be in use; the first use of any other does not wait.
    in_use: HashSet<Secret>,
    /// When no last use was left.
    all_written: Option<Instant>,
}

impl Recorder {
    /// Writes what was counted until now, of last uses those that do not wait. What the database
    /// does not take for the time being is written with the next.
    pub async fn write_due(&self, db: &Db) -> Result<()> {
        let mut pending = self.pending.lock().await;
        pending.counts.merge(self.collect());
        pending.write_counts(db).await?;
        pending.write_uses(db, Instant::now()).await
    }

    /// Writes all that was counted until now.
    pub async fn write(&self, db: &Db) -> Result<()> {
        self.pending.lock().await.all_written = None;
        self.write_due(db).await
    }
}

impl Pending {
    async fn write_counts(&mut self, db: &Db) -> Result<()> {
        let places = self.counts.places();
        let mut places = places.chunks(AT_ONCE);
        while !self.counts.is_empty() {
            let part = Arc::new(self.counts.take(places.next().unwrap_or_default()));
            let written = Arc::clone(&part);
            let outcome = db.write(move |tx| store::write(tx, &written)).await;
            if is_kept_for_later(&outcome) {
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
        for part in uses.chunks(AT_ONCE) {
            let written = part.to_vec();
            let outcome = db.write(move |tx| api_keys::used(tx, &written)).await;
            if is_kept_for_later(&outcome) {
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
        let is_long_ago = |at| now.saturating_duration_since(at) >= SELDOM;
        self.uses.len() <= MANY || self.all_written.is_none_or(is_long_ago)
    }

    fn due(&self, all: bool) -> Vec<Used> {
        let due = self.uses.iter().filter(|(secret, _)| all || !self.in_use.contains(secret));
        due.map(|(_, used)| *used).collect()
    }
}

/// Whether an error will pass; any other would come again and again, so that what caused it is left
/// out.
fn is_kept_for_later(outcome: &Result<()>) -> bool {
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

    fn used() -> Used {
        let (key_id, at) = (KeyId::random().expect("random"), Timestamp::from_millis(0));
        Used { key_id, secret: 1, at, address: None }
    }

    /// That so many secrets, all known to be in use, were used once more.
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
    fn last_uses_of_many_secrets_wait_for_five_minutes() {
        let begin = Instant::now();
        let pending = pending(MANY + 1, Some(begin));
        assert_eq!(due(&pending, begin + Duration::from_secs(299)), 0);
        assert_eq!(due(&pending, begin + SELDOM), MANY + 1);
    }

    #[test]
    fn last_uses_of_few_secrets_do_not_wait() {
        let begin = Instant::now();
        assert_eq!(due(&pending(MANY, Some(begin)), begin), MANY);
    }

    #[test]
    fn no_first_use_of_a_secret_waits() {
        let begin = Instant::now();
        let mut pending = pending(MANY + 1, Some(begin));
        let first = used();
        pending.uses.insert(Secret::of(&first), first);
        let due = pending.due(pending.is_all_due(begin));
        assert_eq!(due.iter().map(Secret::of).collect::<Vec<_>>(), [Secret::of(&first)]);
    }

    #[test]
    fn the_first_time_all_last_uses_are_due() {
        assert_eq!(due(&pending(MANY + 1, None), Instant::now()), MANY + 1);
    }
}
