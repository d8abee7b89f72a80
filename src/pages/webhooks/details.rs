//! A webhook with its delivery log, for its page and the dialogs over it.

use serde::{Deserialize, Serialize};

use super::location;
use super::words::{Badge, last, moment};
use crate::base::clock::{Timestamp, long_date};
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::Page;
use crate::domain::webhooks::delivery::{self, Status};
use crate::domain::webhooks::{self, Delivery, Endpoint, EndpointId, EventType};
use crate::pages::{Dialog, Input};
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::time_view::TimeView;

/// The filters of the delivery log.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filters {
    show: Show,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
enum Show {
    #[default]
    #[serde(rename = "all")]
    All,
    /// Only deliveries that were given up.
    #[serde(rename = "failed")]
    Failed,
}

pub(super) struct EndpointPage {
    pub notice: Option<Notice>,
    pub id: String,
    pub name: String,
    pub url: String,
    pub is_active: bool,
    pub badge: Badge,
    pub events: Vec<&'static str>,
    pub created: String,
    pub created_by: String,
    pub last: Option<TimeView>,
    /// `30 Nov, 14:06`: since when deliveries fail.
    pub failing_since: Option<String>,
    /// When the endpoint answered that it is gone.
    pub gone: Option<String>,
    /// How long the old secret is also used for signing.
    pub old_secret_until: Option<String>,
    pub rows: Vec<Row>,
    pub only_failed: bool,
    pub pager: Pager,
}

/// A row of the delivery log.
pub(super) struct Row {
    pub id: String,
    pub event: String,
    pub badge: Badge,
    pub result: String,
    /// When it is retried.
    pub next: Option<String>,
    pub attempts: i64,
    pub when: TimeView,
}

impl EndpointPage {
    pub(super) fn load(
        connection: &mut Connection,
        id: &EndpointId,
        list: &ListQuery<Filters>,
        now: Timestamp,
    ) -> Result<Self> {
        let endpoint = webhooks::find(connection, id)?;
        let only_failed = list.filters.show == Show::Failed;
        let page = delivery::list(connection, id, only_failed, list.cursor.as_ref())?;
        Ok(Self::new(&endpoint, &page, list, now))
    }

    /// The page for display behind a dialog.
    pub(super) fn as_backdrop<D>(connection: &mut Connection, input: &Input<D>) -> Result<Self>
    where
        D: Dialog<Target = EndpointId>,
    {
        Self::load(connection, &input.target, &ListQuery::default(), input.viewer.now)
    }

    /// A webhook without deliveries.
    pub(super) fn without_deliveries(endpoint: &Endpoint, now: Timestamp) -> Self {
        Self::new(endpoint, &Page::default(), &ListQuery::default(), now)
    }

    fn new(
        endpoint: &Endpoint,
        page: &Page<Delivery>,
        list: &ListQuery<Filters>,
        now: Timestamp,
    ) -> Self {
        Self {
            notice: None,
            id: endpoint.id.as_str().into(),
            name: endpoint.name(),
            url: endpoint.url.clone(),
            is_active: endpoint.is_active,
            badge: Badge::of(endpoint),
            events: endpoint.events.iter().map(EventType::as_str).collect(),
            created: long_date(endpoint.created_at.date()),
            created_by: endpoint.created_by.clone(),
            last: last(endpoint, now),
            failing_since: endpoint.failing_since.map(moment),
            gone: endpoint.gone_at.map(moment),
            old_secret_until: endpoint.old_secret_ends_at.filter(|end| *end > now).map(moment),
            rows: page.rows.iter().map(|delivery| row(delivery, now)).collect(),
            only_failed: list.filters.show == Show::Failed,
            pager: list.pager(&location(&endpoint.id), page),
        }
    }
}

fn row(delivery: &Delivery, now: Timestamp) -> Row {
    Row {
        id: delivery.id.as_str().into(),
        event: delivery.event.clone(),
        badge: Badge::of_delivery(delivery.status()),
        result: delivery.last_result.clone(),
        next: next(delivery.status()),
        attempts: delivery.attempts,
        when: TimeView::day_and_time(delivery.created_at, now),
    }
}

/// When the delivery is retried, if known.
pub(super) fn next(status: Status) -> Option<String> {
    match status {
        Status::Retrying(at) => Some(moment(at)),
        Status::Queued | Status::Sent(_) | Status::GivenUp(_) => None,
    }
}
