//! The table of scopes for templates, on its own page and behind dialogs.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;
use crate::domain::api_keys::{count_text, holders};
use crate::domain::roles::{self, Role};
use crate::domain::scopes::{self, ByResource, Scope, by_resource, capitalised};
use crate::web::flash::Notice;

pub(super) struct Table {
    pub notice: Option<Notice>,
    pub search: String,
    /// Whether the organisation has custom scopes.
    pub has_own: bool,
    pub groups: Vec<Group>,
}

pub(super) struct Group {
    pub label: String,
    pub description: String,
    pub rows: Vec<Row>,
}

pub(super) struct Row {
    pub name: String,
    pub allows: String,
    pub is_built_in: bool,
    /// The number of roles that include it.
    pub roles: usize,
    /// The number of keys that may use it.
    pub keys: String,
    /// What keeps it from being removed, as `Used by keys`; empty if nothing does.
    pub used_by: String,
}

/// What uses scopes.
struct Uses {
    roles: Vec<Role>,
    /// The number of keys that may use each scope.
    keys: BTreeMap<String, i64>,
    /// The scopes that keys selected.
    selected: BTreeSet<String>,
}

impl Table {
    /// All scopes, or those that match `search`.
    pub(super) fn load(connection: &mut Connection, search: String) -> Result<Self> {
        let (scopes, roles) = (scopes::all(connection)?, roles::all(connection)?);
        let keys = holders::of_scopes(connection, &scopes, &roles)?;
        let uses = Uses { roles, keys, selected: holders::selected_scopes(connection)? };
        let has_own = scopes.iter().any(|scope| !scope.built_in);
        let wanted = text::fold(&search);
        let matches = |scope: &Scope| {
            scope.name.contains(&wanted) || text::fold(&scope.description).contains(&wanted)
        };
        let shown: Vec<Scope> = scopes.into_iter().filter(matches).collect();
        let groups = by_resource(&shown).iter().map(|r| group(r, &uses)).collect();
        Ok(Self { notice: None, search, has_own, groups })
    }
}

fn group(resource: &ByResource<'_>, uses: &Uses) -> Group {
    let row = |scope: &&Scope| {
        let is_shared = resource.scopes.len() > 1 && resource.description == scope.description;
        Row {
            name: scope.name.clone(),
            allows: allows(scope, is_shared),
            is_built_in: scope.built_in,
            roles: uses.including(scope).count(),
            keys: count_text(uses.keys.get(&scope.name).copied().unwrap_or_default()),
            used_by: uses.used_by(scope),
        }
    };
    let is_shared = resource.scopes.len() > 1;
    Group {
        label: resource.label(),
        description: if is_shared { resource.description.to_owned() } else { String::new() },
        rows: resource.scopes.iter().map(row).collect(),
    }
}

impl Uses {
    fn including<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Role> {
        self.roles.iter().filter(|role| role.scopes.contains(&scope.name))
    }

    /// What has to change before the scope can be removed; empty for nothing. Built-in roles and
    /// their keys follow the organisation's scopes.
    fn used_by(&self, scope: &Scope) -> String {
        let roles = self.including(scope).filter(|role| !role.is_built_in()).count();
        let by_roles = match roles {
            0 => None,
            1 => Some("1 custom role".to_owned()),
            count => Some(format!("{count} custom roles")),
        };
        let by_keys = self.selected.contains(&scope.name).then(|| "keys".to_owned());
        let by: Vec<String> = by_roles.into_iter().chain(by_keys).collect();
        if by.is_empty() { String::new() } else { format!("Used by {}", by.join(" and ")) }
    }
}

/// The description of a scope; made from its name if it has none or shares it with its resource.
fn allows(scope: &Scope, is_shared: bool) -> String {
    if scope.description.is_empty() || is_shared {
        let (operation, resource) = (capitalised(&scope.operation), &scope.resource);
        return format!("{operation} {}", resource.replace(['-', '_', '.'], " "));
    }
    capitalised(&scope.description)
}
