//! The SQL of scopes.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::scopes;
use crate::db::{Connection, Transaction, on_each};

/// One operation on one resource.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
// Where a value may be a default, diesel inserts into SQLite row by row, in its own transaction.
#[diesel(table_name = scopes, treat_none_as_default_value = false)]
pub struct Scope {
    /// For example `orders:read`.
    pub name: String,
    /// For example `orders`.
    pub resource: String,
    /// For example `read`.
    pub operation: String,
    /// The scope's purpose; may be empty.
    pub description: String,
    /// Whether it is Latchkey's own scope.
    pub built_in: bool,
    /// Incremented by each edit, so that concurrent edits do not overwrite each other.
    pub version: i64,
}

pub(super) fn all(connection: &mut Connection) -> Result<Vec<Scope>> {
    Ok(scopes::table
        .order((scopes::built_in, scopes::position, scopes::name))
        .select(Scope::as_select())
        .load(connection)?)
}

/// The position after the last of the organisation's scopes.
pub(super) fn next_position(connection: &mut Connection) -> Result<i64> {
    let last: Option<i64> =
        scopes::table.select(diesel::dsl::max(scopes::position)).first(connection)?;
    Ok(last.map_or(0, |last| last + 1))
}

/// Writes new scopes, the first one at `position`.
pub(super) fn insert(
    tx: &mut Transaction<'_>,
    new: &[Scope],
    position: i64,
    now: Timestamp,
) -> Result<()> {
    let row = |(position, scope): (i64, _)| {
        (scope, scopes::position.eq(position), scopes::created_at.eq(now))
    };
    let rows: Vec<_> = (position..).zip(new).map(row).collect();
    on_each!(&mut **tx, native => {
        diesel::insert_into(scopes::table).values(rows).execute(native)?;
    });
    Ok(())
}

pub(super) fn describe(tx: &mut Transaction<'_>, scope: &Scope) -> Result<()> {
    diesel::update(scopes::table.find(&scope.name))
        .set((scopes::description.eq(&scope.description), scopes::version.eq(scope.version)))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn delete(tx: &mut Transaction<'_>, name: &str) -> Result<()> {
    diesel::delete(scopes::table.find(name)).execute(&mut **tx)?;
    Ok(())
}
