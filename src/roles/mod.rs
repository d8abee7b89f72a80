//! Named sets of scopes: the most that a key of the role may do.
//!
//! Uses scopes; knows no keys.

mod role;
mod store;

pub use role::{Coverage, Role};

use crate::clock::Timestamp;
use crate::db::{Connection, Transaction};
use crate::error::Result;
use crate::scopes;

/// Adds the built-in roles that are not there yet.
///
/// # Errors
/// When the database cannot be written.
pub fn add_built_in(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    let known = store::all(tx)?;
    for (position, role) in Role::built_in() {
        if !known.iter().any(|other| other.id == role.id) {
            store::insert(tx, &role, position, now)?;
        }
    }
    Ok(())
}

/// Adds a role of the organisation's own.
///
/// # Errors
/// When the database cannot be written.
pub fn add(tx: &mut Transaction<'_>, role: &Role, now: Timestamp) -> Result<()> {
    store::insert(tx, role, Role::CUSTOM_POSITION, now)
}

/// Every role with its scopes as they stand, the smallest built-in one first.
///
/// # Errors
/// When the database cannot be read.
pub fn all(connection: &mut Connection) -> Result<Vec<Role>> {
    let scopes = scopes::all(connection)?;
    let mut roles = store::all(connection)?;
    for role in &mut roles {
        role.resolve(&scopes);
    }
    Ok(roles)
}
