//! `/leaks/{leak_id}`: what happened with a leak, and the key's activity since.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::timeline::{self, HistoryEntry};
use super::traces::TracesView;
use super::words::{Badge, done};
use crate::base::clock::{Timestamp, iso_date, long_date, parse_iso_date};
use crate::base::error::{Error, Invalid, Result};
use crate::domain::api_keys::{self, ApiKey};
use crate::domain::leaks::{self, Leak, LeakId};
use crate::domain::members::Permission;
use crate::domain::members::permission::ViewKeys;
use crate::domain::{activity, usage};
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::query::Query;
use crate::web::{Site, page};

/// How many entries of the key's history are read.
const HISTORY: i64 = 200;

#[derive(Template)]
#[template(path = "leaks/show.html")]
struct Show<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    id: String,
    badge: Badge,
    key_id: String,
    name: String,
    key_badge: Badge,
    found: String,
    done: &'static str,
    since: String,
    reported: String,
    is_open: bool,
    may_note: bool,
    timeline: Vec<HistoryEntry>,
    /// Whether the key's history is longer than what was read.
    is_cut: bool,
    closing: Closing,
    traces: TracesView,
    /// The day from which the key's activity is shown, and the first and last possible days.
    look: [String; 3],
    state: PageState,
}

/// When the viewer may close the report, if they may change it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    Allowed,
    /// The secret that may have leaked must be replaced first.
    AfterRotation,
}

/// The requested state of the page.
#[derive(Default)]
pub(super) struct PageState {
    /// Another day from which to show the key's activity.
    pub since: Option<time::Date>,
    /// A note that was rejected, and why.
    pub note: String,
    pub errors: Invalid,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Since {
    since: String,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    leak_id: web::Path<String>,
    query: Query<Since>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = LeakId::parse(&leak_id).ok_or(Error::NotFound)?;
    let state = PageState { since: parse_iso_date(&query.0.since), ..PageState::default() };
    draw(StatusCode::OK, &viewer, &site, &id, state).await
}

pub(super) async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    id: &LeakId,
    state: PageState,
) -> Result<HttpResponse> {
    let (id, now, day) = (id.clone(), viewer.now, state.since);
    let sees_history = viewer.may(Permission::ViewActivity);
    let may_revoke = viewer.may(Permission::DeleteKeys);
    let found = site.db.read(move |c| {
        let leak = leaks::find(c, &id)?.ok_or(Error::NotFound)?;
        let key = api_keys::find(c, &leak.key_id)?.ok_or(Error::NotFound)?.key;
        let look = day.map_or(leak.since, Timestamp::start_of);
        let look = look.max(Timestamp::start_of(key.created_at.date())).min(now);
        let history =
            if sees_history { Some(activity::about(c, key.id.as_str(), HISTORY)?) } else { None };
        let traces = usage::traces(c, &key.id, look, now)?;
        let is_allowed = may_revoke || !leaks::keeps_disabled(c, &leak, now)?;
        let closing = if is_allowed { Closing::Allowed } else { Closing::AfterRotation };
        Ok((leaks::notes(c, &id)?, leak, key, look, history, traces, closing))
    });
    let (notes, leak, key, look, history, traces, closing) = found.await?;
    let is_cut = history.as_ref().is_some_and(|entries| {
        i64::try_from(entries.len()) == Ok(HISTORY)
            && entries.last().is_some_and(|oldest| oldest.at > leak.since)
    });
    let template = Show {
        notice: if state.errors.is_empty() { viewer.take_notice() } else { None },
        timeline: timeline::of(&leak, &notes, history.as_deref()),
        is_cut,
        closing,
        traces: TracesView::new(&traces, now),
        look: [look, key.created_at, now].map(|at| iso_date(at.date())),
        state,
        ..Show::new(viewer, &leak, &key)
    };
    page::page(status, &template)
}

impl<'a> Show<'a> {
    fn new(viewer: &'a Viewer, leak: &Leak, key: &ApiKey) -> Self {
        let reported = long_date(leak.reported_at.date());
        Self {
            viewer,
            notice: None,
            id: leak.id.as_str().into(),
            badge: Badge::of(leak),
            key_id: key.id.as_str().into(),
            name: key.name.as_str().into(),
            key_badge: Badge::of_key(key, viewer.now),
            found: leak.found.clone(),
            done: done(leak.action),
            since: long_date(leak.since.date()),
            reported: format!("{reported}, {} UTC", leak.reported_at.time_of_day()),
            is_open: leak.closed_at.is_none(),
            may_note: viewer.may(Permission::UpdateKeys),
            timeline: Vec::new(),
            is_cut: false,
            closing: Closing::Allowed,
            traces: TracesView::default(),
            look: Default::default(),
            state: PageState::default(),
        }
    }
}
