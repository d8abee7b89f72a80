//! The node's row in the table of nodes that serve, which says which master keys it has.

use std::path::PathBuf;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::{KeyFile, Keyring};
use crate::base::random;
use crate::db::Db;
use crate::domain::master_key::{self, Node};
use crate::domain::settings;

/// Reports that the node serves, until it is dropped.
pub(super) struct Presence {
    db: Db,
    id: String,
    name: String,
    keyring: Keyring,
    file: PathBuf,
    /// The last report.
    reported: Option<Node>,
}

impl Presence {
    /// Reports for the first time.
    ///
    /// # Errors
    /// [`crate::base::error::Error::Internal`] if the master key was rotated since `keyring` was
    /// read.
    pub(super) fn start(db: &Db, keyring: &Keyring, file: PathBuf, now: Timestamp) -> Result<Self> {
        let host = rustix::system::uname();
        let host = host.nodename().to_string_lossy();
        let mut presence = Self {
            db: db.clone(),
            id: random::text(random::BASE62, 16)?,
            name: format!("{host} (process {})", std::process::id()),
            keyring: keyring.clone(),
            file,
            reported: None,
        };
        let (node, keyring) = (presence.node(now), keyring.clone());
        presence.reported = Some(node.clone());
        db.write_in_background(move |tx| {
            settings::check(tx, &keyring)?;
            master_key::report(tx, &node)
        })?;
        Ok(presence)
    }

    /// Reports if there is something new, or the last report is old.
    pub(super) fn report(&mut self, now: Timestamp) -> Result<()> {
        let node = self.node(now);
        if self.reported.as_ref().is_some_and(|last| node.adds_nothing_to(last)) {
            return Ok(());
        }
        let reported = node.clone();
        self.db.write_in_background(move |tx| master_key::report(tx, &node))?;
        self.reported = Some(reported);
        Ok(())
    }

    /// The file is read each time, so that a new one is noticed without a restart. The master key in
    /// use is known even if the file is gone.
    fn node(&self, now: Timestamp) -> Node {
        let file = KeyFile::read(&self.file).ok();
        let in_file = file.iter().flat_map(KeyFile::keys);
        let fingerprints = std::iter::once(&self.keyring).chain(in_file).map(settings::fingerprint);
        let master_keys = fingerprints.collect::<Vec<_>>().join(" ");
        Node { id: self.id.clone(), name: self.name.clone(), master_keys, seen_at: now }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let id = std::mem::take(&mut self.id);
        let _ = self.db.write_in_background(move |tx| master_key::leave(tx, &id));
    }
}
