//! An endpoint: where messages go, and which.

use std::collections::BTreeSet;

use url::Url;

use super::{EndpointId, EventType};
use crate::base::clock::Timestamp;
use crate::base::text;
use crate::domain::activity::Change;

/// The longest URL that a heading shows, in characters.
const LONGEST_SHOWN: usize = 80;

/// An endpoint. Its signing secret is not in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    /// Where messages are sent to.
    pub url: String,
    /// What it is for; may be empty.
    pub description: String,
    /// The types of events that it wants.
    pub events: BTreeSet<EventType>,
    /// Whether messages are sent; otherwise it is paused.
    pub is_active: bool,
    /// Until when the signing secret before signs as well.
    pub old_secret_ends_at: Option<Timestamp>,
    /// Since when every attempt has failed.
    pub failing_since: Option<Timestamp>,
    /// When something was last sent.
    pub last_attempt_at: Option<Timestamp>,
    /// When it answered that it is gone, for which it was paused.
    pub gone_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    pub created_by: String,
    /// Grows with every change.
    pub version: i64,
}

impl Endpoint {
    /// What pages and the activity call it: its description, or where it is.
    pub fn name(&self) -> String {
        if self.description.is_empty() { self.place() } else { self.description.clone() }
    }

    /// Its URL without path and query, which may hold a secret of the receiver's.
    pub fn place(&self) -> String {
        let place = Url::parse(&self.url).map(|url| url.origin().ascii_serialization());
        text::visible(&place.unwrap_or_default(), LONGEST_SHOWN)
    }

    /// What differs from `before`, in the words of the form; against nothing, all that was filled
    /// in. Paths are left out: receivers put secrets into them.
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
