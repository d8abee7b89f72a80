//! An endpoint: where messages are sent, and which ones.

use std::collections::BTreeSet;

use url::Url;

use super::{EndpointId, EventType};
use crate::base::clock::Timestamp;
use crate::base::text;
use crate::domain::activity::Change;

/// The maximum length of a URL in a heading, in characters.
const MAX_SHOWN_LENGTH: usize = 80;

/// An endpoint, without its signing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    /// The URL that messages are sent to.
    pub url: String,
    /// Its purpose; may be empty.
    pub description: String,
    /// The types of events to send.
    pub events: BTreeSet<EventType>,
    /// Whether messages are sent; otherwise it is paused.
    pub is_active: bool,
    /// Until when messages are also signed with the previous signing secret.
    pub old_secret_ends_at: Option<Timestamp>,
    /// Since when every attempt has failed.
    pub failing_since: Option<Timestamp>,
    /// When the last attempt was made.
    pub last_attempt_at: Option<Timestamp>,
    /// When it responded with status 410, for which it was paused.
    pub gone_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub created_by: String,
    /// Incremented by every change.
    pub version: i64,
}

impl Endpoint {
    /// The display name on pages and in the activity: its description, or else its origin.
    pub fn name(&self) -> String {
        if self.description.is_empty() { self.place() } else { self.description.clone() }
    }

    /// Its URL without path and query, because receivers put secrets into those.
    pub fn place(&self) -> String {
        let place = Url::parse(&self.url).map(|url| url.origin().ascii_serialization());
        text::visible(&place.unwrap_or_default(), MAX_SHOWN_LENGTH)
    }

    /// The changed fields, with the labels of the form. Without an endpoint before, all fields that
    /// were filled in. Paths are left out because receivers put secrets into them.
    pub(super) fn changes(&self, before: Option<&Self>) -> Vec<Change> {
        type Field = (&'static str, fn(&Endpoint) -> String);
        const FIELDS: [Field; 4] = [
            ("URL", Endpoint::place),
            ("Description", |endpoint| endpoint.description.clone()),
            ("Events", |endpoint| {
                endpoint.events.iter().map(EventType::as_str).collect::<Vec<_>>().join(", ")
            }),
            ("State", |endpoint| if endpoint.is_active { "active" } else { "paused" }.into()),
        ];
        let mut changes: Vec<Change> = FIELDS
            .iter()
            .map(|(field, value)| Change {
                field: (*field).to_owned(),
                from: before.map(value).unwrap_or_default(),
                to: value(self),
            })
            .filter(|change| change.from != change.to)
            .collect();
        if let Some(before) = before.filter(|b| b.url != self.url && b.place() == self.place()) {
            let (from, to) = (before.place(), "another path there".into());
            changes.insert(0, Change { field: "URL".into(), from, to });
        }
        changes
    }
}
