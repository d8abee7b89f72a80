//! A row as it is carried: a JSON array with numbers, texts and nulls.
//!
//! Booleans are 0 and 1, as SQLite stores them, and bytes are hexadecimal text.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::base::error::{Error, Result};
use crate::base::keyring::hex;

/// The value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Number(i64),
    Text(String),
}

/// The values of a row, in the order of the table's columns.
pub(super) type Row = Vec<Cell>;

/// The row in the JSON of either database.
pub(super) fn parse(json: &str) -> Result<Row> {
    serde_json::from_str(json).map_err(Error::internal)
}

/// The row in the one form that digests are made of.
pub(super) fn canonical(row: &Row) -> Result<String> {
    serde_json::to_string(row).map_err(Error::internal)
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl Visitor<'_> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a whole number or a text")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Cell, E> {
        Ok(Cell::Null)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Cell, E> {
        Ok(Cell::Number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Cell, E> {
        i64::try_from(number).map(Cell::Number).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cell, E> {
        Ok(Cell::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Cell, E> {
        Ok(Cell::Text(text))
    }
}

/// How many rows a table has, and a digest of all of them in the order of its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    pub rows: u64,
    pub sha256: String,
}

/// Makes a [`Sum`].
#[derive(Default)]
pub(super) struct Summing {
    rows: u64,
    digest: Sha256,
}

impl Summing {
    /// Adds a row in its canonical form.
    pub(super) fn add(&mut self, row: &str) {
        self.rows += 1;
        self.digest.update(row);
        self.digest.update("\n");
    }

    pub(super) fn finish(self) -> Sum {
        Sum { rows: self.rows, sha256: hex(&self.digest.finalize()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_of_either_database_has_one_canonical_form() {
        let row = "[null,-9223372036854775808,9223372036854775807,\"\\u0000é\\\"😀\\u007f\"]";
        let spaced = "[null, -9223372036854775808, 9223372036854775807, \"\\u0000\\u00e9\\\"\\ud83d\\ude00\u{7f}\"]";
        let parsed = parse(row).expect("a row");
        assert_eq!(parse(spaced).expect("a row"), parsed);
        assert_eq!(parsed[3], Cell::Text("\0é\"😀\u{7f}".into()));
        assert_eq!(
            canonical(&parsed).expect("text"),
            canonical(&parse(spaced).expect("a row")).expect("text")
        );
        for wrong in ["[1.5]", "[true]", "[[1]]", "[18446744073709551615]", "{}", "[1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
