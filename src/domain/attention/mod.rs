//! Which keys need attention, why and since when, and the reviews of these reasons.
//!
//! Reasons from a key's own data (it expires, its rotation is due, it was never used) start at a
//! time that is known in advance. Reasons from elsewhere (denied requests, a secret in use that no
//! longer works, an overlap that can end, a creator who left, 90 days without use) are searched
//! once a minute and after each write, and stored as a flag of the key, so that the table of keys
//! that need attention is as fast as the other tables. Uses members, `api_keys` and usage.

pub mod before_upgrade;
mod reason;
mod shared_names;
mod store;
mod stored_secrets;

pub use reason::{Concern, Reason, ReasonKind};
pub use shared_names::fold_names;
pub use stored_secrets::{OtherConcern, Problem};

use std::collections::{BTreeMap, BTreeSet};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::{self, Context};
use crate::domain::api_keys::{self, ApiKey, KeyId, StoredSecret};
use crate::domain::disabling::UNUSED_AFTER;
use crate::domain::members::{self, State};
use crate::domain::roles::{self, Coverage};
use crate::domain::settings::{self, Settings, master_key};
use crate::domain::usage::{self, denials};
use reason::{DENIAL_WINDOW, Facts, INTROSPECTION_WINDOW, MIN_DENIALS};

/// The largest number of keys that are read for each reason.
const MAX_KEYS: i64 = 1000;
/// How many keys are written in one transaction.
const BATCH: usize = 100;

/// Why each of up to a few hundred keys needs attention now, most urgent first.
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

/// Everything other than keys that needs attention.
pub fn other_concerns(connection: &mut Connection) -> Result<Vec<OtherConcern>> {
    let mut found = stored_secrets::other_concerns(connection)?;
    found.extend(shared_names::other_concerns(connection)?);
    Ok(found)
}

/// Updates the flags of keys after data about them was written.
pub fn update_flags(tx: &mut Transaction<'_>, ids: &[KeyId], now: Timestamp) -> Result<()> {
    let settings = settings::get(tx)?;
    for ids in ids.chunks(BATCH) {
        let ids: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
        let keys = api_keys::by_ids(tx, &ids)?;
        stored_secrets::forget(tx, &keys)?;
        shared_names::forget(tx, &keys)?;
        let flags = flags(tx, keys, now)?;
        api_keys::set_flags(tx, &flags, &settings)?;
    }
    Ok(())
}

/// Hides keys for a while: the current reasons for attention were reviewed. They return after
/// [`api_keys::SNOOZED_DAYS`], and new reasons count at once. Keys that no longer exist are
/// skipped.
pub fn snooze(
    tx: &mut Transaction<'_>,
    ids: &[KeyId],
    note: &str,
    context: &Context,
) -> Result<Vec<ApiKey>> {
    let texts: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
    let mut snoozed = Vec::new();
    for key in api_keys::by_ids(tx, &texts)? {
        snoozed.push(api_keys::snooze(tx, &key, note, context)?);
    }
    update_flags(tx, ids, context.now)?;
    Ok(snoozed)
}

/// Searches for reasons from elsewhere, and stores them as flags of the keys. Runs in the
/// background: it reads first, and then writes the differences a few keys at a time.
pub fn refresh_flags(db: &Db, now: Timestamp) -> Result<()> {
    stored_secrets::search(db, now)?;
    let changed_keys = db.read_in_background(move |connection| {
        let mut changed_keys = Vec::new();
        let ids: Vec<KeyId> = candidates(connection, now)?.into_iter().collect();
        for ids in ids.chunks(BATCH) {
            let ids: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
            let keys = api_keys::by_ids(connection, &ids)?;
            let flags = flags(connection, keys, now)?;
            changed_keys.extend(flags.into_iter().filter(|(key, at)| key.flagged_at != *at));
        }
        Ok(changed_keys.into_iter().map(|(key, _)| key.id).collect::<Vec<_>>())
    })?;
    for ids in changed_keys.chunks(BATCH) {
        let ids = ids.to_vec();
        db.write_in_background(move |tx| update_flags(tx, &ids, now))?;
    }
    Ok(())
}

/// The keys that may have a reason from elsewhere, and the flagged keys.
fn candidates(connection: &mut Connection, now: Timestamp) -> Result<BTreeSet<KeyId>> {
    let mut found = BTreeSet::new();
    found.extend(denials::denied_keys(
        connection,
        now.plus(-DENIAL_WINDOW),
        MIN_DENIALS,
        MAX_KEYS,
    )?);
    found.extend(api_keys::overlapping(connection, now, MAX_KEYS)?);
    found.extend(api_keys::no_longer_used(connection, now.plus(-UNUSED_AFTER), now, MAX_KEYS)?);
    for creator in creators_who_left(connection)?.into_keys() {
        let created = api_keys::created_by(connection, &creator, MAX_KEYS)?;
        found.extend(created.into_iter().map(|(id, _)| id));
    }
    found.extend(stored_secrets::found_keys(connection, MAX_KEYS)?);
    found.extend(shared_names::found_keys(connection, MAX_KEYS)?);
    let since = now.plus(-INTROSPECTION_WINDOW);
    found.extend(usage::introspecting(connection, None, since, MAX_KEYS)?.into_keys());
    found.extend(api_keys::skipped(connection, MAX_KEYS)?);
    found.extend(api_keys::under_former_pepper(connection, None, now, MAX_KEYS)?);
    found.extend(api_keys::flagged(connection, MAX_KEYS)?);
    Ok(found)
}

fn flags(
    connection: &mut Connection,
    keys: Vec<ApiKey>,
    now: Timestamp,
) -> Result<Vec<(ApiKey, Option<Timestamp>)>> {
    let facts = facts(connection, &keys, now)?;
    let flags = keys.into_iter().zip(facts).map(|(key, facts)| {
        let at = reason::flagged_at(&key, &facts, now);
        (key, at)
    });
    Ok(flags.collect())
}

fn facts(connection: &mut Connection, keys: &[ApiKey], now: Timestamp) -> Result<Vec<Facts>> {
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let overlaps = api_keys::overlaps(connection, &ids, now)?;
    let is_idle =
        |[old, new]: &[StoredSecret; 2]| old.safe_to_end_at(new, 0).is_some_and(|at| at <= now);
    let idle = overlaps.iter().filter(|(_, secrets)| is_idle(secrets));
    let rotated_at = idle.map(|(id, [_, new])| (*id, new.created_at)).collect();
    let gaps = usage::longest_gaps(connection, &rotated_at, now)?;
    let creators_who_left = creators_who_left(connection)?;
    let secrets = stored_secrets::found_at(connection, keys)?;
    let introspected = introspected(connection, keys, now)?;
    let shared_names = shared_names::found_at(connection, keys)?;
    let former = api_keys::under_former_pepper(connection, Some(&ids), now, MAX_KEYS)?;
    let rotated_at = master_key::former(connection)?.last().map(|former| former.replaced_at);
    let mut facts = Vec::new();
    for key in keys {
        let since = reason::denials_since(key, now);
        let gap = gaps.get(&key.id).copied().unwrap_or_default();
        let overlap = overlaps.get(&key.id).and_then(|[old, new]| old.safe_to_end_at(new, gap));
        facts.push(Facts {
            denials: denials::groups(connection, &key.id, since)?,
            overlap_ends_at: overlap.filter(|at| *at <= now),
            creator_left_at: creators_who_left.get(&key.created_by).copied(),
            secret_found_at: secrets.get(&key.id).copied(),
            introspected_at: introspected.get(&key.id).copied(),
            name_shared_since: shared_names.get(&key.id).copied(),
            master_key_rotated_at: rotated_at.filter(|_| former.contains(&key.id)),
        });
    }
    Ok(facts)
}

/// The day on which each of the given keys with the role Full access last asked about other keys,
/// which that role included in earlier versions.
fn introspected(
    connection: &mut Connection,
    keys: &[ApiKey],
    now: Timestamp,
) -> Result<BTreeMap<KeyId, Timestamp>> {
    let roles = roles::all(connection)?;
    let full = roles.iter().find(|role| role.coverage == Coverage::Every);
    let has_full_access = |key: &&ApiKey| full.is_some_and(|role| role.id == key.role_id);
    let ids: Vec<&str> = keys.iter().filter(has_full_access).map(|key| key.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    usage::introspecting(connection, Some(&ids), now.plus(-INTROSPECTION_WINDOW), MAX_KEYS)
}

/// The members who created keys and can no longer sign in, and since when.
fn creators_who_left(connection: &mut Connection) -> Result<BTreeMap<String, Timestamp>> {
    let members = members::list(connection)?;
    let mut creators_who_left = BTreeMap::new();
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
        creators_who_left.extend(since.map(|since| (creator, since)));
    }
    Ok(creators_who_left)
}
