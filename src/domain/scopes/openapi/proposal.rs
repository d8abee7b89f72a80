//! What a document offers: scopes, each once, and names that cannot be used, with the reason.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::base::{secret_scan, text};
use crate::domain::scopes::scope::MAX_DESCRIPTION_LENGTH;
use crate::domain::scopes::{MAX_SCOPES, Scope};

/// How many unusable names are listed.
pub(super) const MAX_UNUSABLE: usize = 50;
/// The maximum length of a listed name, in characters.
const MAX_NAME_LENGTH: usize = 80;

/// Why a name that contains a secret key cannot be used.
const SECRET: &str = "It holds a secret key, which must not be stored";

/// The scopes that a document offers.
#[derive(Clone, Debug, Default)]
pub struct Proposal {
    /// The scopes, by source and name; at most [`MAX_SCOPES`].
    pub offered: Vec<OfferedScope>,
    /// How many more scopes the document offers.
    pub more_offered: usize,
    /// The first names that cannot be used.
    pub unusable: Vec<UnusableName>,
    /// How many more names cannot be used.
    pub more_unusable: usize,
    /// How many descriptions were removed because they contain a secret key.
    pub secrets_left_out: usize,
}

/// Where the name of a scope comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The scopes of the document's security schemes.
    Schemes,
    Tags,
    Paths,
    OperationIds,
}

/// A scope that a document offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedScope {
    pub scope: Scope,
    /// The document's name for it, if different.
    pub from: Option<String>,
    pub source: Source,
}

/// A name in a document that cannot be used as a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableName {
    /// The start of the name, without invisible characters.
    pub name: String,
    pub reason: String,
}

/// Collects what a document offers. A name that occurs again counts once.
#[derive(Default)]
pub(super) struct Collector<'a> {
    /// By name of the scope, with the document's name for it.
    offered: BTreeMap<String, (&'a str, OfferedScope)>,
    /// The reasons, by name.
    unusable: BTreeMap<String, String>,
    secrets_left_out: usize,
}

impl<'a> Collector<'a> {
    /// Whether no scope is offered, or the document has names that cannot be used.
    pub(super) fn is_incomplete(&self) -> bool {
        self.offered.is_empty() || !self.unusable.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.offered.is_empty() && self.unusable.is_empty()
    }

    /// Adds the scope that `name` of a security scheme stands for, or records why it cannot be
    /// used. Two names never become one scope.
    pub(super) fn add_declared(
        &mut self,
        name: &'a str,
        description: &str,
        scope: Result<Scope, String>,
    ) {
        match text::without_secret(name).map_err(|_| SECRET.to_owned()).and(scope) {
            Ok(scope) => match self.offered.get(&scope.name) {
                Some((other, _)) if *other == name => {}
                Some((other, _)) if other.to_lowercase() == name.to_lowercase() => {}
                Some((other, _)) => {
                    let other = text::visible(other, MAX_NAME_LENGTH);
                    self.reject(name, format!("It becomes {}, as “{other}” does", scope.name));
                }
                None => {
                    let from = (scope.name != name).then(|| text::visible(name, MAX_NAME_LENGTH));
                    self.offer(name, description, scope, from, Source::Schemes);
                }
            },
            Err(reason) => self.reject(name, reason),
        }
    }

    /// Adds a scope that is suggested from `source`, unless it is offered already.
    pub(super) fn suggest(&mut self, scope: Scope, description: &str, source: Source) {
        if !self.offered.contains_key(&scope.name) {
            self.offer("", description, scope, None, source);
        }
    }

    fn offer(
        &mut self,
        name: &'a str,
        description: &str,
        scope: Scope,
        from: Option<String>,
        source: Source,
    ) {
        let description = self.without_secret(description);
        let offered = OfferedScope { scope: Scope { description, ..scope }, from, source };
        self.offered.insert(offered.scope.name.clone(), (name, offered));
    }

    /// Records why a name cannot be used.
    pub(super) fn reject(&mut self, name: &str, reason: impl Into<String>) {
        let shown = secret_scan::redacted(name);
        let name = text::visible(shown.as_deref().unwrap_or(name), MAX_NAME_LENGTH);
        if let Entry::Vacant(entry) = self.unusable.entry(name) {
            entry.insert(reason.into());
        }
    }

    /// Returns the tidied description, or an empty string if the full one contains a secret key,
    /// which may lie beyond the cut.
    fn without_secret(&mut self, description: &str) -> String {
        if text::without_secret(description).is_ok() {
            return clean_up(description);
        }
        self.secrets_left_out += 1;
        String::new()
    }

    pub(super) fn finish(self) -> Proposal {
        let mut offered: Vec<_> = self.offered.into_values().map(|(_, offered)| offered).collect();
        // Stable, so that the scopes of each source stay sorted by name.
        offered.sort_by_key(|offered| offered.source != Source::Schemes);
        let more_offered = offered.len().saturating_sub(MAX_SCOPES);
        let more_unusable = self.unusable.len().saturating_sub(MAX_UNUSABLE);
        offered.truncate(MAX_SCOPES);
        let unusable = self.unusable.into_iter().take(MAX_UNUSABLE);
        let unusable = unusable.map(|(name, reason)| UnusableName { name, reason }).collect();
        let secrets_left_out = self.secrets_left_out;
        Proposal { offered, more_offered, unusable, more_unusable, secrets_left_out }
    }
}

/// Puts a description on one line, removes invisible characters and cuts it if it is too long.
fn clean_up(description: &str) -> String {
    let words: Vec<_> = description.split_whitespace().collect();
    // One character less leaves room for the ellipsis.
    text::visible(&words.join(" "), MAX_DESCRIPTION_LENGTH - 1).trim().to_owned()
}
