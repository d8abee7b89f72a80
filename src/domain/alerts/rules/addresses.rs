//! Keys that are used from an address that they were never used from.

use std::collections::BTreeMap;

use super::keys::of_key;
use super::{LOOKED_AT, keys_by_id};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::alerts::{Found, Rule};
use crate::domain::api_keys::Status;
use crate::domain::usage::signals::{self, NewAddress};

/// From how many addresses a key may be known for a new one to say anything.
const KNOWN: i64 = 5;
/// How old a key has to be, in milliseconds: a young one is still moving in.
const SETTLED: i64 = 14 * DAY;
/// For how long an address is new, in milliseconds.
const NEW: i64 = DAY;
/// How many addresses are named.
const NAMED: usize = 3;

pub(super) fn new(connection: &mut Connection, now: Timestamp) -> Result<Vec<Found>> {
    let mut of_keys: BTreeMap<_, Vec<NewAddress>> = BTreeMap::new();
    for new in signals::new_addresses(connection, now, KNOWN, LOOKED_AT)? {
        if now.since(new.first) < NEW {
            of_keys.entry(new.key_id).or_default().push(new);
        }
    }
    let keys = keys_by_id(connection, of_keys.keys().copied())?;
    let found = of_keys.iter().filter_map(|(id, new)| {
        let key = keys.get(id)?;
        if key.status(now) != Status::Active || now.since(key.created_at) < SETTLED {
            return None;
        }
        let named: Vec<&str> = new.iter().take(NAMED).map(|new| new.address.as_str()).collect();
        let others = match new.len() - named.len() {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let known = new.iter().map(|new| new.known).max()?;
        let noun = if known == 1 { "address" } else { "addresses" };
        Some(Found {
            title: format!("“{}” is used from a new address", key.name.as_str()),
            detail: format!(
                "From {}{others}. Before, it was known from {known} {noun}.",
                named.join(", ")
            ),
            since: new.iter().map(|new| new.first).min()?,
            ..of_key(Rule::NewAddress, key)
        })
    });
    Ok(found.collect())
}
