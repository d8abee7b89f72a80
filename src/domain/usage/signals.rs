//! What stands out of what was counted, for alerts: bursts of refusals, strangers, volume, and
//! addresses that are new.

use std::collections::BTreeMap;

use super::store;
pub use super::store::{Burst, NewAddress, Stranger};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::KeyId;

/// What was refused of keys since `since`, by key and reason; at most `limit`.
pub fn bursts(connection: &mut Connection, since: Timestamp, limit: i64) -> Result<Vec<Burst>> {
    store::bursts(connection, since, limit)
}

/// What was refused of malformed or unknown secret keys since `since`, by address; at most `limit`,
/// most first.
pub fn strangers(
    connection: &mut Connection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Stranger>> {
    store::strangers(connection, since, limit)
}

/// How many requests of each key passed in the hour of `at`, of those with `at_least` so many.
pub fn volumes(
    connection: &mut Connection,
    at: Timestamp,
    at_least: i64,
) -> Result<Vec<(KeyId, i64)>> {
    store::volumes(connection, at.hour(), at_least)
}

/// How many requests of a key passed in each of the hours of `at`; none where nothing was counted.
pub fn volumes_at(
    connection: &mut Connection,
    key_id: &KeyId,
    at: &[Timestamp],
) -> Result<Vec<i64>> {
    let hours: Vec<i64> = at.iter().map(|at| at.hour()).collect();
    let counted: BTreeMap<i64, i64> = store::volumes_at(connection, key_id, &hours)?;
    Ok(hours.iter().map(|hour| counted.get(hour).copied().unwrap_or_default()).collect())
}

/// The addresses that keys were used from on the day of `now` and the one before, and never earlier,
/// as far as that is kept; at most `limit`. Keys that were used from more than `known` addresses
/// before are left out: for them a new one says nothing.
pub fn new_addresses(
    connection: &mut Connection,
    now: Timestamp,
    known: i64,
    limit: i64,
) -> Result<Vec<NewAddress>> {
    let mut found = store::new_addresses(connection, now, known, limit)?;
    found.retain(|new| (1..=known).contains(&new.known));
    Ok(found)
}
