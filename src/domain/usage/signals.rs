//! Notable usage, for alerts: bursts of denials, strangers, volume and new addresses.

use std::collections::BTreeMap;

use super::store;
pub use super::store::{Burst, NewAddress, Stranger};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::KeyId;

/// Denied requests with keys since `since`, by key and reason; at most `limit`.
pub fn bursts(connection: &mut Connection, since: Timestamp, limit: i64) -> Result<Vec<Burst>> {
    store::bursts(connection, since, limit)
}

/// Denied requests with malformed or unknown secret keys since `since`, by address; at most `limit`,
/// most requests first.
pub fn strangers(
    connection: &mut Connection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Stranger>> {
    store::strangers(connection, since, limit)
}

/// How many requests with each key were allowed in the hour of `at`, for keys with `at_least` that
/// many.
pub fn volumes(
    connection: &mut Connection,
    at: Timestamp,
    at_least: i64,
) -> Result<Vec<(KeyId, i64)>> {
    store::volumes(connection, at.hour(), at_least)
}

/// How many requests with a key were allowed in each of the hours of `at`; 0 if nothing was counted.
pub fn volumes_at(
    connection: &mut Connection,
    key_id: &KeyId,
    at: &[Timestamp],
) -> Result<Vec<i64>> {
    let hours: Vec<i64> = at.iter().map(|at| at.hour()).collect();
    let counted: BTreeMap<i64, i64> = store::volumes_at(connection, key_id, &hours)?;
    Ok(hours.iter().map(|hour| counted.get(hour).copied().unwrap_or_default()).collect())
}

/// The addresses that keys were first used from on the day of `now` or the day before, according to
/// the stored data; at most `limit`. Keys that were used from no address or from more than `known`
/// addresses before are left out, because a new address means nothing for them.
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
