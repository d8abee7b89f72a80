//! Backups and restores: when the last backup was made, and what has to be done after a restore.
//!
//! Uses activity, settings, `sign_in` and `api_keys`.

pub mod export;
mod store;

pub use store::Restore;

use serde_json::json;

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::KeyFile;
use crate::db::copy::About;
use crate::db::types::id;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::{self, Context, Entry, Event, Newest, Subject};
use crate::domain::{settings, sign_in};

id!(RestoreId, "rst_", BASE62, 20);

/// What a backup that is made now says about the database.
pub fn about(connection: &mut Connection, now: Timestamp) -> Result<About> {
    let Newest { number, hash } = activity::newest(connection)?;
    Ok(About {
        made_at: now.millis(),
        master_key: settings::stored_fingerprint(connection)?,
        newest_number: number,
        newest_hash: hash,
    })
}

/// Stores that a backup was completed.
pub fn note(db: &Db, made_at: Timestamp) -> Result<()> {
    db.write_blocking(|tx| store::set_last(tx, made_at))
}

/// When the newest backup was completed.
pub fn last(connection: &mut Connection) -> Result<Option<Timestamp>> {
    store::last(connection)
}

/// Checks a restored database, ends what must not come back, and records the restore. `about` is
/// what the backup says.
///
/// # Errors
/// [`Error::Internal`] if the data does not fit the secret key file, or the activity is not intact.
pub fn finish_restore(
    tx: &mut Transaction<'_>,
    about: &About,
    keys: &KeyFile,
    now: Timestamp,
) -> Result<()> {
    let context = Context::command_line(settings::keyring(tx, keys)?, now);
    let newest = match activity::verify_on(tx, &context.keyring)? {
        Ok(newest) => newest,
        Err(what) => {
            return Err(Error::Internal(format!(
                "the activity in the backup is not whole: {what}"
            )));
        }
    };
    let expected = Newest { number: about.newest_number, hash: about.newest_hash.clone() };
    if newest != expected {
        let number = expected.number;
        return Err(Error::Internal(format!(
            "the newest entry of the activity in the backup is not entry {number}, as it says"
        )));
    }
    sign_in::restored::end_everything(tx, now)?;
    let id = RestoreId::random()?;
    store::insert(tx, &id, about, now)?;
    let details = json!({
        "backup_made_at": Timestamp::from_millis(about.made_at).rfc_3339(),
        "newest_entry": format!("{}:{}", about.newest_number, about.newest_hash),
    });
    activity::record(tx, &context, &Entry::about(Event::DatabaseRestored, subject()).with(details))
}

/// The newest restore after which nobody has checked the keys yet.
pub fn open_restore(connection: &mut Connection) -> Result<Option<Restore>> {
    store::open(connection)
}

/// Records that the keys were compared with what happened after the backup.
///
/// # Errors
/// [`Error::NotFound`] when no check is open.
pub fn close_restore(tx: &mut Transaction<'_>, context: &Context) -> Result<()> {
    let restore = store::open(tx)?.ok_or(Error::NotFound)?;
    store::close(tx, context.now)?;
    let details = json!({ "restored_at": restore.restored_at.rfc_3339() });
    activity::record(tx, context, &Entry::about(Event::RestoreChecked, subject()).with(details))
}

fn subject() -> Subject {
    Subject { kind: "database", id: "database".into(), name: "Database".into() }
}
