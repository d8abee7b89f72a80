//! A key as it stands now, and what was refused of it.

use std::collections::BTreeSet;

use super::{Again, Cause, Lack};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{self, Details, KeyId};
use crate::domain::members::{self, MemberId};
use crate::domain::scopes;
use crate::domain::usage::denials::Alike;
use crate::domain::verification::Record;

/// A key as it stands now.
#[derive(Clone, Debug)]
pub struct KeyNow {
    /// The key and all that belongs to it.
    pub details: Details,
    /// The name of the member who revoked it.
    pub revoked_by: Option<String>,
    /// The names of all scopes that the organisation offers.
    pub offered: BTreeSet<String>,
}

/// A key and its refusals, those of a kind together.
#[derive(Debug)]
pub struct OfKey {
    pub key: KeyNow,
    /// The kinds, the latest first.
    pub kinds: Vec<Kind>,
    /// How many kinds there are besides.
    pub more: usize,
}

/// Refusals of a kind.
#[derive(Debug)]
pub struct Kind {
    /// The last one, and how many there were.
    pub alike: Alike,
    pub cause: Cause,
    /// What would become of the last one now.
    pub again: Again,
}

impl KeyNow {
    /// The key with this id; none when there is no such key.
    pub fn find(connection: &mut Connection, id: &KeyId) -> Result<Option<Self>> {
        let Some(details) = api_keys::find(connection, id)? else { return Ok(None) };
        let revoked_by = match api_keys::revoked_by(connection, id)? {
            Some(id) => members::find(connection, &MemberId::stored(id))?,
            None => None,
        };
        Ok(Some(Self {
            details,
            revoked_by: revoked_by.map(|member| member.name.as_str().to_owned()),
            offered: scopes::all(connection)?.into_iter().map(|scope| scope.name).collect(),
        }))
    }

    /// How the key stands to a scope that it once lacked.
    pub fn lack(&self, scope: &str) -> Lack {
        if self.details.effective_scopes().contains(scope) {
            Lack::Over
        } else if self.details.role.scopes.contains(scope) {
            Lack::NotTicked
        } else if self.offered.contains(scope) {
            Lack::NotInRole
        } else {
            Lack::NoSuchScope
        }
    }
}

impl OfKey {
    /// How many kinds are told apart.
    pub(super) const MOST: usize = 10;
}

impl Kind {
    /// What to say of `alike`; `record` is about the secret key that the last of them bore.
    pub fn new(alike: Alike, key: &KeyNow, record: Option<&Record>, now: Timestamp) -> Self {
        let cause = Cause::of(&alike.latest, Some(key));
        let again = record.map_or(Again::Alike, |record| Again::of(&alike.latest, record, now));
        Self { alike, cause, again }
    }
}
