//! How long usage data is kept, and the deletion of older data in small batches, so that other
//! writers never wait long.

use super::store;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Db, Transaction};
use crate::domain::settings::{self, Settings};

/// For how many days usage data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Hourly counts, and addresses.
    pub hourly: i64,
    /// Daily counts, and those of all keys together.
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

/// Deletes data that is older than the settings allow, and the oldest denials if there are too many.
/// If this is interrupted, the next call continues.
pub async fn purge(db: &Db, now: Timestamp) -> Result<()> {
    db.write_in_batches(move |tx| purge_batch(tx, now)).await
}

/// Deletes one batch. Returns whether there is more.
fn purge_batch(tx: &mut Transaction<'_>, now: Timestamp) -> Result<bool> {
    let retention = Retention::from(&settings::get(tx)?);
    store::purge(tx, retention, now)
}
