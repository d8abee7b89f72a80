//! Sessions: how long they live, and what brings none back.

use super::*;
use crate::base::clock::HOUR;
use crate::domain::sign_in::fixture::Fixture;

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
    let saved = there.db.write_blocking(|tx| save(tx, &there.keyring, &signed.state, there.now()));
    assert!(matches!(saved, Err(Error::Forbidden(_))));
}
