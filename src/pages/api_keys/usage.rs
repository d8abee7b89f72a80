//! How the key page shows the usage of a key.

use std::collections::BTreeMap;

use super::origin::dialog_over_page;
use super::words::{ago, ago_within};
use crate::base::clock::{DAY, HOUR, MINUTE, Timestamp, long_date};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{Details, KeyId, Status};
use crate::domain::members::Permission;
use crate::domain::usage::denials::{self, Filter, SourceGroup};
use crate::domain::usage::{
    self, MAX_ADDRESSES, Period, SeenAddress, Series, UNUSED_SCOPE_DAYS, UnusedScopes,
};
use crate::pages::Viewer;
use crate::pages::usage::{DenialGroupView, Figures, SeenView, span};
use crate::web::time_view::TimeView;

/// How many groups of denied requests, and how many addresses, the page shows.
const GROUPS: usize = 5;
const ADDRESSES: usize = 5;
/// How long after its creation the page of an unused key checks automatically whether it is used.
const CHECK_TIME: i64 = 15 * MINUTE;

/// The data for the view.
pub(super) struct UsageData {
    series: Series,
    denied: Vec<SourceGroup>,
    /// The period of the denied requests.
    denied_in: Period,
    /// All stored addresses.
    seen: Vec<SeenAddress>,
    requested: BTreeMap<String, Timestamp>,
}

pub(super) struct UsageView {
    pub figures: Figures,
    pub last_used: Option<TimeView>,
    /// The same as a date for prose.
    pub last_used_on: Option<TimeView>,
    /// The number of addresses since the period's start.
    pub addresses: String,
    pub groups: Vec<DenialGroupView>,
    /// `the last 30 days`.
    pub denied_span: String,
    pub denied_href: String,
    pub seen: Vec<SeenView>,
    /// The number of addresses, if there are more than the page shows.
    pub all_seen: Option<String>,
    pub first: Option<FirstUse>,
    pub unused_scopes: Vec<Scope>,
    pub unused_scopes_since: &'static str,
    /// The edit dialog with all of these scopes removed, if there are several.
    pub without_all: Option<String>,
    /// Whether requests name no scopes.
    pub is_untold: bool,
    /// Whether there are seen addresses that a whitelist could contain.
    pub could_whitelist: bool,
}

/// The first request: awaited, or just seen.
pub(super) enum FirstUse {
    /// Whether a script should check repeatedly.
    Awaited(bool),
    Seen {
        when: String,
        address: Option<String>,
    },
}

/// A scope that is not requested, and the URL that removes it.
pub(super) struct Scope {
    pub name: String,
    pub href: Option<String>,
}

impl UsageData {
    pub(super) fn new(
        connection: &mut Connection,
        id: &KeyId,
        period: Period,
        now: Timestamp,
    ) -> Result<Self> {
        let denied_in = if period == Period::Days90 { period } else { Period::Days30 };
        let filter = Filter::of_key(*id, denied_in.start(now));
        Ok(Self {
            series: usage::of_key(connection, id, period, now)?,
            denied: denials::by_source(connection, &filter, None)?.page.rows,
            denied_in,
            seen: usage::addresses(connection, id, Timestamp::default())?,
            requested: usage::scope_requests(connection, id)?,
        })
    }

    /// When an address was last seen, for the IP whitelist.
    pub(super) fn last_seen(&self, address: &std::net::IpAddr, now: Timestamp) -> String {
        let seen = self.seen.iter().find(|seen| seen.address == *address);
        seen.map_or("Never seen".into(), |seen| ago(seen.last, now))
    }
}

impl UsageView {
    pub(super) fn new(viewer: &Viewer, details: &Details, read: &UsageData) -> Self {
        let (key, now) = (&details.key, viewer.now);
        let id = key.id.as_str();
        let is_active = key.status(now) == Status::Active;
        let may_edit = viewer.may(Permission::UpdateKeys) && key.revoked_at.is_none();
        let edit = may_edit.then(|| dialog_over_page(&key.id, "edit"));
        let start = read.series.period.start(now);
        let addresses = read.seen.iter().filter(|seen| seen.last >= start).count();
        let group = |group: &SourceGroup| DenialGroupView::new(group, Some(details), viewer);
        let (unused_scopes, unused_scopes_since, is_untold) = unused_scopes(details, read, now);
        let scope = |name: &String| Scope {
            href: edit.as_ref().map(|edit| format!("{edit}&{}", without(name))),
            name: name.clone(),
        };
        let all = unused_scopes.iter().map(|name| without(name)).collect::<Vec<_>>().join("&");
        let recent = now.plus(-30 * DAY);
        Self {
            figures: Figures::new(&read.series, Some(&key.id), now),
            last_used: key.last_used_at.map(|at| TimeView::ago(at, now)),
            last_used_on: key.last_used_at.map(|at| TimeView::new(long_date(at.date()), at)),
            addresses: format!("{addresses}{}", if addresses >= MAX_ADDRESSES { "+" } else { "" }),
            groups: read.denied.iter().take(GROUPS).map(group).collect(),
            denied_span: span(read.denied_in),
            denied_href: format!("/usage/denials?key={id}&period={}", read.denied_in.as_str()),
            seen: read.seen.iter().take(ADDRESSES).map(|seen| SeenView::new(seen, now)).collect(),
            all_seen: (read.seen.len() > ADDRESSES).then(|| read.seen.len().to_string()),
            first: first(details, read, is_active, now),
            without_all: edit
                .as_ref()
                .filter(|_| unused_scopes.len() > 1)
                .map(|e| format!("{e}&{all}")),
            unused_scopes: unused_scopes.iter().map(scope).collect(),
            unused_scopes_since,
            is_untold,
            could_whitelist: may_edit
                && is_active
                && details.ip_whitelist.addresses().is_empty()
                && read.seen.iter().any(|seen| seen.last > recent),
        }
    }
}

/// The scopes that are not requested, since when, and whether requests name no scopes.
fn unused_scopes(
    details: &Details,
    read: &UsageData,
    now: Timestamp,
) -> (Vec<String>, &'static str, bool) {
    let key = &details.key;
    if key.status(now) != Status::Active {
        return (Vec::new(), "", false);
    }
    let since = (key.created_at, key.edited_at.unwrap_or(key.created_at));
    let has = details.effective_scopes();
    match usage::unused_scopes(&has, &read.requested, since, key.last_used_at, now) {
        UnusedScopes::Nothing => (Vec::new(), "", false),
        UnusedScopes::NotReported => (Vec::new(), "", true),
        UnusedScopes::Scopes { names, is_young: true } => {
            (names, "since the key was created", false)
        }
        UnusedScopes::Scopes { names, is_young: false } => {
            const { assert!(UNUSED_SCOPE_DAYS == 90) };
            (names, "in 90 days", false)
        }
    }
}

fn without(scope: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("remove_scope", scope).finish()
}

fn first(details: &Details, read: &UsageData, is_active: bool, now: Timestamp) -> Option<FirstUse> {
    let key = &details.key;
    let Some(last_used) = key.last_used_at else {
        return is_active.then_some(FirstUse::Awaited(now.since(key.created_at) < CHECK_TIME));
    };
    let earliest = read.seen.iter().min_by_key(|seen| seen.first);
    let at = earliest.map_or(last_used, |seen| seen.first);
    let is_new = now.since(key.created_at) < DAY && now.since(at) < HOUR;
    is_new.then(|| FirstUse::Seen {
        when: ago_within(at, now),
        address: earliest.map(|seen| seen.address.to_string()),
    })
}
