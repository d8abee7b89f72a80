//! Which keys have a role or a scope, and what they would lose. Roles are changed and scopes removed
//! through this module, so that a change never takes scopes from keys without a warning. Scopes are
//! added through [`super::gains`].
//!
//! Counts stop at [`MAX_COUNTED`] + 1. Revoked keys are not counted unless stated.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::store::{self, KeyFilter};
use super::{ApiKey, MAX_COUNTED, count_text};
use crate::base::error::{Error, Result};
use crate::base::keyring::hex;
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::roles::{self, Draft, Role};
use crate::domain::scopes::{self, Scope};

/// How many keys are listed.
pub const NAMED: usize = 10;

/// The number of keys that have a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleKeys {
    pub live: i64,
    /// The number of revoked keys; only counted if no other key has the role.
    pub revoked: i64,
}

/// The number of keys that have each role, by the role's id.
pub fn of_roles(connection: &mut Connection, roles: &[Role]) -> Result<BTreeMap<String, RoleKeys>> {
    let mut counts = BTreeMap::new();
    for role in roles {
        let live = store::of_role(connection, &role.id, KeyFilter::Live, MAX_COUNTED + 1)?;
        let revoked = match live {
            0 => store::of_role(connection, &role.id, KeyFilter::Revoked, MAX_COUNTED + 1)?,
            _ => 0,
        };
        counts.insert(role.id.clone(), RoleKeys { live, revoked });
    }
    Ok(counts)
}

/// The number of keys that may use each scope, by the scope's name.
pub fn of_scopes(
    connection: &mut Connection,
    scopes: &[Scope],
    roles: &[Role],
) -> Result<BTreeMap<String, i64>> {
    let mut with_all = BTreeMap::new();
    for role in roles {
        let count = store::of_role(connection, &role.id, KeyFilter::LiveWithAll, MAX_COUNTED + 1)?;
        with_all.insert(role.id.as_str(), count);
    }
    let mut counts = BTreeMap::new();
    for scope in scopes {
        let including = roles.iter().filter(|role| role.scopes.contains(&scope.name));
        let ids: Vec<&str> = including.map(|role| role.id.as_str()).collect();
        let mut count = ids.iter().filter_map(|id| with_all.get(id)).sum();
        if count <= MAX_COUNTED {
            count += store::count_selecting(connection, &scope.name, &ids, MAX_COUNTED + 1)?;
        }
        counts.insert(scope.name.clone(), count);
    }
    Ok(counts)
}

/// The scopes that keys selected which are not revoked.
pub fn selected_scopes(connection: &mut Connection) -> Result<BTreeSet<String>> {
    Ok(store::selected_scopes(connection)?.into_iter().collect())
}

/// Why a scope cannot be removed, and what its removal would change.
#[derive(Clone, Debug, Default)]
pub struct ScopeUse {
    /// The organisation's own roles that include the scope.
    pub roles: Vec<Role>,
    /// The first keys that selected the scope, at most [`NAMED`] + 1.
    pub keys: Vec<ApiKey>,
    /// The number of keys that would lose the scope because a built-in role includes it.
    pub following: i64,
    /// The number of revoked keys that selected the scope, at most [`MAX_COUNTED`] + 1; only counted
    /// if no other key selected it.
    pub revoked: i64,
}

impl ScopeUse {
    /// Whether the scope is in use and cannot be removed.
    pub fn is_used(&self) -> bool {
        !self.roles.is_empty() || !self.keys.is_empty()
    }
}

/// The roles and keys that use the scope.
pub fn scope_use(connection: &mut Connection, scope: &Scope) -> Result<ScopeUse> {
    let roles = roles::all(connection)?;
    let limit = i64::try_from(NAMED + 1).unwrap_or(i64::MAX);
    let keys = store::selecting(connection, &scope.name, false, limit)?;
    let revoked = match keys.len() {
        0 => store::selecting(connection, &scope.name, true, MAX_COUNTED + 1)?.len(),
        _ => 0,
    };
    let counts = of_scopes(connection, std::slice::from_ref(scope), &roles)?;
    let including = roles.into_iter().filter(|role| role.scopes.contains(&scope.name));
    Ok(ScopeUse {
        roles: including.filter(|role| !role.is_built_in()).collect(),
        keys,
        following: counts.into_values().sum(),
        revoked: i64::try_from(revoked).unwrap_or(i64::MAX),
    })
}

/// Removes a scope that none of the organisation's own roles and no key uses. Removes it from the
/// selections of revoked keys.
///
/// # Errors
/// [`Error::Invalid`] if the scope is in use, [`Error::NotFound`] if the organisation has no such
/// scope of its own.
pub fn remove_scope(tx: &mut Transaction<'_>, name: &str, context: &Context) -> Result<()> {
    let scope = scopes::own(tx, name)?;
    if scope_use(tx, &scope)?.is_used() {
        return Err(Error::invalid(
            "",
            format!("{name} is in use. Remove it from these roles and keys first"),
        ));
    }
    store::deselect_in_revoked(tx, name)?;
    scopes::remove(tx, name, context)
}

/// The scopes that an edit of a role takes from its keys.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    /// Each scope that keys lose, and how many keys lose it.
    pub scopes: Vec<(String, i64)>,
    /// The first keys that lose a scope, by name, at most [`NAMED`].
    pub keys: Vec<ApiKey>,
    /// The number of keys that lose a scope.
    pub count: i64,
    /// The first keys that are left without any scope, at most [`NAMED`].
    pub emptied: Vec<ApiKey>,
    /// The number of keys that are left without any scope.
    pub emptied_count: i64,
}

impl Loss {
    /// Distinguishes this loss from every other loss that is shown differently.
    pub fn fingerprint(&self) -> String {
        let ids =
            |keys: &[ApiKey]| keys.iter().map(|key| key.id.as_str().to_owned()).collect::<Vec<_>>();
        let counted = (count_text(self.count), count_text(self.emptied_count));
        let shown = (&self.scopes, ids(&self.keys), ids(&self.emptied), counted);
        hex(&Sha256::digest(format!("{shown:?}")))
    }
}

/// What the keys of `role` would lose if the role kept only those of its scopes that are in `kept`.
pub fn loss<'a>(
    connection: &mut Connection,
    role: &'a Role,
    kept: impl IntoIterator<Item = &'a String>,
) -> Result<Loss> {
    let kept: Vec<&str> = kept.into_iter().map(String::as_str).collect();
    let scopes = role.scopes.iter().map(String::as_str);
    let (kept, removed): (Vec<&str>, Vec<&str>) = scopes.partition(|scope| kept.contains(scope));
    let mut loss = Loss::default();
    if removed.is_empty() {
        return Ok(loss);
    }
    let with_all = store::of_role(connection, &role.id, KeyFilter::LiveWithAll, MAX_COUNTED + 1)?;
    for scope in &removed {
        let selecting = store::count_selecting(connection, scope, &[&role.id], MAX_COUNTED + 1)?;
        if with_all + selecting > 0 {
            loss.scopes.push(((*scope).to_owned(), (with_all + selecting).min(MAX_COUNTED + 1)));
        }
    }
    let first_and_count = |mut keys: Vec<ApiKey>| {
        let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        keys.truncate(NAMED);
        (keys, count)
    };
    (loss.keys, loss.count) =
        first_and_count(store::losing(connection, &role.id, &removed, MAX_COUNTED + 1)?);
    (loss.emptied, loss.emptied_count) =
        first_and_count(store::losing_all(connection, &role.id, &removed, &kept, MAX_COUNTED + 1)?);
    Ok(loss)
}

/// Edits version `version` of a role. If keys lose scopes, the author must have confirmed it:
/// `confirmed` is the fingerprint of the loss that was shown.
///
/// # Errors
/// The errors of [`roles::edit`], and [`Error::Invalid`] for `confirmed` if keys lose other scopes
/// than the ones that were shown.
pub fn edit_role(
    tx: &mut Transaction<'_>,
    slug: &str,
    draft: &Draft,
    version: i64,
    confirmed: &str,
    context: &Context,
) -> Result<Role> {
    let (before, after) = roles::edit(tx, slug, draft, version, context)?;
    let loss = loss(tx, &before, &after.scopes)?;
    if loss.count > 0 && loss.fingerprint() != confirmed {
        return Err(Error::invalid(CONFIRMED, "Keys lose scopes. Check which, then save again"));
    }
    Ok(after)
}

/// The field of the role's form with the fingerprint of the loss that was shown.
pub const CONFIRMED: &str = "confirmed";

/// Deletes one of the organisation's own roles that no key has. A revoked key also counts, because
/// its page shows what it was allowed to do.
///
/// # Errors
/// [`Error::Invalid`] if a key has the role, [`Error::NotFound`] if the organisation has no such
/// role of its own.
pub fn delete_role(tx: &mut Transaction<'_>, slug: &str, context: &Context) -> Result<Role> {
    let role = roles::own(tx, slug)?;
    let counts = of_roles(tx, std::slice::from_ref(&role))?;
    if counts.values().any(|keys| keys.live + keys.revoked > 0) {
        return Err(Error::invalid(
            "",
            format!("Keys have the role {}, so it stays", text::quoted(&role.name)),
        ));
    }
    roles::delete(tx, slug, context)
}
