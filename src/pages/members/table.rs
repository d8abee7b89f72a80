//! The table of members, also shown behind every dialog.

use std::collections::BTreeSet;

use super::words::{Badge, permissions};
use serde::{Deserialize, Serialize};

use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::members::{self, Access, Member, Permission, State, ways_in};
use crate::pages::Viewer;
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::query;
use crate::web::time_view::TimeView;

pub(super) struct Table {
    /// Only on the page itself: behind a dialog, the notice is kept for later.
    pub notice: Option<Notice>,
    /// The search text.
    pub search: String,
    /// The views, while single sign-on is enforced.
    pub tabs: Vec<Tab>,
    /// Whether only members are listed who have not signed in for long.
    pub is_not_seen: bool,
    /// Whether there are more members than one page shows.
    pub is_long: bool,
    pub rows: Vec<Row>,
    pub pager: Pager,
}

/// The filters of the table.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filters {
    #[serde(rename = "q", deserialize_with = "query::search")]
    search: String,
    /// The name of a view; empty for all members.
    view: String,
}

/// A view of the table.
pub(super) struct Tab {
    pub label: &'static str,
    pub href: &'static str,
    pub count: usize,
    pub is_current: bool,
}

/// The view of the members who have not signed in for long. It exists while single sign-on is
/// enforced: the provider then knows who has left, and such accounts may be theirs.
const NOT_SEEN: &str = "not-seen";

pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub is_viewer: bool,
    pub email: String,
    pub role: &'static str,
    pub permissions: String,
    pub last_signed_in: Option<TimeView>,
    pub badge: Badge,
    pub has_two_step: bool,
    pub actions: Vec<Action>,
}

/// An action on a member: the last part of its path, and its label.
pub(super) struct Action {
    pub path: &'static str,
    pub label: &'static str,
    pub is_danger: bool,
}

impl Table {
    /// The table with default filters.
    pub(super) fn load(connection: &mut Connection, viewer: &Viewer) -> Result<Self> {
        Self::page(connection, viewer, ListQuery::default())
    }

    pub(super) fn page(
        connection: &mut Connection,
        viewer: &Viewer,
        list: ListQuery<Filters>,
    ) -> Result<Self> {
        let is_enforced = ways_in::passwords_are_off(connection)?;
        let not_seen =
            if is_enforced { members::not_seen(connection, viewer.now)? } else { BTreeSet::new() };
        let is_not_seen = is_enforced && list.filters.view == NOT_SEEN;
        let among = is_not_seen.then_some(&not_seen);
        let search = &list.filters.search;
        let members = members::page(connection, search, among, list.cursor.as_ref())?;
        let tab = |label, href, count, is_current| Tab { label, href, count, is_current };
        let tabs = if is_enforced {
            let all = members::count(connection)?;
            vec![
                tab("All", "/members", all, !is_not_seen),
                tab("Not seen", "/members?view=not-seen", not_seen.len(), is_not_seen),
            ]
        } else {
            Vec::new()
        };
        Ok(Self {
            notice: None,
            tabs,
            is_not_seen,
            is_long: members.before.is_some() || members.after.is_some(),
            rows: members.rows.iter().map(|member| Row::new(member, viewer)).collect(),
            pager: list.pager("/members", &members),
            search: list.filters.search,
        })
    }
}

impl Row {
    fn new(member: &Member, viewer: &Viewer) -> Self {
        Self {
            id: member.id.as_str().into(),
            name: member.name.as_str().into(),
            is_viewer: member.id == viewer.member.id,
            email: member.email.as_str().into(),
            role: Access::of(member).role(),
            permissions: permissions(member),
            last_signed_in: member.last_signed_in_at.map(|at| TimeView::ago(at, viewer.now)),
            badge: Badge::new(member, viewer.now),
            has_two_step: member.two_step_since.is_some(),
            actions: actions(member, &viewer.member),
        }
    }
}

/// The actions on the member for a viewer. Granting access, and containing, need all permissions of
/// the member.
fn actions(member: &Member, viewer: &Member) -> Vec<Action> {
    let action = |path, label| Some(Action { path, label, is_danger: false });
    let danger = |path, label| Some(Action { path, label, is_danger: true });
    let is_within = member.held().without(viewer.held()).is_empty();
    let is_containable = is_within && member.id != viewer.id;
    let edit = action("edit", "Edit");
    let actions = match member.state {
        State::Active => [
            edit,
            action("disable", "Disable"),
            danger("contain", "Contain").filter(|_| is_containable),
            danger("delete", "Remove"),
        ],
        State::Disabled(_) => [
            edit,
            action("keys", "Check Keys").filter(|_| viewer.may(Permission::ViewKeys)),
            action("enable", "Enable").filter(|_| is_within),
            danger("delete", "Remove"),
        ],
        State::Invited(_) => [
            edit,
            action("invite", "New Link").filter(|_| is_within),
            danger("withdraw", "Withdraw"),
            None,
        ],
    };
    actions.into_iter().flatten().collect()
}
