//! The SQL of the activity: entries are only ever added.

use diesel::prelude::*;

use super::Change;
use crate::clock::Timestamp;
use crate::db::schema::{activity, activity_head};
use crate::db::{Connection, Transaction};
use crate::error::Result;

#[derive(Insertable)]
#[diesel(table_name = activity)]
pub(super) struct Row {
    pub number: i64,
    pub at: i64,
    pub event: String,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_name: String,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub subject_kind: Option<String>,
    pub subject_id: Option<String>,
    pub subject_name: Option<String>,
    pub details: String,
    pub hash: Vec<u8>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = activity_head)]
pub(super) struct Head {
    pub number: i64,
    pub hash: Vec<u8>,
}

/// An entry, read back.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// When it happened.
    pub at: Timestamp,
    /// What happened, as `api_key.edited`.
    pub event: String,
    /// Who did it.
    pub actor_name: String,
    details: String,
}

impl Recorded {
    /// The version of its subject that the entry led to.
    #[must_use]
    pub fn version(&self) -> Option<i64> {
        self.details().get("version")?.as_i64()
    }

    /// The values that were changed.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let changes = self.details().get("changes").cloned().unwrap_or_default();
        serde_json::from_value(changes).unwrap_or_default()
    }

    fn details(&self) -> serde_json::Value {
        serde_json::from_str(&self.details).unwrap_or_default()
    }
}

pub(super) fn head(tx: &mut Transaction<'_>) -> Result<Option<Head>> {
    Ok(activity_head::table.select(Head::as_select()).first(&mut **tx).optional()?)
}

pub(super) fn append(tx: &mut Transaction<'_>, row: &Row, seal: &[u8], first: bool) -> Result<()> {
    diesel::insert_into(activity::table).values(row).execute(&mut **tx)?;
    let head = (
        activity_head::number.eq(row.number),
        activity_head::hash.eq(&row.hash),
        activity_head::seal.eq(seal),
    );
    if first {
        diesel::insert_into(activity_head::table)
            .values((activity_head::id.eq(1), head))
            .execute(&mut **tx)?;
    } else {
        diesel::update(activity_head::table).set(head).execute(&mut **tx)?;
    }
    Ok(())
}

pub(super) fn about(
    connection: &mut Connection,
    subject_id: &str,
    limit: i64,
) -> Result<Vec<Recorded>> {
    let rows: Vec<(i64, String, String, String)> = activity::table
        .filter(activity::subject_id.eq(subject_id))
        .order(activity::number.desc())
        .limit(limit)
        .select((activity::at, activity::event, activity::actor_name, activity::details))
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(at, event, actor_name, details)| Recorded {
            at: Timestamp::from_millis(at),
            event,
            actor_name,
            details,
        })
        .collect())
}
