//! The SQL of roles.

use diesel::prelude::*;

use super::{Coverage, Role};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text;
use crate::db::schema::{role_scopes, roles};
use crate::db::types::IfKnown;
use crate::db::{Connection, Transaction, on_each};

/// Position, id, slug, name, description, coverage and version.
type Row = (i64, String, String, String, String, IfKnown<Coverage>, i64);

pub(super) fn all(connection: &mut Connection) -> Result<Vec<Role>> {
    let mut rows: Vec<Row> = roles::table
        .select((
            roles::position,
            roles::id,
            roles::slug,
            roles::name,
            roles::description,
            roles::coverage,
            roles::version,
        ))
        .load(connection)?;
    rows.sort_by_cached_key(|(position, id, _, name, ..)| {
        (*position, text::sort_key(name), id.clone())
    });
    let chosen: Vec<(String, String)> =
        role_scopes::table.select((role_scopes::role_id, role_scopes::scope)).load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(_, id, slug, name, description, coverage, version)| Role {
            // A coverage that only another version knows covers only the listed scopes.
            coverage: coverage.0.unwrap_or(Coverage::Chosen),
            scopes: chosen
                .iter()
                .filter(|(role_id, _)| *role_id == id)
                .map(|(_, scope)| scope.clone())
                .collect(),
            id,
            slug,
            name,
            description,
            version,
        })
        .collect())
}

pub(super) fn insert(
    tx: &mut Transaction<'_>,
    role: &Role,
    position: i64,
    now: Timestamp,
) -> Result<()> {
    diesel::insert_into(roles::table)
        .values((
            roles::id.eq(&role.id),
            roles::slug.eq(&role.slug),
            roles::name.eq(&role.name),
            roles::name_folded.eq(text::fold(&role.name)),
            roles::description.eq(&role.description),
            roles::coverage.eq(role.coverage),
            roles::position.eq(position),
            roles::version.eq(role.version),
            roles::created_at.eq(now),
        ))
        .execute(&mut **tx)?;
    insert_scopes(tx, role)
}

/// Writes the fields that an edit may change.
pub(super) fn update(tx: &mut Transaction<'_>, role: &Role) -> Result<()> {
    diesel::update(roles::table.find(&role.id))
        .set((
            roles::name.eq(&role.name),
            roles::name_folded.eq(text::fold(&role.name)),
            roles::description.eq(&role.description),
            roles::version.eq(role.version),
        ))
        .execute(&mut **tx)?;
    diesel::delete(role_scopes::table.filter(role_scopes::role_id.eq(&role.id)))
        .execute(&mut **tx)?;
    insert_scopes(tx, role)
}

/// Deletes a role; the database also deletes its scopes.
pub(super) fn delete(tx: &mut Transaction<'_>, id: &str) -> Result<()> {
    diesel::delete(roles::table.find(id)).execute(&mut **tx)?;
    Ok(())
}

fn insert_scopes(tx: &mut Transaction<'_>, role: &Role) -> Result<()> {
    let rows: Vec<_> = role
        .scopes
        .iter()
        .map(|scope| (role_scopes::role_id.eq(&role.id), role_scopes::scope.eq(scope)))
        .collect();
    on_each!(&mut **tx, native => {
        diesel::insert_into(role_scopes::table).values(&rows).execute(native)?;
    });
    Ok(())
}

/// The id, name and folded name of each role.
pub(super) fn folded_names(connection: &mut Connection) -> Result<Vec<(String, String, String)>> {
    let columns = (roles::id, roles::name, roles::name_folded);
    Ok(roles::table.order(roles::id).select(columns).load(connection)?)
}

pub(super) fn set_folded_name(tx: &mut Transaction<'_>, id: &str, folded: &str) -> Result<()> {
    diesel::update(roles::table.find(id)).set(roles::name_folded.eq(folded)).execute(&mut **tx)?;
    Ok(())
}
