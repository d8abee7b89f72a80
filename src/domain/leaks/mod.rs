//! Leaks: reports that a secret key was exposed, the immediate action, and what followed.
//!
//! Uses activity, settings, `api_keys`, usage and verification. Does not know who is notified of a
//! report.

mod draft;
mod identify;
mod leak;
mod list;
mod report;
mod scan;
mod store;

pub use draft::Draft;
pub use identify::{ScannedSecret, SecretState, identify};
pub use leak::{Action, LeakId, MAX_NOTES};
pub use list::list;
pub use report::{LeakReport, close, note, report};
pub use scan::{MAX_SECRETS, Scan, scan};
pub use store::{Leak, Note};

use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::KeyId;

/// The largest number of reports of a key that are returned.
const MAX_REPORTS: i64 = 100;

/// The report with this id.
pub fn find(connection: &mut Connection, id: &LeakId) -> Result<Option<Leak>> {
    store::find(connection, id)
}

/// The notes on a report, oldest first, at most [`MAX_NOTES`].
pub fn notes(connection: &mut Connection, id: &LeakId) -> Result<Vec<Note>> {
    store::notes(connection, id)
}

/// The reports of a key, newest first, at most 100.
pub fn of_key(connection: &mut Connection, key_id: &KeyId) -> Result<Vec<Leak>> {
    store::of_key(connection, key_id, MAX_REPORTS)
}
