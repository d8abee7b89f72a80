//! Usage of keys: requests counted by secret, hour and outcome, the addresses that they came from,
//! and denied requests.
//!
//! Requests are counted in memory, and the counts are written every two seconds and at shutdown
//! (less often while tens of thousands of keys are in use). A crash may lose the counts since the
//! last write, but never a decision. Uses the types and functions of `api_keys`; does not depend on
//! the code that decides.

mod allowed;
mod buffer;
pub mod denials;
pub mod import;
mod outcome;
mod pending;
mod period;
mod questions;
mod recorder;
mod request;
mod retention;
mod right_sizing;
mod series;
pub mod signals;
mod store;
mod traces;

pub use allowed::{AllowedRequests, WhitelistEffect, allowed_requests};
pub use outcome::Outcome;
pub use period::{Period, Unit};
pub use questions::invalid_questions;
pub use recorder::{Denial, Recorder};
pub use request::{RequestId, RequestLine};
pub use retention::{Retention, purge};
pub use right_sizing::{UNUSED_SCOPE_DAYS, UnusedScopes, unused_scopes};
pub use series::{Bar, Series};
pub use store::{Busy, InvalidQuestion};
pub use traces::{Trace, Traces, introspecting, scope_requests_of, traces};

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{KeyId, LastUse};

/// For how many days the longest pause of a key is searched.
const GAP_DAYS: i64 = 90;

/// One of a key's secrets. The first has number 1, and every rotation adds one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Secret {
    pub key_id: KeyId,
    pub number: i64,
}

impl Secret {
    /// The secret that was used.
    pub(crate) fn of(used: &LastUse) -> Self {
        Self { key_id: used.key_id, number: used.secret }
    }
}

/// How many addresses of a key are kept: those last seen.
pub const MAX_ADDRESSES: usize = 100;

/// A key's requests within a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastDay {
    pub passed: i64,
    /// From how many addresses they came.
    pub addresses: i64,
}

/// An address that a key was used from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenAddress {
    pub address: IpAddr,
    pub first: Timestamp,
    pub last: Timestamp,
    /// How many allowed requests came from it, on the days that lie entirely in the period.
    pub count: i64,
}

/// A key's requests in this hour and the 23 before it.
pub fn last_day(connection: &mut Connection, key_id: &KeyId, now: Timestamp) -> Result<LastDay> {
    let since = Period::Hours24.start(now);
    Ok(LastDay {
        passed: store::passed_in_a_day(connection, key_id, now)?,
        addresses: store::count_addresses(connection, key_id, since)?,
    })
}

/// How many requests with each of a key's secrets were allowed in this hour and the 23 before it.
pub fn last_day_by_secret(
    connection: &mut Connection,
    key_id: &KeyId,
    now: Timestamp,
) -> Result<BTreeMap<i64, i64>> {
    store::passed_by_secret(connection, key_id, now)
}

/// Whether any request is counted.
pub fn has_requests(connection: &mut Connection) -> Result<bool> {
    store::has_requests(connection)
}

/// Whether any request is counted that was allowed.
pub fn has_allowed_requests(connection: &mut Connection) -> Result<bool> {
    store::has_allowed_requests(connection)
}

/// The outcomes of the requests with a key.
pub fn of_key(
    connection: &mut Connection,
    key_id: &KeyId,
    period: Period,
    now: Timestamp,
) -> Result<Series> {
    Ok(Series::new(period, now, &store::of_key(connection, key_id, period, now)?))
}

/// The longest time, in milliseconds, in which each of the given keys was not used: between two uses
/// in the last 90 days, and from the last one until the given time. Only days are known, so the true
/// time may be up to two days shorter. Keys that were not used before are left out.
pub fn longest_gaps(
    connection: &mut Connection,
    until: &BTreeMap<KeyId, Timestamp>,
    now: Timestamp,
) -> Result<BTreeMap<KeyId, i64>> {
    if until.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<&str> = until.keys().map(KeyId::as_str).collect();
    let mut days = store::days_in_use(connection, &ids, now.day() - GAP_DAYS..=now.day())?;
    days.retain(|(id, day)| until.get(id).is_some_and(|until| *day < until.day()));
    let used: BTreeSet<KeyId> = days.iter().map(|(id, _)| *id).collect();
    days.extend(used.iter().filter_map(|id| Some((*id, until.get(id)?.day()))));
    days.sort_unstable();
    let mut gaps: BTreeMap<KeyId, i64> = BTreeMap::new();
    for ((id, before), (same_id, after)) in days.iter().zip(days.iter().skip(1)) {
        if id == same_id {
            let gap = gaps.entry(*id).or_default();
            *gap = (*gap).max((after - before + 1) * DAY);
        }
    }
    Ok(gaps)
}

/// The outcomes of all requests, including those without a genuine secret.
pub fn of_all(connection: &mut Connection, period: Period, now: Timestamp) -> Result<Series> {
    Ok(Series::new(period, now, &store::of_all(connection, period, now)?))
}

/// The outcomes of the requests with each of these keys, by their ids. `ids` may have a few hundred
/// entries.
pub fn of_keys(
    connection: &mut Connection,
    ids: &[&str],
    period: Period,
    now: Timestamp,
) -> Result<BTreeMap<String, Vec<(Outcome, i64)>>> {
    store::of_keys(connection, ids, period, now)
}

/// The keys with the most requests.
pub fn busiest(
    connection: &mut Connection,
    period: Period,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Busy>> {
    store::busiest(connection, period, now, limit)
}

/// The addresses that a key was used from since `since`, last seen first. Their number is bounded.
pub fn addresses(
    connection: &mut Connection,
    key_id: &KeyId,
    since: Timestamp,
) -> Result<Vec<SeenAddress>> {
    store::addresses(connection, key_id, since)
}

/// The keys that were used from an address, by their ids, most recently used first, at most `limit`.
pub fn keys_from(
    connection: &mut Connection,
    address: IpAddr,
    limit: i64,
) -> Result<Vec<(String, SeenAddress)>> {
    store::keys_from(connection, address, limit)
}

/// From how many addresses each of these keys was used since `since`, by their ids. Keys that were
/// not used are left out. `ids` may have a few hundred entries.
pub fn count_addresses_of(
    connection: &mut Connection,
    ids: &[&str],
    since: Timestamp,
) -> Result<BTreeMap<String, i64>> {
    store::count_addresses_of(connection, ids, since)
}

/// Which of its scopes a key's requests have asked for, and on which day last.
pub fn scope_requests(
    connection: &mut Connection,
    key_id: &KeyId,
) -> Result<BTreeMap<String, Timestamp>> {
    let scopes = store::scope_requests(connection, key_id)?.into_iter();
    Ok(scopes.map(|(scope, day)| (scope, Timestamp::from_millis(day * DAY))).collect())
}
