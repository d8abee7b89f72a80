//! Secret keys: `lk_prod_`, 43 random characters, and a checksum that tells a typo from a stranger.

use std::fmt;

use zeroize::Zeroizing;

use super::Environment;
use crate::error::Result;
use crate::keyring::{Keyring, Purpose};
use crate::random::{self, BASE62};

/// Random characters: 62⁴³ is just above 2²⁵⁶.
const RANDOM: usize = 43;
/// Characters of the checksum: 62⁶ is above 2³².
const CHECKSUM: usize = 6;

/// A secret key in memory: wiped when it is dropped, and readable through [`SecretKey::expose`] alone.
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// A new secret key for `environment` of an organisation with that prefix.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn generate(prefix: &str, environment: Environment) -> Result<Self> {
        let random = Zeroizing::new(random::text(BASE62, RANDOM)?);
        let mut text = Zeroizing::new(String::with_capacity(80));
        for part in [prefix, "_", environment.short(), "_", &random] {
            text.push_str(part);
        }
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Ok(Self(text))
    }

    /// The secret key's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it: HMAC-SHA-256 under the pepper. With 256 random bits no slow hash is
    /// needed (ASVS 11.4.2 is about passwords).
    #[must_use]
    pub fn digest(&self, keyring: &Keyring) -> Vec<u8> {
        keyring.mac(Purpose::Pepper, &[self.0.as_bytes()]).to_vec()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(redacted)")
    }
}

/// CRC-32 (ISO-HDLC) of `text` as six digits of base62, the most significant first.
fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest % BASE62.len()];
        rest /= BASE62.len();
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_key_has_its_prefix_environment_length_and_checksum() {
        let secret = SecretKey::generate("acme", Environment::Staging).expect("random");
        let text = secret.expose();
        assert_eq!(text.len(), "acme_stag_".len() + RANDOM + CHECKSUM);
        let (body, sum) = text.split_at(text.len() - CHECKSUM);
        assert!(body.starts_with("acme_stag_"));
        assert_eq!(checksum(body), sum);
        assert_eq!(format!("{secret:?}"), "SecretKey(redacted)");
    }

    #[test]
    fn the_checksum_is_crc_32_in_base62() {
        // CRC-32("123456789") is 0xCBF43926 = 3421780262, the algorithm's published check value.
        assert_eq!(checksum("123456789"), "3jZRME");
    }
}
