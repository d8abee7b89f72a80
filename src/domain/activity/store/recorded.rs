//! An entry, read back. Its names and details may have been written by another version of the
//! program.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::db::schema::activity;
use crate::domain::activity::Change;

/// An entry, read back.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = activity)]
pub struct RecordedEntry {
    /// The entry's place in the record, starting at 1, without gaps.
    pub number: i64,
    pub at: Timestamp,
    /// The event, for example `api_key.edited`.
    pub event: String,
    /// `member`, `command_line`, `anonymous` or `system`.
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_name: String,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    /// The request's id, as in the log.
    pub request_id: Option<String>,
    /// The kind of subject, for example `api_key`.
    pub subject_kind: Option<String>,
    pub subject_id: Option<String>,
    /// The subject's name when the event happened.
    pub subject_name: Option<String>,
    pub details: String,
    /// The hash that the next entry's hash covers.
    pub hash: Vec<u8>,
}

impl RecordedEntry {
    /// The version of the subject after the change.
    pub fn version(&self) -> Option<i64> {
        self.details().get("version")?.as_i64()
    }

    /// The changed values.
    pub fn changes(&self) -> Vec<Change> {
        let changes = self.details().get("changes").cloned().unwrap_or_default();
        serde_json::from_value(changes).unwrap_or_default()
    }

    /// The details as JSON; null if they cannot be parsed.
    pub fn details(&self) -> serde_json::Value {
        serde_json::from_str(&self.details).unwrap_or_default()
    }
}
