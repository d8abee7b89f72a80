//! The links at the top of every page: only to what the viewer may open.

use crate::members::{Member, Permission};

/// A link at the top of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub href: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Whether the page is that one, or one below it.
    pub is_current: bool,
}

const PAGES: &[(&str, &str, Permission)] = &[
    ("/api-keys", "API Keys", Permission::ViewKeys),
    ("/usage", "Usage", Permission::ViewKeys),
    ("/roles", "Roles", Permission::ManageRoles),
    ("/scopes", "Scopes", Permission::ManageRoles),
    ("/activity", "Activity", Permission::ViewActivity),
    ("/members", "Members", Permission::ManageMembers),
    ("/settings", "Settings", Permission::ManageSettings),
];

/// The links for `member` on the page at `path`.
pub(super) fn links(member: &Member, path: &str) -> Vec<Link> {
    let may_open = PAGES.iter().filter(|(.., permission)| member.may(*permission));
    may_open
        .map(|&(href, label, _)| {
            let below = path.strip_prefix(href);
            let is_current = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            Link { href, label, is_current }
        })
        .collect()
}
