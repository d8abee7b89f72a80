//! Form tokens: each form carries one, bound to the session and single use.
//!
//! A token is a MAC over the session's form key, so that nothing is stored until it is used; then
//! its hash is kept, with where the form led to, in the transaction of what it did. A second
//! submit does nothing and leads to the same place. ASVS 3.5.1.

use actix_session::Session;
use subtle::ConstantTimeEq as _;

use super::store;
use crate::clock::{HOUR, Timestamp};
use crate::db::Transaction;
use crate::error::{Error, Result};
use crate::keyring::{Keyring, Purpose, hex};
use crate::random;

/// Where a session's state keeps its form key.
pub const SESSION_KEY: &str = "form_key";
/// For how long a form may be filled in, in milliseconds: as long as a session lasts at most.
const LIFETIME: i64 = 12 * HOUR;

/// A token that was checked against the session.
#[derive(Clone, Debug)]
pub struct FormToken {
    text: String,
    issued: i64,
}

/// A new form key, for a new session.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn new_key() -> Result<String> {
    random::text(random::BASE62, 22)
}

/// The session's form key; a visitor without one is given one.
///
/// # Errors
/// When it cannot be made or kept.
pub fn key_of(session: &Session) -> Result<String> {
    if let Some(key) = session.get(SESSION_KEY).map_err(Error::internal)? {
        return Ok(key);
    }
    let key = new_key()?;
    session.insert(SESSION_KEY, &key).map_err(Error::internal)?;
    Ok(key)
}

/// A fresh token for a form on a page of the session with `form_key`.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn mint(keyring: &Keyring, form_key: &str, now: Timestamp) -> Result<String> {
    let body = format!("{}.{}", now.millis(), random::text(random::BASE62, 16)?);
    let mac = mac(keyring, form_key, &body);
    Ok(format!("{body}.{mac}"))
}

/// Checks a token against the session with `form_key`; `None` when it is not its own or too old.
#[must_use]
pub fn check(keyring: &Keyring, form_key: &str, text: &str, now: Timestamp) -> Option<FormToken> {
    let (body, given) = text.rsplit_once('.')?;
    if !bool::from(mac(keyring, form_key, body).as_bytes().ct_eq(given.as_bytes())) {
        return None;
    }
    let issued = body.split_once('.')?.0.parse().ok()?;
    let age = now.since(Timestamp::from_millis(issued));
    (age < LIFETIME).then(|| FormToken { text: text.to_owned(), issued })
}

impl FormToken {
    /// When the form was handed out.
    #[must_use]
    pub fn issued(&self) -> Timestamp {
        Timestamp::from_millis(self.issued)
    }

    /// Uses the token up for a form that leads to `location`.
    ///
    /// # Errors
    /// [`Error::AlreadySubmitted`] when it was used before.
    pub fn spend(&self, tx: &mut Transaction<'_>, keyring: &Keyring, location: &str) -> Result<()> {
        let hash = hex(&keyring.mac(Purpose::Web, &[b"spent form token ", self.text.as_bytes()]));
        if let Some(location) = store::spent_location(tx, &hash)? {
            return Err(Error::AlreadySubmitted(location));
        }
        store::insert_spent(tx, &hash, location, self.issued.saturating_add(LIFETIME))
    }
}

fn mac(keyring: &Keyring, form_key: &str, body: &str) -> String {
    let mac =
        keyring.mac(Purpose::Web, &[b"form token ", form_key.as_bytes(), b" ", body.as_bytes()]);
    hex(mac.get(..16).unwrap_or(&mac))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

    #[test]
    fn a_token_works_for_its_session_and_its_time_alone() {
        let keyring = Keyring::from_bytes(&[1; 32]);
        let token = mint(&keyring, "mine", NOW).expect("random");
        assert!(check(&keyring, "mine", &token, NOW).is_some());
        assert!(check(&keyring, "theirs", &token, NOW).is_none());
        assert!(check(&keyring, "mine", &token, NOW.plus(LIFETIME)).is_none());
        assert!(check(&Keyring::from_bytes(&[2; 32]), "mine", &token, NOW).is_none());
    }

    proptest! {
        #[test]
        fn no_forged_token_passes(text in ".*", flip in 0_usize..60) {
            let keyring = Keyring::from_bytes(&[1; 32]);
            prop_assert!(check(&keyring, "mine", &text, NOW).is_none());
            let mut bytes = mint(&keyring, "mine", NOW).expect("random").into_bytes();
            let at = flip % bytes.len();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).expect("ASCII");
            prop_assert!(check(&keyring, "mine", &changed, NOW).is_none());
        }
    }
}
