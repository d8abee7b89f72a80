//! The SQL of leaks and their notes.

use diesel::prelude::*;

use super::{Action, Leak, LeakId, MOST_NOTES, Note};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::random;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::{leak_notes, leaks};
use crate::db::{Connection, Transaction};
use crate::domain::api_keys::KeyId;

#[derive(Queryable, Selectable)]
#[diesel(table_name = leaks)]
struct Row {
    id: LeakId,
    key_id: KeyId,
    secret: Option<i64>,
    reported_at: Timestamp,
    reported_by: Option<String>,
    reporter: String,
    since: Timestamp,
    found: String,
    action: String,
    closed_at: Option<Timestamp>,
    closer: Option<String>,
}

impl TryFrom<Row> for Leak {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let closed_at = row.closed_at;
        Ok(Self {
            id: row.id,
            key_id: row.key_id,
            secret: row.secret,
            reported_at: row.reported_at,
            reported_by: row.reported_by,
            reporter: row.reporter,
            since: row.since,
            found: row.found,
            action: Action::parse(&row.action).ok_or_else(|| Error::internal("a bad action"))?,
            closed: closed_at.map(|at| (at, row.closer.unwrap_or_default())),
        })
    }
}

pub(super) fn find(connection: &mut Connection, id: &LeakId) -> Result<Option<Leak>> {
    let row: Option<Row> =
        leaks::table.find(id).select(Row::as_select()).first(connection).optional()?;
    row.map(TryInto::try_into).transpose()
}

pub(super) fn of_key(connection: &mut Connection, key_id: &KeyId, limit: i64) -> Result<Vec<Leak>> {
    let rows: Vec<Row> = leaks::table
        .filter(leaks::key_id.eq(key_id))
        .order((leaks::reported_at.desc(), leaks::id.desc()))
        .limit(limit)
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Reports that are open, or closed, the newest first.
pub(super) fn walk(
    connection: &mut Connection,
    is_open: bool,
    walk: &Walk<Timestamp>,
) -> Result<Vec<Leak>> {
    let query = leaks::table.select(Row::as_select()).into_boxed();
    let query = if is_open {
        query.filter(leaks::closed_at.is_null())
    } else {
        query.filter(leaks::closed_at.is_not_null())
    };
    let query = keyset!(query, walk, desc(leaks::reported_at, leaks::id));
    let rows: Vec<Row> = query.load(connection)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

pub(super) fn insert(tx: &mut Transaction<'_>, leak: &Leak) -> Result<()> {
    diesel::insert_into(leaks::table)
        .values((
            leaks::id.eq(&leak.id),
            leaks::key_id.eq(&leak.key_id),
            leaks::secret.eq(leak.secret),
            leaks::reported_at.eq(leak.reported_at),
            leaks::reported_by.eq(&leak.reported_by),
            leaks::reporter.eq(&leak.reporter),
            leaks::since.eq(leak.since),
            leaks::found.eq(&leak.found),
            leaks::action.eq(leak.action.slug()),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn close(
    tx: &mut Transaction<'_>,
    id: &LeakId,
    at: Timestamp,
    by: Option<&str>,
    name: &str,
) -> Result<()> {
    diesel::update(leaks::table.find(id))
        .set((leaks::closed_at.eq(at), leaks::closed_by.eq(by), leaks::closer.eq(Some(name))))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn notes(connection: &mut Connection, id: &LeakId) -> Result<Vec<Note>> {
    let rows: Vec<(Timestamp, String, String)> = leak_notes::table
        .filter(leak_notes::leak_id.eq(id))
        .order((leak_notes::at, leak_notes::id))
        .limit(MOST_NOTES)
        .select((leak_notes::at, leak_notes::author, leak_notes::text))
        .load(connection)?;
    let note = |(at, author, text)| Note { at, author, text };
    Ok(rows.into_iter().map(note).collect())
}

pub(super) fn count_notes(connection: &mut Connection, id: &LeakId) -> Result<i64> {
    Ok(leak_notes::table.filter(leak_notes::leak_id.eq(id)).count().get_result(connection)?)
}

pub(super) fn insert_note(
    tx: &mut Transaction<'_>,
    leak_id: &LeakId,
    note: &Note,
    member_id: Option<&str>,
) -> Result<()> {
    let id = format!("note_{}", random::text(random::CROCKFORD, 12)?);
    diesel::insert_into(leak_notes::table)
        .values((
            leak_notes::id.eq(id),
            leak_notes::leak_id.eq(leak_id),
            leak_notes::at.eq(note.at),
            leak_notes::member_id.eq(member_id),
            leak_notes::author.eq(&note.author),
            leak_notes::text.eq(&note.text),
        ))
        .execute(&mut **tx)?;
    Ok(())
}
