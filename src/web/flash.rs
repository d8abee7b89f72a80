//! Notices: what the next page says about what was just done. Kept in the session.

use actix_session::Session;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result};
use crate::base::secret_scan;

/// Where a session's state keeps the notice.
pub const KEY: &str = "notice";

/// What a notice looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    Done,
    Note,
    Warning,
}

/// A line under the page's title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it looks like.
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

    /// The class that colours it.
    pub fn class(&self) -> &'static str {
        match self.tone {
            Tone::Done => "notice-green",
            Tone::Note => "notice-blue",
            Tone::Warning => "notice-amber",
        }
    }

    /// Has the next page say it.
    pub fn set(self, session: &Session) -> Result<()> {
        let text = secret_scan::without_secrets(&self.text).into_owned();
        session.insert(KEY, Self { text, ..self }).map_err(Error::internal)
    }

    /// Whether a notice waits for a page.
    pub fn waits(session: &Session) -> bool {
        session.contains_key(KEY)
    }

    /// The notice for this page, which no later page repeats.
    pub fn take(session: &Session) -> Option<Self> {
        // Asking first leaves a session without a notice unwritten.
        session.get::<Self>(KEY).ok()??;
        session.remove_as(KEY)?.ok()
    }
}
