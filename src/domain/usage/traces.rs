//! A key's activity since a day: how many requests were allowed and denied, from which addresses,
//! and for which scopes.

use std::collections::BTreeMap;

use super::denials::{self, Denial, DenialGroup};
use super::{Outcome, SeenAddress, addresses, scope_requests, store};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::domain::api_keys::KeyId;

/// How many days back at most: as long as daily counts may be kept.
const MAX_DAYS: i64 = 3_650;

/// A key's activity since a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// How many requests had each outcome, in whole days.
    pub outcomes: Vec<(Outcome, i64)>,
    /// The client addresses, as far as they are stored, last seen first.
    pub addresses: Vec<Trace>,
    /// The denied requests, as far as they are stored, grouped by reason, latest first.
    pub denials: Vec<DenialGroup>,
    /// The requested scopes, and on which day each was last requested.
    pub scopes: Vec<(String, Timestamp)>,
}

/// An address that requests with a key came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub address: String,
    /// When the first request since the day came.
    pub first: Timestamp,
    /// When the last request came.
    pub last: Timestamp,
    pub passed: i64,
    /// How many of the stored denied requests came from it.
    pub denied: i64,
    /// Whether no request from it was allowed before the day, according to the stored data.
    pub is_new: bool,
}

impl Traces {
    /// How many requests were allowed.
    pub fn passed(&self) -> i64 {
        self.of(|outcome| outcome == Outcome::Pass)
    }

    /// How many requests were denied.
    pub fn denied(&self) -> i64 {
        self.of(|outcome| outcome != Outcome::Pass)
    }

    fn of(&self, counts: impl Fn(Outcome) -> bool) -> i64 {
        self.outcomes.iter().filter(|(outcome, _)| counts(*outcome)).map(|(_, count)| count).sum()
    }
}

/// A key's activity since the day of `since`.
pub fn traces(
    connection: &mut Connection,
    key_id: &KeyId,
    since: Timestamp,
    now: Timestamp,
) -> Result<Traces> {
    let today = now.day();
    let first = since.day().max(today - MAX_DAYS);
    let start = Timestamp::from_millis(first * DAY);
    let mut outcomes = store::counts_since(connection, key_id, first..=today)?;
    outcomes.sort_by_key(|(outcome, count)| (*outcome != Outcome::Pass, -count, outcome.as_str()));
    let all_time = addresses(connection, key_id, Timestamp::default())?;
    let seen = addresses(connection, key_id, start)?;
    let kept = denials::stored(connection, key_id, start)?;
    let requested_scopes =
        scope_requests(connection, key_id)?.into_iter().filter(|(_, day)| *day >= start);
    Ok(Traces {
        outcomes,
        addresses: by_address(&seen, &kept, &all_time, start),
        denials: denials::grouped(kept),
        scopes: requested_scopes.collect(),
    })
}

/// The allowed and denied requests from each address.
fn by_address(
    seen: &[SeenAddress],
    denied: &[Denial],
    all_time: &[SeenAddress],
    start: Timestamp,
) -> Vec<Trace> {
    let is_known = |address: &str| {
        all_time.iter().any(|seen| seen.first < start && seen.address.to_string() == address)
    };
    let mut traces: BTreeMap<String, Trace> = BTreeMap::new();
    let passed = seen
        .iter()
        .map(|seen| (seen.address.to_string(), seen.first.max(start), seen.last, [seen.count, 0]));
    let denied = denied.iter().filter_map(|denial| {
        Some((denial.address.clone()?, denial.at, denial.at, [0, denial.count]))
    });
    for (address, first, last, [passed, denied]) in passed.chain(denied) {
        let new = || Trace {
            is_new: !is_known(&address),
            address: address.clone(),
            first,
            last,
            passed: 0,
            denied: 0,
        };
        let trace = traces.entry(address.clone()).or_insert_with(new);
        trace.first = trace.first.min(first);
        trace.last = trace.last.max(last);
        trace.passed += passed;
        trace.denied += denied;
    }
    let mut all: Vec<Trace> = traces.into_values().collect();
    all.sort_by_key(|trace| std::cmp::Reverse(trace.last));
    all
}

/// The keys that introspected other keys since `since`, with the day on which they last did so; at
/// most `limit`. If `ids` is given, only those keys.
pub fn introspecting(
    connection: &mut Connection,
    ids: Option<&[&str]>,
    since: Timestamp,
    limit: i64,
) -> Result<BTreeMap<KeyId, Timestamp>> {
    let mut found = BTreeMap::new();
    let since = since.day();
    for (id, day) in store::introspecting(connection, ids, since, limit)? {
        let id = KeyId::parse(&id).ok_or_else(|| Error::internal("a bad Key ID"))?;
        found.insert(id, Timestamp::from_millis(day * DAY));
    }
    Ok(found)
}

/// Which of their scopes the requests with these keys have asked for, and on which day last.
pub fn scope_requests_of(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<BTreeMap<String, BTreeMap<String, Timestamp>>> {
    let mut all: BTreeMap<String, BTreeMap<String, Timestamp>> = BTreeMap::new();
    for (key_id, scope, day) in store::scope_requests_of(connection, ids)? {
        all.entry(key_id).or_default().insert(scope, Timestamp::from_millis(day * DAY));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn allowed_and_denied_requests_are_grouped_by_address() {
        let at = Timestamp::from_millis;
        let seen = |last: u8, first, until, count| SeenAddress {
            address: IpAddr::from([203, 0, 113, last]),
            first: at(first),
            last: at(until),
            count,
        };
        let denial = |address: Option<&str>, when, count| Denial {
            request_id: String::new(),
            key_id: None,
            secret: None,
            reason: Outcome::ScopeMissing,
            detail: String::new(),
            address: address.map(str::to_owned),
            line: String::new(),
            at: at(when),
            count,
        };
        let denied = [
            denial(Some("203.0.113.1"), 500, 2),
            denial(Some("192.0.2.9"), 300, 4),
            denial(None, 900, 1),
        ];
        let traces = by_address(
            &[seen(1, 200, 400, 7)],
            &denied,
            &[seen(1, 50, 400, 9), seen(2, 10, 20, 1)],
            at(100),
        );
        let summaries: Vec<_> = traces
            .iter()
            .map(|t| (t.address.as_str(), t.first.millis(), t.last.millis(), t.passed, t.denied))
            .collect();
        assert_eq!(summaries, [("203.0.113.1", 200, 500, 7, 2), ("192.0.2.9", 300, 300, 0, 4)]);
        assert_eq!(traces.iter().map(|t| t.is_new).collect::<Vec<_>>(), [false, true]);
    }
}
