//! The fields of a webhook's form, as submitted and as shown.

use serde::Deserialize;

use crate::domain::webhooks::{Draft, Endpoint, EventType};

/// The word for a paused endpoint, which receives no messages.
const PAUSED: &str = "paused";

/// The fields. A missing field is empty; unknown ones are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub url: String,
    pub description: String,
    pub events: Vec<String>,
    /// `active` or `paused`; a new one is active.
    pub state: String,
}

impl Fields {
    pub(super) fn draft(&self) -> Draft {
        let Self { url, description, events, .. } = self.clone();
        Draft { url, description, events, is_active: !self.is_paused() }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.state == PAUSED
    }

    /// The default values of the form: every event.
    pub(super) fn proposed() -> Self {
        let events = EventType::ALL.iter().map(|event| event.as_str().to_owned()).collect();
        Self { events, ..Self::default() }
    }

    pub(super) fn choices(&self) -> Vec<Choice> {
        let choice = |event: EventType| Choice {
            name: event.as_str(),
            label: event.label(),
            is_chosen: self.events.iter().any(|name| name == event.as_str()),
        };
        EventType::ALL.into_iter().map(choice).collect()
    }

    pub(super) fn of(endpoint: &Endpoint) -> Self {
        Self {
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            events: endpoint.events.iter().map(|event| event.as_str().to_owned()).collect(),
            state: if endpoint.is_active { "active" } else { PAUSED }.into(),
        }
    }
}

/// A type of event to choose.
pub(super) struct Choice {
    pub name: &'static str,
    pub label: &'static str,
    pub is_chosen: bool,
}
