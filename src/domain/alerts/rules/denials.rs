//! Finds bursts of denied requests: with keys, with secrets that no longer work, and with unknown
//! keys.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::keys::of_key;
use super::{MAX_CAUSES, keys_by_id};
use crate::base::clock::{HOUR, MINUTE, Timestamp};
use crate::base::error::Result;
use crate::base::network::Network;
use crate::base::text::thousands;
use crate::db::Connection;
use crate::domain::alerts::{Finding, Rule};
use crate::domain::api_keys::{self, ApiKey};
use crate::domain::usage::Outcome;
use crate::domain::usage::signals::{self, Burst};

/// How far back bursts are searched, in milliseconds.
const WINDOW: i64 = 10 * MINUTE;
/// How many denied requests with one key within that time are a burst.
const MIN_FOR_KEY: i64 = 20;
/// How many unknown keys from one network within that time are a burst.
const MIN_FOR_NETWORK: i64 = 50;
/// How long after it stopped working a secret may be used without an alert, because clients take a
/// while to get the new one. In milliseconds.
const GRACE: i64 = HOUR;

pub(super) fn bursts(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    let mut by_key: BTreeMap<_, Vec<Burst>> = BTreeMap::new();
    for burst in signals::bursts(connection, now.plus(-WINDOW), MAX_CAUSES)? {
        if matches!(
            burst.outcome,
            Outcome::ScopeMissing | Outcome::AddressNotAllowed | Outcome::EnvironmentMismatch
        ) {
            by_key.entry(burst.key_id).or_default().push(burst);
        }
    }
    by_key.retain(|_, bursts| bursts.iter().map(|burst| burst.count).sum::<i64>() >= MIN_FOR_KEY);
    let keys = keys_by_id(connection, by_key.keys().copied())?;
    let found = by_key.iter().filter_map(|(id, bursts)| {
        let key = keys.get(id)?;
        let most = bursts.iter().max_by_key(|burst| burst.count)?;
        let count: i64 = bursts.iter().map(|burst| burst.count).sum();
        Some(Finding {
            title: format!("“{}” is denied many times", key.name.as_str()),
            detail: format!("{} within 10 minutes, most for {}.", requests(count), reason(most)),
            since: bursts.iter().map(|burst| burst.first).min()?,
            ..of_key(Rule::DenialBurst, key)
        })
    });
    Ok(found.collect())
}

pub(super) fn inactive_secrets(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<Vec<Finding>> {
    let bursts = signals::bursts(connection, now.plus(-WINDOW), MAX_CAUSES)?;
    let is_inactive =
        |burst: &Burst| matches!(burst.outcome, Outcome::KeyRevoked | Outcome::SecretSuperseded);
    let bursts: Vec<Burst> = bursts.into_iter().filter(is_inactive).collect();
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
        let detail = format!("{} within 10 minutes, all denied.", requests(burst.count));
        found.push(Finding {
            title,
            detail,
            since: burst.first,
            ..of_key(Rule::InactiveSecret, key)
        });
    }
    Ok(found)
}

/// When the key was revoked, or the latest time until `at` at which one of its secrets was
/// superseded.
fn ended_at(connection: &mut Connection, key: &ApiKey, at: Timestamp) -> Result<Option<Timestamp>> {
    if key.revoked_at.is_some() {
        return Ok(key.revoked_at);
    }
    let ends = api_keys::secrets(connection, &key.id)?.into_iter();
    Ok(ends.filter_map(|secret| secret.superseded_at).filter(|end| *end <= at).max())
}

pub(super) fn strangers(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    let mut networks: BTreeMap<String, (i64, Timestamp)> = BTreeMap::new();
    for stranger in signals::strangers(connection, now.plus(-WINDOW), MAX_CAUSES)? {
        let Ok(address) = stranger.address.parse::<IpAddr>() else { continue };
        let (count, first) =
            networks.entry(Network::from(address).to_string()).or_insert((0, stranger.first));
        *count += stranger.count;
        *first = stranger.first.min(*first);
    }
    networks.retain(|_, (count, _)| *count >= MIN_FOR_NETWORK);
    let found = networks.into_iter().map(|(network, (count, since))| Finding {
        rule: Rule::UnknownKeys,
        title: format!("Unknown keys come from {network}"),
        detail: format!("{} within 10 minutes, all denied.", requests(count)),
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
