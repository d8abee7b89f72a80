//! Leaks: reports that a secret key was exposed, the immediate action, and what followed.
//!
//! Uses activity, settings, members, `api_keys`, usage and verification. Does not know who is
//! notified of a report.

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

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::db::keyset::MAX_COUNTED;
use crate::domain::api_keys::{self, KeyId};

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

/// The number of open reports, up to [`MAX_COUNTED`].
pub fn count_open(connection: &mut Connection) -> Result<i64> {
    store::count_open(connection, MAX_COUNTED)
}

/// The open reports of a key.
pub fn open_of_key(connection: &mut Connection, key_id: &KeyId) -> Result<Vec<Leak>> {
    store::open_of_key(connection, key_id)
}

/// Whether a secret that may have leaked has not ended yet.
pub fn may_still_work(connection: &mut Connection, leak: &Leak, now: Timestamp) -> Result<bool> {
    let secrets = api_keys::secrets(connection, &leak.key_id)?;
    Ok(secrets.iter().any(|secret| {
        let may_have_leaked = match leak.secret {
            Some(number) => secret.number == number,
            None => secret.created_at <= leak.reported_at,
        };
        may_have_leaked && secret.ends_at() > now
    }))
}

/// Whether the report keeps a disabled key from being enabled with a secret that may have leaked.
/// Closing it then takes a member who may revoke keys, because it would be a way around that.
pub fn keeps_disabled(connection: &mut Connection, leak: &Leak, now: Timestamp) -> Result<bool> {
    let key = api_keys::find(connection, &leak.key_id)?.ok_or(Error::NotFound)?.key;
    Ok(key.is_disabled() && may_still_work(connection, leak, now)?)
}
