//! What others changed while somebody had an edit form open.

use super::{Change, Recorded, store};
use crate::base::error::Result;
use crate::db::Connection;

/// How many entries about a subject are looked back on.
const LOOK_BACK: i64 = 50;

/// What somebody else changed meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theirs {
    pub who: String,
    /// Oldest first.
    pub changes: Vec<Change>,
}

/// What was changed in a subject since it stood at `version`.
pub fn since(connection: &mut Connection, subject_id: &str, version: i64) -> Result<Theirs> {
    Ok(theirs(&store::about(connection, subject_id, LOOK_BACK)?, version))
}

/// `history` comes newest first. What lies beyond an older version is another thing of that name.
fn theirs(history: &[Recorded], since: i64) -> Theirs {
    let versioned = history.iter().filter(|entry| entry.version().is_some());
    let edits: Vec<_> = versioned.take_while(|entry| entry.version() > Some(since)).collect();
    let mut names: Vec<&str> = edits.iter().map(|entry| entry.actor_name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    Theirs {
        who: names.join(" and "),
        changes: edits.iter().rev().flat_map(|entry| entry.changes()).collect(),
    }
}
