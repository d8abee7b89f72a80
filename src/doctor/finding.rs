//! The result of one check.

use serde::Serialize;

use crate::base::closed_set::closed_set;

closed_set! {
    /// How serious a finding is, the least serious first.
    pub enum Level {
        Fine = "ok" "OK",
        Warning = "warning" "Warning",
        Error = "error" "Error",
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stays the same in all versions, as `free_space`.
    pub id: &'static str,
    /// What was checked, as a title.
    pub title: &'static str,
    pub level: Level,
    /// What was found.
    pub text: String,
    /// What to do; empty if nothing is to be done.
    pub advice: String,
}

/// A check: its id and title, to which its result is added.
#[derive(Clone, Copy)]
pub(super) struct Check(pub &'static str, pub &'static str);

impl Check {
    pub(super) fn fine(self, text: impl Into<String>) -> Finding {
        self.finding(Level::Fine, text, "")
    }

    pub(super) fn warning(self, text: impl Into<String>, advice: impl Into<String>) -> Finding {
        self.finding(Level::Warning, text, advice)
    }

    pub(super) fn error(self, text: impl Into<String>, advice: impl Into<String>) -> Finding {
        self.finding(Level::Error, text, advice)
    }

    fn finding(self, level: Level, text: impl Into<String>, advice: impl Into<String>) -> Finding {
        let Self(id, title) = self;
        Finding { id, title, level, text: text.into(), advice: advice.into() }
    }
}
