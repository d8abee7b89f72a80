//! Which keys have a role or a scope, and what they would lose: roles and scopes are changed
//! through here, so that nothing is taken from keys unseen.
//!
//! Counts stop at [`COUNTED`] and one more. Revoked keys count nowhere but where it is said.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::store::{self, Which};
use super::{ApiKey, COUNTED, count_text};
use crate::base::error::{Error, Result};
use crate::base::keyring::hex;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Author;
use crate::domain::roles::{self, Draft, Role};
use crate::domain::scopes::{self, Scope};

/// How many keys are named.
pub const NAMED: usize = 10;

/// How many keys have a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleKeys {
    pub live: i64,
    /// Revoked; asked only when no other key has the role.
    pub revoked: i64,
}

/// How many keys have each role, by its id.
pub fn of_roles(connection: &mut Connection, roles: &[Role]) -> Result<BTreeMap<String, RoleKeys>> {
    let mut counts = BTreeMap::new();
    for role in roles {
        let live = store::of_role(connection, &role.id, Which::Live, COUNTED + 1)?;
        let revoked = match live {
            0 => store::of_role(connection, &role.id, Which::Revoked, COUNTED + 1)?,
            _ => 0,
        };
        counts.insert(role.id.clone(), RoleKeys { live, revoked });
    }
    Ok(counts)
}

/// How many keys may use each scope, by its name.
pub fn of_scopes(
    connection: &mut Connection,
    scopes: &[Scope],
    roles: &[Role],
) -> Result<BTreeMap<String, i64>> {
    let mut with_all = BTreeMap::new();
    for role in roles {
        let count = store::of_role(connection, &role.id, Which::LiveWithAll, COUNTED + 1)?;
        with_all.insert(role.id.as_str(), count);
    }
    let mut counts = BTreeMap::new();
    for scope in scopes {
        let including = roles.iter().filter(|role| role.scopes.contains(&scope.name));
        let ids: Vec<&str> = including.map(|role| role.id.as_str()).collect();
        let mut count = ids.iter().filter_map(|id| with_all.get(id)).sum();
        if count <= COUNTED {
            count += store::count_selecting(connection, &scope.name, &ids, COUNTED + 1)?;
        }
        counts.insert(scope.name.clone(), count);
    }
    Ok(counts)
}

/// What keeps a scope from being removed, and what removing it would do.
#[derive(Clone, Debug, Default)]
pub struct ScopeUse {
    /// The roles of the organisation's own that name it.
    pub roles: Vec<Role>,
    /// The first keys whose own selection names it, [`NAMED`] and one more at most.
    pub keys: Vec<ApiKey>,
    /// How many keys would lose it because a built-in role gives it to them.
    pub following: i64,
    /// How many revoked keys selected it, [`COUNTED`] and one more at most; asked only when no
    /// other key did.
    pub revoked: i64,
}

impl ScopeUse {
    /// Whether it has to stay.
    pub fn is_used(&self) -> bool {
        !self.roles.is_empty() || !self.keys.is_empty()
    }
}

/// What names the scope.
pub fn scope_use(connection: &mut Connection, scope: &Scope) -> Result<ScopeUse> {
    let roles = roles::all(connection)?;
    let named = i64::try_from(NAMED + 1).unwrap_or(i64::MAX);
    let keys = store::selecting(connection, &scope.name, false, named)?;
    let revoked = match keys.len() {
        0 => store::selecting(connection, &scope.name, true, COUNTED + 1)?.len(),
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

/// Removes a scope that no role of the organisation's own and no key names; revoked keys forget it.
///
/// # Errors
/// [`Error::Invalid`] when something names it, [`Error::NotFound`] when there is no such scope of
/// the organisation's.
pub fn remove_scope(tx: &mut Transaction<'_>, name: &str, author: &Author) -> Result<()> {
    let scope = scopes::own(tx, name)?;
    if scope_use(tx, &scope)?.is_used() {
        return Err(Error::invalid("", format!("{name} is in use. Take it from these first")));
    }
    store::deselect_in_revoked(tx, name)?;
    scopes::remove(tx, name, author)
}

/// What an edit of a role takes from its keys.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    /// Each scope that keys lose, and how many.
    pub scopes: Vec<(String, i64)>,
    /// The first keys that lose something, by name; [`NAMED`] at most.
    pub keys: Vec<ApiKey>,
    /// How many lose something.
    pub count: i64,
    /// The first of them that are left with nothing.
    pub emptied: Vec<ApiKey>,
    /// How many are left with nothing.
    pub emptied_count: i64,
}

impl Loss {
    /// What tells this loss from any other that would be shown otherwise.
    pub fn fingerprint(&self) -> String {
        let ids =
            |keys: &[ApiKey]| keys.iter().map(|key| key.id.as_str().to_owned()).collect::<Vec<_>>();
        let counted = (count_text(self.count), count_text(self.emptied_count));
        let shown = (&self.scopes, ids(&self.keys), ids(&self.emptied), counted);
        hex(&Sha256::digest(format!("{shown:?}")))
    }
}

/// What keys of `role` would lose if it kept only those of its scopes that are in `kept`.
pub fn loss<'a>(
    connection: &mut Connection,
    role: &'a Role,
    kept: impl IntoIterator<Item = &'a String>,
) -> Result<Loss> {
    let kept: Vec<&str> = kept.into_iter().map(String::as_str).collect();
    let scopes = role.scopes.iter().map(String::as_str);
    let (kept, taken): (Vec<&str>, Vec<&str>) = scopes.partition(|scope| kept.contains(scope));
    let mut loss = Loss::default();
    if taken.is_empty() {
        return Ok(loss);
    }
    let with_all = store::of_role(connection, &role.id, Which::LiveWithAll, COUNTED + 1)?;
    for scope in &taken {
        let selecting = store::count_selecting(connection, scope, &[&role.id], COUNTED + 1)?;
        if with_all + selecting > 0 {
            loss.scopes.push(((*scope).to_owned(), (with_all + selecting).min(COUNTED + 1)));
        }
    }
    let named = |mut keys: Vec<ApiKey>| {
        let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        keys.truncate(NAMED);
        (keys, count)
    };
    (loss.keys, loss.count) = named(store::losing(connection, &role.id, &taken, COUNTED + 1)?);
    (loss.emptied, loss.emptied_count) =
        named(store::losing_all(connection, &role.id, &taken, &kept, COUNTED + 1)?);
    Ok(loss)
}

/// Edits a role that stood at `version`. What it takes from keys must have been seen: `confirmed` is
/// the fingerprint of the loss that was shown.
///
/// # Errors
/// As [`roles::edit`], and [`Error::Invalid`] for `confirmed` when keys lose something else.
pub fn edit_role(
    tx: &mut Transaction<'_>,
    slug: &str,
    draft: &Draft,
    version: i64,
    confirmed: &str,
    author: &Author,
) -> Result<Role> {
    let (before, after) = roles::edit(tx, slug, draft, version, author)?;
    let loss = loss(tx, &before, &after.scopes)?;
    if loss.count > 0 && loss.fingerprint() != confirmed {
        return Err(Error::invalid(CONFIRMED, "Keys lose scopes. Check which, then save again"));
    }
    Ok(after)
}

/// The field of the role's form that says which loss was seen.
pub const CONFIRMED: &str = "confirmed";

/// Deletes a role of the organisation's own that no key has, not even a revoked one, whose page
/// says what it was allowed.
///
/// # Errors
/// [`Error::Invalid`] when a key has it, [`Error::NotFound`] when there is no such role of the
/// organisation's.
pub fn delete_role(tx: &mut Transaction<'_>, slug: &str, author: &Author) -> Result<Role> {
    let role = roles::own(tx, slug)?;
    let counts = of_roles(tx, std::slice::from_ref(&role))?;
    if counts.values().any(|keys| keys.live + keys.revoked > 0) {
        return Err(Error::invalid("", format!("Keys have the role “{}”, so it stays", role.name)));
    }
    roles::delete(tx, slug, author)
}
