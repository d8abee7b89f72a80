//! The fields of a role's form.

use serde::Deserialize;

use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::roles::{Draft, Role};
use crate::domain::scopes::{self, Matrix};

/// The fields. A missing field is empty; unknown ones are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub name: String,
    /// Only for a new role.
    pub slug: String,
    pub description: String,
    pub scopes: Vec<String>,
    /// The fingerprint of the loss that was shown.
    pub confirmed: String,
    /// The slug of the role to copy, which only a URL can set.
    #[serde(skip)]
    pub like: Option<String>,
}

impl Fields {
    pub(super) fn draft(&self) -> Draft {
        let Self { name, slug, description, scopes, .. } = self.clone();
        Draft { name, slug, description, scopes }
    }

    /// A role's stored values, for its edit form.
    pub(super) fn of(role: &Role) -> Self {
        Self { name: role.name.clone(), ..Self::copied(role) }
    }

    /// A role's scopes for a copy of it, which needs its own name.
    pub(super) fn copied(role: &Role) -> Self {
        let scopes = role.scopes.iter().cloned().collect();
        Self { scopes, description: role.description.clone(), ..Self::default() }
    }

    /// Every scope as a checkbox.
    pub(super) fn matrix(&self, connection: &mut Connection) -> Result<Matrix> {
        let ticked = self.scopes.iter().cloned().collect();
        Ok(Matrix::new(&scopes::all(connection)?, &ticked))
    }
}
