//! The SQL of counts, addresses and denials.

mod addresses;
mod counts;
mod denial_groups;
mod denials;
mod import;
mod purge;
mod questions;
mod read;
mod signals;
mod traces;

pub(super) use addresses::{addresses, count_addresses, count_addresses_of, keys_from};
pub use denial_groups::GroupTotal;
pub(super) use denial_groups::{count_groups, groups, latest_of_groups, time_of_nth};
pub use denials::Denial;
pub(super) use denials::{denial, denials_like, denials_of, denied_keys};
pub(super) use import::import;
pub(super) use purge::purge;
pub use questions::InvalidQuestion;
pub(super) use questions::invalid_questions;
pub use read::Busy;
pub(super) use read::{
    busiest, days_in_use, has_allowed_requests, has_requests, of_all, of_key, of_keys,
    passed_by_secret, passed_in_a_day, scope_requests,
};
pub use signals::{Burst, NewAddress, Stranger};
pub(super) use signals::{bursts, new_addresses, strangers, volumes, volumes_at};
pub(super) use traces::{counts_since, introspecting, scope_requests_of};

use super::Outcome;
use super::buffer::{Buffer, Tally};
use crate::base::error::Result;
use crate::db::{Transaction, at_once};
use crate::domain::api_keys::{self, KeyId};

/// Adds everything except last uses to the stored counts. The rows that all nodes write to come
/// last, so that no node waits long for another.
pub(super) fn write(tx: &mut Transaction<'_>, counted: &Buffer) -> Result<()> {
    let tallies = counted.tallies();
    for tallies in tallies.chunks(at_once(tx)) {
        counts::add_hours(tx, tallies)?;
        counts::add_days(tx, tallies)?;
        addresses::add(tx, tallies)?;
        counts::add_scopes(tx, tallies)?;
    }
    let is_disabled = |tally: &Tally| tally.counts[Outcome::KeyDisabled as usize] > 0;
    let disabled = tallies.iter().filter(|(_, tally)| is_disabled(tally));
    let mut ids: Vec<KeyId> = disabled.map(|((secret, _), _)| secret.key_id).collect();
    ids.dedup();
    api_keys::record_uses_while_disabled(tx, &ids)?;
    denials::add(tx, &counted.denials().collect::<Vec<_>>())?;
    questions::add(tx, counted.questions.iter())?;
    counts::add_totals(tx, &tallies, &counted.strangers)
}
