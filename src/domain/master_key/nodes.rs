//! The nodes that serve, and which master keys each of them has.

use std::time::Duration;

use super::store;
use crate::base::clock::{MINUTE, Timestamp};
use crate::base::error::Result;
use crate::db::{Connection, Transaction};

/// How often a node reports.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(5);
/// For how long after a report a node counts as running, in milliseconds.
const LIVE: i64 = MINUTE;

/// A node that serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Random, new at each start.
    pub id: String,
    /// Its machine and process.
    pub name: String,
    /// The fingerprints of the master keys that it has, separated by spaces.
    pub master_keys: String,
    pub seen_at: Timestamp,
}

impl Node {
    /// Whether a report need not be written, because the `last` one says the same and still counts
    /// for long enough.
    pub fn adds_nothing_to(&self, last: &Self) -> bool {
        let age = self.seen_at.since(last.seen_at);
        self.master_keys == last.master_keys && (0..LIVE / 3).contains(&age)
    }

    /// Whether it has the master key with this fingerprint.
    pub(super) fn has(&self, fingerprint: &str) -> bool {
        self.master_keys.split(' ').any(|known| known == fingerprint)
    }
}

/// Records that a node serves. Forgets those that ended without a word.
pub fn report(tx: &mut Transaction<'_>, node: &Node) -> Result<()> {
    store::forget_nodes_before(tx, node.seen_at.plus(-LIVE))?;
    store::replace_node(tx, node)
}

/// Records that the node with this id no longer serves.
pub fn leave(tx: &mut Transaction<'_>, id: &str) -> Result<()> {
    store::delete_node(tx, id)
}

/// The nodes that serve now, by name.
pub(super) fn live(connection: &mut Connection, now: Timestamp) -> Result<Vec<Node>> {
    store::nodes_since(connection, now.plus(-LIVE))
}
