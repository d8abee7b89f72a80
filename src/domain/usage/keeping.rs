//! For how long what was counted is kept, and clearing away what is older: a little at a time, so
//! that nobody else who writes waits for long.

use super::store;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Db, Transaction};
use crate::domain::settings::{self, Settings};

/// For how many days what was counted is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Counts by the hour, and addresses.
    pub hourly: i64,
    /// Counts by the day, and those of all keys together.
    pub daily: i64,
    pub denials: i64,
}

impl From<&Settings> for Retention {
    fn from(settings: &Settings) -> Self {
        Self {
            hourly: settings.hourly_counts_days.into(),
            daily: settings.daily_counts_days.into(),
            denials: settings.denials_days.into(),
        }
    }
}

/// Clears away what is older than the settings want, and the oldest denials where there are too
/// many. Whoever drops it on the way loses nothing: the next one goes on.
pub async fn clear_away(db: &Db, now: Timestamp) -> Result<()> {
    db.write_in_batches(move |tx| purge(tx, now)).await
}

/// Clears away a batch. Returns whether there is more.
fn purge(tx: &mut Transaction<'_>, now: Timestamp) -> Result<bool> {
    let kept = Retention::from(&settings::get(tx)?);
    store::purge(tx, kept, now)
}
