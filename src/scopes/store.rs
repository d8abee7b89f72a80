//! The SQL of scopes.

use diesel::prelude::*;

use super::Scope;
use crate::clock::Timestamp;
use crate::db::schema::scopes;
use crate::db::{Connection, Transaction};
use crate::error::Result;

pub(super) fn all(connection: &mut Connection) -> Result<Vec<Scope>> {
    let rows: Vec<(String, String, String, String, bool)> = scopes::table
        .order((scopes::built_in, scopes::position, scopes::name))
        .select((
            scopes::name,
            scopes::resource,
            scopes::operation,
            scopes::description,
            scopes::built_in,
        ))
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(name, resource, operation, description, built_in)| Scope {
            name,
            resource,
            operation,
            description,
            built_in,
        })
        .collect())
}

pub(super) fn insert(
    tx: &mut Transaction<'_>,
    scope: &Scope,
    position: i64,
    now: Timestamp,
) -> Result<()> {
    diesel::insert_into(scopes::table)
        .values((
            scopes::name.eq(&scope.name),
            scopes::resource.eq(&scope.resource),
            scopes::operation.eq(&scope.operation),
            scopes::description.eq(&scope.description),
            scopes::position.eq(position),
            scopes::built_in.eq(scope.built_in),
            scopes::created_at.eq(now.millis()),
        ))
        .execute(&mut **tx)?;
    Ok(())
}
