//! Scopes from an OpenAPI document: those of its security schemes, or else scopes proposed from its
//! paths.
//!
//! Pure functions. The document is untrusted: whatever it contains, only valid scopes result.

mod document;
mod names;
mod paths;
mod schemes;

use super::{MAX_SCOPES, Scope};
use crate::base::{secret_scan, text};

/// How many unusable names are listed.
const MAX_UNUSABLE: usize = 50;
/// The maximum length of a listed name, in characters.
const MAX_NAME_LENGTH: usize = 80;
/// The maximum length of an imported description, in characters. One more leaves room for an
/// ellipsis.
const MAX_DESCRIPTION_LENGTH: usize = super::scope::MAX_DESCRIPTION_LENGTH - 1;

/// Why a name that contains a secret key cannot be used.
const SECRET: &str = "It holds a secret key, which must not be stored";

/// The scopes that a document offers.
#[derive(Clone, Debug, Default)]
pub struct Proposal {
    /// The scopes, by name; at most [`MAX_SCOPES`].
    pub offered: Vec<OfferedScope>,
    /// Whether they were proposed from tags, paths and methods.
    pub is_made_up: bool,
    /// The first names that cannot be used.
    pub unusable: Vec<UnusableName>,
    /// How many more scopes and names were omitted.
    pub skipped: usize,
    /// How many descriptions were removed because they contain a secret key.
    pub secrets_left_out: usize,
}

/// A scope that a document offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedScope {
    pub scope: Scope,
    /// The document's name for it, if different.
    pub from: Option<String>,
}

/// A name in a document that cannot be used as a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableName {
    /// The start of the name, without invisible characters.
    pub name: String,
    pub reason: String,
}

/// Reads a document of OpenAPI 2, 3.0 or 3.1 in JSON or YAML.
pub fn read(document: &[u8]) -> Result<Proposal, String> {
    let document = document::parse(document)?;
    let mut proposal = Proposal::default();
    for (name, description) in schemes::scopes(&document) {
        proposal.add(name, description, names::scope(name));
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
    /// Adds the scope for `name` to the offer, or records why it cannot be used.
    fn add(&mut self, name: &str, description: &str, scope: Result<Scope, String>) {
        match text::without_secret(name).map_err(|_| SECRET.to_owned()).and(scope) {
            Ok(scope) if self.offered.iter().any(|other| other.scope.name == scope.name) => {}
            Ok(_) if self.offered.len() >= MAX_SCOPES => self.skipped += 1,
            Ok(scope) => {
                let from = (scope.name != name).then(|| text::visible(name, MAX_NAME_LENGTH));
                let description = self.without_secret(clean_up(description), description);
                self.offered.push(OfferedScope { scope: Scope { description, ..scope }, from });
            }
            Err(reason) => self.reject(name, reason),
        }
    }

    /// Returns the tidied description, or an empty string if the full one contains a secret key,
    /// which may lie beyond the cut.
    fn without_secret(&mut self, tidied: String, description: &str) -> String {
        if text::without_secret(description).is_ok() {
            return tidied;
        }
        self.secrets_left_out += 1;
        String::new()
    }

    fn reject(&mut self, name: &str, reason: String) {
        if self.unusable.len() < MAX_UNUSABLE {
            let shown = secret_scan::redacted(name);
            let name = text::visible(shown.as_deref().unwrap_or(name), MAX_NAME_LENGTH);
            self.unusable.push(UnusableName { name, reason });
        } else {
            self.skipped += 1;
        }
    }
}

/// Puts a description on one line, removes invisible characters and cuts it if it is too long.
fn clean_up(description: &str) -> String {
    let words: Vec<_> = description.split_whitespace().collect();
    text::visible(&words.join(" "), MAX_DESCRIPTION_LENGTH).trim().to_owned()
}

#[cfg(test)]
mod tests;
