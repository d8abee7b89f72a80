//! What is to be written, and writing it: in transactions small enough that nobody else who writes
//! waits for long. Counts and last uses go into transactions of their own, each in the order of
//! their tables, so that a page of those is written once and not with every few keys.

use std::collections::HashMap;
use std::sync::Arc;

use super::buffer::Buffer;
use super::{Recorder, Secret, store};
use crate::api_keys::{self, Used};
use crate::db::Db;
use crate::error::{Error, Result};

/// How many tallies, or last uses, go into one transaction.
const AT_ONCE: usize = 2_000;

/// What could not be written yet.
#[derive(Default)]
pub(super) struct Pending {
    counts: Buffer,
    /// Of secrets whose counts are written.
    uses: HashMap<Secret, Used>,
}

impl Recorder {
    /// Writes what was counted until now. What the database does not take for the time being is
    /// written with the next.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write(&self, db: &Db) -> Result<()> {
        let mut pending = self.pending.lock().await;
        pending.counts.merge(self.collect());
        pending.write_counts(db).await?;
        pending.write_uses(db).await
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
                let secret = Secret { key_id: used.key_id, number: used.secret };
                let known = self.uses.entry(secret).or_insert(used);
                if used.at > known.at {
                    *known = used;
                }
            }
        }
        Ok(())
    }

    async fn write_uses(&mut self, db: &Db) -> Result<()> {
        if self.uses.is_empty() {
            return Ok(());
        }
        let uses = self.uses.values().copied().collect();
        let uses = db.read(|connection| api_keys::in_order_of_rows(connection, uses)).await?;
        for part in uses.chunks(AT_ONCE) {
            let written = part.to_vec();
            let outcome = db.write(move |tx| api_keys::used(tx, &written)).await;
            if is_kept_for_later(&outcome) {
                return outcome;
            }
            for used in part {
                self.uses.remove(&Secret { key_id: used.key_id, number: used.secret });
            }
        }
        Ok(())
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
