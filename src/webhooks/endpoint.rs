//! An endpoint: where messages go, and which.

use std::collections::BTreeSet;

use url::Url;

use super::{EndpointId, EventType};
use crate::clock::Timestamp;
use crate::text;

/// The longest URL that a heading shows, in characters.
const LONGEST_SHOWN: usize = 80;

/// An endpoint. Its signing secret is not in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
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
    /// By whom.
    pub created_by: String,
    /// Grows with every change.
    pub version: i64,
}

impl Endpoint {
    /// What pages and the activity call it: its description, or where it is.
    #[must_use]
    pub fn name(&self) -> String {
        if self.description.is_empty() { self.place() } else { self.description.clone() }
    }

    /// Its URL without path and query, which may hold a secret of the receiver's.
    #[must_use]
    pub fn place(&self) -> String {
        let place = Url::parse(&self.url).map(|url| url.origin().ascii_serialization());
        text::visible(&place.unwrap_or_default(), LONGEST_SHOWN)
    }
}
