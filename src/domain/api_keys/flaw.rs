//! What is wrong with a text that should be a secret key and is none. Pure, quick and bounded: the
//! text may be anything that strangers send; nothing of it is kept.

use smallvec::SmallVec;
use zeroize::Zeroize as _;

use super::{Environment, KeyId, SecretKey};
use crate::base::closed_set::closed_set;
use crate::base::secret_scan::{TAIL, is_prefix};
use crate::base::text::is_forbidden;

/// The longest text that is looked at, in bytes: a secret key has 63 at most.
const LONGEST: usize = 160;
/// Words of the header that bears it, and no part of it.
const HEADER: [&str; 2] = ["authorization", "bearer"];

closed_set! {
    /// What is wrong with what should be a secret key, by the code that stands with a denial.
    pub enum Flaw {
        Empty = "empty",
        /// It is a Key ID.
        KeyId = "key_id",
        /// Spaces or line breaks stand in or around a secret key that is well formed without them.
        Spaces = "spaces",
        /// Quotes, `Bearer` or a variable's name stand around a well-formed secret key.
        Around = "around",
        /// Part of it is hidden, as `lk_prod_****` or `lk_prod_…x4Tn`.
        Masked = "masked",
        /// It does not begin as a secret key does.
        Prefix = "prefix",
        /// It names no environment.
        Environment = "environment",
        /// It holds characters that no secret key has.
        Characters = "characters",
        /// Its end is missing.
        Truncated = "truncated",
        /// It goes on after its end.
        TooLong = "too_long",
        /// Its checksum does not fit: a character is wrong.
        Checksum = "checksum",
        /// There are two headers that may bear it.
        TwoHeaders = "two_headers",
        /// A header that is no text.
        NotText = "not_text",
        /// What stands between `Bearer` and it is not a space.
        Separator = "separator",
    }
}

/// What was found wrong with a text.
#[derive(Debug)]
pub struct Found {
    pub flaw: Flaw,
    /// How many characters are missing from a truncated one, or too many in one that is too long.
    pub characters: usize,
    /// The secret key that is there all the same, once what does not belong to it is taken away.
    pub rest: Option<SecretKey>,
}

impl Found {
    fn new(flaw: Flaw) -> Self {
        Self { flaw, characters: 0, rest: None }
    }
}

/// What is wrong with `text`, the most helpful thing first; `None` when it is a well-formed secret
/// key. `prefix` is the organisation's, where it is known.
pub fn find(text: &str, prefix: Option<&str>) -> Option<Found> {
    if text.len() > LONGEST {
        return Some(Found::new(Flaw::TooLong));
    }
    if SecretKey::parse(text).is_some() {
        return None;
    }
    // Most have nothing but what a secret key has, and are no more than looked over.
    let is_bare =
        text.bytes().fold(true, |so_far, b| so_far & (b.is_ascii_alphanumeric() || b == b'_'));
    if is_bare && !text.is_empty() && !is_header(text.as_bytes()) {
        return Some(of_bare(text, prefix));
    }
    let mut plain = plain(text);
    let found = in_plain(&plain, prefix);
    plain.as_mut_slice().zeroize();
    Some(found)
}

/// A text in ASCII, for one byte each.
type Plain = SmallVec<[u8; LONGEST]>;

/// Stands for a character that is not ASCII.
const OTHER: u8 = b'\x1a';

/// `text` in ASCII: what stands for spaces, quotes and hidden parts in other alphabets as those of
/// ASCII.
fn plain(text: &str) -> Plain {
    let plain = |c: char| match c {
        _ if c.is_ascii() => u8::try_from(c).unwrap_or(OTHER),
        '´' | '‘'..='‟' | '«' | '»' | '‹' | '›' => b'"',
        '•' | '●' | '·' | '…' => b'*',
        '\u{200c}' | '\u{200d}' => b' ',
        _ if c.is_whitespace() || is_forbidden(c) => b' ',
        _ => OTHER,
    };
    text.chars().map(plain).collect()
}

fn in_plain(text: &[u8], prefix: Option<&str>) -> Found {
    if let Some(rest) = secret_in(text) {
        let flaw = if text.iter().all(|byte| !is_around(*byte)) && is_alone(text) {
            Flaw::Spaces
        } else {
            Flaw::Around
        };
        return Found { rest: Some(rest), ..Found::new(flaw) };
    }
    let mut joined = Plain::new();
    let words = text.split(|byte| is_space(*byte));
    for word in words.filter(|word| !pieces(word).all(is_header)) {
        joined.extend_from_slice(word);
    }
    let found = in_one_word(&joined, prefix);
    joined.as_mut_slice().zeroize();
    found
}

/// What is wrong with a text from which spaces and line breaks were taken.
fn in_one_word(word: &[u8], prefix: Option<&str>) -> Found {
    if let Some(rest) = secret_in(word) {
        let flaw = if word.len() == rest.expose().len() { Flaw::Spaces } else { Flaw::Around };
        return Found { rest: Some(rest), ..Found::new(flaw) };
    }
    let pieces = pieces(word).filter(|piece| !is_header(piece));
    let longest =
        pieces.max_by_key(|piece| piece.len()).and_then(|piece| str::from_utf8(piece).ok());
    longest.map_or(Found::new(Flaw::Empty), |core| of(core, prefix))
}

/// The first well-formed secret key among the pieces of a text.
fn secret_in(text: &[u8]) -> Option<SecretKey> {
    let long_enough = pieces(text).filter(|piece| piece.len() > TAIL);
    long_enough.filter_map(|piece| str::from_utf8(piece).ok()).find_map(SecretKey::parse)
}

/// Whether a text has one piece.
fn is_alone(text: &[u8]) -> bool {
    pieces(text).count() == 1
}

/// What is wrong with a text in which no well-formed secret key stands.
fn of(core: &str, prefix: Option<&str>) -> Found {
    if core.contains('*') || core.contains("...") {
        return Found::new(Flaw::Masked);
    }
    if core.as_bytes().contains(&OTHER) {
        return Found::new(Flaw::Characters);
    }
    of_bare(core, prefix)
}

/// The same of one in ASCII, no part of which is hidden.
fn of_bare(core: &str, prefix: Option<&str>) -> Found {
    let digits = core.get(KeyId::PREFIX.len()..).unwrap_or_default();
    if core.starts_with(KeyId::PREFIX) && digits.len() == KeyId::DIGITS {
        return Found::new(Flaw::KeyId);
    }
    let tail = match begin(core, prefix) {
        Begin::Whole(tail) => tail,
        Begin::Part(missing) => {
            return Found { characters: missing + TAIL, ..Found::new(Flaw::Truncated) };
        }
        Begin::Flaw(flaw) => return Found::new(flaw),
    };
    match tail.len() {
        _ if tail.bytes().any(|byte| !byte.is_ascii_alphanumeric()) => Found::new(Flaw::Characters),
        length @ 0..TAIL => Found { characters: TAIL - length, ..Found::new(Flaw::Truncated) },
        TAIL => Found::new(Flaw::Checksum),
        length => Found { characters: length - TAIL, ..Found::new(Flaw::TooLong) },
    }
}

/// How a text begins.
enum Begin<'a> {
    /// As a secret key does; what follows.
    Whole(&'a str),
    /// As a secret key does, but it ends before its random part; how many characters are missing.
    Part(usize),
    /// As no secret key does.
    Flaw(Flaw),
}

/// An organisation may have changed its prefix, so any that could be one is as good; only where the
/// environment does not fit either does it tell whose key it is.
fn begin<'a>(core: &'a str, prefix: Option<&str>) -> Begin<'a> {
    let (start, rest) = core.split_once('_').unwrap_or((core, ""));
    let is_ours = prefix.is_none_or(|prefix| prefix == start);
    if !is_prefix(start) {
        return Begin::Flaw(Flaw::Prefix);
    }
    let names = Environment::ALL.map(Environment::short);
    let Some((name, tail)) = rest.split_once('_') else {
        let is_begun = |name: &&&str| name.starts_with(rest) && core.len() > start.len();
        let missing = names.iter().find(is_begun).map(|name| name.len() + 1 - rest.len());
        return missing.filter(|_| is_ours).map_or(Begin::Flaw(Flaw::Prefix), Begin::Part);
    };
    match prefix {
        _ if names.contains(&name) => Begin::Whole(tail),
        Some(_) if is_ours => Begin::Flaw(Flaw::Environment),
        None if tail.len() == TAIL => Begin::Flaw(Flaw::Environment),
        _ => Begin::Flaw(Flaw::Prefix),
    }
}

fn is_header(word: &[u8]) -> bool {
    HEADER.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
}

/// The parts of a text between spaces and what else may stand around a secret key.
fn pieces(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| is_space(*byte) || is_around(*byte)).filter(|piece| !piece.is_empty())
}

/// What programs and people leave around a secret key, beside spaces.
fn is_around(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'\''
            | b'`'
            | b'<'
            | b'>'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'='
            | b':'
            | b','
            | b';'
            | b'\\'
    )
}

/// Spaces, line breaks and what else cannot be seen.
fn is_space(byte: u8) -> bool {
    (byte <= b' ' && byte != OTHER) || byte == b'\x7f'
}

#[cfg(test)]
#[path = "flaw_tests.rs"]
mod tests;
