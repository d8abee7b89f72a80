//! Sessions of members. They are stored on the server, so that ending one takes effect on the next
//! request.
//!
//! A session's key has 256 random bits, and only its keyed hash is stored (ASVS 7.2.2 to 7.2.4).
//! This module does not depend on cookies or pages; it treats a session's content as a map of texts.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use serde::Serialize;

use super::{Confirmation, own_sessions, store};
use crate::base::clock::{HOUR, MINUTE, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::{Keyring, Purpose, hex};
use crate::base::network::Network;
use crate::base::random;
use crate::db::{Connection, Transaction};
use crate::domain::members::{self, MemberId};
use crate::domain::settings;

/// The content of a session: names, and values in JSON.
pub type State = HashMap<String, String>;

/// The entry with the member's id. Without it, the session is not stored.
pub const MEMBER_ID: &str = "member_id";
/// The entry with the sign-in time, in milliseconds. A session that gets a new key keeps this time,
/// so that its absolute end does not move (ASVS 7.3.2).
pub const SIGNED_IN_AT: &str = "signed_in_at";
/// The entry with the session's reference, which identifies it where its key must not appear.
pub const REFERENCE: &str = "reference";
/// The entry with the address that the member signed in from.
pub const ADDRESS: &str = "address";
/// The entry by which a request indicates that the session needs a new key.
pub const RENEW: &str = "renew";
/// The entry with the version of the member's permissions that the session last saw. A change of
/// privileges gives the session a new key (ASVS 7.2.4).
pub const PRIVILEGES: &str = "privileges";

/// The entry with when and from which network the member last proved who they are, as a
/// [`Confirmation`](super::Confirmation). It is read from columns of its own, and changes of the state
/// do not change it.
pub const CONFIRMED: &str = "confirmed";
/// The entry with the time, in milliseconds, by which the session ends because the session at the
/// provider of single sign-on ends then.
pub const ENDS_AT: &str = "ends_at";
/// The entry with the time, in milliseconds, at which the provider confirmed who the member is, for
/// a form that has not been sent since.
pub const CONFIRMED_BY_PROVIDER_AT: &str = "confirmed_by_provider_at";
/// The entry with the time, in milliseconds, at which the member signed in at the provider.
pub const PROVIDER_SIGN_IN_AT: &str = "provider_sign_in_at";

/// The length of a session's key in characters: 43 characters of base62 hold 256 bits.
const KEY_LENGTH: usize = 43;
/// The length of a session's reference in characters.
const REFERENCE_LENGTH: usize = 16;
/// How far the stored time of the last request may lag behind, in milliseconds, so that most page
/// views do not write to the database.
const LAG: i64 = MINUTE;

/// How long a session that has ended by itself is remembered, in milliseconds: as long as the forms
/// of its pages are valid.
pub(super) const REMEMBERED: i64 = 12 * HOUR;

/// An active session.
#[derive(Clone, Debug)]
pub struct LoadedSession {
    /// Its content.
    pub state: State,
    /// Whether [`touch`] has something to write.
    pub touch_due: bool,
}

/// The session with this key; `None` if it does not exist or has ended, or its member is disabled.
pub fn load(
    connection: &mut Connection,
    keyring: &Keyring,
    key: &str,
    now: Timestamp,
) -> Result<Option<LoadedSession>> {
    if key.len() != KEY_LENGTH {
        return Ok(None);
    }
    let session = store::live_session(connection, &hash(keyring, key), now)?;
    let Some(session) = session else { return Ok(None) };
    let Ok(mut state) = serde_json::from_str::<State>(&session.state) else { return Ok(None) };
    if let Some(confirmation) = Confirmation::stored(&session) {
        let text = serde_json::to_string(&confirmation).map_err(Error::internal)?;
        state.insert(CONFIRMED.into(), text);
    }
    Ok(Some(LoadedSession { state, touch_due: now.since(session.last_seen_at) > LAG }))
}

/// The state of the session with this key if it has ended by itself, by being idle or by its length,
/// and is still remembered. It gives no access: it only tells which member's session it was.
pub fn load_ended(
    connection: &mut Connection,
    keyring: &Keyring,
    key: &str,
    now: Timestamp,
) -> Result<Option<State>> {
    let since = now.plus(-REMEMBERED);
    let state = store::ended_session(connection, &hash(keyring, key), since, now)?;
    Ok(state.and_then(|state| serde_json::from_str(&state).ok()))
}

/// Stores a new session of the member in `state`, and returns its key. If the state has no sign-in
/// time, it is set to now.
///
/// # Errors
/// [`Error::Forbidden`] when the member does not exist or is disabled.
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
    let signed_in_at = time_in(state, SIGNED_IN_AT).map_or(now, |at| at.min(now));
    let end = signed_in_at.plus(settings.session_length());
    let end = time_in(state, ENDS_AT).map_or(end, |at| at.min(end));
    let times = store::Times {
        signed_in: signed_in_at,
        last_seen: now,
        idle_end: now.plus(settings.session_idle()).min(end),
        end,
        // Signing in proves who the member is.
        confirmed: signed_in_at,
    };
    let network = address(state).map(|address| Network::from(address).to_string());
    let mut state = state.clone();
    state.insert(SIGNED_IN_AT.into(), signed_in_at.millis().to_string());
    let reference = random::text(random::BASE62, REFERENCE_LENGTH)?;
    state.insert(REFERENCE.into(), format!("{reference:?}"));
    let key = random::text(random::BASE62, KEY_LENGTH)?;
    let hash = hash(keyring, &key);
    store::insert_session(tx, &hash, &id, &text(&state)?, times, network.as_deref())?;
    Ok(key)
}

/// Replaces the state of an active session of the same member. Returns whether there is one. Never
/// creates a session, so an ended session does not come back.
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

/// Like [`update`], and also gives the session a new key, which is returned. The old key stops
/// working. An ended session does not come back.
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

/// Stores `value` under `name` in the member's session with this reference, if it is active.
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

/// Ends the member's session with this reference, if it is active.
pub fn end_referenced(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    reference: &str,
    now: Timestamp,
) -> Result<()> {
    let Some(stored) = own_sessions::find(tx, member, reference, now)? else { return Ok(()) };
    store::delete_session(tx, &stored.id_hash)
}

/// Records a request, which restarts the session's idle time.
pub fn touch(tx: &mut Transaction<'_>, keyring: &Keyring, key: &str, now: Timestamp) -> Result<()> {
    let idle_ends_at = now.plus(settings::get(tx)?.session_idle());
    store::touch_session(tx, &hash(keyring, key), now, idle_ends_at)
}

/// Shortens all sessions that the current settings would end earlier; does not extend any.
pub fn shorten(tx: &mut Transaction<'_>) -> Result<()> {
    let settings = settings::get(tx)?;
    store::shorten_sessions(tx, settings.session_idle(), settings.session_length())
}

/// Ends the session with this key, if it exists.
pub fn end(tx: &mut Transaction<'_>, keyring: &Keyring, key: &str) -> Result<()> {
    store::delete_session(tx, &hash(keyring, key))
}

/// Ends every session of a member (ASVS 7.4.2, 7.4.3).
pub fn end_all_of(tx: &mut Transaction<'_>, member: &MemberId) -> Result<()> {
    store::delete_sessions_of(tx, member)
}

/// The member that the session belongs to.
pub fn member_id(state: &State) -> Option<MemberId> {
    serde_json::from_str(state.get(MEMBER_ID)?).ok().map(MemberId::stored)
}

/// The time in the entry `name`.
fn time_in(state: &State, name: &str) -> Option<Timestamp> {
    serde_json::from_str(state.get(name)?).ok().map(Timestamp::from_millis)
}

/// The address that the member signed in from.
fn address(state: &State) -> Option<IpAddr> {
    serde_json::from_str(state.get(ADDRESS)?).ok()?
}

fn text(state: &State) -> Result<String> {
    let stored: BTreeMap<_, _> = state.iter().filter(|(name, _)| *name != CONFIRMED).collect();
    serde_json::to_string(&stored).map_err(Error::internal)
}

fn hash(keyring: &Keyring, key: &str) -> String {
    hex(&keyring.mac(Purpose::Web, &[b"session", key.as_bytes()]))
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
