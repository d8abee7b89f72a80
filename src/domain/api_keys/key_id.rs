//! Key IDs: public, safe to log, and never a credential.

use crate::base::error::{Error, Result};
use crate::base::random;
use crate::base::word::word;
use crate::db::types::text_column;

/// The public identifier of a key: `key_` and 12 digits of Crockford's base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; Self::LENGTH]);

word!(KeyId, |id| id.as_str(), |text| Self::parse(text.trim()));

impl KeyId {
    /// The start of every Key ID.
    pub const PREFIX: &str = "key_";
    /// The number of digits after the prefix.
    pub const DIGITS: usize = 12;
    const LENGTH: usize = Self::PREFIX.len() + Self::DIGITS;

    /// Generates a new Key ID.
    pub fn random() -> Result<Self> {
        let text = format!("{}{}", Self::PREFIX, random::text(random::CROCKFORD, Self::DIGITS)?);
        Self::parse(&text).ok_or_else(|| Error::internal("a random Key ID is none"))
    }

    /// Reads a Key ID; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(Self::PREFIX)?;
        let bytes = text.as_bytes().try_into().ok()?;
        digits.bytes().all(|byte| random::CROCKFORD.contains(&byte)).then_some(Self(bytes))
    }

    pub fn as_str(&self) -> &str {
        // `parse` only accepts ASCII.
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The last four digits, which confirm a revocation.
    pub fn last_four(&self) -> &str {
        self.as_str().get(Self::LENGTH - 4..).unwrap_or_default()
    }
}

text_column!(KeyId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_key_ids_are_read_as_such() {
        let id = KeyId::random().expect("random");
        assert_eq!(KeyId::parse(id.as_str()), Some(id));
        assert_eq!(id.last_four().len(), 4);
        for text in [
            "",
            "key_",
            "key_7qf2m8kdx4tn",
            "key_7QF2M8KDX4TU",
            "key_7QF2M8KDX4TN0",
            "lk_7QF2M8KDX4TN",
        ] {
            assert_eq!(KeyId::parse(text), None, "{text}");
        }
    }
}
