//! The fields of a webhook's form, as they arrive and as they are drawn.

use serde::Deserialize;

use crate::base::error::Invalid;
use crate::domain::webhooks::{Draft, Endpoint, EventType};

/// The word for an endpoint that is sent nothing.
const PAUSED: &str = "paused";

/// The fields. One that is missing is empty; unknown ones are passed over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub url: String,
    pub description: String,
    pub events: Vec<String>,
    /// `active` or `paused`; a new one is active.
    pub state: String,
    /// The version that an edit started from.
    pub version: String,
}

impl Fields {
    pub(super) fn draft(&self) -> Draft {
        let Self { url, description, events, .. } = self.clone();
        Draft { url, description, events, is_active: !self.is_paused() }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.state == PAUSED
    }

    /// What the form proposes: every event.
    pub(super) fn proposed() -> Self {
        let events = EventType::ALL.iter().map(|event| event.as_str().to_owned()).collect();
        Self { events, ..Self::default() }
    }

    pub(super) fn of(endpoint: &Endpoint) -> Self {
        Self {
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            events: endpoint.events.iter().map(|event| event.as_str().to_owned()).collect(),
            state: if endpoint.is_active { "active" } else { PAUSED }.into(),
            version: endpoint.version.to_string(),
        }
    }
}

/// A form as templates draw it.
pub(super) struct FormView {
    pub fields: Fields,
    pub errors: Invalid,
    pub choices: Vec<Choice>,
}

/// A type of event to choose.
pub(super) struct Choice {
    pub name: &'static str,
    pub label: &'static str,
    pub is_chosen: bool,
}

impl FormView {
    pub(super) fn new(fields: Fields, errors: Invalid) -> Self {
        let choice = |event: EventType| Choice {
            name: event.as_str(),
            label: event.label(),
            is_chosen: fields.events.iter().any(|name| name == event.as_str()),
        };
        let choices = EventType::ALL.into_iter().map(choice).collect();
        Self { fields, errors, choices }
    }
}
