//! The append-only record of who did what, when and from where.
//!
//! An entry is written in the transaction of what it records, so that neither exists without the
//! other. Each carries a keyed hash over the one before and a gapless number (`chain`).
//! Knows no feature: events name their subjects by kind, id and name. ASVS 16.2.1, 16.3.

mod author;
mod chain;
mod event;
mod store;

pub use author::{Actor, Author, Origin};
pub use event::{Change, Entry, Event, Subject};
pub use store::Recorded;

use crate::db::{Connection, Transaction};
use crate::error::Result;

/// Records `entry` as done by `author`.
///
/// # Errors
/// When the database cannot be written; then nothing of the transaction happens.
pub fn record(tx: &mut Transaction<'_>, author: &Author, entry: &Entry) -> Result<()> {
    let head = store::head(tx)?;
    let row = chain::link(author, entry, head.as_ref());
    store::append(tx, &row, &chain::seal(&author.keyring, row.number, &row.hash), head.is_none())
}

/// The entries about a subject, newest first, at most `limit`.
///
/// # Errors
/// When the database cannot be read.
pub fn about(connection: &mut Connection, subject_id: &str, limit: i64) -> Result<Vec<Recorded>> {
    store::about(connection, subject_id, limit)
}
