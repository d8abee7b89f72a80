//! What the organisation's API offers: scopes, one operation on one resource each.
//!
//! Uses activity; knows neither roles nor keys.

mod matrix;
mod scope;
mod store;

pub use matrix::{Cell, Matrix, MatrixRow};
pub use scope::{Resource, Scope, is_scope};

use crate::activity::Author;
use crate::db::{Connection, EVERYTHING, Transaction};
use crate::error::Result;

/// The scope that a service needs to ask whether keys may pass; built in.
pub const INTROSPECT: &str = "latchkey:introspect";

/// Adds `resource:read` and `resource:write` for each resource that is not there yet, and the
/// built-in scope.
///
/// # Errors
/// When the database cannot be written.
pub fn add_resources(
    tx: &mut Transaction<'_>,
    resources: &[Resource],
    author: &Author,
) -> Result<()> {
    let offered =
        resources.iter().flat_map(|resource| [resource.scope("read"), resource.scope("write")]);
    add(tx, offered, author)
}

/// Adds the scopes that are not there yet, and the built-in one.
///
/// # Errors
/// When the database cannot be written.
pub fn add(
    tx: &mut Transaction<'_>,
    offered: impl IntoIterator<Item = Scope>,
    author: &Author,
) -> Result<()> {
    let known = all(tx)?;
    for (position, scope) in (0..).zip(offered.into_iter().chain([Scope::introspect()])) {
        if !known.iter().any(|other| other.name == scope.name) {
            store::insert(tx, &scope, position, author.now)?;
            // Roles that follow the organisation's scopes grow with them.
            tx.announce(EVERYTHING)?;
        }
    }
    Ok(())
}

/// Every scope, in the organisation's order.
///
/// # Errors
/// When the database cannot be read.
pub fn all(connection: &mut Connection) -> Result<Vec<Scope>> {
    store::all(connection)
}
