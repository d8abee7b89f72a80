//! The navigation: the sections at the top of every page, the tabs of a section with several pages,
//! and how much needs attention. Only what the viewer may open.

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::members::{Member, Permission};
use crate::domain::{alerts, api_keys, leaks, reviews};

/// A section, or a page of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub href: &'static str,
    /// The text of the link.
    pub label: &'static str,
    /// How many items need attention there; empty for none, and where they are not counted.
    pub count: String,
    /// Whether the current page is that one, or one below it.
    pub is_current: bool,
}

/// How many items need attention, by the tab that lists them.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToDo {
    keys: i64,
    alerts: i64,
    reviews: i64,
    leaks: i64,
}

/// The links on a page.
#[derive(Default)]
pub struct Navigation {
    pub sections: Vec<Link>,
    /// The pages of the current section; empty if it has only one.
    pub tabs: Vec<Link>,
    /// The name of the current section.
    pub section: &'static str,
}

struct Section {
    label: &'static str,
    permission: Permission,
    /// The first one is where the section's link leads.
    pages: &'static [SectionPage],
    /// Whether each page has a tab.
    has_tabs: bool,
}

struct SectionPage {
    href: &'static str,
    label: &'static str,
    count: Option<fn(&ToDo) -> i64>,
}

const fn page(href: &'static str, label: &'static str) -> SectionPage {
    SectionPage { href, label, count: None }
}

const fn counted(href: &'static str, label: &'static str, count: fn(&ToDo) -> i64) -> SectionPage {
    SectionPage { href, label, count: Some(count) }
}

const fn section(
    label: &'static str,
    permission: Permission,
    pages: &'static [SectionPage],
    has_tabs: bool,
) -> Section {
    Section { label, permission, pages, has_tabs }
}

const SECTIONS: [Section; 7] = [
    section("API Keys", Permission::ViewKeys, &[page("/api-keys", "")], false),
    section(
        "Needs attention",
        Permission::ViewKeys,
        &[
            counted("/attention", "Keys", |to_do| to_do.keys),
            counted("/alerts", "Alerts", |to_do| to_do.alerts),
            counted("/reviews", "Reviews", |to_do| to_do.reviews),
            counted("/leaks", "Leaks", |to_do| to_do.leaks),
        ],
        true,
    ),
    section(
        "Usage",
        Permission::ViewKeys,
        &[
            page("/usage", "Requests"),
            page("/usage/denials", "Denied requests"),
            page("/diagnosis", "Diagnosis"),
        ],
        true,
    ),
    section(
        "Access",
        Permission::ManageRoles,
        &[page("/roles", "Roles"), page("/scopes", "Scopes")],
        true,
    ),
    section("Activity", Permission::ViewActivity, &[page("/activity", "")], false),
    section("Members", Permission::ManageMembers, &[page("/members", "")], false),
    section(
        "Settings",
        Permission::ManageSettings,
        &[page("/settings", ""), page("/mail", ""), page("/webhooks", "")],
        false,
    ),
];

impl ToDo {
    /// What needs attention, as far as `member` may see it.
    pub(super) fn read(
        connection: &mut Connection,
        member: &Member,
        now: Timestamp,
    ) -> Result<Self> {
        if !member.may(Permission::ViewKeys) {
            return Ok(Self::default());
        }
        Ok(Self {
            keys: api_keys::count_needing_attention(connection, now)?,
            alerts: alerts::count_open(connection, now)?,
            reviews: i64::from(reviews::is_due(connection, now)?),
            leaks: leaks::count_open(connection)?,
        })
    }
}

impl Navigation {
    /// The links for `member` on the page at `path`.
    pub(super) fn new(member: &Member, path: &str, to_do: &ToDo) -> Self {
        let current = SECTIONS.iter().flat_map(|section| section.pages).map(|page| page.href);
        // The longest path counts: `/usage/denials` is a page of its own beside `/usage`.
        let current = current.filter(|href| is_at_or_below(path, href)).max_by_key(|it| it.len());
        let is_current = |page: &SectionPage| current == Some(page.href);
        let may_open = SECTIONS.iter().filter(|section| member.may(section.permission));
        let mut navigation = Self::default();
        for section in may_open {
            let is_section = section.pages.iter().any(is_current);
            navigation.sections.push(section.link(to_do, is_section));
            if is_section && section.has_tabs {
                navigation.section = section.label;
                navigation.tabs =
                    section.pages.iter().map(|page| page.link(to_do, is_current(page))).collect();
            }
        }
        navigation
    }
}

/// The first page of the navigation that `member` may open.
pub(super) fn first_page(member: &Member) -> Option<&'static str> {
    let section = SECTIONS.iter().find(|section| member.may(section.permission))?;
    section.pages.first().map(|page| page.href)
}

impl Section {
    fn link(&self, to_do: &ToDo, is_current: bool) -> Link {
        let counts = self.pages.iter().filter_map(|page| Some(page.count?(to_do)));
        let count = count_text(counts.sum());
        let href = self.pages.first().map_or("/", |page| page.href);
        Link { href, label: self.label, count, is_current }
    }
}

impl SectionPage {
    fn link(&self, to_do: &ToDo, is_current: bool) -> Link {
        let count = self.count.map_or(0, |count| count(to_do));
        Link { href: self.href, label: self.label, count: count_text(count), is_current }
    }
}

fn count_text(count: i64) -> String {
    if count == 0 { String::new() } else { api_keys::count_text(count) }
}

fn is_at_or_below(path: &str, href: &str) -> bool {
    path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
