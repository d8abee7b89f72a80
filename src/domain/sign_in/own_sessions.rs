//! A member's own sessions, as their account page lists and ends them.
//!
//! Each goes by a random reference that opens nothing: neither its key nor the key's hash. Only
//! the sessions of the member who asks are looked through. ASVS 7.5.2.

use super::sessions::{REFERENCE, State};
use super::store::{self, Stored};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Author, Entry, Event};
use crate::domain::members::{Member, MemberId};

/// A session that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    pub reference: String,
    /// Where the member signed in from.
    pub address: Option<String>,
    /// The browser's `User-Agent` then.
    pub user_agent: Option<String>,
    /// When the member signed in.
    pub signed_in_at: Timestamp,
    /// When the last request came, a minute ago at most more or less.
    pub last_seen_at: Timestamp,
}

/// The sessions of a member that are alive, the last used first.
pub fn list(
    connection: &mut Connection,
    member: &Member,
    now: Timestamp,
) -> Result<Vec<OwnSession>> {
    let stored = store::live_sessions_of(connection, &member.id, now)?;
    Ok(stored.iter().map(Stored::shown).collect())
}

/// The member's session of that reference, if it is alive.
pub(super) fn find(
    connection: &mut Connection,
    member: &MemberId,
    reference: &str,
    now: Timestamp,
) -> Result<Option<Stored>> {
    let stored = store::live_sessions_of(connection, member, now)?;
    Ok(stored.into_iter().find(|stored| stored.is(reference)))
}

/// Ends the member's session of that reference; says whether there was one.
pub fn end(
    tx: &mut Transaction<'_>,
    member: &Member,
    reference: &str,
    author: &Author,
) -> Result<bool> {
    let found = find(tx, &member.id, reference, author.now)?;
    let Some(found) = found else { return Ok(false) };
    store::delete_session(tx, &found.id_hash)?;
    let shown = found.shown();
    let details = serde_json::json!({ "address": shown.address, "user_agent": shown.user_agent });
    let entry = Entry::about(Event::SessionEnded, member.subject()).with(details);
    activity::record(tx, author, &entry)?;
    Ok(true)
}

/// Ends all sessions of the member but the one of that reference; says how many.
pub fn end_others(
    tx: &mut Transaction<'_>,
    member: &Member,
    reference: &str,
    author: &Author,
) -> Result<usize> {
    let stored = store::live_sessions_of(tx, &member.id, author.now)?;
    let others: Vec<_> = stored.iter().filter(|stored| !stored.is(reference)).collect();
    for other in &others {
        store::delete_session(tx, &other.id_hash)?;
    }
    if !others.is_empty() {
        let details = serde_json::json!({ "sessions": others.len() });
        let entry = Entry::about(Event::OtherSessionsEnded, member.subject()).with(details);
        activity::record(tx, author, &entry)?;
    }
    Ok(others.len())
}

impl Stored {
    fn is(&self, reference: &str) -> bool {
        !reference.is_empty() && self.text(REFERENCE).as_deref() == Some(reference)
    }

    fn shown(&self) -> OwnSession {
        OwnSession {
            reference: self.text(REFERENCE).unwrap_or_default(),
            address: self.text("address"),
            user_agent: self.text("user_agent"),
            signed_in_at: self.signed_in_at,
            last_seen_at: self.last_seen_at,
        }
    }

    /// A text that the state holds.
    fn text(&self, name: &str) -> Option<String> {
        let state: State = serde_json::from_str(&self.state).ok()?;
        serde_json::from_str(state.get(name)?).ok()
    }
}
