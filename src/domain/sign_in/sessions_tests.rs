//! How long sessions last, and that an ended session does not come back.

use super::*;
use crate::base::clock::HOUR;
use crate::domain::sign_in::fixture::Fixture;

struct SignedInMember {
    fixture: Fixture,
    member: MemberId,
    state: State,
    key: String,
}

impl SignedInMember {
    fn new() -> Self {
        let fixture = Fixture::new();
        let member = fixture.member("ines@example.com", None).id;
        let state = State::from([
            (MEMBER_ID.into(), format!("{:?}", member.as_str())),
            ("form_key".into(), "\"abc\"".into()),
        ]);
        let key = fixture.write(|tx| save(tx, &fixture.keyring, &state, fixture.now()));
        Self { fixture, member, state, key }
    }

    fn load_at(&self, millis: i64) -> Option<LoadedSession> {
        let now = self.fixture.now().plus(millis);
        self.fixture.read(|connection| load(connection, &self.fixture.keyring, &self.key, now))
    }

    fn touch_at(&self, millis: i64) {
        let now = self.fixture.now().plus(millis);
        self.fixture.write(|tx| touch(tx, &self.fixture.keyring, &self.key, now));
    }
}

#[test]
fn a_session_holds_its_state_and_the_time_of_the_sign_in() {
    let member_session = SignedInMember::new();
    let state = member_session.load_at(0).expect("alive").state;
    assert_eq!(state["form_key"], "\"abc\"");
    assert_eq!(member_id(&state).as_ref(), Some(&member_session.member));
    assert_eq!(time_in(&state, SIGNED_IN_AT), Some(member_session.fixture.now()));
    assert!(member_session.key.len() == 43 && member_session.key.is_ascii());
}

#[test]
fn another_key_loads_no_session() {
    let member_session = SignedInMember::new();
    let mut other = member_session.key.clone();
    let last = if other.pop() == Some('a') { 'b' } else { 'a' };
    other.push(last);
    for key in [other.as_str(), "", "x", &"x".repeat(4000)] {
        let now = member_session.fixture.now();
        let found =
            member_session.fixture.read(|c| load(c, &member_session.fixture.keyring, key, now));
        assert!(found.is_none());
    }
}

#[test]
fn a_session_ends_when_idle_and_a_request_postpones_that() {
    let member_session = SignedInMember::new();
    assert!(!member_session.load_at(MINUTE).expect("alive").touch_due);
    assert!(member_session.load_at(30 * MINUTE - 1).expect("alive").touch_due);
    assert!(member_session.load_at(30 * MINUTE).is_none());
    member_session.touch_at(29 * MINUTE);
    assert!(!member_session.load_at(30 * MINUTE).expect("alive").touch_due);
    assert!(member_session.load_at(59 * MINUTE).is_none());
}

#[test]
fn a_session_ends_after_its_length_even_if_it_is_used() {
    let member_session = SignedInMember::new();
    for minute in 1..12 * 60 {
        member_session.touch_at(minute * MINUTE);
    }
    assert!(member_session.load_at(12 * HOUR - 1).is_some());
    assert!(member_session.load_at(12 * HOUR).is_none());
    let now = member_session.fixture.now().plus(11 * HOUR);
    let state = member_session.load_at(11 * HOUR).expect("alive").state;
    let key =
        member_session.fixture.write(|tx| save(tx, &member_session.fixture.keyring, &state, now));
    let renewed = SignedInMember { key, ..member_session };
    renewed.touch_at(12 * HOUR - MINUTE);
    assert!(renewed.load_at(12 * HOUR).is_none(), "a new key must not prolong the session");
}

#[test]
fn an_ended_session_does_not_come_back() {
    let member_session = SignedInMember::new();
    let SignedInMember { fixture, key, state, .. } = &member_session;
    fixture.write(|tx| end(tx, &fixture.keyring, key));
    let updated = fixture.write(|tx| update(tx, &fixture.keyring, key, state, fixture.now()));
    assert!(!updated);
    member_session.touch_at(0);
    assert!(member_session.load_at(0).is_none());
}

#[test]
fn a_new_key_replaces_the_old_one_unless_the_session_has_ended() {
    let member_session = SignedInMember::new();
    let SignedInMember { fixture, key, state, .. } = &member_session;
    let renew_now = || fixture.write(|tx| renew(tx, &fixture.keyring, key, state, fixture.now()));
    let new = renew_now().expect("a new key");
    assert!(member_session.load_at(0).is_none(), "the old key must not work");
    let load_new = || fixture.read(|c| load(c, &fixture.keyring, &new, fixture.now()));
    assert_eq!(load_new().expect("alive").state["form_key"], "\"abc\"");
    assert!(renew_now().is_none());
    fixture.write(|tx| end(tx, &fixture.keyring, &new));
    assert!(renew_now().is_none() && load_new().is_none());
}

#[test]
fn an_update_changes_the_state_but_never_the_member() {
    let member_session = SignedInMember::new();
    let SignedInMember { fixture, key, .. } = &member_session;
    let other = fixture.member("noor@example.com", None).id;
    let mut state = member_session.state.clone();
    state.insert("notice".into(), "\"Saved\"".into());
    assert!(fixture.write(|tx| update(tx, &fixture.keyring, key, &state, fixture.now())));
    assert_eq!(member_session.load_at(0).expect("alive").state["notice"], "\"Saved\"");
    state.insert(MEMBER_ID.into(), format!("{:?}", other.as_str()));
    assert!(!fixture.write(|tx| update(tx, &fixture.keyring, key, &state, fixture.now())));
    let state = member_session.load_at(0).expect("alive").state;
    assert_eq!(member_id(&state).as_ref(), Some(&member_session.member));
}

#[test]
fn all_sessions_of_a_member_end_at_once() {
    let member_session = SignedInMember::new();
    let fixture = &member_session.fixture;
    let second =
        fixture.write(|tx| save(tx, &fixture.keyring, &member_session.state, fixture.now()));
    fixture.write(|tx| end_all_of(tx, &member_session.member));
    assert!(member_session.load_at(0).is_none());
    assert!(fixture.read(|c| load(c, &fixture.keyring, &second, fixture.now())).is_none());
}

#[test]
fn a_disabled_member_loses_their_session_and_cannot_get_a_new_one() {
    let member_session = SignedInMember::new();
    let fixture = &member_session.fixture;
    fixture.disable(&member_session.member);
    assert!(member_session.load_at(0).is_none());
    let saved = fixture
        .db
        .write_blocking(|tx| save(tx, &fixture.keyring, &member_session.state, fixture.now()));
    assert!(matches!(saved, Err(Error::Forbidden(_))));
}
