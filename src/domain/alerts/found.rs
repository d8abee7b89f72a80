//! A cause that a rule has found.

use super::Rule;
use crate::base::clock::Timestamp;
use crate::base::secret_scan;

/// A cause that holds now. What is stored and sent of it holds no secret key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The rule that found it.
    pub rule: Rule,
    /// What tells it from the rule's other causes: a Key ID, a network, an account.
    pub cause: String,
    /// The key that it is about.
    pub key_id: Option<String>,
    /// What happens, in a few words that name it.
    pub title: String,
    /// What else to know.
    pub detail: String,
    /// How urgent within its rule. It is told again when that rises.
    pub level: i64,
    /// Since when it holds.
    pub since: Timestamp,
}

impl Found {
    /// The same without secret keys, which a key's name from an earlier version may hold.
    pub(super) fn without_secrets(self) -> Self {
        let without = |text: &str| secret_scan::without_secrets(text).into_owned();
        Self { title: without(&self.title), detail: without(&self.detail), ..self }
    }
}
