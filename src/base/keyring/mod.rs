//! The master key, and the keys derived from it: one for each purpose, so that no key works for
//! another purpose.
//!
//! The master key is in a file outside the database, so that someone who can write to the tables
//! still cannot plant an API key or repair the activity chain. Derivation: HMAC-SHA-256(master,
//! purpose), as in NIST SP 800-108 for one block of output. ASVS 11.2.1, 13.3.1.

mod file;

use std::sync::Arc;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use file::KeyFile;

use crate::base::error::{Error, Result};

/// The size of a nonce, in bytes.
const NONCE: usize = 12;

/// What a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Digests of secret keys.
    Pepper,
    /// Proof that a digest under a former pepper was stored when the master key was rotated.
    FormerDigest,
    Activity,
    /// Form tokens, one-time codes and session identifiers.
    Web,
    /// The signature on cookies.
    Cookie,
    /// A check value that shows whether a database belongs to this master key.
    Check,
    /// Encryption of values that must be read again, such as the mail server's password.
    Seal,
}

/// The master key; cheap to clone, wiped when the last clone is dropped.
#[derive(Clone)]
pub struct Keyring(Arc<Keys>);

struct Keys {
    master: Zeroizing<[u8; 32]>,
    /// Prepared once, since every request with a secret key needs it.
    pepper: Hmac<Sha256>,
    generation: i32,
    former: FormerKeys,
}

/// What is still needed of the master keys that this one has replaced.
#[derive(Default)]
pub struct FormerKeys {
    /// The number of the last activity entry under each former master key with its key for the
    /// activity, oldest first.
    pub activity: Vec<(i64, DerivedKey)>,
    /// The pepper of the master key before this one, while it is accepted.
    pub pepper: Option<DerivedKey>,
}

/// A key that was derived for one purpose.
pub type DerivedKey = Zeroizing<[u8; 32]>;

impl Keyring {
    /// A keyring from any 32 bytes or more, which has replaced no other.
    pub fn from_bytes(content: &[u8]) -> Self {
        let master = Zeroizing::new(Sha256::digest(content).into());
        Self::of(master, 1, FormerKeys::default())
    }

    /// The same master key as the one with the number `generation`, counted from 1.
    #[must_use]
    pub fn succeeding(&self, generation: i32, former: FormerKeys) -> Self {
        Self::of(self.0.master.clone(), generation, former)
    }

    fn of(master: Zeroizing<[u8; 32]>, generation: i32, former: FormerKeys) -> Self {
        let pepper = keyed(&derive(&master, Purpose::Pepper));
        Self(Arc::new(Keys { master, pepper, generation, former }))
    }

    /// How many master keys the installation has had, with this one. Digests of secret keys are
    /// stored with this number.
    pub fn generation(&self) -> i32 {
        self.0.generation
    }

    /// The key for `purpose`, for storing it under the next master key.
    pub fn derived(&self, purpose: Purpose) -> DerivedKey {
        derive(&self.0.master, purpose)
    }

    /// HMAC-SHA-256 with the pepper of the master key before this one, while it is accepted.
    pub fn former_pepper_mac(&self, parts: &[&[u8]]) -> Option<[u8; 32]> {
        self.0.former.pepper.as_ref().map(|pepper| finish(keyed(pepper), parts))
    }

    /// Whether digests under the pepper of the master key before this one are accepted.
    pub fn accepts_former_pepper(&self) -> bool {
        self.0.former.pepper.is_some()
    }

    /// HMAC-SHA-256 with the key for the activity under which the entry with this number was
    /// recorded.
    pub fn activity_mac(&self, entry: i64, parts: &[&[u8]]) -> [u8; 32] {
        let former = self.0.former.activity.iter().find(|(last, _)| entry <= *last);
        match former {
            Some((_, key)) => finish(keyed(key), parts),
            None => self.mac(Purpose::Activity, parts),
        }
    }

    /// HMAC-SHA-256 of the concatenated `parts`, under the key for `purpose`. A part of variable
    /// length must come last, or the caller must separate it.
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        if purpose == Purpose::Pepper {
            return finish(self.0.pepper.clone(), parts);
        }
        finish(keyed(&self.derived(purpose)), parts)
    }

    /// Encrypts `secret`; only the same `label` decrypts it. AES-256-GCM with a random nonce (NIST
    /// SP 800-38D, ASVS 11.3.2).
    pub fn seal(&self, label: &str, secret: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = crate::base::random::bytes()?;
        let payload = Payload { msg: secret, aad: label.as_bytes() };
        let sealed = self.cipher().encrypt(&nonce.into(), payload).map_err(Error::internal)?;
        Ok([&nonce, sealed.as_slice()].concat())
    }

    /// Decrypts what was sealed under `label`; `None` if the label or the master key differs.
    pub fn unseal(&self, label: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, msg) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg, aad: label.as_bytes() };
        self.cipher().decrypt(&(*nonce).into(), payload).ok().map(Zeroizing::new)
    }

    /// Encrypts what `from` has encrypted under the same `label`.
    pub fn reseal(&self, from: &Self, label: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let unreadable = || Error::Internal(format!("the {label} cannot be decrypted"));
        self.seal(label, &from.unseal(label, sealed).ok_or_else(unreadable)?)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&(*self.derived(Purpose::Seal)).into())
    }

    /// 64 bytes for signing cookies.
    pub fn cookie_key(&self) -> Zeroizing<[u8; 64]> {
        let mut key = Zeroizing::new([0; 64]);
        let (left, right) = key.split_at_mut(32);
        left.copy_from_slice(&self.mac(Purpose::Cookie, &[b"left"]));
        right.copy_from_slice(&self.mac(Purpose::Cookie, &[b"right"]));
        key
    }
}

fn derive(master: &[u8; 32], purpose: Purpose) -> DerivedKey {
    let label: &[u8] = match purpose {
        Purpose::Pepper => b"latchkey pepper 1",
        Purpose::FormerDigest => b"latchkey former digest 1",
        Purpose::Activity => b"latchkey activity 1",
        Purpose::Web => b"latchkey web 1",
        Purpose::Cookie => b"latchkey cookie 1",
        Purpose::Check => b"latchkey check 1",
        Purpose::Seal => b"latchkey seal 1",
    };
    Zeroizing::new(finish(keyed(master), &[label]))
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // A key of one block or less is padded with zeros (RFC 2104, 2).
    let mut block = Key::<Hmac<Sha256>>::default();
    block[..key.len()].copy_from_slice(key);
    Hmac::new(&block)
}

fn finish(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_is_opened_only_with_its_label_and_key() {
        let (keyring, other) = (Keyring::from_bytes(&[7; 32]), Keyring::from_bytes(&[8; 32]));
        let mut sealed = keyring.seal("mail", b"hunter2").expect("sealed");
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(keyring.unseal("mail", &sealed).expect("opened").as_slice(), b"hunter2");
        assert_ne!(sealed, keyring.seal("mail", b"hunter2").expect("sealed"));
        assert!(keyring.unseal("other", &sealed).is_none());
        assert!(other.unseal("mail", &sealed).is_none());
        assert!(keyring.unseal("mail", &sealed[..11]).is_none());
        sealed[20] ^= 1;
        assert!(keyring.unseal("mail", &sealed).is_none());
    }

    #[test]
    fn former_keys_are_used_only_for_what_they_made() {
        let old = Keyring::from_bytes(&[7; 32]);
        let former = FormerKeys {
            activity: vec![(5, old.derived(Purpose::Activity))],
            pepper: Some(old.derived(Purpose::Pepper)),
        };
        let new = Keyring::from_bytes(&[8; 32]).succeeding(2, former);
        assert_eq!(new.activity_mac(5, &[b"x"]), old.activity_mac(5, &[b"x"]));
        assert_ne!(new.activity_mac(6, &[b"x"]), old.activity_mac(6, &[b"x"]));
        assert_eq!(new.former_pepper_mac(&[b"x"]), Some(old.mac(Purpose::Pepper, &[b"x"])));
        assert_ne!(new.mac(Purpose::Pepper, &[b"x"]), old.mac(Purpose::Pepper, &[b"x"]));
        assert_eq!((old.generation(), old.former_pepper_mac(&[b"x"])), (1, None));
    }

    #[test]
    fn purposes_never_share_a_key() {
        let keyring = Keyring::from_bytes(&[7; 32]);
        assert_ne!(keyring.mac(Purpose::Pepper, &[b"x"]), keyring.mac(Purpose::Web, &[b"x"]));
    }
}
