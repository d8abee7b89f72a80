//! The table of keys for templates, on its own page and behind dialogs.

use super::attention::{AttentionData, AttentionList};
use super::empty::{self, EmptyState};
use super::query::{Filters, PATH};
use super::words::{BadgeView, Switch, ago};
use crate::base::clock::{Timestamp, short_date};
use crate::base::error::Result;
use crate::base::text::{self, thousands};
use crate::db::Connection;
use crate::db::keyset::Page;
use crate::domain::api_keys::{
    self, ApiKey, Badge, Direction, Environment, Sort, Status, Totals, View,
};
use crate::domain::members::{Member, Permission};
use crate::domain::reviews;
use crate::domain::roles::{self, Role};
use crate::domain::settings::Settings;
use crate::pages::Viewer;
use crate::web::flash::Notice;
pub(super) use crate::web::list::Choice;
use crate::web::list::{ListQuery, Pager};

/// How much of an owner or a label in the address is shown, in characters.
const MAX_SHOWN: usize = 160;

pub(super) struct Table {
    pub notice: Option<Notice>,
    /// Whether there are no keys yet, not even revoked ones.
    pub is_first_use: bool,
    pub tabs: Vec<Tab>,
    /// The parameters that a search keeps.
    pub kept: Vec<(String, String)>,
    pub search: String,
    pub roles: Vec<Choice>,
    pub environments: Vec<Choice>,
    pub nothing: Option<EmptyState>,
    pub narrowed_by: Vec<NarrowedBy>,
    pub clear_href: String,
    pub caption: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// Shown in place of the rows: the keys that need attention.
    pub work: Option<AttentionList>,
    pub pager: Pager,
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

/// A filter without a control of its own.
pub(super) struct NarrowedBy {
    pub what: &'static str,
    pub value: String,
    /// The table without this filter.
    pub href: String,
}

pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub environment: &'static str,
    pub owner: String,
    pub role: String,
    pub created: String,
    pub created_at: String,
    pub last_used: String,
    pub last_used_at: Option<String>,
    pub expires: String,
    pub expires_at: String,
    pub is_soon: bool,
    /// `gone` for a key that no longer works.
    pub class: &'static str,
    pub badge: BadgeView,
    pub may_edit: bool,
    /// Whether the member may disable or enable it.
    pub switch: Option<Switch>,
    pub may_revoke: bool,
}

impl Row {
    pub(super) fn is_selectable(&self) -> bool {
        self.switch == Some(Switch::Disable)
    }

    pub(super) fn has_actions(&self) -> bool {
        self.may_edit || self.may_revoke
    }
}

impl Table {
    pub(super) fn load(
        connection: &mut Connection,
        viewer: &Viewer,
        list: &ListQuery<Filters>,
    ) -> Result<Self> {
        let (settings, now) = (&viewer.settings, viewer.now);
        let roles = roles::all(connection)?;
        let mut totals = api_keys::totals(connection, now)?;
        let filter = list.filters.filter(&roles);
        let page = api_keys::list(connection, &filter, list.cursor.as_ref(), &totals, now)?;
        let work = match filter.view {
            View::Attention => {
                Some(AttentionData::read(connection, &filter, &page, settings, now)?)
            }
            _ => None,
        };
        totals.inactive_but_flagged += i64::from(reviews::is_due(connection, now)?);
        let mut table = Self::new(viewer, list, &roles, totals, &page);
        table.work = work.map(|found| AttentionList::new(viewer, &found, &page.rows));
        if table.work.as_ref().is_some_and(|work| !work.is_empty()) {
            table.nothing = None;
        }
        Ok(table)
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
            is_first_use: totals.all + totals.revoked == 0,
            tabs: tabs(filters, totals),
            kept: filters.kept(),
            search: filters.search.clone(),
            roles: role_choices(roles, &filters.role),
            environments: environment_choices(filters.environment),
            nothing: page.rows.is_empty().then(|| empty::state(filters, is_narrowed)),
            narrowed_by: narrowed_by(filters),
            clear_href: filters.cleared().href(),
            caption: caption(filters),
            columns: columns(filters),
            rows: page.rows.iter().map(row).collect(),
            work: None,
            pager: Pager { range: foot(viewer, filters, totals, page), ..pager },
        }
    }
}

/// The owner and the label that restrict the table, each with the URL of the table without it.
fn narrowed_by(filters: &Filters) -> Vec<NarrowedBy> {
    let without_owner = Filters { owner: String::new(), ..filters.clone() };
    let without_label = Filters { label: String::new(), ..filters.clone() };
    [("Owner", &filters.owner, without_owner), ("Label", &filters.label, without_label)]
        .into_iter()
        .filter(|(_, value, _)| !value.is_empty())
        .map(|(what, value, without)| NarrowedBy {
            what,
            value: text::visible(value, MAX_SHOWN),
            href: without.href(),
        })
        .collect()
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
        (View::Attention, "Needs attention"),
        (View::Disabled, "Disabled"),
        (View::Expired, "Expired"),
        (View::Revoked, "Revoked"),
    ]
    .map(|(view, label)| Tab {
        label,
        href: filters.with_view(view).href(),
        count: api_keys::count_text(match view {
            View::Attention => totals.attention + totals.inactive_but_flagged,
            _ => totals.of(view),
        }),
        is_current: filters.view == view,
    })
    .into()
}

pub(super) fn role_choices(roles: &[Role], chosen: &str) -> Vec<Choice> {
    roles.iter().map(|role| Choice::new(&role.slug, &role.name, chosen)).collect()
}

fn environment_choices(chosen: Option<Environment>) -> Vec<Choice> {
    let chosen = chosen.map_or("", |one| one.as_str());
    Environment::ALL.map(|one| Choice::new(one.as_str(), one.label(), chosen)).into()
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
        created: short_date(key.created_at.date()),
        created_at: key.created_at.rfc_3339(),
        last_used: key.last_used_at.map(|at| ago(at, now)).unwrap_or_default(),
        last_used_at: key.last_used_at.map(Timestamp::rfc_3339),
        expires: short_date(key.expires_at.last_day()),
        expires_at: key.expires_at.rfc_3339(),
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
