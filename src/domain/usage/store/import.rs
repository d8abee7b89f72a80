//! Writes past usage.

use super::{addresses, counts, denials};
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::api_keys;
use crate::domain::usage::buffer::{Buffer, DenialTally};
use crate::domain::usage::{Retention, Secret};

/// Adds past counts and denials to the stored ones, except what would already have been deleted.
pub(in crate::domain::usage) fn import(
    tx: &mut Transaction<'_>,
    counted: &Buffer,
    denials_to_write: &[(Option<Secret>, DenialTally)],
    retention: Retention,
    now: Timestamp,
) -> Result<()> {
    let from_hour = now.hour() - retention.hourly * (DAY / HOUR);
    let from = now.plus(-retention.denials * DAY);
    let all = counted.tallies();
    let mut recent = all.clone();
    recent.retain(|((_, hour), _)| *hour >= from_hour);
    counts::add_hours(tx, &recent)?;
    counts::add_days(tx, &all)?;
    addresses::add(tx, &recent)?;
    counts::add_scopes(tx, &all)?;
    api_keys::record_last_uses(tx, &counted.uses().collect::<Vec<_>>())?;
    let denials_to_write = denials_to_write
        .iter()
        .filter(|(_, denials)| denials.samples.iter().all(|one| one.at >= from));
    let denials_to_write: Vec<_> =
        denials_to_write.map(|(secret, denials)| (*secret, denials)).collect();
    denials::add(tx, &denials_to_write)?;
    counts::add_totals(tx, &all, &counted.strangers)
}
