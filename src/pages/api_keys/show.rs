//! `/api-keys/{key_id}`: the details of a key.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::disabled::DisabledFacts;
use super::facts;
use super::origin::Origin;
use super::overlap::Overlapping;
use super::usage::{self, UsageView};
use super::words::{BadgeView, Switch};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::domain::activity::{self, Event, RecordedEntry};
use crate::domain::api_keys::{self, Details, KeyId, Status};
use crate::domain::leaks;
use crate::domain::members::permission::ViewKeys;
use crate::domain::members::{self, MemberId, Permission};
use crate::domain::usage::Period;
use crate::pages::usage::Parameters;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::query::Query;
use crate::web::time_view::TimeView;
use crate::web::{Site, page};

/// How many entries of the key's history the page shows.
const HISTORY: i64 = 20;

#[derive(Template)]
#[template(path = "api_keys/show.html")]
struct Show<'a> {
    viewer: &'a Viewer,
    page: KeyPage,
}

/// The page of a key for templates, also behind dialogs.
pub(super) struct KeyPage {
    pub notice: Option<Notice>,
    pub id: String,
    pub name: String,
    pub badge: BadgeView,
    pub facts: Vec<facts::Fact>,
    pub usage: UsageView,
    pub overlap: Option<Overlapping>,
    pub disabled: Option<DisabledFacts>,
    pub scopes: Vec<String>,
    pub scopes_of_role: usize,
    /// The role's scopes that the key does not use.
    pub others_of_role: Vec<String>,
    /// The addresses, each with when it was last seen.
    pub addresses: Vec<(String, String)>,
    pub notes: String,
    /// Empty for members who may not view the activity log.
    pub history: Vec<HistoryEntry>,
    /// `1 leak report`.
    pub leaks: Option<String>,
    pub may_edit: bool,
    /// Whether the viewer may disable or enable it.
    pub switch: Option<Switch>,
    pub may_revoke: bool,
    pub may_duplicate: bool,
    /// The query of links to dialogs that return to this page.
    pub origin: String,
}

pub(super) struct HistoryEntry {
    pub text: &'static str,
    pub changes: Vec<activity::Change>,
    pub actor: String,
    pub when: TimeView,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    key_id: web::Path<String>,
    query: Query<Parameters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let (asking, period) = (viewer.viewer(), query.0.period);
    let mut page = site.db.read(move |c| KeyPage::load(c, &asking, &id, period)).await?;
    page.notice = viewer.take_notice();
    page::ok(&Show { viewer: &viewer, page })
}

impl KeyPage {
    pub(super) fn load(
        c: &mut Connection,
        viewer: &Viewer,
        id: &KeyId,
        period: Period,
    ) -> Result<Self> {
        let (now, sees_history) = (viewer.now, viewer.may(Permission::ViewActivity));
        let details = api_keys::find(c, id)?.ok_or(Error::NotFound)?;
        let creator = members::find(c, &MemberId::stored(details.key.created_by.clone()))?;
        let history =
            if sees_history { activity::about(c, id.as_str(), HISTORY)? } else { Vec::new() };
        let overlap = Overlapping::read(c, &details.key, now)?;
        let disabled = DisabledFacts::load(c, &details.key)?;
        let read = usage::UsageData::new(c, id, period, now)?;
        let leaks = match leaks::of_key(c, id)?.len() {
            0 => None,
            1 => Some("1 leak report".into()),
            reports => Some(format!("{reports} leak reports")),
        };
        let creator = creator.map(|member| member.name.as_str().to_owned());
        Ok(Self {
            overlap,
            disabled,
            leaks,
            origin: Origin::Key(*id, period).query(),
            ..Self::new(viewer, &details, creator, &history, &read)
        })
    }

    fn new(
        viewer: &Viewer,
        details: &Details,
        creator: Option<String>,
        history: &[RecordedEntry],
        read: &usage::UsageData,
    ) -> Self {
        let (key, now) = (&details.key, viewer.now);
        let is_revoked = key.status(now) == Status::Revoked;
        let scopes = details.effective_scopes();
        let addresses = details.ip_whitelist.addresses().iter();
        Self {
            notice: None,
            id: key.id.as_str().into(),
            name: key.name.as_str().into(),
            badge: BadgeView::new(key, &viewer.settings, now),
            facts: facts::of(viewer, details, creator),
            usage: UsageView::new(viewer, details, read),
            overlap: None,
            disabled: None,
            leaks: None,
            others_of_role: details.role.scopes.difference(&scopes).cloned().collect(),
            scopes: scopes.into_iter().collect(),
            scopes_of_role: details.role.scopes.len(),
            addresses: addresses.map(|at| (at.to_string(), read.last_seen(at, now))).collect(),
            notes: key.notes.clone(),
            history: history.iter().map(|entry| history_entry(entry, now)).collect(),
            may_edit: !is_revoked && viewer.may(Permission::UpdateKeys),
            switch: Switch::of(key, now).filter(|_| viewer.may(Permission::UpdateKeys)),
            may_revoke: !is_revoked && viewer.may(Permission::DeleteKeys),
            may_duplicate: viewer.may(Permission::CreateKeys),
            origin: Origin::key(key.id).query(),
        }
    }
}

fn history_entry(entry: &RecordedEntry, now: Timestamp) -> HistoryEntry {
    let (text, changes) = match Event::parse(&entry.event) {
        Some(Event::KeyCreated) => ("Created", Vec::new()),
        Some(Event::KeyEdited) => ("Edited", entry.changes()),
        Some(Event::KeyRotated) => ("Rotated", Vec::new()),
        Some(Event::SecretStopped) => ("Old secret stopped", Vec::new()),
        Some(Event::KeyRevoked) => ("Revoked", Vec::new()),
        Some(Event::KeyDisabled) => ("Disabled", Vec::new()),
        Some(Event::KeyEnabled) => ("Enabled", Vec::new()),
        Some(Event::ScheduleSkipped) => ("Kept disabled, against its schedule", Vec::new()),
        Some(Event::KeyLeaked) => ("Leak reported", Vec::new()),
        _ => ("Changed", Vec::new()),
    };
    HistoryEntry {
        text,
        changes,
        actor: entry.actor_name.clone(),
        when: TimeView::ago(entry.at, now),
    }
}
