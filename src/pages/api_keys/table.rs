//! The table of keys for templates, on its own page and behind dialogs.

use super::empty::{self, EmptyState};
use super::filter_bar::FilterBar;
use super::origin::Origin;
use super::query::{Filters, PATH};
use super::words::{BadgeView, Switch};
use crate::base::clock::{Timestamp, short_date};
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::db::Connection;
use crate::db::keyset::Page;
use crate::domain::api_keys::{self, ApiKey, Badge, Direction, Sort, Status, Totals, View};
use crate::domain::members::{Member, Permission};
use crate::domain::roles::{self, Role};
use crate::domain::settings::Settings;
use crate::pages::Viewer;
use crate::pages::get_started::Checklist;
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::time_view::TimeView;

pub(super) struct Table {
    pub notice: Option<Notice>,
    pub checklist: Option<Checklist>,
    /// Whether there are no keys yet, not even revoked ones.
    pub is_first_use: bool,
    pub tabs: Vec<Tab>,
    pub bar: FilterBar,
    pub nothing: Option<EmptyState>,
    pub clear_href: String,
    pub caption: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub pager: Pager,
    /// Whether it is behind a dialog, where nothing in it can be used: its rows are shorter then.
    pub is_behind: bool,
    /// The page itself, to which dialogs return.
    pub origin: Origin,
}

pub(super) struct Tab {
    pub label: &'static str,
    pub href: String,
    pub count: String,
    pub is_current: bool,
}

pub(super) struct Column {
    pub label: &'static str,
    pub class: &'static str,
    pub href: Option<String>,
    pub sorted: Option<&'static str>,
}

pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub environment: &'static str,
    pub owner: String,
    pub role: String,
    pub created: TimeView,
    pub last_used: Option<TimeView>,
    pub expires: TimeView,
    pub is_soon: bool,
    /// `gone` for a key that no longer works.
    pub class: &'static str,
    pub badge: BadgeView,
    pub may_edit: bool,
    /// Whether the member may disable or enable it.
    pub switch: Option<Switch>,
    pub may_revoke: bool,
}

/// A link to a dialog of a key.
pub(super) struct RowAction {
    /// The last part of its path.
    pub verb: &'static str,
    pub label: &'static str,
    pub class: &'static str,
}

impl Row {
    pub(super) fn is_selectable(&self) -> bool {
        self.switch == Some(Switch::Disable)
    }

    pub(super) fn has_actions(&self) -> bool {
        self.may_edit || self.may_revoke
    }

    /// The dialogs that the viewer may open.
    pub(super) fn actions(&self) -> Vec<RowAction> {
        let action = |verb, label, class| RowAction { verb, label, class };
        let mut actions = Vec::new();
        if self.may_edit {
            actions.push(action("edit", "Edit", ""));
            actions.push(action("rotate", "Rotate", ""));
        }
        actions
            .extend(self.switch.map(|switch| action(switch.verb(), switch.label(), "act-switch")));
        if self.may_revoke {
            actions.push(action("revoke", "Revoke", "act-danger"));
        }
        actions
    }
}

impl Table {
    pub(super) fn load(
        connection: &mut Connection,
        viewer: &Viewer,
        list: &ListQuery<Filters>,
    ) -> Result<Self> {
        let now = viewer.now;
        let roles = roles::all(connection)?;
        let totals = api_keys::totals(connection, now)?;
        let filter = list.filters.filter(&roles);
        let page = api_keys::list(connection, &filter, list.cursor.as_ref(), &totals, now)?;
        let checklist = Checklist::load(connection, viewer)?;
        Ok(Self { checklist, ..Self::new(viewer, list, &roles, totals, &page) })
    }

    fn new(
        viewer: &Viewer,
        list: &ListQuery<Filters>,
        roles: &[Role],
        totals: Totals,
        page: &Page<ApiKey>,
    ) -> Self {
        let filters = &list.filters;
        let is_narrowed = filters.filter(roles).is_narrowed() || list.cursor.is_some();
        let row = |key| row(key, roles, &viewer.member, &viewer.settings, viewer.now);
        let pager = list.pager(PATH, page);
        Self {
            notice: None,
            checklist: None,
            is_first_use: totals.all + totals.revoked == 0,
            tabs: tabs(filters, totals),
            bar: FilterBar::new(filters, roles),
            nothing: page.rows.is_empty().then(|| empty::state(filters, is_narrowed)),
            clear_href: filters.cleared().href(),
            caption: caption(filters),
            columns: columns(filters),
            rows: page.rows.iter().map(row).collect(),
            pager: Pager { range: foot(viewer, filters, totals, page), ..pager },
            is_behind: false,
            origin: Origin::List(list.clone()),
        }
    }
}

impl Table {
    /// Whether keys can be selected for an action.
    pub(super) fn is_selectable(&self) -> bool {
        self.rows.iter().any(Row::is_selectable)
    }
}

fn tabs(filters: &Filters, totals: Totals) -> Vec<Tab> {
    [
        (View::All, "All"),
        (View::Disabled, "Disabled"),
        (View::Expired, "Expired"),
        (View::Revoked, "Revoked"),
    ]
    .map(|(view, label)| Tab {
        label,
        href: filters.with_view(view).href(),
        count: api_keys::count_text(totals.of(view)),
        is_current: filters.view == view,
    })
    .into()
}

fn caption(filters: &Filters) -> String {
    let order = match (filters.sort, filters.direction()) {
        (Sort::Created, Direction::Descending) => "newest first",
        (Sort::Created, Direction::Ascending) => "oldest first",
        (Sort::Name, Direction::Ascending) => "by name",
        (Sort::Name, Direction::Descending) => "by name, backwards",
        (Sort::LastUsed, Direction::Descending) => "last used first",
        (Sort::LastUsed, Direction::Ascending) => "unused longest first",
        (Sort::Expires, Direction::Ascending) => "first to expire first",
        (Sort::Expires, Direction::Descending) => "last to expire first",
    };
    format!("API keys, {order}")
}

fn columns(filters: &Filters) -> Vec<Column> {
    let plain = |label, class| Column { label, class, href: None, sorted: None };
    let sortable = |label, class, sort| Column {
        label,
        class,
        href: Some(filters.with_sort(sort).href()),
        sorted: (filters.sort == sort).then(|| match filters.direction() {
            Direction::Ascending => "ascending",
            Direction::Descending => "descending",
        }),
    };
    vec![
        sortable("Name", "col-name", Sort::Name),
        plain("Key ID", "col-id"),
        plain("Role", "col-role"),
        sortable("Created", "col-created", Sort::Created),
        sortable("Last used", "col-used", Sort::LastUsed),
        sortable("Expires", "col-expires", Sort::Expires),
        plain("Status", "col-status"),
        plain("Actions", "end"),
    ]
}

fn row(key: &ApiKey, roles: &[Role], member: &Member, settings: &Settings, now: Timestamp) -> Row {
    let role = roles.iter().find(|role| role.id == key.role_id);
    let badge = key.badge(settings, now);
    let is_revoked = key.status(now) == Status::Revoked;
    let may_edit = !is_revoked && member.may(Permission::UpdateKeys);
    Row {
        id: key.id.as_str().to_owned(),
        name: key.name.as_str().to_owned(),
        environment: key.environment.label(),
        owner: key.owner.as_str().to_owned(),
        role: role.map(|role| role.name.clone()).unwrap_or_default(),
        created: TimeView::date(key.created_at),
        last_used: key.last_used_at.map(|at| TimeView::ago(at, now)),
        expires: TimeView::new(short_date(key.expires_at.last_day()), key.expires_at),
        is_soon: matches!(badge, Badge::ExpiresIn(_)),
        class: if matches!(badge, Badge::Expired | Badge::Revoked) { "gone" } else { "" },
        badge: BadgeView::new(key, settings, now),
        may_edit,
        switch: Switch::of(key, now).filter(|_| may_edit),
        may_revoke: !is_revoked && member.may(Permission::DeleteKeys),
    }
}

fn foot(viewer: &Viewer, filters: &Filters, totals: Totals, page: &Page<ApiKey>) -> String {
    let noun = if page.total == Some(1) { "key" } else { "keys" };
    let shown = format!("{} {noun}.", page.range());
    let room = totals.active().map(|active| viewer.settings.active_key_limit - active);
    let is_plain = filters.view == View::All && viewer.may(Permission::CreateKeys);
    match room.filter(|_| is_plain) {
        Some(room) if room > 0 => {
            format!("{shown} You can create {} more.", thousands(room.unsigned_abs()))
        }
        Some(_) => format!("{shown} You have reached the limit of active keys."),
        None => shown,
    }
}
