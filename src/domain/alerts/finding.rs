//! A cause that a rule has found.

use super::Rule;
use crate::base::clock::Timestamp;
use crate::base::secret_scan;

/// A cause that currently exists. What is stored and sent about it contains no secret keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: Rule,
    /// Identifies the cause within the rule: a Key ID, a network or an account.
    pub cause: String,
    /// The key that the cause is about.
    pub key_id: Option<String>,
    /// What happens, in a few words that include the name.
    pub title: String,
    /// Further details.
    pub detail: String,
    /// The urgency within the rule. Notifications are sent again when it rises.
    pub level: i64,
    /// When the cause began.
    pub since: Timestamp,
}

impl Finding {
    /// The same cause without secret keys. The name of a key from an earlier version may contain
    /// one.
    pub(super) fn without_secrets(self) -> Self {
        let without = |text: &str| secret_scan::without_secrets(text).into_owned();
        Self { title: without(&self.title), detail: without(&self.detail), ..self }
    }
}
