//! One attempt to sign in at the provider: what the browser keeps, encrypted, until it comes back.
//!
//! Nothing is stored on the server, so strangers cannot fill the database. The provider answers the
//! `state` of the attempt, its ID token repeats the `nonce`, and it gives a token only for the
//! verifier (RFC 9700, 2.1.1; ASVS 10.1.2, 10.2.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::base::clock::{MINUTE, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::base::random;

/// How long an attempt may take, in milliseconds.
pub const LIFETIME: i64 = 10 * MINUTE;
/// The label under which attempts are encrypted.
const LABEL: &str = "single sign-on attempt";
/// The length of the random texts, in characters: 43 characters of base62 hold 256 bits, and a
/// verifier has at least 43 (RFC 7636, 4.1).
const LENGTH: usize = 43;

/// What an attempt is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    SignIn,
    /// The member with this id, who is signed in, links an account.
    Link(String),
    /// The member with this id, who is signed in, confirms who they are.
    Confirm(String),
    /// Accepts the invitation with this code.
    Invitation(String),
}

/// An attempt to sign in at the provider.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    pub(super) state: String,
    pub(super) nonce: String,
    /// The secret behind the challenge (PKCE).
    pub(super) verifier: String,
    /// The issuer at which the attempt was started.
    pub(super) issuer: String,
    pub purpose: Purpose,
    /// Where the person goes afterwards; empty for the first page.
    pub next: String,
    started_at: i64,
}

impl Attempt {
    pub(super) fn new(
        issuer: &str,
        purpose: Purpose,
        next: String,
        now: Timestamp,
    ) -> Result<Self> {
        let random = || random::text(random::BASE62, LENGTH);
        Ok(Self {
            state: random()?,
            nonce: random()?,
            verifier: random()?,
            issuer: issuer.to_owned(),
            purpose,
            next,
            started_at: now.millis(),
        })
    }

    /// The attempt as the browser keeps it.
    pub fn encrypted(&self, keyring: &Keyring) -> Result<String> {
        let text = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(URL_SAFE_NO_PAD.encode(keyring.seal(LABEL, &text)?))
    }

    /// Opens what the browser kept, if it belongs to `state` and is not too old.
    pub fn open(keyring: &Keyring, sealed: &str, state: &str, now: Timestamp) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let text = keyring.unseal(LABEL, &sealed)?;
        let attempt: Self = serde_json::from_slice(&text).ok()?;
        let age = now.since(Timestamp::from_millis(attempt.started_at));
        let is_same: bool = attempt.state.as_bytes().ct_eq(state.as_bytes()).into();
        (is_same && (0..LIFETIME).contains(&age)).then_some(attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_opened_only_for_its_state_its_time_and_its_key() {
        let keyring = Keyring::from_bytes(&[7; 32]);
        let now = Timestamp::from_millis(1_795_000_000_000);
        let attempt = Attempt::new("https://a.example", Purpose::SignIn, "/usage".into(), now);
        let attempt = attempt.expect("random");
        let sealed = attempt.encrypted(&keyring).expect("sealed");
        let open = |keyring: &Keyring, sealed: &str, state: &str, millis: i64| {
            Attempt::open(keyring, sealed, state, now.plus(millis)).map(|attempt| attempt.next)
        };
        assert_eq!(open(&keyring, &sealed, &attempt.state, LIFETIME - 1), Some("/usage".into()));
        assert_eq!(open(&keyring, &sealed, &attempt.state, LIFETIME), None);
        assert_eq!(open(&keyring, &sealed, &attempt.state, -1), None);
        assert_eq!(open(&keyring, &sealed, "", 0), None);
        assert_eq!(open(&keyring, &sealed, &attempt.nonce, 0), None);
        assert_eq!(open(&Keyring::from_bytes(&[8; 32]), &sealed, &attempt.state, 0), None);
        assert_eq!(open(&keyring, "", &attempt.state, 0), None);
        for part in [&attempt.state, &attempt.nonce, &attempt.verifier] {
            assert!(part.len() == LENGTH && !sealed.contains(part));
        }
    }
}
