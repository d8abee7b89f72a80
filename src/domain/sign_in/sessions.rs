//! Sessions of members: server-side, so that ending one acts on the very next request.
//!
//! A session's key is 256 random bits; only its keyed hash is stored (ASVS 7.2.2 to 7.2.4). Knows
//! no cookie and no page: what a page keeps in a session is a map of texts to it.

use std::collections::HashMap;

use serde::Serialize;

use super::{own_sessions, store};
use crate::base::clock::{MINUTE, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::{Keyring, Purpose, hex};
use crate::base::random;
use crate::db::{Connection, Transaction};
use crate::domain::members::{self, MemberId};
use crate::domain::settings;

/// What is kept in a session: names, and values in JSON.
pub type State = HashMap<String, String>;

/// The name under which the state holds the member's id; without it nothing is stored.
pub const MEMBER_ID: &str = "member_id";
/// The name under which the state holds when the member signed in, in milliseconds. A session that
/// gets a new key keeps it, so that its absolute end stays (ASVS 7.3.2).
pub const SIGNED_IN_AT: &str = "signed_in_at";
/// The name under which the state holds what names the session where its key must not stand.
pub const REFERENCE: &str = "reference";
/// The name under which a request leaves word that the session needs a new key.
pub const RENEW: &str = "renew";
/// The name under which the state holds the version of what the member may do, as the session last
/// saw it: a change of privilege gives the session a new key (ASVS 7.2.4).
pub const PRIVILEGES: &str = "privileges";

/// Characters of a session's key: 43 of base62 hold 256 bits.
const KEY_LENGTH: usize = 43;
/// Characters of a session's reference.
const REFERENCE_LENGTH: usize = 16;
/// How much the noted time of the last request may lag behind, in milliseconds, so that reading
/// pages rarely writes.
const LAG: i64 = MINUTE;

/// A session that is alive.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is kept in it.
    pub state: State,
    /// Whether [`touch`] has something to write.
    pub touch_due: bool,
}

/// The session with this key; `None` when there is none, it is over, or its member is disabled.
pub fn load(
    connection: &mut Connection,
    keyring: &Keyring,
    key: &str,
    now: Timestamp,
) -> Result<Option<Loaded>> {
    if key.len() != KEY_LENGTH {
        return Ok(None);
    }
    let Some((state, last_seen_at)) = store::live_session(connection, &hash(keyring, key), now)?
    else {
        return Ok(None);
    };
    let state = serde_json::from_str(&state).ok();
    Ok(state.map(|state| Loaded { state, touch_due: now.since(last_seen_at) > LAG }))
}

/// Stores a new session of the member that `state` names, and returns its key. The state says
/// when the member signed in; when it does not, that is now.
///
/// # Errors
/// [`Error::Forbidden`] when there is no such member or it is disabled.
pub fn save(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    state: &State,
    now: Timestamp,
) -> Result<String> {
    let id = member_id(state).ok_or_else(|| Error::internal("a session without a member"))?;
    if !members::find(tx, &id)?.is_some_and(|member| member.is_active()) {
        return Err(Error::Forbidden("this member may not sign in".into()));
    }
    let settings = settings::get(tx)?;
    let signed_in_at = signed_in_at(state).map_or(now, |at| at.min(now));
    let end = signed_in_at.plus(settings.session_length());
    let times = store::Times {
        signed_in: signed_in_at,
        last_seen: now,
        idle_end: now.plus(settings.session_idle()).min(end),
        end,
    };
    let mut state = state.clone();
    state.insert(SIGNED_IN_AT.into(), signed_in_at.millis().to_string());
    let reference = random::text(random::BASE62, REFERENCE_LENGTH)?;
    state.insert(REFERENCE.into(), format!("{reference:?}"));
    let key = random::text(random::BASE62, KEY_LENGTH)?;
    store::insert_session(tx, &hash(keyring, &key), &id, &text(&state)?, times)?;
    Ok(key)
}

/// Replaces the state of a session that is alive and the same member's; says whether there is
/// one. Never makes one, so that an ended session does not come back.
pub fn update(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    key: &str,
    state: &State,
    now: Timestamp,
) -> Result<bool> {
    let Some(id) = member_id(state) else { return Ok(false) };
    store::update_session(tx, &hash(keyring, key), &id, &text(state)?, now)
}

/// As [`update`], under a new key, which is returned; the old one opens nothing any more. An ended
/// session does not come back by it.
pub fn renew(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    key: &str,
    state: &State,
    now: Timestamp,
) -> Result<Option<String>> {
    if !update(tx, keyring, key, state, now)? {
        return Ok(None);
    }
    let new = random::text(random::BASE62, KEY_LENGTH)?;
    store::rename_session(tx, &hash(keyring, key), &hash(keyring, &new))?;
    Ok(Some(new))
}

/// Keeps `value` under `name` in the member's session of that reference, if it is alive.
pub fn put(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    reference: &str,
    name: &str,
    value: &impl Serialize,
    now: Timestamp,
) -> Result<()> {
    let Some(stored) = own_sessions::find(tx, member, reference, now)? else { return Ok(()) };
    let mut state: State = serde_json::from_str(&stored.state).map_err(Error::internal)?;
    state.insert(name.into(), serde_json::to_string(value).map_err(Error::internal)?);
    store::update_session(tx, &stored.id_hash, member, &text(&state)?, now)?;
    Ok(())
}

/// Ends the member's session of that reference, if it is alive.
pub fn end_referenced(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    reference: &str,
    now: Timestamp,
) -> Result<()> {
    let Some(stored) = own_sessions::find(tx, member, reference, now)? else { return Ok(()) };
    store::delete_session(tx, &stored.id_hash)
}

/// Notes a request: the session's idle time starts anew.
pub fn touch(tx: &mut Transaction<'_>, keyring: &Keyring, key: &str, now: Timestamp) -> Result<()> {
    let idle_ends_at = now.plus(settings::get(tx)?.session_idle());
    store::touch_session(tx, &hash(keyring, key), now, idle_ends_at)
}

/// Brings the ends of all sessions nearer where the settings now say so; none gets a later one.
pub fn shorten(tx: &mut Transaction<'_>) -> Result<()> {
    let settings = settings::get(tx)?;
    store::shorten_sessions(tx, settings.session_idle(), settings.session_length())
}

/// Ends a session, if there is one with this key.
pub fn end(tx: &mut Transaction<'_>, keyring: &Keyring, key: &str) -> Result<()> {
    store::delete_session(tx, &hash(keyring, key))
}

/// Ends every session of a member (ASVS 7.4.2, 7.4.3).
pub fn end_all_of(tx: &mut Transaction<'_>, member: &MemberId) -> Result<()> {
    store::delete_sessions_of(tx, member)
}

/// The member whose session this is.
pub fn member_id(state: &State) -> Option<MemberId> {
    serde_json::from_str(state.get(MEMBER_ID)?).ok().map(MemberId::stored)
}

fn signed_in_at(state: &State) -> Option<Timestamp> {
    serde_json::from_str(state.get(SIGNED_IN_AT)?).ok().map(Timestamp::from_millis)
}

fn text(state: &State) -> Result<String> {
    serde_json::to_string(state).map_err(Error::internal)
}

fn hash(keyring: &Keyring, key: &str) -> String {
    hex(&keyring.mac(Purpose::Web, &[b"session", key.as_bytes()]))
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
