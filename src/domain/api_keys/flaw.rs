//! Explains why a text is not a well-formed secret key. Pure, fast and bounded, because the text
//! may be anything that unknown clients send. Nothing from the text is kept.

use smallvec::SmallVec;
use zeroize::Zeroize as _;

use super::{Environment, KeyId, SecretKey};
use crate::base::closed_set::closed_set;
use crate::base::secret_scan::{TAIL, is_prefix};
use crate::base::text::is_forbidden;

/// The longest text that is examined, in bytes. A secret key has at most 63.
const MAX_LENGTH: usize = 160;
/// Words of the header that contains the secret key, which are not part of the key.
const HEADER: [&str; 2] = ["authorization", "bearer"];

closed_set! {
    /// What is wrong with a text that should be a secret key, by the code in denials.
    pub enum Flaw {
        Empty = "empty",
        /// It is a Key ID.
        KeyId = "key_id",
        /// There are spaces or line breaks in or around a secret key that is well formed without
        /// them.
        Spaces = "spaces",
        /// There are quotes, `Bearer` or a variable name around a well-formed secret key.
        Around = "around",
        /// Part of it is masked, as in `lk_prod_****` or `lk_prod_…x4Tn`.
        Masked = "masked",
        /// It does not start like a secret key.
        Prefix = "prefix",
        /// It does not contain the name of an environment.
        Environment = "environment",
        /// It contains characters that no secret key has.
        Characters = "characters",
        /// Its end is missing.
        Truncated = "truncated",
        /// There are more characters after its end.
        TooLong = "too_long",
        /// Its checksum is wrong, so at least one character is wrong.
        Checksum = "checksum",
        /// Two headers may contain the secret key.
        TwoHeaders = "two_headers",
        /// The header is not text.
        NotText = "not_text",
        /// `Bearer` is not followed by a space.
        Separator = "separator",
    }
}

/// What is wrong with a text.
#[derive(Debug)]
pub struct Finding {
    pub flaw: Flaw,
    /// How many characters are missing from a truncated key, or extra in a key that is too long.
    pub characters: usize,
    /// The well-formed secret key that remains when everything around it is removed.
    pub rest: Option<SecretKey>,
}

impl Finding {
    fn new(flaw: Flaw) -> Self {
        Self { flaw, characters: 0, rest: None }
    }
}

/// Finds the most helpful flaw of `text`; `None` if it is a well-formed secret key. `prefix` is the
/// organisation's prefix, if it is known.
pub fn find(text: &str, prefix: Option<&str>) -> Option<Finding> {
    if text.len() > MAX_LENGTH {
        return Some(Finding::new(Flaw::TooLong));
    }
    if SecretKey::parse(text).is_some() {
        return None;
    }
    // Most texts only have characters of a secret key, so they are examined without a copy.
    let is_bare =
        text.bytes().fold(true, |so_far, b| so_far & (b.is_ascii_alphanumeric() || b == b'_'));
    if is_bare && !text.is_empty() && !is_header(text.as_bytes()) {
        return Some(find_in_bare(text, prefix));
    }
    let mut plain = plain(text);
    let found = find_in_plain(&plain, prefix);
    plain.as_mut_slice().zeroize();
    Some(found)
}

/// A text in ASCII, with one byte for each character.
type Plain = SmallVec<[u8; MAX_LENGTH]>;

/// Replaces characters that are not ASCII.
const OTHER: u8 = b'\x1a';

/// `text` in ASCII. Spaces, quotes and masking characters of other alphabets are replaced by those
/// of ASCII.
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

fn find_in_plain(text: &[u8], prefix: Option<&str>) -> Finding {
    if let Some(rest) = secret_in(text) {
        let flaw = if text.iter().all(|byte| !is_delimiter(*byte)) && is_one_piece(text) {
            Flaw::Spaces
        } else {
            Flaw::Around
        };
        return Finding { rest: Some(rest), ..Finding::new(flaw) };
    }
    let mut joined = Plain::new();
    let words = text.split(|byte| is_space(*byte));
    for word in words.filter(|word| !pieces(word).all(is_header)) {
        joined.extend_from_slice(word);
    }
    let found = find_in_word(&joined, prefix);
    joined.as_mut_slice().zeroize();
    found
}

/// What is wrong with a text whose spaces and line breaks were removed.
fn find_in_word(word: &[u8], prefix: Option<&str>) -> Finding {
    if let Some(rest) = secret_in(word) {
        let flaw = if word.len() == rest.expose().len() { Flaw::Spaces } else { Flaw::Around };
        return Finding { rest: Some(rest), ..Finding::new(flaw) };
    }
    let pieces = pieces(word).filter(|piece| !is_header(piece));
    let longest =
        pieces.max_by_key(|piece| piece.len()).and_then(|piece| str::from_utf8(piece).ok());
    longest.map_or(Finding::new(Flaw::Empty), |core| find_in_core(core, prefix))
}

/// The first well-formed secret key among the pieces of a text.
fn secret_in(text: &[u8]) -> Option<SecretKey> {
    let long_enough = pieces(text).filter(|piece| piece.len() > TAIL);
    long_enough.filter_map(|piece| str::from_utf8(piece).ok()).find_map(SecretKey::parse)
}

/// Whether a text consists of one piece.
fn is_one_piece(text: &[u8]) -> bool {
    pieces(text).count() == 1
}

/// What is wrong with a text that does not contain a well-formed secret key.
fn find_in_core(core: &str, prefix: Option<&str>) -> Finding {
    if core.contains('*') || core.contains("...") {
        return Finding::new(Flaw::Masked);
    }
    if core.as_bytes().contains(&OTHER) {
        return Finding::new(Flaw::Characters);
    }
    find_in_bare(core, prefix)
}

/// What is wrong with a text in ASCII of which no part is masked.
fn find_in_bare(core: &str, prefix: Option<&str>) -> Finding {
    let digits = core.get(KeyId::PREFIX.len()..).unwrap_or_default();
    if core.starts_with(KeyId::PREFIX) && digits.len() == KeyId::DIGITS {
        return Finding::new(Flaw::KeyId);
    }
    let tail = match parse_start(core, prefix) {
        Begin::Whole(tail) => tail,
        Begin::Part(missing) => {
            return Finding { characters: missing + TAIL, ..Finding::new(Flaw::Truncated) };
        }
        Begin::Flaw(flaw) => return Finding::new(flaw),
    };
    match tail.len() {
        _ if tail.bytes().any(|byte| !byte.is_ascii_alphanumeric()) => {
            Finding::new(Flaw::Characters)
        }
        length @ 0..TAIL => Finding { characters: TAIL - length, ..Finding::new(Flaw::Truncated) },
        TAIL => Finding::new(Flaw::Checksum),
        length => Finding { characters: length - TAIL, ..Finding::new(Flaw::TooLong) },
    }
}

/// How a text starts.
enum Begin<'a> {
    /// Like a secret key. Contains the text after the start.
    Whole(&'a str),
    /// Like a secret key, but it ends before the random part. Contains the number of missing
    /// characters before the random part.
    Part(usize),
    /// Unlike any secret key.
    Flaw(Flaw),
}

/// An organisation may have changed its prefix, so any valid prefix is accepted. Only if the
/// environment is wrong as well does the prefix decide whether the text is meant as one of the
/// organisation's keys.
fn parse_start<'a>(core: &'a str, prefix: Option<&str>) -> Begin<'a> {
    let (start, rest) = core.split_once('_').unwrap_or((core, ""));
    let is_ours = prefix.is_none_or(|prefix| prefix == start);
    if !is_prefix(start) {
        return Begin::Flaw(Flaw::Prefix);
    }
    let names = Environment::ALL.map(Environment::short);
    let Some((name, tail)) = rest.split_once('_') else {
        let may_continue = |name: &&&str| name.starts_with(rest) && core.len() > start.len();
        let missing = names.iter().find(may_continue).map(|name| name.len() + 1 - rest.len());
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

/// The parts of a text between spaces and the other characters that can surround a secret key.
fn pieces(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| is_space(*byte) || is_delimiter(*byte)).filter(|piece| !piece.is_empty())
}

/// Characters other than spaces that programs and people leave around a secret key.
fn is_delimiter(byte: u8) -> bool {
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

/// Spaces, line breaks and other invisible characters.
fn is_space(byte: u8) -> bool {
    (byte <= b' ' && byte != OTHER) || byte == b'\x7f'
}

#[cfg(test)]
#[path = "flaw_tests.rs"]
mod tests;
