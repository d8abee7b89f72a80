//! Writing what was counted in the past.

use super::{addresses, counts, denials};
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::api_keys;
use crate::domain::usage::buffer::{Buffer, Denials};
use crate::domain::usage::{Retention, Secret};

/// Adds what was counted to what is known, each as far as it would still be kept.
pub(in crate::domain::usage) fn import(
    tx: &mut Transaction<'_>,
    counted: &Buffer,
    denied: &[(Option<Secret>, Denials)],
    kept: Retention,
    now: Timestamp,
) -> Result<()> {
    let from_hour = now.hour() - kept.hourly * (DAY / HOUR);
    let from = now.plus(-kept.denials * DAY);
    let all = counted.tallies();
    let mut recent = all.clone();
    recent.retain(|((_, hour), _)| *hour >= from_hour);
    counts::add_hours(tx, &recent)?;
    counts::add_days(tx, &all)?;
    addresses::add(tx, &recent)?;
    counts::ask(tx, &all)?;
    api_keys::used(tx, &counted.uses().collect::<Vec<_>>())?;
    let denied = denied.iter().filter(|(_, denials)| denials.kept.iter().all(|one| one.at >= from));
    let denied: Vec<_> = denied.map(|(secret, denials)| (*secret, denials)).collect();
    denials::add(tx, &denied)?;
    counts::add_totals(tx, &all, &counted.strangers)
}
