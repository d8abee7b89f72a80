//! Scopes: what the organisation's API offers, as one operation on one resource each.
//!
//! Uses activity; does not depend on roles or keys.

mod draft;
mod matrix;
pub mod openapi;
mod resources;
mod scope;
mod store;

pub use draft::Draft;
pub use matrix::{Cell, Matrix, MatrixRow};
pub use resources::{ByResource, by_resource, capitalised};
pub use scope::{Resource, is_scope};
pub use store::Scope;

use crate::base::error::{Error, Invalid, Result};
use crate::base::text::TypedText;
use crate::db::{Connection, EVERYTHING, Transaction};
use crate::domain::activity::{self, Change, Context, Entry, Event, Subject};

/// The built-in scope that a service needs to introspect keys.
pub const INTROSPECT: &str = "latchkey:introspect";
/// The maximum number of scopes, including the built-in one, because one page shows them all.
pub const MAX_SCOPES: usize = 500;

/// Adds `resource:read` and `resource:write` for each resource where they are missing, and the
/// built-in scope.
pub fn add_resources(
    tx: &mut Transaction<'_>,
    resources: &[Resource],
    context: &Context,
) -> Result<()> {
    let offered =
        resources.iter().flat_map(|resource| [resource.scope("read"), resource.scope("write")]);
    add(tx, offered, context)
}

/// Adds the scopes that are missing, and the built-in one.
pub fn add(
    tx: &mut Transaction<'_>,
    offered: impl IntoIterator<Item = Scope>,
    context: &Context,
) -> Result<()> {
    let known = all(tx)?;
    let mut new: Vec<Scope> = Vec::new();
    for scope in offered.into_iter().chain([Scope::introspect()]) {
        if !known.iter().chain(&new).any(|other| other.name == scope.name) {
            new.push(scope);
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let position = store::next_position(tx)?;
    store::insert(tx, &new, position, context.now)?;
    // Roles that follow the organisation's scopes gain the new ones.
    tx.announce(EVERYTHING)
}

/// Adds the drafted scope.
///
/// # Errors
/// [`Error::Invalid`] when the draft breaks rules, the scope already exists, or there are too many
/// scopes.
pub fn create(tx: &mut Transaction<'_>, draft: &Draft, context: &Context) -> Result<Scope> {
    let known = all(tx)?;
    let mut invalid = Invalid::default();
    check_room(&known, 1, "", &mut invalid);
    if let Some(name) = draft.name()
        && known.iter().any(|other| other.name == name)
    {
        invalid.add("operation", format!("There is a scope {name} already"));
    }
    let scope = invalid.and(draft.check())?;
    add(tx, [scope.clone()], context)?;
    let changes = described("", &scope.description);
    activity::record(tx, context, &edited(Event::ScopeAdded, &scope, &changes))?;
    Ok(scope)
}

/// Adds the scopes of `chosen` that are missing, and returns those that were added.
///
/// # Errors
/// [`Error::Invalid`] when nothing is chosen or there would be too many scopes.
pub fn import(
    tx: &mut Transaction<'_>,
    chosen: Vec<Scope>,
    context: &Context,
) -> Result<Vec<Scope>> {
    if chosen.is_empty() {
        return Err(Error::invalid("scopes", "Choose at least one scope"));
    }
    let known = all(tx)?;
    let mut new: Vec<Scope> = Vec::new();
    for scope in chosen {
        if !known.iter().chain(&new).any(|other| other.name == scope.name) {
            new.push(scope);
        }
    }
    if new.is_empty() {
        return Ok(new);
    }
    let mut invalid = Invalid::default();
    check_room(&known, new.len(), "scopes", &mut invalid);
    invalid.and(Ok(()))?;
    let names: Vec<_> = new.iter().map(|scope| scope.name.as_str()).collect();
    let change = Change { field: "Scopes".into(), from: String::new(), to: names.join(", ") };
    let entry = Entry {
        event: Event::ScopesImported,
        subject: None,
        details: serde_json::json!({ "changes": [change] }),
    };
    add(tx, new.clone(), context)?;
    activity::record(tx, context, &entry)?;
    Ok(new)
}

/// Changes the description of a scope if it is still at `version`.
///
/// # Errors
/// [`Error::Conflict`] when somebody else has changed it, [`Error::Invalid`] when the text breaks
/// rules, [`Error::NotFound`] when the organisation has no such scope.
pub fn describe(
    tx: &mut Transaction<'_>,
    name: &str,
    description: &str,
    version: i64,
    context: &Context,
) -> Result<()> {
    let before = own(tx, name)?;
    if before.version != version {
        return Err(Error::Conflict);
    }
    let typed = TypedText::replacing(description, &before.description);
    let description = draft::description(typed).map_err(|m| Error::invalid("description", m))?;
    let changes = described(&before.description, &description);
    if changes.is_empty() {
        return Ok(());
    }
    let after = Scope { description, version: version + 1, ..before };
    store::describe(tx, &after)?;
    activity::record(tx, context, &edited(Event::ScopeEdited, &after, &changes))
}

/// Removes a scope that no custom role and no key refers to.
///
/// # Errors
/// [`Error::NotFound`] when the organisation has no such scope; a database error when something
/// still refers to it.
pub fn remove(tx: &mut Transaction<'_>, name: &str, context: &Context) -> Result<()> {
    let scope = own(tx, name)?;
    store::delete(tx, name)?;
    // Roles that follow the organisation's scopes lose the removed one.
    tx.announce(EVERYTHING)?;
    activity::record(tx, context, &Entry::about(Event::ScopeRemoved, subject(&scope)))
}

/// Every scope, in the organisation's order.
pub fn all(connection: &mut Connection) -> Result<Vec<Scope>> {
    store::all(connection)
}

/// The organisation's scope with this name.
///
/// # Errors
/// [`Error::NotFound`] when there is none; the built-in scope does not count.
pub fn own(connection: &mut Connection, name: &str) -> Result<Scope> {
    let mut scopes = all(connection)?.into_iter();
    scopes.find(|scope| scope.name == name && !scope.built_in).ok_or(Error::NotFound)
}

fn check_room(known: &[Scope], new: usize, field: &'static str, invalid: &mut Invalid) {
    match MAX_SCOPES.saturating_sub(known.len()) {
        room if new <= room => {}
        0 => invalid.add(field, format!("There are {MAX_SCOPES} scopes, which is the most")),
        room => invalid.add(
            field,
            format!(
                "There can be {MAX_SCOPES} scopes in all. Choose {room} or fewer of these {new}"
            ),
        ),
    }
}

fn subject(scope: &Scope) -> Subject {
    Subject { kind: "scope", id: scope.name.clone(), name: scope.name.clone() }
}

fn edited(event: Event, scope: &Scope, changes: &[Change]) -> Entry {
    let recorded = serde_json::json!({ "version": scope.version, "changes": changes });
    Entry::about(event, subject(scope)).with(recorded)
}

fn described(from: &str, to: &str) -> Vec<Change> {
    let change = Change { field: "Description".into(), from: from.into(), to: to.into() };
    if from == to { Vec::new() } else { vec![change] }
}
