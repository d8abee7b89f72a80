//! Scopes out of an OpenAPI document: those of its security schemes, else some proposed from its
//! paths.
//!
//! Pure. The document is a stranger's: whatever it holds, only valid scopes come out of it.

mod document;
mod names;
mod paths;
mod schemes;

use super::{MOST, Scope};
use crate::base::{secret_scan, text};

/// How many names that cannot be used are told.
const TOLD: usize = 50;
/// The longest name that is told, in characters.
const SHOWN: usize = 80;
/// The longest description that is taken over, in characters; one more says that it was cut.
const DESCRIPTION: usize = super::scope::LONGEST_DESCRIPTION - 1;

/// Why a name that holds a secret key cannot be used.
const SECRET: &str = "It holds a secret key, which must not be stored";

/// What a document offers.
#[derive(Clone, Debug, Default)]
pub struct Proposal {
    /// The scopes, by name; [`MOST`] at most.
    pub offered: Vec<Offered>,
    /// Whether they were made up from tags, paths and methods.
    pub is_made_up: bool,
    /// The first names that cannot be used.
    pub unusable: Vec<Unusable>,
    /// How many scopes and names more there are.
    pub passed_over: usize,
    /// How many descriptions were left out because they hold a secret key.
    pub secrets_left_out: usize,
}

/// A scope that a document offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    pub scope: Scope,
    /// What the document calls it, where that differs.
    pub from: Option<String>,
}

/// A name in a document that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The start of it, without what cannot be seen.
    pub name: String,
    pub reason: String,
}

/// Reads a document of OpenAPI 2, 3.0 or 3.1 in JSON or YAML.
pub fn read(document: &[u8]) -> Result<Proposal, String> {
    let document = document::parse(document)?;
    let mut proposal = Proposal::default();
    for (name, description) in schemes::scopes(&document) {
        proposal.take(name, description, names::scope(name));
    }
    if proposal.offered.is_empty() {
        proposal.is_made_up = true;
        paths::propose(&document, &mut proposal);
    }
    proposal.offered.sort_by(|a, b| a.scope.name.cmp(&b.scope.name));
    proposal.unusable.sort_by(|a, b| a.name.cmp(&b.name));
    if proposal.offered.is_empty() && proposal.unusable.is_empty() {
        return Err("The document has no OAuth2 scopes, and no paths to propose some from".into());
    }
    Ok(proposal)
}

impl Proposal {
    /// Takes what `name` stands for into the offer, or tells why it does not.
    fn take(&mut self, name: &str, description: &str, scope: Result<Scope, String>) {
        match text::without_secret(name).map_err(|_| SECRET.to_owned()).and(scope) {
            Ok(scope) if self.offered.iter().any(|other| other.scope.name == scope.name) => {}
            Ok(_) if self.offered.len() >= MOST => self.passed_over += 1,
            Ok(scope) => {
                let from = (scope.name != name).then(|| text::visible(name, SHOWN));
                let description = self.without_secret(tidy(description), description);
                self.offered.push(Offered { scope: Scope { description, ..scope }, from });
            }
            Err(reason) => self.refuse(name, reason),
        }
    }

    /// The tidied description; nothing of one that holds a secret key, perhaps beyond where it was
    /// cut.
    fn without_secret(&mut self, tidied: String, description: &str) -> String {
        if text::without_secret(description).is_ok() {
            return tidied;
        }
        self.secrets_left_out += 1;
        String::new()
    }

    fn refuse(&mut self, name: &str, reason: String) {
        if self.unusable.len() < TOLD {
            let shown = secret_scan::redacted(name);
            let name = text::visible(shown.as_deref().unwrap_or(name), SHOWN);
            self.unusable.push(Unusable { name, reason });
        } else {
            self.passed_over += 1;
        }
    }
}

/// A description on one line, without what cannot be seen, cut where it is too long.
fn tidy(description: &str) -> String {
    let words: Vec<_> = description.split_whitespace().collect();
    text::visible(&words.join(" "), DESCRIPTION).trim().to_owned()
}

#[cfg(test)]
mod tests;
