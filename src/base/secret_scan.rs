//! Secret keys in arbitrary text: detection and removal.
//!
//! Pure; does not depend on any feature, so that all code that reads text can use it. A secret key
//! is detected by its form and checksum, even if it is percent-encoded, written in full-width
//! characters, or interrupted by spaces, invisible characters or punctuation.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::base::random::BASE62;

/// The message shown at a field that contains a secret key.
pub const MESSAGE: &str = "This is a secret key: it must not be stored";
/// The replacement for the secret part of a secret key.
const REMOVED: &str = "… (removed)";

/// The environments in secret keys.
pub const ENVIRONMENTS: [&str; 3] = ["prod", "stag", "dev"];
/// The length of an organisation's prefix, in characters.
const PREFIX: std::ops::RangeInclusive<usize> = 2..=8;
/// The number of random characters: 62⁴³ is just above 2²⁵⁶.
pub const RANDOM: usize = 43;
/// The length of the checksum, in characters: 62⁶ is above 2³².
pub const CHECKSUM: usize = 6;
/// The length of what follows the prefix and the environment, in characters.
pub const TAIL: usize = RANDOM + CHECKSUM;
/// The shortest secret key, in characters: `lk_dev_` and its tail.
const MIN_LENGTH: usize = 7 + TAIL;
/// How many times text is percent-decoded: enough for a URL within a URL within a URL.
const DECODED: usize = 3;

/// A secret key in a text. Wiped when dropped.
pub struct SecretInText {
    /// The position in the text, in bytes.
    pub range: Range<usize>,
    /// The secret key, decoded and without interruptions.
    pub secret: Zeroizing<String>,
}

/// The well-formed secret keys in `text`, in order of position.
pub fn find(text: &str) -> Vec<SecretInText> {
    let mut found = Vec::new();
    let is_plain = text.is_ascii() && !text.contains('%');
    let can_hold = !is_plain || text.bytes().filter(|byte| *byte == b'_').nth(1).is_some();
    if text.len() < MIN_LENGTH || !can_hold {
        return found;
    }
    let mut level = Level::of(text);
    for _ in 0..=DECODED {
        level.stripped().collect(&mut found);
        let Some(decoded) = level.decoded() else { break };
        level = decoded;
    }
    found.sort_by_key(|secret| (secret.range.start, secret.range.end));
    found.dedup_by(|one, other| one.range == other.range);
    found
}

/// Whether `text` contains a well-formed secret key.
pub fn contains_secret(text: &str) -> bool {
    !find(text).is_empty()
}

/// `text` with the secret part of each secret key replaced, as in `lk_prod_… (removed)`; `None` if
/// it contains no secret key.
pub fn redacted(text: &str) -> Option<String> {
    let found = find(text);
    if found.is_empty() {
        return None;
    }
    let (mut kept, mut end) = (String::new(), 0);
    for SecretInText { range, secret } in &found {
        // Empty if the previous secret key overlaps this one.
        kept.push_str(text.get(end..range.start).unwrap_or_default());
        kept.push_str(secret.get(..secret.len() - TAIL).unwrap_or_default());
        kept.push_str(REMOVED);
        end = end.max(range.end);
    }
    kept.push_str(text.get(end..).unwrap_or_default());
    Some(kept)
}

/// `text` in the form that may be shown, sent and recorded: the result of [`redacted`].
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    redacted(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// [`without_secrets`] for every text in `value`.
pub fn json_without_secrets(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_secrets(text).into_owned()),
        Value::Array(values) => values.iter().map(json_without_secrets).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                (without_secrets(name).into_owned(), json_without_secrets(value))
            });
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

/// Whether `text` contains the replacement that [`redacted`] writes.
pub fn contains_removed(text: &str) -> bool {
    text.match_indices(REMOVED).any(|(at, _)| {
        let before = text[..at].strip_suffix('_');
        let start = before.and_then(|before| {
            ENVIRONMENTS.iter().find_map(|environment| before.strip_suffix(environment))
        });
        let prefix = start.and_then(|start| start.strip_suffix('_')).unwrap_or_default();
        let is_of_prefix = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit();
        prefix.chars().rev().take_while(is_of_prefix).count() >= *PREFIX.start()
    })
}

/// Whether `text` consists of exactly one secret key.
pub fn is_secret(text: &str) -> bool {
    let parts = || {
        let (body, sum) = text.split_at_checked(text.len().checked_sub(CHECKSUM)?)?;
        let (start, random) = body.split_at_checked(body.len().checked_sub(RANDOM)?)?;
        let (prefix, environment) = start.strip_suffix('_')?.split_once('_')?;
        Some((body, prefix, environment, random, sum))
    };
    parts().is_some_and(|(body, prefix, environment, random, sum)| {
        // Does not stop early, so that the compiler can vectorise the loop.
        let is_random = random.bytes().fold(true, |so_far, b| so_far & b.is_ascii_alphanumeric());
        is_random
            && is_prefix(prefix)
            && ENVIRONMENTS.contains(&environment)
            && checksum(body) == sum.as_bytes()
    })
}

/// Whether `text` starts like a secret key of some organisation, for example with `lk_prod_`.
pub fn starts_like_secret(text: &str) -> bool {
    let mut parts = text.splitn(3, '_');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(prefix), Some(environment), Some(_)) => {
            is_prefix(prefix) && ENVIRONMENTS.contains(&environment)
        }
        _ => false,
    }
}

/// Whether `text` can be an organisation's prefix: 2 to 8 lower-case letters or digits.
pub fn is_prefix(text: &str) -> bool {
    PREFIX.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// CRC-32 (ISO-HDLC) of `text` as six digits of base62, the most significant first.
pub fn checksum(text: &str) -> [u8; CHECKSUM] {
    let mut rest = crc32fast::hash(text.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest % BASE62.len()];
        rest /= BASE62.len();
    }
    digits
}

/// A text after some rounds of percent-decoding, with the original position of each byte.
struct Level {
    text: Zeroizing<String>,
    origins: Vec<(usize, usize)>,
}

impl Level {
    fn of(text: &str) -> Self {
        let origins = (0..text.len()).map(|at| (at, at + 1)).collect();
        Self { text: Zeroizing::new(text.to_owned()), origins }
    }

    /// The text with each escape such as `%5F` decoded; `None` if there are none.
    fn decoded(&self) -> Option<Self> {
        let bytes = self.text.as_bytes();
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let mut decoded = Zeroizing::new(Vec::with_capacity(bytes.len()));
        let (mut origins, mut at) = (Vec::with_capacity(bytes.len()), 0);
        while let (Some(byte), Some((start, end))) = (bytes.get(at), self.origins.get(at)) {
            let encoded = digit(at + 1).zip(digit(at + 2)).filter(|_| *byte == b'%');
            let value = encoded.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
            let length = if value.is_some() { 3 } else { 1 };
            let last = self.origins.get(at + length - 1).map_or(*end, |(_, end)| *end);
            decoded.push(value.unwrap_or(*byte));
            origins.push((*start, last));
            at += length;
        }
        if decoded.len() == bytes.len() {
            return None;
        }
        if str::from_utf8(&decoded).is_err() {
            // The replacement has the same length, so that the positions still match.
            decoded.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
        }
        let text = String::from_utf8(std::mem::take(&mut *decoded)).ok()?;
        Some(Self { text: Zeroizing::new(text), origins })
    }

    /// Only the characters that a secret key can consist of.
    fn stripped(&self) -> StrippedText {
        let mut text = Zeroizing::new(String::with_capacity(self.text.len()));
        let mut origins = Vec::with_capacity(self.text.len());
        let mut push = |c: char, origin: (usize, usize)| {
            if c.is_ascii_alphanumeric() || c == '_' {
                text.push(c);
                origins.push(origin);
            }
        };
        for (at, c) in self.text.char_indices() {
            let last = at + c.len_utf8() - 1;
            let (Some((start, _)), Some((_, end))) = (self.origins.get(at), self.origins.get(last))
            else {
                continue;
            };
            if c.is_ascii() {
                push(c, (*start, *end));
            } else {
                std::iter::once(c).nfkc().for_each(|c| push(c, (*start, *end)));
            }
        }
        StrippedText { text, origins }
    }
}

/// ASCII letters, digits and underscores, with the original position of each.
struct StrippedText {
    text: Zeroizing<String>,
    origins: Vec<(usize, usize)>,
}

impl StrippedText {
    fn collect(&self, found: &mut Vec<SecretInText>) {
        for (at, _) in self.text.match_indices('_') {
            let environment = ENVIRONMENTS.iter().find(|name| {
                let rest = self.text[at + 1..].strip_prefix(**name);
                rest.is_some_and(|rest| rest.starts_with('_'))
            });
            let secret = environment.and_then(|name| self.secret_at(at, at + name.len() + 2));
            found.extend(secret);
        }
    }

    /// The secret key whose prefix ends at `prefix_end` and whose random part starts at `tail`.
    /// Text before the prefix may look like part of it: the checksum decides.
    fn secret_at(&self, prefix_end: usize, tail: usize) -> Option<SecretInText> {
        let end = tail.checked_add(TAIL)?;
        if !self.text.get(tail..end)?.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        PREFIX.rev().find_map(|length| {
            let start = prefix_end.checked_sub(length)?;
            let secret = self.text.get(start..end).filter(|text| is_secret(text))?;
            let range = self.origins.get(start)?.0..self.origins.get(end - 1)?.1;
            Some(SecretInText { range, secret: Zeroizing::new(secret.to_owned()) })
        })
    }
}

#[cfg(test)]
#[path = "secret_scan_tests.rs"]
mod tests;
