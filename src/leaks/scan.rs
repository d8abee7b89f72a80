//! Secret keys within a text that may hold anything. Pure and quick; what is found is wiped when it
//! is dropped, and nothing else of the text is kept.

use zeroize::Zeroizing;

use crate::api_keys::{Environment, SecretKey};

/// How many secret keys are told of one text.
pub const MOST: usize = 50;
/// Random characters and checksum that follow the environment.
const TAIL: usize = 49;
/// How long an organisation's prefix is, in characters.
const PREFIX: std::ops::RangeInclusive<usize> = 2..=8;

/// The secret keys of a text.
#[derive(Debug, Default)]
pub struct Scan {
    /// Each once, in the order of the text, [`MOST`] at most.
    pub secrets: Vec<SecretKey>,
    /// Whether there are more.
    pub has_more: bool,
}

/// Finds the well-formed secret keys in `text`, whatever stands around them, also where a line break
/// or spaces cut one in two.
#[must_use]
pub fn scan(text: &str) -> Scan {
    let mut found = Scan::default();
    collect(text, &mut found);
    let mut joined = Zeroizing::new(String::with_capacity(text.len()));
    joined.extend(text.chars().filter(|c| !c.is_whitespace()));
    if joined.len() < text.len() {
        collect(&joined, &mut found);
    }
    found
}

fn collect(text: &str, found: &mut Scan) {
    for (at, _) in text.match_indices('_') {
        let environment = Environment::ALL.map(Environment::short).into_iter().find(|name| {
            text[at + 1..].strip_prefix(name).is_some_and(|rest| rest.starts_with('_'))
        });
        let Some(name) = environment else { continue };
        if let Some(secret) = around(text, at, at + name.len() + 2)
            && !found.secrets.iter().any(|known| known.expose() == secret.expose())
        {
            if found.secrets.len() == MOST {
                found.has_more = true;
                return;
            }
            found.secrets.push(secret);
        }
    }
}

/// The secret key whose prefix ends at `prefix_end` and whose random part starts at `tail`. What
/// stands before the prefix may look like a part of it: the checksum tells.
fn around(text: &str, prefix_end: usize, tail: usize) -> Option<SecretKey> {
    let end = tail.checked_add(TAIL)?;
    if !text.get(tail..end)?.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    PREFIX.rev().find_map(|length| {
        let start = prefix_end.checked_sub(length)?;
        SecretKey::parse(text.get(start..end)?)
    })
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
