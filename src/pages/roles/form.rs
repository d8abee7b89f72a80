//! The fields of a role's form, as they arrive and as they are drawn.

use serde::Deserialize;

use crate::base::error::Invalid;
use crate::domain::roles::{Draft, Role};
use crate::domain::scopes::{Matrix, Scope};

/// The fields. One that is missing is empty; unknown ones are passed over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub name: String,
    /// Only for a new role.
    pub slug: String,
    pub description: String,
    pub scopes: Vec<String>,
    /// The version that an edit started from.
    pub version: String,
    /// The fingerprint of the loss that was shown.
    pub confirmed: String,
}

impl Fields {
    pub(super) fn draft(&self) -> Draft {
        let Self { name, slug, description, scopes, .. } = self.clone();
        Draft { name, slug, description, scopes }
    }

    /// A role's own values, for its edit form.
    pub(super) fn of(role: &Role) -> Self {
        Self {
            name: role.name.clone(),
            description: role.description.clone(),
            scopes: role.scopes.iter().cloned().collect(),
            version: role.version.to_string(),
            ..Self::default()
        }
    }

    /// A role's scopes for a new role like it, which needs a name of its own.
    pub(super) fn copied(role: &Role) -> Self {
        let scopes = role.scopes.iter().cloned().collect();
        Self { scopes, description: role.description.clone(), ..Self::default() }
    }
}

/// A form as templates draw it.
pub(super) struct FormView {
    pub fields: Fields,
    pub errors: Invalid,
    pub matrix: Matrix,
}

impl FormView {
    pub(super) fn new(fields: Fields, errors: Invalid, scopes: &[Scope]) -> Self {
        let matrix = Matrix::new(scopes, &fields.scopes.iter().cloned().collect());
        Self { fields, errors, matrix }
    }
}
