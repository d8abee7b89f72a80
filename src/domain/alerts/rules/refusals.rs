//! Refusals: of keys, of secrets that no longer work, and of strangers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::keys::of_key;
use super::{LOOKED_AT, keys_by_id};
use crate::base::clock::{HOUR, MINUTE, Timestamp};
use crate::base::error::Result;
use crate::base::network::Network;
use crate::base::text::thousands;
use crate::db::Connection;
use crate::domain::alerts::{Found, Rule};
use crate::domain::api_keys::{self, ApiKey};
use crate::domain::usage::Outcome;
use crate::domain::usage::signals::{self, Burst};

/// How far back bursts are looked for, in milliseconds.
const BURST: i64 = 10 * MINUTE;
/// How many refusals of a key within that time are a burst,
const OF_A_KEY: i64 = 20;
/// and how many unknown keys from one network.
const OF_A_NETWORK: i64 = 50;
/// For how long after it stopped working a secret may still come without an alert: clients take a
/// while to hear of it. In milliseconds.
const GRACE: i64 = HOUR;

pub(super) fn bursts(connection: &mut Connection, now: Timestamp) -> Result<Vec<Found>> {
    let mut of_keys: BTreeMap<_, Vec<Burst>> = BTreeMap::new();
    for burst in signals::bursts(connection, now.plus(-BURST), LOOKED_AT)? {
        if matches!(
            burst.outcome,
            Outcome::ScopeMissing | Outcome::AddressNotAllowed | Outcome::EnvironmentMismatch
        ) {
            of_keys.entry(burst.key_id).or_default().push(burst);
        }
    }
    of_keys.retain(|_, bursts| bursts.iter().map(|burst| burst.count).sum::<i64>() >= OF_A_KEY);
    let keys = keys_by_id(connection, of_keys.keys().copied())?;
    let found = of_keys.iter().filter_map(|(id, bursts)| {
        let key = keys.get(id)?;
        let most = bursts.iter().max_by_key(|burst| burst.count)?;
        let count: i64 = bursts.iter().map(|burst| burst.count).sum();
        Some(Found {
            title: format!("“{}” is refused many times", key.name.as_str()),
            detail: format!("{} within 10 minutes, most for {}.", requests(count), reason(most)),
            since: bursts.iter().map(|burst| burst.first).min()?,
            ..of_key(Rule::RefusalBurst, key)
        })
    });
    Ok(found.collect())
}

pub(super) fn dead(connection: &mut Connection, now: Timestamp) -> Result<Vec<Found>> {
    let bursts = signals::bursts(connection, now.plus(-BURST), LOOKED_AT)?;
    let dead =
        |burst: &Burst| matches!(burst.outcome, Outcome::KeyRevoked | Outcome::SecretSuperseded);
    let bursts: Vec<Burst> = bursts.into_iter().filter(dead).collect();
    let keys = keys_by_id(connection, bursts.iter().map(|burst| burst.key_id))?;
    let mut found = Vec::new();
    for burst in bursts {
        let Some(key) = keys.get(&burst.key_id) else { continue };
        let Some(ended) = ended_at(connection, key, burst.last)? else { continue };
        if burst.last.since(ended) < GRACE {
            continue;
        }
        let name = key.name.as_str();
        let title = if key.revoked_at.is_some() {
            format!("“{name}” is used though it is revoked")
        } else {
            format!("An old secret of “{name}” is used after its end")
        };
        let detail = format!("{} within 10 minutes, all refused.", requests(burst.count));
        found.push(Found { title, detail, since: burst.first, ..of_key(Rule::DeadSecret, key) });
    }
    Ok(found)
}

/// When the last of a key's secrets that no longer worked at `at` had stopped to.
fn ended_at(connection: &mut Connection, key: &ApiKey, at: Timestamp) -> Result<Option<Timestamp>> {
    if key.revoked_at.is_some() {
        return Ok(key.revoked_at);
    }
    let ends = api_keys::secrets(connection, &key.id)?.into_iter();
    Ok(ends.filter_map(|secret| secret.superseded_at).filter(|end| *end <= at).max())
}

pub(super) fn strangers(connection: &mut Connection, now: Timestamp) -> Result<Vec<Found>> {
    let mut networks: BTreeMap<String, (i64, Timestamp)> = BTreeMap::new();
    for stranger in signals::strangers(connection, now.plus(-BURST), LOOKED_AT)? {
        let Ok(address) = stranger.address.parse::<IpAddr>() else { continue };
        let (count, first) =
            networks.entry(Network::from(address).to_string()).or_insert((0, stranger.first));
        *count += stranger.count;
        *first = stranger.first.min(*first);
    }
    networks.retain(|_, (count, _)| *count >= OF_A_NETWORK);
    let found = networks.into_iter().map(|(network, (count, since))| Found {
        rule: Rule::UnknownKeys,
        title: format!("Unknown keys come from {network}"),
        detail: format!("{} within 10 minutes, all refused.", requests(count)),
        cause: network,
        key_id: None,
        level: 0,
        since,
    });
    Ok(found.collect())
}

pub(super) fn requests(count: i64) -> String {
    let noun = if count == 1 { "request" } else { "requests" };
    format!("{} {noun}", thousands(count.unsigned_abs()))
}

fn reason(burst: &Burst) -> &'static str {
    match burst.outcome {
        Outcome::ScopeMissing => "a missing scope",
        Outcome::AddressNotAllowed => "the IP whitelist",
        _ => "the environment",
    }
}
