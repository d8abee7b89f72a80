//! Notices: the next page's message about the last action. Stored in the session.

use actix_session::Session;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result};
use crate::base::secret_scan;

/// The key of the notice in a session's state.
pub const KEY: &str = "notice";

/// The style of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    Done,
    Note,
    Warning,
}

/// A line below the page's title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The style of the notice.
    pub tone: Tone,
    pub text: String,
}

impl Notice {
    pub fn done(text: impl Into<String>) -> Self {
        Self { tone: Tone::Done, text: text.into() }
    }

    pub fn warning(text: impl Into<String>) -> Self {
        Self { tone: Tone::Warning, text: text.into() }
    }

    pub fn note(text: impl Into<String>) -> Self {
        Self { tone: Tone::Note, text: text.into() }
    }

    pub fn icon(&self) -> &'static str {
        match self.tone {
            Tone::Done => "circle-check",
            Tone::Note => "info",
            Tone::Warning => "triangle-alert",
        }
    }

    /// The class that sets its colour.
    pub fn class(&self) -> &'static str {
        match self.tone {
            Tone::Done => "notice-green",
            Tone::Note => "notice-blue",
            Tone::Warning => "notice-amber",
        }
    }

    /// Shows the notice on the next page.
    pub fn set(self, session: &Session) -> Result<()> {
        let text = secret_scan::without_secrets(&self.text).into_owned();
        session.insert(KEY, Self { text, ..self }).map_err(Error::internal)
    }

    /// Whether a notice waits for a page.
    pub fn is_pending(session: &Session) -> bool {
        session.contains_key(KEY)
    }

    /// The notice for this page, which no later page repeats.
    pub fn take(session: &Session) -> Option<Self> {
        // Reading it first avoids writing a session without a notice.
        session.get::<Self>(KEY).ok()??;
        session.remove_as(KEY)?.ok()
    }
}
