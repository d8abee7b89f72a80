//! Sessions of members: server-side, so that ending one acts on the very next request.
//!
//! A session's key is 256 random bits; only its keyed hash is stored (ASVS 7.2.2 to 7.2.4). Knows
//! no cookie and no page: what a page keeps in a session is a map of texts to it.

use std::collections::HashMap;

use super::store;
use crate::clock::{MINUTE, Timestamp};
use crate::db::{Connection, Transaction};
use crate::error::{Error, Result};
use crate::keyring::{Keyring, Purpose, hex};
use crate::members::{self, MemberId};
use crate::random;
use crate::settings::{self, Settings};

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

/// A session's times, as they are stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub signed_in: Timestamp,
    pub last_seen: Timestamp,
    pub idle_end: Timestamp,
    pub end: Timestamp,
}

/// The session with this key; `None` when there is none, it is over, or its member is disabled.
///
/// # Errors
/// When the database cannot be read.
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
    let times = Times {
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
///
/// # Errors
/// When the database cannot be written.
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
///
/// # Errors
/// When the database cannot be written.
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

/// Notes a request: the session's idle time starts anew.
///
/// # Errors
/// When the database cannot be written.
pub fn touch(tx: &mut Transaction<'_>, keyring: &Keyring, key: &str, now: Timestamp) -> Result<()> {
    let idle_ends_at = now.plus(settings::get(tx)?.session_idle());
    store::touch_session(tx, &hash(keyring, key), now, idle_ends_at)
}

/// Brings the ends of all sessions nearer where the settings now say so; none gets a later one.
///
/// # Errors
/// When the database cannot be written.
pub fn shorten(tx: &mut Transaction<'_>, settings: &Settings) -> Result<()> {
    store::shorten_sessions(tx, settings.session_idle(), settings.session_length())
}

/// Ends a session, if there is one with this key.
///
/// # Errors
/// When the database cannot be written.
pub fn end(tx: &mut Transaction<'_>, keyring: &Keyring, key: &str) -> Result<()> {
    store::delete_session(tx, &hash(keyring, key))
}

/// Ends every session of a member (ASVS 7.4.2, 7.4.3).
///
/// # Errors
/// When the database cannot be written.
pub fn end_all_of(tx: &mut Transaction<'_>, member: &MemberId) -> Result<()> {
    store::delete_sessions_of(tx, member)
}

/// The member whose session this is.
#[must_use]
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
mod tests {
    use super::*;
    use crate::clock::HOUR;
    use crate::sign_in::fixture::Fixture;

    struct Signed {
        there: Fixture,
        member: MemberId,
        state: State,
        key: String,
    }

    impl Signed {
        fn in_() -> Self {
            let there = Fixture::new();
            let member = there.member("ines@example.com", None).id;
            let state = State::from([
                (MEMBER_ID.into(), format!("{:?}", member.as_str())),
                ("form_key".into(), "\"abc\"".into()),
            ]);
            let key = there.write(|tx| save(tx, &there.keyring, &state, there.now()));
            Self { there, member, state, key }
        }

        fn load_at(&self, millis: i64) -> Option<Loaded> {
            let now = self.there.now().plus(millis);
            self.there.read(|connection| load(connection, &self.there.keyring, &self.key, now))
        }

        fn touch_at(&self, millis: i64) {
            let now = self.there.now().plus(millis);
            self.there.write(|tx| touch(tx, &self.there.keyring, &self.key, now));
        }
    }

    #[test]
    fn a_session_holds_what_was_kept_in_it_and_when_the_member_signed_in() {
        let signed = Signed::in_();
        let state = signed.load_at(0).expect("alive").state;
        assert_eq!(state["form_key"], "\"abc\"");
        assert_eq!(member_id(&state).as_ref(), Some(&signed.member));
        assert_eq!(signed_in_at(&state), Some(signed.there.now()));
        assert!(signed.key.len() == 43 && signed.key.is_ascii());
    }

    #[test]
    fn another_key_opens_nothing() {
        let signed = Signed::in_();
        let mut other = signed.key.clone();
        let last = if other.pop() == Some('a') { 'b' } else { 'a' };
        other.push(last);
        for key in [other.as_str(), "", "x", &"x".repeat(4000)] {
            let now = signed.there.now();
            let found = signed.there.read(|c| load(c, &signed.there.keyring, key, now));
            assert!(found.is_none());
        }
    }

    #[test]
    fn a_session_ends_when_idle_and_a_request_puts_that_off() {
        let signed = Signed::in_();
        assert!(!signed.load_at(MINUTE).expect("alive").touch_due);
        assert!(signed.load_at(30 * MINUTE - 1).expect("alive").touch_due);
        assert!(signed.load_at(30 * MINUTE).is_none());
        signed.touch_at(29 * MINUTE);
        assert!(!signed.load_at(30 * MINUTE).expect("alive").touch_due);
        assert!(signed.load_at(59 * MINUTE).is_none());
    }

    #[test]
    fn a_session_ends_after_its_length_whatever_happens() {
        let signed = Signed::in_();
        for minute in 1..12 * 60 {
            signed.touch_at(minute * MINUTE);
        }
        assert!(signed.load_at(12 * HOUR - 1).is_some());
        assert!(signed.load_at(12 * HOUR).is_none());
        let now = signed.there.now().plus(11 * HOUR);
        let state = signed.load_at(11 * HOUR).expect("alive").state;
        let key = signed.there.write(|tx| save(tx, &signed.there.keyring, &state, now));
        let renewed = Signed { key, ..signed };
        renewed.touch_at(12 * HOUR - MINUTE);
        assert!(renewed.load_at(12 * HOUR).is_none(), "a new key must not prolong the session");
    }

    #[test]
    fn an_ended_session_does_not_come_back() {
        let signed = Signed::in_();
        let Signed { there, key, state, .. } = &signed;
        there.write(|tx| end(tx, &there.keyring, key));
        let updated = there.write(|tx| update(tx, &there.keyring, key, state, there.now()));
        assert!(!updated);
        signed.touch_at(0);
        assert!(signed.load_at(0).is_none());
    }

    #[test]
    fn a_new_key_takes_the_place_of_the_old_one_unless_the_session_has_ended() {
        let signed = Signed::in_();
        let Signed { there, key, state, .. } = &signed;
        let renew_now = || there.write(|tx| renew(tx, &there.keyring, key, state, there.now()));
        let new = renew_now().expect("a new key");
        assert!(signed.load_at(0).is_none(), "the old key opens nothing");
        let load_new = || there.read(|c| load(c, &there.keyring, &new, there.now()));
        assert_eq!(load_new().expect("alive").state["form_key"], "\"abc\"");
        assert!(renew_now().is_none());
        there.write(|tx| end(tx, &there.keyring, &new));
        assert!(renew_now().is_none() && load_new().is_none());
    }

    #[test]
    fn an_update_changes_the_state_but_never_the_member() {
        let signed = Signed::in_();
        let Signed { there, key, .. } = &signed;
        let other = there.member("noor@example.com", None).id;
        let mut state = signed.state.clone();
        state.insert("notice".into(), "\"Saved\"".into());
        assert!(there.write(|tx| update(tx, &there.keyring, key, &state, there.now())));
        assert_eq!(signed.load_at(0).expect("alive").state["notice"], "\"Saved\"");
        state.insert(MEMBER_ID.into(), format!("{:?}", other.as_str()));
        assert!(!there.write(|tx| update(tx, &there.keyring, key, &state, there.now())));
        let state = signed.load_at(0).expect("alive").state;
        assert_eq!(member_id(&state).as_ref(), Some(&signed.member));
    }

    #[test]
    fn all_sessions_of_a_member_end_at_once() {
        let signed = Signed::in_();
        let there = &signed.there;
        let second = there.write(|tx| save(tx, &there.keyring, &signed.state, there.now()));
        there.write(|tx| end_all_of(tx, &signed.member));
        assert!(signed.load_at(0).is_none());
        assert!(there.read(|c| load(c, &there.keyring, &second, there.now())).is_none());
    }

    #[test]
    fn a_disabled_member_has_no_session_and_gets_none() {
        let signed = Signed::in_();
        let there = &signed.there;
        there.disable(&signed.member);
        assert!(signed.load_at(0).is_none());
        let saved =
            there.db.write_blocking(|tx| save(tx, &there.keyring, &signed.state, there.now()));
        assert!(matches!(saved, Err(Error::Forbidden(_))));
    }
}
