//! The fields of a role's form.

use serde::Deserialize;

use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::roles::{Draft, Role};
use crate::domain::scopes::{self, Matrix};

/// The fields. One that is missing is empty; unknown ones are passed over.
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
    /// The slug of the role to begin with, which only an address can say.
    #[serde(skip)]
    pub like: Option<String>,
}

impl Fields {
    pub(super) fn draft(&self) -> Draft {
        let Self { name, slug, description, scopes, .. } = self.clone();
        Draft { name, slug, description, scopes }
    }

    /// A role's own values, for its edit form.
    pub(super) fn of(role: &Role) -> Self {
        Self { name: role.name.clone(), ..Self::copied(role) }
    }

    /// A role's scopes for a new role like it, which needs a name of its own.
    pub(super) fn copied(role: &Role) -> Self {
        let scopes = role.scopes.iter().cloned().collect();
        Self { scopes, description: role.description.clone(), ..Self::default() }
    }

    /// Every scope, to tick.
    pub(super) fn matrix(&self, connection: &mut Connection) -> Result<Matrix> {
        let ticked = self.scopes.iter().cloned().collect();
        Ok(Matrix::new(&scopes::all(connection)?, &ticked))
    }
}
