//! A role and the scopes that it covers.

use std::collections::BTreeSet;

use crate::base::closed_set::closed_set;
use crate::db::types::text_column;
use crate::domain::scopes::Scope;

/// A named set of scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub id: String,
    /// Used in forms and in the headers of gateways.
    pub slug: String,
    pub name: String,
    /// The role's purpose.
    pub description: String,
    /// How the role's scopes are chosen.
    pub coverage: Coverage,
    /// Its current scopes.
    pub scopes: BTreeSet<String>,
    /// Incremented by each edit, so that concurrent edits do not overwrite each other.
    pub version: i64,
}

closed_set! {
    /// How a role's scopes are chosen.
    pub enum Coverage {
        /// Every scope of the organisation's API, including future ones.
        Every = "every",
        /// Every `:read` and `:write` scope.
        ReadAndWrite = "read_and_write",
        /// Every `:read` scope.
        Read = "read",
        /// The scopes that the organisation chose.
        Chosen = "chosen",
    }
}
text_column!(Coverage);

impl Coverage {
    /// Whether a role with this coverage includes `scope` automatically.
    ///
    /// Built-in roles do not cover Latchkey's own scopes. Somebody must grant access to other keys
    /// explicitly, with a custom role; a key must not gain it because a role grows.
    pub fn covers(self, scope: &Scope) -> bool {
        if scope.built_in {
            return false;
        }
        match self {
            Self::Every => true,
            Self::ReadAndWrite => matches!(scope.operation.as_str(), "read" | "write"),
            Self::Read => scope.operation == "read",
            Self::Chosen => false,
        }
    }
}

impl Role {
    /// The position of custom roles: between "Read and write" and "Full access".
    pub(super) const CUSTOM_POSITION: i64 = 2;
    /// The id of the built-in role "Full access".
    pub const FULL_ACCESS: &str = "role_full-access";

    /// A custom role.
    pub fn custom(
        id: &str,
        slug: &str,
        name: &str,
        description: &str,
        scopes: BTreeSet<String>,
    ) -> Self {
        Self {
            id: id.into(),
            slug: slug.into(),
            name: name.into(),
            description: description.into(),
            coverage: Coverage::Chosen,
            scopes,
            version: 1,
        }
    }

    /// Whether the role is one of Latchkey's own, which follow the organisation's scopes.
    pub fn is_built_in(&self) -> bool {
        self.coverage != Coverage::Chosen
    }

    /// The built-in roles, each with its position, the smallest first.
    pub(super) fn built_in() -> [(i64, Self); 3] {
        let role = |slug: &str, name: &str, description: &str, coverage| Self {
            id: format!("role_{slug}"),
            slug: slug.into(),
            name: name.into(),
            description: description.into(),
            coverage,
            scopes: BTreeSet::new(),
            version: 1,
        };
        [
            (
                0,
                role(
                    "read-only",
                    "Read-only",
                    "Reads everything, changes nothing.",
                    Coverage::Read,
                ),
            ),
            (
                1,
                role(
                    "read-and-write",
                    "Read and write",
                    "Reads and changes everything.",
                    Coverage::ReadAndWrite,
                ),
            ),
            (
                Self::CUSTOM_POSITION + 1,
                role(
                    "full-access",
                    "Full access",
                    "Every scope of your API, also those added later.",
                    Coverage::Every,
                ),
            ),
        ]
    }

    /// Works out the scopes of a built-in role.
    pub(super) fn resolve(&mut self, all: &[Scope]) {
        if self.is_built_in() {
            self.scopes = all
                .iter()
                .filter(|scope| self.coverage.covers(scope))
                .map(|scope| scope.name.clone())
                .collect();
        }
    }
}
