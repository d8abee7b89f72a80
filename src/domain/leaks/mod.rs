//! Leaks: that a secret key got out, what was done about it at once, and what came after.
//!
//! Uses activity, settings, `api_keys`, usage and verification; does not know whom a report is told to.

mod draft;
mod found;
mod leak;
mod list;
mod report;
mod scan;
mod store;

pub use draft::Draft;
pub use found::{Found, Standing, identify};
pub use leak::{Action, LeakId, MOST_NOTES};
pub use list::list;
pub use report::{Reported, close, note, report};
pub use scan::{MOST, Scan, scan};
pub use store::{Leak, Note};

use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::KeyId;

/// Up to how many reports of a key are counted.
const COUNTED: i64 = 100;

/// The report with this id.
pub fn find(connection: &mut Connection, id: &LeakId) -> Result<Option<Leak>> {
    store::find(connection, id)
}

/// The notes of a report, oldest first; [`MOST_NOTES`] at most.
pub fn notes(connection: &mut Connection, id: &LeakId) -> Result<Vec<Note>> {
    store::notes(connection, id)
}

/// The reports of a key, the newest first, 100 at most.
pub fn of_key(connection: &mut Connection, key_id: &KeyId) -> Result<Vec<Leak>> {
    store::of_key(connection, key_id, COUNTED)
}
