//! Changes that others made while somebody had an edit form open.

use super::{Change, RecordedEntry, store};
use crate::base::error::Result;
use crate::db::Connection;

/// How many of the newest entries about a subject are searched.
const MAX_ENTRIES: i64 = 50;

/// Changes that were made in the meantime, and who made them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConcurrentChanges {
    pub who: String,
    /// Oldest first.
    pub changes: Vec<Change>,
}

/// The changes to a subject since `version`.
pub fn since(
    connection: &mut Connection,
    subject_id: &str,
    version: i64,
) -> Result<ConcurrentChanges> {
    Ok(changes_after(&store::about(connection, subject_id, MAX_ENTRIES)?, version))
}

/// The changes in `history`, newest first, that are later than version `since`. Once an older
/// version appears, further entries may be about an earlier subject with the same name.
fn changes_after(history: &[RecordedEntry], since: i64) -> ConcurrentChanges {
    let versioned = history.iter().filter(|entry| entry.version().is_some());
    let edits: Vec<_> = versioned.take_while(|entry| entry.version() > Some(since)).collect();
    let mut names: Vec<&str> = edits.iter().map(|entry| entry.actor_name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    ConcurrentChanges {
        who: names.join(" and "),
        changes: edits.iter().rev().flat_map(|entry| entry.changes()).collect(),
    }
}
