//! Finds keys that are used from a new address.

use std::collections::BTreeMap;

use super::keys::of_key;
use super::{MAX_CAUSES, keys_by_id};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::alerts::{Finding, Rule};
use crate::domain::api_keys::Status;
use crate::domain::usage::signals::{self, NewAddress};

/// The largest number of known addresses of a key for which a new address is unusual.
const MAX_KNOWN: i64 = 5;
/// The minimum age of a key, in milliseconds. The addresses of a younger key are still changing.
const MIN_AGE: i64 = 14 * DAY;
/// How long an address counts as new, in milliseconds.
const NEW_FOR: i64 = DAY;
/// How many addresses the text lists.
const MAX_LISTED: usize = 3;

pub(super) fn new(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    let mut by_key: BTreeMap<_, Vec<NewAddress>> = BTreeMap::new();
    for new in signals::new_addresses(connection, now, MAX_KNOWN, MAX_CAUSES)? {
        if now.since(new.first) < NEW_FOR {
            by_key.entry(new.key_id).or_default().push(new);
        }
    }
    let keys = keys_by_id(connection, by_key.keys().copied())?;
    let found = by_key.iter().filter_map(|(id, new)| {
        let key = keys.get(id)?;
        if key.status(now) != Status::Active || now.since(key.created_at) < MIN_AGE {
            return None;
        }
        let listed: Vec<&str> =
            new.iter().take(MAX_LISTED).map(|new| new.address.as_str()).collect();
        let others = match new.len() - listed.len() {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let known = new.iter().map(|new| new.known).max()?;
        let noun = if known == 1 { "address" } else { "addresses" };
        Some(Finding {
            title: format!("“{}” is used from a new address", key.name.as_str()),
            detail: format!(
                "From {}{others}. Before, it was known from {known} {noun}.",
                listed.join(", ")
            ),
            since: new.iter().map(|new| new.first).min()?,
            ..of_key(Rule::NewAddress, key)
        })
    });
    Ok(found.collect())
}
