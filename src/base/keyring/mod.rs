//! The master key, and the keys derived from it: one for each purpose, so that no key works for
//! another purpose.
//!
//! The master key is in a file outside the database, so that someone who can write to the tables
//! still cannot plant an API key or repair the activity chain. Derivation: HMAC-SHA-256(master,
//! purpose), as in NIST SP 800-108 for one block of output. ASVS 11.2.1, 13.3.1.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRng as _;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::base::error::{Error, Result};
use crate::base::files;

/// The minimum size of a master key file, in bytes (256 bits).
const MIN_LENGTH: usize = 32;
/// The size of a nonce, in bytes.
const NONCE: usize = 12;

/// What a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Digests of secret keys, version 1.
    Pepper,
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
}

impl Keyring {
    /// The version of [`Purpose::Pepper`] that new digests are made with.
    pub const PEPPER_VERSION: i32 = 1;

    /// Reads the master key from `path`; creates one there, with mode 0600, if the file does not
    /// exist.
    pub fn open(path: &Path) -> Result<Self> {
        match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::of(path, make(path)),
            content => Self::of(path, content),
        }
    }

    /// Reads the master key from `path`, which must exist.
    pub fn read(path: &Path) -> Result<Self> {
        Self::of(path, read(path))
    }

    fn of(path: &Path, content: io::Result<Zeroizing<Vec<u8>>>) -> Result<Self> {
        let long_enough = |content: Zeroizing<Vec<u8>>| match content.trim_ascii().len() {
            MIN_LENGTH.. => Ok(Self::from_bytes(content.trim_ascii())),
            _ => Err(io::Error::other("it holds fewer than 32 bytes")),
        };
        content.and_then(long_enough).map_err(|error| {
            Error::Internal(format!(
                "the secret key file {} cannot be used: {error}",
                path.display()
            ))
        })
    }

    /// A keyring from any 32 bytes or more.
    pub fn from_bytes(content: &[u8]) -> Self {
        let master = Zeroizing::new(Sha256::digest(content).into());
        let mut pepper = derive(&master, Purpose::Pepper);
        let keys = Keys { pepper: keyed(&pepper), master };
        pepper.zeroize();
        Self(Arc::new(keys))
    }

    /// HMAC-SHA-256 of the concatenated `parts`, under the key for `purpose`. A part of variable
    /// length must come last, or the caller must separate it.
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        if purpose == Purpose::Pepper {
            return finish(self.0.pepper.clone(), parts);
        }
        let mut key = derive(&self.0.master, purpose);
        let mac = finish(keyed(&key), parts);
        key.zeroize();
        mac
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

    fn cipher(&self) -> Aes256Gcm {
        let mut key = derive(&self.0.master, Purpose::Seal);
        let cipher = Aes256Gcm::new(&key.into());
        key.zeroize();
        cipher
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

fn derive(master: &[u8; 32], purpose: Purpose) -> [u8; 32] {
    let label: &[u8] = match purpose {
        Purpose::Pepper => b"latchkey pepper 1",
        Purpose::Activity => b"latchkey activity 1",
        Purpose::Web => b"latchkey web 1",
        Purpose::Cookie => b"latchkey cookie 1",
        Purpose::Check => b"latchkey check 1",
        Purpose::Seal => b"latchkey seal 1",
    };
    finish(keyed(master), &[label])
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

fn make(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand::rngs::SysRng.try_fill_bytes(bytes.as_mut_slice()).map_err(io::Error::other)?;
    let text = Zeroizing::new(hex(bytes.as_slice()).into_bytes());
    let mut file = files::create(path)?;
    file.write_all(&text)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    Ok(text)
}

/// The content of a file that no other user can change or read.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = files::open_secret(path)?;
    // Allocates the full size at once: a growing buffer would leave copies of the key in memory.
    let size = usize::try_from(file.metadata()?.len()).unwrap_or_default();
    let mut content = Zeroizing::new(Vec::with_capacity(size + 1));
    file.read_to_end(&mut content)?;
    Ok(content)
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
    fn a_key_file_is_created_once_only_for_its_owner_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let first = Keyring::open(&path).expect("a new key file");
        let second = Keyring::open(&path).expect("the same key file");
        assert_eq!(first.mac(Purpose::Check, &[b"x"]), second.mac(Purpose::Check, &[b"x"]));
        let mode = std::os::unix::fs::MetadataExt::mode(&path.metadata().expect("a key file"));
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_short_key_file_is_rejected() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        writeln!(files::create(&path).expect("a file"), "short").expect("written");
        assert!(Keyring::open(&path).is_err());
    }

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
    fn purposes_never_share_a_key() {
        let keyring = Keyring::from_bytes(&[7; 32]);
        assert_ne!(keyring.mac(Purpose::Pepper, &[b"x"]), keyring.mac(Purpose::Web, &[b"x"]));
    }
}
