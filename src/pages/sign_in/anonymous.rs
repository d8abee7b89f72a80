//! The session of a visitor who has not signed in: its key contains all of its state.
//!
//! `anon.<issued>.<form key>.<MAC>`: the MAC covers the parts before it. Nothing is stored on the
//! server, and the session contains only the form key. After a member's session has ended, the
//! member's id follows the form key, so that input in the forms of that session can be kept.

use subtle::ConstantTimeEq as _;

use crate::base::clock::{HOUR, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::{Keyring, Purpose, hex};
use crate::domain::sign_in::sessions::{MEMBER_ID, State};
use crate::pages::FORMER_MEMBER;

/// How long such a session lasts, in milliseconds.
const LIFETIME: i64 = 12 * HOUR;
/// The maximum length of a part, in characters.
const MAX_LENGTH: usize = 64;
/// The name of the form key in the state.
const FORM_KEY: &str = "form_key";
const PREFIX: &str = "anon.";

/// Whether `key` has the form of such a session's key.
pub(super) fn is_key(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// The state of a visitor whose session, with this state, has ended.
pub(super) fn after(ended: &State) -> State {
    let parts = [(FORM_KEY, FORM_KEY), (MEMBER_ID, FORMER_MEMBER)];
    let parts = parts.iter().filter_map(|(from, to)| Some(((*to).to_owned(), ended.get(*from)?)));
    parts.map(|(name, value)| (name, value.clone())).collect()
}

/// The key of a session with the form key and the former member in `state`, as far as they are
/// there; the rest of the state is dropped.
pub(super) fn seal(keyring: &Keyring, state: &State, now: Timestamp) -> Result<String> {
    let mut content = format!("{PREFIX}{}.{}", now.millis(), part(state, FORM_KEY)?);
    if state.contains_key(FORMER_MEMBER) {
        content = format!("{content}.{}", part(state, FORMER_MEMBER)?);
    }
    let mac = mac(keyring, &content);
    Ok(format!("{content}.{mac}"))
}

/// The text that `state` holds under `name`, if it cannot be mistaken for several parts.
fn part(state: &State, name: &str) -> Result<String> {
    let Some(value) = state.get(name) else { return Ok(String::new()) };
    let part: String = serde_json::from_str(value).map_err(Error::internal)?;
    let is_plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if part.len() > MAX_LENGTH || !is_plain {
        return Err(Error::internal("a part is at most 64 letters, digits and underscores"));
    }
    Ok(part)
}

/// The state in `key`; `None` if the key is not genuine or has expired.
pub(super) fn open(keyring: &Keyring, key: &str, now: Timestamp) -> Option<State> {
    let (content, presented) = key.rsplit_once('.')?;
    let genuine: bool = mac(keyring, content).as_bytes().ct_eq(presented.as_bytes()).into();
    let (issued, parts) = content.strip_prefix(PREFIX).filter(|_| genuine)?.split_once('.')?;
    let age = now.since(Timestamp::from_millis(issued.parse().ok()?));
    if !(-LIFETIME..LIFETIME).contains(&age) {
        return None;
    }
    let parts = [FORM_KEY, FORMER_MEMBER].iter().zip(parts.split('.'));
    let parts = parts.filter(|(_, part)| !part.is_empty());
    parts
        .map(|(name, part)| Some(((*name).to_owned(), serde_json::to_string(part).ok()?)))
        .collect()
}

fn mac(keyring: &Keyring, content: &str) -> String {
    hex(&keyring.mac(Purpose::Web, &[b"anonymous", content.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn keyring() -> Keyring {
        Keyring::from_bytes(&[7; 32])
    }

    fn sealed(form_key: &str) -> Result<String> {
        let value = serde_json::to_string(form_key).expect("JSON");
        let state = State::from([(FORM_KEY.into(), value), ("notice".into(), "\"x\"".into())]);
        seal(&keyring(), &state, NOW)
    }

    #[test]
    fn only_the_form_key_is_restored_for_twelve_hours() {
        let key = sealed("abc123").expect("sealed");
        let expected = State::from([(FORM_KEY.into(), "\"abc123\"".into())]);
        assert_eq!(open(&keyring(), &key, NOW), Some(expected.clone()));
        assert_eq!(open(&keyring(), &key, NOW.plus(LIFETIME - 1)), Some(expected));
        assert_eq!(open(&keyring(), &key, NOW.plus(LIFETIME)), None);
        assert_eq!(open(&Keyring::from_bytes(&[8; 32]), &key, NOW), None);
    }

    #[test]
    fn the_member_of_an_ended_session_is_restored() {
        let member = || (MEMBER_ID.into(), "\"mem_1\"".into());
        let ended = State::from([(FORM_KEY.into(), "\"abc\"".into()), member()]);
        for state in [ended, State::from([member()])] {
            let state = after(&state);
            assert_eq!(state[FORMER_MEMBER], "\"mem_1\"");
            assert!(!state.contains_key(MEMBER_ID), "it gives no access");
            let key = seal(&keyring(), &state, NOW).expect("sealed");
            assert_eq!(open(&keyring(), &key, NOW), Some(state));
        }
    }

    #[test]
    fn an_ambiguous_form_key_is_rejected() {
        for form_key in ["a.b", "a b", "a;b", "é", &"x".repeat(65)] {
            assert!(sealed(form_key).is_err(), "{form_key}");
        }
        let empty = seal(&keyring(), &State::new(), NOW).expect("sealed");
        assert_eq!(open(&keyring(), &empty, NOW), Some(State::new()));
    }

    proptest! {
        #[test]
        fn a_key_that_was_changed_anywhere_opens_nothing(at: prop::sample::Index, to in "[.0-z]") {
            let key = sealed("abc123").expect("sealed");
            let at = at.index(key.len());
            prop_assume!(key[at..=at] != to);
            let changed = format!("{}{to}{}", &key[..at], &key[at + 1..]);
            prop_assert_eq!(open(&keyring(), &changed, NOW), None);
        }
    }
}
