//! Which keys gain access when a scope is added, because their built-in role includes it. Scopes
//! are added through this module, so that a key never gains access without a warning.

use sha2::{Digest as _, Sha256};

use super::holders::CONFIRMED;
use super::store::{self, KeyFilter};
use super::{MAX_COUNTED, count_text};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::hex;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::roles::{self, Role};
use crate::domain::scopes::{self, Draft, Scope};

/// The keys that gain access when a scope is added.
#[derive(Clone, Debug)]
pub struct Gains {
    /// Each built-in role, and the number of keys that have all of its scopes, at most
    /// [`MAX_COUNTED`] + 1.
    roles: Vec<(Role, i64)>,
}

impl Gains {
    /// The keys that gain access if a scope is added at `now`.
    pub fn load(connection: &mut Connection, now: Timestamp) -> Result<Self> {
        let mut built_in = Vec::new();
        for role in roles::all(connection)?.into_iter().filter(Role::is_built_in) {
            let unexpired = KeyFilter::UnexpiredWithAll(now);
            let count = store::of_role(connection, &role.id, unexpired, MAX_COUNTED + 1)?;
            built_in.push((role, count));
        }
        Ok(Self { roles: built_in })
    }

    /// The number of keys that gain `scope`.
    pub fn count(&self, scope: &Scope) -> i64 {
        self.gaining(scope).map(|(_, count)| count).sum()
    }

    /// The roles whose keys gain one of `scopes`.
    pub fn roles<'a>(&'a self, scopes: &'a [Scope]) -> impl Iterator<Item = &'a Role> {
        let is_gaining = |(role, count): &&(Role, i64)| {
            *count > 0 && scopes.iter().any(|scope| role.coverage.covers(scope))
        };
        self.roles.iter().filter(is_gaining).map(|(role, _)| role)
    }

    fn gaining(&self, scope: &Scope) -> impl Iterator<Item = &(Role, i64)> {
        self.roles.iter().filter(|(role, _)| role.coverage.covers(scope))
    }

    /// Distinguishes these numbers of keys from all others that are shown differently.
    pub fn fingerprint(&self) -> String {
        let shown: Vec<_> =
            self.roles.iter().map(|(role, count)| (&role.id, count_text(*count))).collect();
        hex(&Sha256::digest(format!("{shown:?}")))
    }

    /// Fails if keys gain one of the `added` scopes and the form did not show how many:
    /// `confirmed` is the fingerprint of the numbers that it showed.
    fn check(&self, added: &[Scope], confirmed: &str) -> Result<()> {
        let is_gained = added.iter().any(|scope| self.count(scope) > 0);
        if is_gained && self.fingerprint() != confirmed {
            let message = "Keys gain access immediately. Check how many, then add again";
            return Err(Error::invalid(CONFIRMED, message));
        }
        Ok(())
    }
}

/// Adds the drafted scope. If keys gain it, the author must have confirmed it: `confirmed` is the
/// fingerprint of the numbers that were shown.
///
/// # Errors
/// The errors of [`scopes::create`], and [`Error::Invalid`] for [`CONFIRMED`] if other numbers of
/// keys were shown.
pub fn add_scope(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    confirmed: &str,
    context: &Context,
) -> Result<(Scope, Gains)> {
    let scope = scopes::create(tx, draft, context)?;
    let gains = Gains::load(tx, context.now)?;
    gains.check(std::slice::from_ref(&scope), confirmed)?;
    Ok((scope, gains))
}

/// Adds the scopes of `chosen` that are missing, and returns those that were added. If keys gain
/// them, the author must have confirmed it, as in [`add_scope`].
///
/// # Errors
/// The errors of [`scopes::import`], and [`Error::Invalid`] for [`CONFIRMED`] if other numbers of
/// keys were shown.
pub fn import_scopes(
    tx: &mut Transaction<'_>,
    chosen: Vec<Scope>,
    confirmed: &str,
    context: &Context,
) -> Result<(Vec<Scope>, Gains)> {
    let added = scopes::import(tx, chosen, context)?;
    let gains = Gains::load(tx, context.now)?;
    gains.check(&added, confirmed)?;
    Ok((added, gains))
}
