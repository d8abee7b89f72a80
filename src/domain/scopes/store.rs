//! The SQL of scopes.

use diesel::prelude::*;

use super::Scope;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::scopes;
use crate::db::{Connection, Transaction, on_each};

pub(super) fn all(connection: &mut Connection) -> Result<Vec<Scope>> {
    let rows: Vec<(String, String, String, String, bool, i64)> = scopes::table
        .order((scopes::built_in, scopes::position, scopes::name))
        .select((
            scopes::name,
            scopes::resource,
            scopes::operation,
            scopes::description,
            scopes::built_in,
            scopes::version,
        ))
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(name, resource, operation, description, built_in, version)| Scope {
            name,
            resource,
            operation,
            description,
            built_in,
            version,
        })
        .collect())
}

/// The position behind every scope of the organisation's.
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
    let row = |(position, scope): (i64, &Scope)| {
        (
            scopes::name.eq(scope.name.clone()),
            scopes::resource.eq(scope.resource.clone()),
            scopes::operation.eq(scope.operation.clone()),
            scopes::description.eq(scope.description.clone()),
            scopes::position.eq(position),
            scopes::built_in.eq(scope.built_in),
            scopes::version.eq(scope.version),
            scopes::created_at.eq(now),
        )
    };
    let rows: Vec<_> = (position..).zip(new).map(row).collect();
    on_each!(&mut **tx, native => {
        diesel::insert_into(scopes::table).values(&rows).execute(native)?;
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
