//! The SQL of leaks and their notes.

use diesel::prelude::*;

use super::{Action, LeakId, MAX_NOTES};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::random;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::{leak_notes, leaks};
use crate::db::{Connection, Transaction};
use crate::domain::api_keys::KeyId;

/// The report of a leak.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = leaks)]
pub struct Leak {
    pub id: LeakId,
    pub key_id: KeyId,
    /// The number of the key's secret that leaked, if it was given.
    pub secret: Option<i64>,
    pub reported_at: Timestamp,
    /// The id of the member who reported it; `None` if it was reported from the command line.
    pub reported_by: Option<String>,
    /// The reporter's name at that time.
    pub reporter: String,
    /// Since when it may have been exposed.
    pub since: Timestamp,
    /// A description of where it was found; may be empty.
    pub found: String,
    /// The action that was taken at once.
    pub action: Action,
    pub closed_at: Option<Timestamp>,
    /// The name, at that time, of the person who closed it.
    pub closer: Option<String>,
}

/// A note on the report of a leak.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = leak_notes)]
pub struct Note {
    pub at: Timestamp,
    /// The name, at that time, of the person who wrote it.
    pub author: String,
    pub text: String,
}

pub(super) fn find(connection: &mut Connection, id: &LeakId) -> Result<Option<Leak>> {
    Ok(leaks::table.find(id).select(Leak::as_select()).first(connection).optional()?)
}

pub(super) fn of_key(connection: &mut Connection, key_id: &KeyId, limit: i64) -> Result<Vec<Leak>> {
    Ok(leaks::table
        .filter(leaks::key_id.eq(key_id))
        .order((leaks::reported_at.desc(), leaks::id.desc()))
        .limit(limit)
        .select(Leak::as_select())
        .load(connection)?)
}

pub(super) fn open_of_key(connection: &mut Connection, key_id: &KeyId) -> Result<Vec<Leak>> {
    Ok(leaks::table
        .filter(leaks::key_id.eq(key_id).and(leaks::closed_at.is_null()))
        .select(Leak::as_select())
        .load(connection)?)
}

/// The number of open reports, up to `limit`.
pub(super) fn count_open(connection: &mut Connection, limit: i64) -> Result<i64> {
    let open = leaks::table.filter(leaks::closed_at.is_null()).limit(limit).select(leaks::id);
    Ok(i64::try_from(open.load::<LeakId>(connection)?.len()).unwrap_or(i64::MAX))
}

/// Open or closed reports, newest first.
pub(super) fn walk(
    connection: &mut Connection,
    is_open: bool,
    walk: &Walk<Timestamp>,
) -> Result<Vec<Leak>> {
    let query = leaks::table.select(Leak::as_select()).into_boxed();
    let query = if is_open {
        query.filter(leaks::closed_at.is_null())
    } else {
        query.filter(leaks::closed_at.is_not_null())
    };
    let query = keyset!(query, walk, desc(leaks::reported_at, leaks::id));
    Ok(query.load(connection)?)
}

pub(super) fn insert(tx: &mut Transaction<'_>, leak: &Leak) -> Result<()> {
    diesel::insert_into(leaks::table).values(leak).execute(&mut **tx)?;
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
    Ok(leak_notes::table
        .filter(leak_notes::leak_id.eq(id))
        .order((leak_notes::at, leak_notes::id))
        .limit(MAX_NOTES)
        .select(Note::as_select())
        .load(connection)?)
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
            leak_notes::member_id.eq(member_id),
            note,
        ))
        .execute(&mut **tx)?;
    Ok(())
}
