//! Which keys need attention, why and since when; and that somebody has looked at it.
//!
//! What a key's own row tells (it expires, its rotation is due, it was never used) holds from an
//! instant that is known beforehand. What happens elsewhere (refusals, a secret in use that no longer
//! works, an overlap that can end, a creator who left, 90 days without use) is looked for once a
//! minute and after each write, and noted at the key, so that the table of keys that need attention
//! is as quick as any. Uses members, `api_keys` and usage.

mod alike;
mod reason;
mod store;
mod stored_secrets;

pub use alike::fold_names;
pub use reason::{Concern, Reason};
pub use stored_secrets::{Elsewhere, Problem};

use std::collections::{BTreeMap, BTreeSet};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::{self, Author};
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::members::{self, State};
use crate::domain::roles::{self, Coverage};
use crate::domain::settings::{self, Settings};
use crate::domain::usage::{self, denials};
use reason::{Facts, INTROSPECTED, OFTEN, REFUSALS, UNUSED};

/// How many keys are looked at for each reason.
const LOOKED_AT: i64 = 1000;
/// How many keys are written in one transaction.
const BATCH: usize = 100;

/// Why each of some hundred keys needs attention now, most urgent first.
pub fn concerns(
    connection: &mut Connection,
    keys: &[ApiKey],
    settings: &Settings,
    now: Timestamp,
) -> Result<Vec<Vec<Concern>>> {
    let facts = facts(connection, keys, now)?;
    let concerns = keys.iter().zip(&facts);
    Ok(concerns.map(|(key, facts)| reason::concerns(key, facts, settings, now)).collect())
}

/// What is not a key and needs attention.
pub fn elsewhere(connection: &mut Connection) -> Result<Vec<Elsewhere>> {
    let mut found = stored_secrets::elsewhere(connection)?;
    found.extend(alike::elsewhere(connection)?);
    Ok(found)
}

/// Looks anew at what happened elsewhere to some keys, after something was written of them.
pub fn reconsider(tx: &mut Transaction<'_>, ids: &[KeyId], now: Timestamp) -> Result<()> {
    let settings = settings::get(tx)?;
    for ids in ids.chunks(BATCH) {
        let ids: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
        let keys = api_keys::by_ids(tx, &ids)?;
        stored_secrets::forget(tx, &keys)?;
        alike::forget(tx, &keys)?;
        let noted = noted(tx, keys, now)?;
        api_keys::note(tx, &noted, &settings)?;
    }
    Ok(())
}

/// Keeps keys as they are: what asks for attention was looked at. It asks again after
/// [`api_keys::REVIEWED_DAYS`], and what is new at once. Keys that are gone are passed over.
pub fn keep(
    tx: &mut Transaction<'_>,
    ids: &[KeyId],
    note: &str,
    author: &Author,
) -> Result<Vec<ApiKey>> {
    let texts: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
    let mut kept = Vec::new();
    for key in api_keys::by_ids(tx, &texts)? {
        kept.push(api_keys::keep(tx, &key, note, author)?);
    }
    reconsider(tx, ids, author.now)?;
    Ok(kept)
}

/// Looks for what happened elsewhere, and notes it at the keys. Takes its time: it reads first, and
/// writes what differs a few keys at a time.
pub fn look(db: &Db, now: Timestamp) -> Result<()> {
    stored_secrets::search(db, now)?;
    let differ = db.read_in_background(move |connection| {
        let mut differ = Vec::new();
        let ids: Vec<KeyId> = candidates(connection, now)?.into_iter().collect();
        for ids in ids.chunks(BATCH) {
            let ids: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
            let keys = api_keys::by_ids(connection, &ids)?;
            let noted = noted(connection, keys, now)?;
            differ.extend(noted.into_iter().filter(|(key, at)| key.noted_at != *at));
        }
        Ok(differ.into_iter().map(|(key, _)| key.id).collect::<Vec<_>>())
    })?;
    for ids in differ.chunks(BATCH) {
        let ids = ids.to_vec();
        db.write_in_background(move |tx| reconsider(tx, &ids, now))?;
    }
    Ok(())
}

/// The keys to look at: those that something may have happened to, and those that are noted.
fn candidates(connection: &mut Connection, now: Timestamp) -> Result<BTreeSet<KeyId>> {
    let mut found = BTreeSet::new();
    found.extend(denials::refused_keys(connection, now.plus(-REFUSALS), OFTEN, LOOKED_AT)?);
    found.extend(api_keys::overlapping(connection, now, LOOKED_AT)?);
    found.extend(api_keys::no_longer_used(connection, now.plus(-UNUSED), now, LOOKED_AT)?);
    for creator in left(connection)?.into_keys() {
        found.extend(api_keys::created_by(connection, &creator, LOOKED_AT)?);
    }
    found.extend(stored_secrets::found_keys(connection, LOOKED_AT)?);
    found.extend(alike::found_keys(connection, LOOKED_AT)?);
    let asked_since = now.plus(-INTROSPECTED);
    found.extend(usage::introspecting(connection, None, asked_since, LOOKED_AT)?.into_keys());
    found.extend(api_keys::noted(connection, LOOKED_AT)?);
    Ok(found)
}

fn noted(
    connection: &mut Connection,
    keys: Vec<ApiKey>,
    now: Timestamp,
) -> Result<Vec<(ApiKey, Option<Timestamp>)>> {
    let facts = facts(connection, &keys, now)?;
    let noted = keys.into_iter().zip(facts).map(|(key, facts)| {
        let at = reason::noted_at(&key, &facts, now);
        (key, at)
    });
    Ok(noted.collect())
}

fn facts(connection: &mut Connection, keys: &[ApiKey], now: Timestamp) -> Result<Vec<Facts>> {
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let overlaps = api_keys::overlaps_end_at(connection, &ids, now)?;
    let left = left(connection)?;
    let secrets = stored_secrets::found(connection, keys)?;
    let introspected = introspected(connection, keys, now)?;
    let alike = alike::found(connection, keys)?;
    let mut facts = Vec::new();
    for key in keys {
        let since = reason::refusals_since(key, now);
        let overlap = overlaps.get(&key.id).copied();
        facts.push(Facts {
            refusals: denials::alike(connection, &key.id, since)?,
            overlap_ends_at: overlap.filter(|at| *at <= now),
            creator_left_at: left.get(&key.created_by).copied(),
            secret_found_at: secrets.get(&key.id).copied(),
            introspected_at: introspected.get(&key.id).copied(),
            alike_since: alike.get(&key.id).copied(),
        });
    }
    Ok(facts)
}

/// On which day those of some keys with the role Full access last asked about other keys, which that
/// role included in earlier versions.
fn introspected(
    connection: &mut Connection,
    keys: &[ApiKey],
    now: Timestamp,
) -> Result<BTreeMap<KeyId, Timestamp>> {
    let roles = roles::all(connection)?;
    let full = roles.iter().find(|role| role.coverage == Coverage::Every);
    let has_it = |key: &&ApiKey| full.is_some_and(|role| role.id == key.role_id);
    let ids: Vec<&str> = keys.iter().filter(has_it).map(|key| key.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    usage::introspecting(connection, Some(&ids), now.plus(-INTROSPECTED), LOOKED_AT)
}

/// The members who created keys and can no longer sign in, and since when.
fn left(connection: &mut Connection) -> Result<BTreeMap<String, Timestamp>> {
    let members = members::list(connection)?;
    let mut left = BTreeMap::new();
    for creator in api_keys::creators(connection)? {
        let known = members.iter().find(|member| member.id.as_str() == creator);
        let since = match known.map(|member| &member.state) {
            Some(State::Disabled(at)) => Some(*at),
            Some(_) => None,
            None => {
                let last = activity::about(connection, &creator, 1)?;
                Some(last.first().map_or(Timestamp::default(), |entry| entry.at))
            }
        };
        left.extend(since.map(|since| (creator, since)));
    }
    Ok(left)
}
