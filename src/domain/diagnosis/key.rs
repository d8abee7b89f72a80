//! A key as it is now, and its denied requests.

use std::collections::BTreeSet;

use super::{Cause, MissingScope, Retry};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{self, Details, KeyId};
use crate::domain::members::{self, MemberId};
use crate::domain::scopes;
use crate::domain::usage::denials::DenialGroup;
use crate::domain::verification::Record;

/// A key as it is now.
#[derive(Clone, Debug)]
pub struct CurrentKey {
    /// The key with its role, scopes and addresses.
    pub details: Details,
    /// The name of the member who revoked it.
    pub revoked_by: Option<String>,
    /// The names of all scopes of the organisation.
    pub offered: BTreeSet<String>,
}

/// A key and its denied requests, grouped by kind.
#[derive(Debug)]
pub struct KeyDiagnosis {
    pub key: CurrentKey,
    /// The kinds, latest first.
    pub groups: Vec<DenialDiagnosis>,
    /// The number of further kinds.
    pub more: usize,
}

/// Denied requests of the same kind.
#[derive(Debug)]
pub struct DenialDiagnosis {
    /// The latest request, and the number of requests.
    pub group: DenialGroup,
    pub cause: Cause,
    /// What would happen if the latest one were sent again now.
    pub retry: Retry,
}

impl CurrentKey {
    /// The key with this id; `None` if there is no such key.
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

    /// Whether the key has `scope` now, and if not, why.
    pub fn missing_scope(&self, scope: &str) -> MissingScope {
        if self.details.effective_scopes().contains(scope) {
            MissingScope::NowGranted
        } else if self.details.role.scopes.contains(scope) {
            MissingScope::NotSelected
        } else if self.offered.contains(scope) {
            MissingScope::NotInRole
        } else {
            MissingScope::NoSuchScope
        }
    }
}

impl KeyDiagnosis {
    /// The largest number of kinds that are listed.
    pub(super) const MAX_GROUPS: usize = 10;
}

impl DenialDiagnosis {
    /// Diagnoses the denials of `group`. `record` is about the secret key of its latest request.
    pub fn new(
        group: DenialGroup,
        key: &CurrentKey,
        record: Option<&Record>,
        now: Timestamp,
    ) -> Self {
        let cause = Cause::of(&group.latest, Some(key));
        let retry =
            record.map_or(Retry::SameResult, |record| Retry::of(&group.latest, record, now));
        Self { group, cause, retry }
    }
}
