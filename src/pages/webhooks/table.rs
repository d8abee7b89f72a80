//! The table of webhooks for templates, on its own page and behind the dialog for a new one.

use super::words::{Badge, last};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::webhooks::{self, Endpoint, EventType, MAX_ENDPOINTS};
use crate::web::flash::Notice;
use crate::web::time_view::TimeView;

pub(super) struct Table {
    pub notice: Option<Notice>,
    pub rows: Vec<Row>,
    pub is_full: bool,
}

pub(super) struct Row {
    pub id: String,
    pub name: String,
    /// The host, shown next to a custom name; without the path, which is on the webhook's own page.
    pub place: Option<String>,
    pub events: Vec<&'static str>,
    pub badge: Badge,
    /// The last delivery, or since when deliveries fail.
    pub last: Option<TimeView>,
}

impl Table {
    pub(super) fn load(connection: &mut Connection, now: Timestamp) -> Result<Self> {
        let endpoints = webhooks::all(connection)?;
        let is_full = endpoints.len() >= MAX_ENDPOINTS;
        let rows = endpoints.iter().map(|endpoint| row(endpoint, now)).collect();
        Ok(Self { notice: None, rows, is_full })
    }
}

fn row(endpoint: &Endpoint, now: Timestamp) -> Row {
    Row {
        id: endpoint.id.as_str().into(),
        name: endpoint.name(),
        place: (!endpoint.description.is_empty()).then(|| endpoint.place()),
        events: endpoint.events.iter().map(EventType::as_str).collect(),
        badge: Badge::of(endpoint),
        last: last(endpoint, now),
    }
}
