//! An entry, read back: names and details may come from another version of the program.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::db::schema::activity;
use crate::domain::activity::Change;

/// An entry, read back.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = activity)]
pub struct Recorded {
    /// Its place in the record, from 1 on, without gaps.
    pub number: i64,
    pub at: Timestamp,
    /// What happened, as `api_key.edited`.
    pub event: String,
    /// `member`, `command_line`, `anonymous` or `system`.
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_name: String,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    /// The request's id, as in the log.
    pub request_id: Option<String>,
    /// The kind of thing that it is about, as `api_key`.
    pub subject_kind: Option<String>,
    pub subject_id: Option<String>,
    /// Its name at the time.
    pub subject_name: Option<String>,
    pub details: String,
    /// What the next entry follows from.
    pub hash: Vec<u8>,
}

impl Recorded {
    /// The version of its subject that the entry led to.
    pub fn version(&self) -> Option<i64> {
        self.details().get("version")?.as_i64()
    }

    /// The values that were changed.
    pub fn changes(&self) -> Vec<Change> {
        let changes = self.details().get("changes").cloned().unwrap_or_default();
        serde_json::from_value(changes).unwrap_or_default()
    }

    /// The details; null when they cannot be read.
    pub fn details(&self) -> serde_json::Value {
        serde_json::from_str(&self.details).unwrap_or_default()
    }
}
