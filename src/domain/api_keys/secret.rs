//! Secret keys: `lk_prod_`, 43 random characters, and a checksum that detects typos.

use std::fmt;

use zeroize::Zeroizing;

use super::Environment;
use crate::base::error::Result;
use crate::base::keyring::{Keyring, Purpose};
use crate::base::random::{self, BASE62};
use crate::base::secret_scan::{RANDOM, TAIL, checksum, is_secret};

/// A secret key in memory. It is wiped when it is dropped, and can only be read with
/// [`SecretKey::expose`].
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// Generates a secret key for `environment` of an organisation with this prefix.
    pub fn generate(prefix: &str, environment: Environment) -> Result<Self> {
        let random = Zeroizing::new(random::text(BASE62, RANDOM)?);
        let mut text = Zeroizing::new(String::with_capacity(80));
        for part in [prefix, "_", environment.short(), "_", &random] {
            text.push_str(part);
        }
        let checksum = checksum(&text);
        text.extend(checksum.map(char::from));
        Ok(Self(text))
    }

    /// Reads a secret key from a request; `None` unless it is well formed and its checksum is
    /// correct, so that invalid texts do not cost a look-up.
    pub fn parse(text: &str) -> Option<Self> {
        is_secret(text).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The start of the secret key: the prefix and the environment, for example `lk_prod`. It is
    /// not secret.
    pub fn start(&self) -> &str {
        self.0.get(..self.0.len() - TAIL - 1).unwrap_or_default()
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The stored form: HMAC-SHA-256 with the pepper. With 256 random bits, a slow hash is not
    /// necessary (ASVS 11.4.2 is about passwords).
    pub fn digest(&self, keyring: &Keyring) -> [u8; 32] {
        keyring.mac(Purpose::Pepper, &[self.0.as_bytes()])
    }

    /// The stored form under the former pepper, while that is accepted.
    pub fn former_digest(&self, keyring: &Keyring) -> Option<[u8; 32]> {
        keyring.former_pepper_mac(&[self.0.as_bytes()])
    }
}

/// The proof that a digest under the former pepper was stored when the master key was rotated. Who
/// knows the former master key and can write to the database cannot make it, and so cannot plant a
/// secret key.
pub fn former_proof(keyring: &Keyring, digest: &[u8]) -> [u8; 32] {
    keyring.mac(Purpose::FormerDigest, &[digest])
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret_scan::{CHECKSUM, ENVIRONMENTS};
    use proptest::prelude::*;

    #[test]
    fn the_secret_scan_knows_every_environment() {
        assert_eq!(Environment::ALL.map(Environment::short), ENVIRONMENTS);
    }

    #[test]
    fn a_secret_key_has_its_prefix_environment_length_and_checksum() {
        let secret = SecretKey::generate("acme", Environment::Staging).expect("random");
        let text = secret.expose();
        assert_eq!(text.len(), "acme_stag_".len() + RANDOM + CHECKSUM);
        let (body, sum) = text.split_at(text.len() - CHECKSUM);
        assert!(body.starts_with("acme_stag_"));
        assert_eq!(checksum(body), sum.as_bytes());
        assert_eq!(secret.start(), "acme_stag");
        assert_eq!(format!("{secret:?}"), "SecretKey(redacted)");
    }

    proptest! {
        #[test]
        fn a_generated_key_is_read_but_not_if_one_character_differs(
            at in 0_usize..57, to in "[0-9A-Za-z_ ]",
        ) {
            let secret = SecretKey::generate("lk", Environment::Production).expect("random");
            let text = secret.expose();
            prop_assert!(SecretKey::parse(text).is_some());
            prop_assert!(SecretKey::parse(&text[..at]).is_none());
            let changed = format!("{}{to}{}", &text[..at], &text[at + 1..]);
            prop_assume!(changed != text);
            prop_assert!(SecretKey::parse(&changed).is_none());
        }

        #[test]
        fn reading_never_panics(text in ".*") {
            prop_assert!(SecretKey::parse(&text).is_none());
        }
    }
}
