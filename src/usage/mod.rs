//! Who uses a key: requests counted by secret, hour and outcome, the addresses that they came
//! from, and those that were refused.
//!
//! Counted in memory, written every two seconds and at the end (less often while tens of thousands of
//! keys are in use): a crash may lose what was counted since, never a decision. Uses the nouns and verbs of `api_keys`; does not know who
//! decides.

mod buffer;
mod outcome;
mod recorder;
mod request;
mod store;
mod writer;

pub use outcome::Outcome;
pub use recorder::{Denial, Recorder};
pub use request::{Named, RequestId};
pub use writer::Writer;

use crate::api_keys::KeyId;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::db::{Connection, Transaction};
use crate::error::Result;

/// One of a key's secrets: the first has number 1, every rotation adds one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Secret {
    /// The key.
    pub key_id: KeyId,
    /// Which of its secrets.
    pub number: i64,
}

/// What became of a key's requests within a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// How many passed.
    pub passed: i64,
    /// From how many addresses.
    pub addresses: i64,
}

/// For how long denials are kept, in milliseconds.
const DENIALS_KEPT: i64 = 90 * DAY;

/// What became of a key's requests in this hour and the 23 before it.
///
/// # Errors
/// When the database cannot be read.
pub fn last_day(connection: &mut Connection, key_id: &KeyId, now: Timestamp) -> Result<Day> {
    let hour = now.millis().div_euclid(HOUR) - 23;
    Ok(Day {
        passed: store::passed_since(connection, key_id, hour)?,
        addresses: store::addresses_since(connection, key_id, hour * HOUR)?,
    })
}

/// Clears away denials that are old, and the oldest where there are too many.
///
/// # Errors
/// When the database cannot be written.
pub fn purge(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    store::purge_denials(tx, now.plus(-DENIALS_KEPT))
}
