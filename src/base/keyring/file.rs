//! The secret key file: one master key, or several while one replaces another.
//!
//! A file of several lines, each of 32 printable characters or more, holds one master key a line,
//! the newest last. Any other file of 32 bytes or more is one master key.

use std::io::{self, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{Keyring, hex};
use crate::base::error::{Error, Result};
use crate::base::{files, random};

/// The minimum size of a master key, in bytes (256 bits).
const MIN_LENGTH: usize = 32;
/// What a line starts with whose master key is not printable and therefore in Base64.
const ENCODED: &str = "latchkey-base64:";

/// The master keys in a file.
pub struct KeyFile {
    /// Oldest first, at least one.
    keys: Vec<Keyring>,
    /// A line for each key.
    lines: Zeroizing<String>,
}

impl KeyFile {
    /// Reads the file at `path`; creates one there with a new master key and mode 0600 if there is
    /// none.
    pub fn open(path: &Path) -> Result<Self> {
        match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::of(path, new_line().and_then(|line| create(path, line)))
            }
            content => Self::of(path, content),
        }
    }

    /// Reads the file at `path`, which must exist.
    pub fn read(path: &Path) -> Result<Self> {
        Self::of(path, read(path))
    }

    /// Creates a file with the same master keys and a new one, and returns what it holds.
    pub fn extend_into(&self, path: &Path) -> Result<Self> {
        let content = new_line().and_then(|line| {
            let both = [self.lines.as_bytes(), line.as_slice()].concat();
            create(path, Zeroizing::new(both))
        });
        Self::of(path, content)
    }

    /// The master keys, oldest first.
    pub fn keys(&self) -> &[Keyring] {
        &self.keys
    }

    /// The last master key in the file.
    pub fn newest(&self) -> &Keyring {
        // There is at least one.
        &self.keys[self.keys.len() - 1]
    }

    fn of(path: &Path, content: io::Result<Zeroizing<Vec<u8>>>) -> Result<Self> {
        content.and_then(|content| Self::parse(&content)).map_err(|error| {
            let path = path.display();
            Error::Internal(format!("the secret key file {path} cannot be used: {error}"))
        })
    }

    fn parse(content: &[u8]) -> io::Result<Self> {
        let content = content.trim_ascii();
        if content.len() < MIN_LENGTH {
            return Err(io::Error::other("it holds fewer than 32 bytes"));
        }
        let Some(several) = lines_of_keys(content) else {
            let line = match str::from_utf8(content) {
                Ok(text) if is_printable(text) && !text.starts_with(ENCODED) => {
                    Zeroizing::new(text.to_owned())
                }
                _ => Zeroizing::new(format!("{ENCODED}{}", BASE64_STANDARD.encode(content))),
            };
            let lines = Zeroizing::new(format!("{}\n", *line));
            return Ok(Self { keys: vec![Keyring::from_bytes(content)], lines });
        };
        let keys = several.iter().map(|line| key_of(line)).collect::<io::Result<_>>()?;
        let lines = several.iter().flat_map(|line| [line, "\n"]);
        Ok(Self { keys, lines: Zeroizing::new(lines.collect()) })
    }
}

/// The lines of a file with several master keys; `None` if it is a single one.
fn lines_of_keys(content: &[u8]) -> Option<Vec<&str>> {
    let lines = str::from_utf8(content).ok()?.lines().map(str::trim_ascii);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let is_key = |line: &&str| line.len() >= MIN_LENGTH && is_printable(line);
    let is_encoded = || lines.len() == 1 && lines[0].starts_with(ENCODED);
    ((lines.len() > 1 || is_encoded()) && lines.iter().all(is_key)).then_some(lines)
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn key_of(line: &str) -> io::Result<Keyring> {
    let Some(encoded) = line.strip_prefix(ENCODED) else {
        return Ok(Keyring::from_bytes(line.as_bytes()));
    };
    let decoded = BASE64_STANDARD.decode(encoded).map(Zeroizing::new);
    let decoded = decoded.ok().filter(|bytes| bytes.len() >= MIN_LENGTH);
    let decoded = decoded.ok_or_else(|| io::Error::other("a line is not 32 bytes in Base64"))?;
    Ok(Keyring::from_bytes(&decoded))
}

/// A new master key with a line end.
fn new_line() -> io::Result<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(random::bytes::<32>().map_err(io::Error::other)?);
    Ok(Zeroizing::new(format!("{}\n", hex(bytes.as_slice())).into_bytes()))
}

fn create(path: &Path, content: Zeroizing<Vec<u8>>) -> io::Result<Zeroizing<Vec<u8>>> {
    files::create_with(path, &content)?;
    Ok(content)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::keyring::Purpose;

    fn check(keyring: &Keyring) -> [u8; 32] {
        keyring.mac(Purpose::Check, &[b"x"])
    }

    #[test]
    fn a_key_file_is_created_once_only_for_its_owner_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let first = KeyFile::open(&path).expect("a new key file");
        let second = KeyFile::open(&path).expect("the same key file");
        assert_eq!(check(first.newest()), check(second.newest()));
        let mode = std::os::unix::fs::MetadataExt::mode(&path.metadata().expect("a key file"));
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(folder.path().read_dir().expect("files").count(), 1);
    }

    #[test]
    fn a_short_key_file_is_rejected() {
        let short = ["", "short", "latchkey-base64:c2hvcnQgYnV0IG5vdCBsb25n"];
        for content in short {
            assert!(KeyFile::parse(content.as_bytes()).is_err(), "{content}");
        }
    }

    #[test]
    fn any_content_is_one_key_unless_each_of_several_lines_is_one() {
        let one = "0123456789abcdef0123456789abcdef";
        let two = "fedcba9876543210fedcba9876543210";
        let keys = |content: &[u8]| -> Vec<[u8; 32]> {
            let file = KeyFile::parse(content).expect("a key file");
            file.keys().iter().map(check).collect()
        };
        let of = |content: &[u8]| check(&Keyring::from_bytes(content));
        assert_eq!(keys(format!(" {one}\n").as_bytes()), [of(one.as_bytes())]);
        let both = [of(one.as_bytes()), of(two.as_bytes())];
        assert_eq!(keys(format!("{one}\n\n {two}\r\n").as_bytes()), both);
        let with_short_line = format!("{one}\nshort");
        assert_eq!(keys(with_short_line.as_bytes()), [of(with_short_line.as_bytes())]);
        let binary = [[200; 40].as_slice(), b"\n", &[201; 40]].concat();
        assert_eq!(keys(&binary), [of(&binary)]);
    }

    #[test]
    fn an_extended_file_holds_the_same_keys_and_a_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let text: &[u8] = b"0123456789abcdef0123456789abcdef\n";
        for (at, content) in [text, &[200; 40]].into_iter().enumerate() {
            let old = KeyFile::parse(content).expect("a key file");
            let path = folder.path().join(format!("{at}"));
            let new = old.extend_into(&path).expect("a new file");
            let read = KeyFile::read(&path).expect("the new file");
            let [first, second] = read.keys() else { panic!("two keys") };
            assert_eq!(check(first), check(old.newest()));
            assert_eq!(check(second), check(new.newest()));
            assert_ne!(check(first), check(second));
            assert!(old.extend_into(&path).is_err(), "an existing file is not overwritten");
        }
    }
}
