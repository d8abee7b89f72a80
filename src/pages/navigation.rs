//! The links at the top of every page: only those that the viewer may open.

use crate::domain::members::{Member, Permission};

/// A link at the top of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub href: &'static str,
    /// The text of the link.
    pub label: &'static str,
    /// Whether the current page is that one, or one below it.
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

/// Pages below a linked page by topic.
const BELOW: [(&str, &str); 5] = [
    ("/alerts", "/api-keys"),
    ("/leaks", "/api-keys"),
    ("/reviews", "/api-keys"),
    ("/mail", "/settings"),
    ("/webhooks", "/settings"),
];

/// The links for `member` on the page at `path`.
pub(super) fn links(member: &Member, path: &str) -> Vec<Link> {
    let is_below = |href: &str| {
        path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let may_open = PAGES.iter().filter(|(.., permission)| member.may(*permission));
    may_open
        .map(|&(href, label, _)| {
            let mut below = BELOW.iter().filter(|(_, above)| *above == href);
            let is_current = is_below(href) || below.any(|(page, _)| is_below(page));
            Link { href, label, is_current }
        })
        .collect()
}
