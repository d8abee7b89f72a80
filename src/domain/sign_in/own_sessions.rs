//! A member's own sessions, for the list on their account page.
//!
//! Each session is identified by a random reference, which is neither its key nor the key's hash and
//! cannot be used to sign in. Only the sessions of the requesting member are searched. ASVS 7.5.2.

use sha2::{Digest as _, Sha256};

use super::sessions::{ADDRESS, REFERENCE, State};
use super::store::{self, StoredSession};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::hex;
use crate::db::keyset::{Cursor, Page, Walk};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::{Member, MemberId};

/// An active session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    pub reference: String,
    /// The address that the member signed in from.
    pub address: Option<String>,
    /// The browser's `User-Agent` at sign-in.
    pub user_agent: Option<String>,
    pub signed_in_at: Timestamp,
    /// The time of the last request, accurate to about a minute.
    pub last_seen_at: Timestamp,
}

/// A page of a member's active sessions, last used first. No index supports this order, so this
/// reads the times of all sessions, and full rows only for those on the page.
pub fn list(
    connection: &mut Connection,
    member: &Member,
    cursor: Option<&Cursor>,
    now: Timestamp,
) -> Result<Page<OwnSession>> {
    let all = store::times_of_live_sessions(connection, &member.id, now)?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let walk = |walk: &Walk<_>| {
        let picked =
            walk.pick(all, false, |(hash, signed_in, seen)| position(hash, *signed_in, *seen));
        let hashes: Vec<String> = picked.into_iter().map(|(hash, ..)| hash).collect();
        let mut stored = store::sessions(connection, &hashes)?;
        stored.sort_by_key(|stored| hashes.iter().position(|hash| *hash == stored.id_hash));
        Ok(stored)
    };
    let page = Page::load(cursor, walk, |stored: &StoredSession| {
        position(&stored.id_hash, stored.signed_in_at, stored.last_seen_at)
    })?;
    Ok(page.of(total).map(|stored| stored.to_own_session()))
}

/// The sort position of a session. A hash of the key's hash distinguishes sessions with the same
/// times, because the hash of a session's key must never leave the program.
fn position(
    id_hash: &str,
    signed_in: Timestamp,
    seen: Timestamp,
) -> ((Timestamp, Timestamp), String) {
    ((seen, signed_in), hex(&Sha256::digest(id_hash)[..8]))
}

/// The member's session with this reference, if it is active.
pub(super) fn find(
    connection: &mut Connection,
    member: &MemberId,
    reference: &str,
    now: Timestamp,
) -> Result<Option<StoredSession>> {
    let stored = store::live_sessions_of(connection, member, now)?;
    Ok(stored.into_iter().find(|stored| stored.has_reference(reference)))
}

/// Ends the member's session with this reference. Returns whether there was one.
pub fn end(
    tx: &mut Transaction<'_>,
    member: &Member,
    reference: &str,
    context: &Context,
) -> Result<bool> {
    let found = find(tx, &member.id, reference, context.now)?;
    let Some(found) = found else { return Ok(false) };
    store::delete_session(tx, &found.id_hash)?;
    let session = found.to_own_session();
    let details =
        serde_json::json!({ "address": session.address, "user_agent": session.user_agent });
    let entry = Entry::about(Event::SessionEnded, member.subject()).with(details);
    activity::record(tx, context, &entry)?;
    Ok(true)
}

/// Ends all sessions of the member except the one with this reference. Returns how many.
pub fn end_others(
    tx: &mut Transaction<'_>,
    member: &Member,
    reference: &str,
    context: &Context,
) -> Result<usize> {
    let stored = store::live_sessions_of(tx, &member.id, context.now)?;
    let others: Vec<_> = stored.iter().filter(|stored| !stored.has_reference(reference)).collect();
    for other in &others {
        store::delete_session(tx, &other.id_hash)?;
    }
    if !others.is_empty() {
        let details = serde_json::json!({ "sessions": others.len() });
        let entry = Entry::about(Event::OtherSessionsEnded, member.subject()).with(details);
        activity::record(tx, context, &entry)?;
    }
    Ok(others.len())
}

impl StoredSession {
    fn has_reference(&self, reference: &str) -> bool {
        !reference.is_empty() && self.text(REFERENCE).as_deref() == Some(reference)
    }

    fn to_own_session(&self) -> OwnSession {
        OwnSession {
            reference: self.text(REFERENCE).unwrap_or_default(),
            address: self.text(ADDRESS),
            user_agent: self.text("user_agent"),
            signed_in_at: self.signed_in_at,
            last_seen_at: self.last_seen_at,
        }
    }

    /// A text value from the session's state.
    fn text(&self, name: &str) -> Option<String> {
        let state: State = serde_json::from_str(&self.state).ok()?;
        serde_json::from_str(state.get(name)?).ok()
    }
}
