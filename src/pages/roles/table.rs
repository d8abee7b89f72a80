//! The table of roles for templates, on its own page and behind dialogs.

use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::holders::{self, RoleKeys};
use crate::domain::api_keys::{MAX_COUNTED, count_text};
use crate::domain::members::Permission;
use crate::domain::roles::{self, Coverage, Role};
use crate::domain::scopes::{self, Scope};
use crate::pages::Viewer;
use crate::web::flash::Notice;

/// The maximum number of scopes in a row.
const CHIPS: usize = 40;

pub(super) struct Table {
    pub notice: Option<Notice>,
    /// If set, only roles with this scope are shown.
    pub scope: Option<String>,
    /// Whether the organisation has custom roles.
    pub has_own: bool,
    pub rows: Vec<Row>,
}

pub(super) struct Row {
    pub slug: String,
    pub name: String,
    pub description: String,
    pub is_built_in: bool,
    pub chips: Vec<String>,
    /// The number of scopes that are not shown as chips.
    pub more: usize,
    /// `3 keys`; empty for none.
    pub keys: String,
    /// `2 revoked`; empty for none.
    pub revoked: String,
    pub links_keys: bool,
    pub may_delete: bool,
}

impl Table {
    /// All roles, or those that include `scope`.
    pub(super) fn load(
        connection: &mut Connection,
        viewer: &Viewer,
        scope: Option<String>,
    ) -> Result<Self> {
        let links_keys = viewer.may(Permission::ViewKeys);
        let (roles, scopes) = (roles::all(connection)?, scopes::all(connection)?);
        let keys = holders::of_roles(connection, &roles)?;
        let has_own = roles.iter().any(|role| !role.is_built_in());
        let shown = roles
            .into_iter()
            .filter(|role| scope.as_ref().is_none_or(|scope| role.scopes.contains(scope)));
        let rows = shown.map(|role| {
            let keys = keys.get(&role.id).copied().unwrap_or_default();
            row(role, keys, &scopes, links_keys)
        });
        Ok(Self { notice: None, rows: rows.collect(), has_own, scope })
    }

    /// The role with this slug, and its row.
    pub(super) fn role(
        connection: &mut Connection,
        viewer: &Viewer,
        slug: &str,
    ) -> Result<Option<(Role, Row)>> {
        let mut roles = roles::all(connection)?;
        roles.retain(|role| role.slug == slug);
        let counts = holders::of_roles(connection, &roles)?;
        let Some(role) = roles.pop() else { return Ok(None) };
        let keys = counts.get(&role.id).copied().unwrap_or_default();
        let row = row(role.clone(), keys, &[], viewer.may(Permission::ViewKeys));
        Ok(Some((role, row)))
    }
}

fn row(role: Role, keys: RoleKeys, scopes: &[Scope], links_keys: bool) -> Row {
    let is_built_in = role.is_built_in();
    let mut chips: Vec<String> = if role.coverage == Coverage::Every {
        vec![format!("All {} scopes", role.scopes.len())]
    } else {
        let names = scopes.iter().map(|scope| &scope.name);
        names.filter(|name| role.scopes.contains(*name)).cloned().collect()
    };
    let more = chips.len().saturating_sub(CHIPS);
    chips.truncate(CHIPS);
    let text = |count, noun| {
        if count == 0 { String::new() } else { format!("{} {noun}", count_text(count)) }
    };
    Row {
        slug: role.slug,
        name: role.name,
        description: role.description,
        is_built_in,
        chips,
        more,
        keys: text(keys.live, if keys.live == 1 { "key" } else { "keys" }),
        revoked: text(keys.revoked, "revoked"),
        links_keys,
        may_delete: !is_built_in && keys == RoleKeys::default(),
    }
}

/// `1 key loses`, `1,000+ keys lose`.
pub(super) fn key_count_text(count: i64, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 key {one}"),
        count => format!("{} keys {many}", count_text(count.min(MAX_COUNTED + 1))),
    }
}
