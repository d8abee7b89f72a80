//! Roles: named sets of scopes that limit what a key may do.
//!
//! Uses activity and scopes; does not depend on keys.

mod draft;
mod names;
mod role;
mod slug;
mod store;

pub use draft::Draft;
pub use names::{fold_names_again, with_shared_names};
pub use role::{Coverage, Role};
pub use slug::is_slug;

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Invalid, Result};
use crate::base::random;
use crate::db::{Connection, EVERYTHING, Transaction};
use crate::domain::activity::{self, Change, Context, Entry, Event, Subject};
use crate::domain::scopes;

/// The maximum number of roles, because one page shows them all.
pub const MAX_ROLES: usize = 200;

/// Adds the built-in roles that are missing.
pub fn add_built_in(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    let known = store::all(tx)?;
    for (position, role) in Role::built_in() {
        if !known.iter().any(|other| other.id == role.id) {
            store::insert(tx, &role, position, now)?;
        }
    }
    Ok(())
}

/// Updates built-in roles whose stored description differs from this version's. Every process then
/// discards its cached permissions of their keys.
pub fn update_built_in(tx: &mut Transaction<'_>, context: &Context) -> Result<()> {
    let stored = store::all(tx)?;
    for (_, role) in Role::built_in() {
        let before = stored.iter().find(|other| other.id == role.id);
        let Some(before) = before.filter(|other| other.description != role.description) else {
            continue;
        };
        let after = Role { version: before.version + 1, ..role };
        store::update(tx, &after)?;
        tx.announce(EVERYTHING)?;
        let changes = changes(Some(before), &after);
        activity::record(tx, context, &recorded(Event::RoleEdited, &after, &changes))?;
    }
    Ok(())
}

/// Adds a custom role.
pub fn add(tx: &mut Transaction<'_>, role: &Role, now: Timestamp) -> Result<()> {
    store::insert(tx, role, Role::CUSTOM_POSITION, now)
}

/// Creates the drafted role.
///
/// # Errors
/// [`Error::Invalid`] when the draft breaks rules or there are too many roles.
pub fn create(tx: &mut Transaction<'_>, draft: &Draft, context: &Context) -> Result<Role> {
    let (known, scopes) = (all(tx)?, scopes::all(tx)?);
    let mut invalid = Invalid::default();
    if known.len() >= MAX_ROLES {
        invalid.add("", format!("There are {MAX_ROLES} roles, which is the most"));
    }
    let checked = invalid.and(draft.check(&scopes, None, &known))?;
    let id = format!("role_{}", random::text(random::BASE62, 12)?);
    let role =
        Role::custom(&id, &checked.slug, &checked.name, &checked.description, checked.scopes);
    add(tx, &role, context.now)?;
    activity::record(tx, context, &recorded(Event::RoleCreated, &role, &changes(None, &role)))?;
    Ok(role)
}

/// Edits a custom role if it is still at `version`. Returns the role before and after the edit.
///
/// # Errors
/// [`Error::Conflict`] when somebody else has changed it, [`Error::Invalid`] when the draft breaks
/// rules, [`Error::NotFound`] when the custom role does not exist.
pub fn edit(
    tx: &mut Transaction<'_>,
    slug: &str,
    draft: &Draft,
    version: i64,
    context: &Context,
) -> Result<(Role, Role)> {
    let (mut others, scopes) = (all(tx)?, scopes::all(tx)?);
    let index = others.iter().position(|role| role.slug == slug && !role.is_built_in());
    let before = others.remove(index.ok_or(Error::NotFound)?);
    if before.version != version {
        return Err(Error::Conflict);
    }
    let checked = draft.check(&scopes, Some(&before), &others).map_err(Error::Invalid)?;
    let mut after = before.clone();
    (after.name, after.description, after.scopes) =
        (checked.name, checked.description, checked.scopes);
    let changes = changes(Some(&before), &after);
    if changes.is_empty() {
        return Ok((before, after));
    }
    after.version += 1;
    store::update(tx, &after)?;
    // Its keys get the new permissions from the next request on.
    tx.announce(EVERYTHING)?;
    activity::record(tx, context, &recorded(Event::RoleEdited, &after, &changes))?;
    Ok((before, after))
}

/// Deletes a custom role that no key has.
///
/// # Errors
/// [`Error::NotFound`] when the custom role does not exist; a database error when a key still has
/// the role.
pub fn delete(tx: &mut Transaction<'_>, slug: &str, context: &Context) -> Result<Role> {
    let role = own(tx, slug)?;
    store::delete(tx, &role.id)?;
    tx.announce(EVERYTHING)?;
    activity::record(tx, context, &Entry::about(Event::RoleDeleted, subject(&role)))?;
    Ok(role)
}

/// The custom role with this slug.
///
/// # Errors
/// [`Error::NotFound`] when there is none; built-in roles do not count.
pub fn own(connection: &mut Connection, slug: &str) -> Result<Role> {
    let mut roles = all(connection)?.into_iter();
    roles.find(|role| role.slug == slug && !role.is_built_in()).ok_or(Error::NotFound)
}

/// Every role with its current scopes, the smallest built-in role first.
pub fn all(connection: &mut Connection) -> Result<Vec<Role>> {
    let scopes = scopes::all(connection)?;
    let mut roles = store::all(connection)?;
    for role in &mut roles {
        role.resolve(&scopes);
    }
    Ok(roles)
}

fn subject(role: &Role) -> Subject {
    Subject { kind: "role", id: role.id.clone(), name: role.name.clone() }
}

fn recorded(event: Event, role: &Role, changes: &[Change]) -> Entry {
    let details = serde_json::json!({ "version": role.version, "changes": changes });
    Entry::about(event, subject(role)).with(details)
}

/// The changed fields, with the labels of the form. Without a role before, all fields that were
/// filled in.
fn changes(before: Option<&Role>, after: &Role) -> Vec<Change> {
    type Field = (&'static str, fn(&Role) -> String);
    const FIELDS: [Field; 3] = [
        ("Role Name", |role| role.name.clone()),
        ("Description", |role| role.description.clone()),
        ("Scopes", |role| role.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
    ];
    let change = |(field, value): &Field| Change {
        field: (*field).to_owned(),
        from: before.map(value).unwrap_or_default(),
        to: value(after),
    };
    FIELDS.iter().map(change).filter(|change| change.from != change.to).collect()
}
