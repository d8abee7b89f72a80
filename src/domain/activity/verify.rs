//! Checks that the chain is intact: every entry follows from the previous one, and the newest entry
//! is the one that was sealed.
//!
//! Entries are read in batches. Entries that are written during the check are left for the next
//! check. ASVS 16.4.2.

use std::fmt;

use super::{RecordedEntry, chain, store};
use crate::base::error::Result;
use crate::base::keyring::{Keyring, hex};
use crate::base::progress::{Progress, Unwatched};
use crate::db::{Connection, Db};

/// How many entries are read at once.
const BATCH: i64 = 1000;

/// The newest entry. Anyone who keeps its number and hash elsewhere can check later that it still
/// exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// The number of the newest entry, which is also the number of entries; 0 if there are none.
    pub number: i64,
    /// The hash of the newest entry, in hexadecimal.
    pub hash: String,
}

/// What is wrong with a chain. Most variants have the number of the first entry that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The entry is not the one that was recorded.
    Changed(i64),
    /// The entry is missing, but later entries exist.
    Gap(i64),
    /// The entries from the first number to the second, which was the newest, are missing.
    Cut(i64, i64),
    /// The entry was not written by the program.
    Added(i64),
    /// The seal of the newest entry, which has this number, was not made with this master key.
    Forged(i64),
    /// There are entries, but no seal.
    Unsealed,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(number) => write!(f, "entry {number} is not what was recorded"),
            Self::Gap(number) => write!(f, "entry {number} is missing"),
            Self::Cut(first, last) if first == last => {
                write!(f, "the last entry, {last}, is missing")
            }
            Self::Cut(first, last) => write!(f, "the last entries, {first} to {last}, are missing"),
            Self::Added(number) => write!(f, "entry {number} was not recorded by Latchkey"),
            Self::Forged(number) => {
                write!(f, "the seal that says that entry {number} is the newest is forged")
            }
            Self::Unsealed => f.write_str("the seal of the newest entry is missing"),
        }
    }
}

/// The newest entry according to the seal, without a check.
pub fn newest(connection: &mut Connection) -> Result<Newest> {
    let head = store::ends(connection)?.head;
    Ok(head.map_or_else(Newest::default, |(number, hash, _)| Newest { number, hash: hex(&hash) }))
}

/// Checks the whole chain, on the caller's thread.
pub fn verify(db: &Db, keyring: &Keyring) -> Result<Checked> {
    verify_with_progress(db, keyring, &mut Unwatched)
}

/// The newest entry of an intact chain, or what is wrong with the chain.
pub type Checked = std::result::Result<Newest, Broken>;

/// Checks like [`verify`], and reports how far it has come.
pub fn verify_with_progress(
    db: &Db,
    keyring: &Keyring,
    progress: &mut dyn Progress,
) -> Result<Checked> {
    let ends = db.read_blocking(store::ends)?;
    let read = &mut |from, to| db.read_blocking(|c| store::range(c, from, to));
    check(ends, read, keyring, progress)
}

/// Checks the chain that `connection` reads.
pub fn verify_on(connection: &mut Connection, keyring: &Keyring) -> Result<Checked> {
    let ends = store::ends(connection)?;
    check(ends, &mut |from, to| store::range(connection, from, to), keyring, &mut Unwatched)
}

type ReadRange<'a> = &'a mut dyn FnMut(i64, i64) -> Result<Vec<RecordedEntry>>;

fn check(
    store::Ends { head, first, last }: store::Ends,
    read: ReadRange<'_>,
    keyring: &Keyring,
    progress: &mut dyn Progress,
) -> Result<Checked> {
    let Some((number, hash, seal)) = head else {
        return Ok(if last.is_some() { Err(Broken::Unsealed) } else { Ok(Newest::default()) });
    };
    if seal != chain::seal(keyring, number, &hash) {
        return Ok(Err(Broken::Forged(number)));
    }
    if let Some(added) = first.filter(|first| *first < 1).or(last.filter(|last| *last > number)) {
        return Ok(Err(Broken::Added(added)));
    }
    progress.begin("Checking the activity", number.unsigned_abs());
    let mut before = Vec::new();
    let mut next = 1;
    while next <= number {
        let until = number.min(next + BATCH - 1);
        for row in read(next, until)? {
            if row.number != next {
                return Ok(Err(Broken::Gap(next)));
            }
            if row.hash != chain::hash(keyring, &row, &before) {
                return Ok(Err(Broken::Changed(next)));
            }
            before = row.hash;
            next += 1;
        }
        if next <= until {
            let is_end = last.is_none_or(|last| last < next);
            return Ok(Err(if is_end { Broken::Cut(next, number) } else { Broken::Gap(next) }));
        }
        progress.advance(BATCH.min(number).unsigned_abs());
    }
    Ok(if before == hash {
        Ok(Newest { number, hash: hex(&hash) })
    } else {
        Err(Broken::Changed(number))
    })
}
