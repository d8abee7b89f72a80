//! How the key page shows the usage of a key.

use std::collections::BTreeMap;

use super::origin::dialog_over_page;
use super::words::{ago, ago_within};
use crate::base::clock::{DAY, HOUR, MINUTE, Timestamp, day_and_time};
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::db::Connection;
use crate::domain::api_keys::{Details, KeyId, Status};
use crate::domain::members::Permission;
use crate::domain::usage::denials::{self, DenialGroup};
use crate::domain::usage::{
    self, MAX_ADDRESSES, Period, SeenAddress, Series, UNUSED_SCOPE_DAYS, UnusedScopes,
};
use crate::pages::Viewer;
use crate::pages::usage::{Advice, Figures, SeenView, advice, reason};

/// How many kinds of denials, and how many addresses, the page shows.
const KINDS: usize = 5;
const ADDRESSES: usize = 5;
/// How long after its creation the page of an unused key checks automatically whether it is used.
const CHECK_TIME: i64 = 15 * MINUTE;

/// The data for the view.
pub(super) struct UsageData {
    series: Series,
    kinds: Vec<DenialGroup>,
    since: Timestamp,
    /// All stored addresses.
    seen: Vec<SeenAddress>,
    requested: BTreeMap<String, Timestamp>,
}

pub(super) struct UsageView {
    pub figures: Figures,
    pub last_used: String,
    /// The number of addresses since the period's start.
    pub addresses: String,
    pub kinds: Vec<Kind>,
    pub denied: String,
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

/// The denied requests with the same reason.
pub(super) struct Kind {
    pub reason: String,
    pub attempts: Option<String>,
    pub advice: Advice,
    pub request_id: String,
    pub line: String,
    pub address: String,
    pub when: String,
    pub at: String,
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
        let since = period.start(now).min(Period::Days30.start(now));
        Ok(Self {
            series: usage::of_key(connection, id, period, now)?,
            kinds: denials::groups(connection, id, since)?,
            since,
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
        let path = format!("/api-keys/{}", key.id.as_str());
        let is_active = key.status(now) == Status::Active;
        let may_edit = viewer.may(Permission::UpdateKeys) && key.revoked_at.is_none();
        let edit = may_edit.then(|| dialog_over_page(&key.id, "edit"));
        let start = read.series.period.start(now);
        let addresses = read.seen.iter().filter(|seen| seen.last >= start).count();
        let denied: i64 = read.kinds.iter().map(|kind| kind.count).sum();
        let period = if read.since < Period::Days30.start(now) { "90d" } else { "30d" };
        let kinds = read.kinds.iter().take(KINDS);
        let (unused_scopes, unused_scopes_since, is_untold) = unused_scopes(details, read, now);
        let scope = |name: &String| Scope {
            href: edit.as_ref().map(|edit| format!("{edit}&{}", without(name))),
            name: name.clone(),
        };
        let all = unused_scopes.iter().map(|name| without(name)).collect::<Vec<_>>().join("&");
        let recent = now.plus(-30 * DAY);
        Self {
            figures: Figures::new(&read.series, &path, now),
            last_used: key.last_used_at.map_or("Never".into(), |at| ago(at, now)),
            addresses: format!("{addresses}{}", if addresses >= MAX_ADDRESSES { "+" } else { "" }),
            kinds: kinds.map(|kind| kind_view(kind, details, edit.as_deref(), now)).collect(),
            denied: thousands(denied.unsigned_abs()),
            denied_href: format!("/usage/denials?key={}&period={period}", key.id.as_str()),
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

fn kind_view(kind: &DenialGroup, details: &Details, edit: Option<&str>, now: Timestamp) -> Kind {
    let latest = &kind.latest;
    let has = |scope: &str| details.role.scopes.contains(scope);
    Kind {
        reason: reason(latest.reason, &latest.detail),
        attempts: (kind.count > 1).then(|| thousands(kind.count.unsigned_abs())),
        advice: advice(latest, has, edit),
        request_id: latest.request_id.clone(),
        line: latest.line.clone(),
        address: latest.address.clone().unwrap_or_else(|| "–".into()),
        when: day_and_time(latest.at, now),
        at: latest.at.rfc_3339(),
    }
}
