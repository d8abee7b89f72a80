//! Scopes from an OpenAPI document: those of its security schemes, and, if some or all of these
//! cannot be used, scopes suggested from its tags, paths and operation ids.
//!
//! Pure functions. The document is untrusted: whatever it contains, only valid scopes result, in a
//! time that is proportional to its length.

mod document;
mod names;
mod paths;
mod proposal;
mod requests;
mod schemes;
mod words;

pub use proposal::{OfferedScope, Proposal, Source, UnusableName};

use proposal::Collector;

/// Reads a document of OpenAPI 2, 3.0 or 3.1 in JSON or YAML.
pub fn read(document: &[u8]) -> Result<Proposal, String> {
    let document = document::parse(document)?;
    let mut found = Collector::default();
    for (name, description) in schemes::scopes(&document) {
        found.add_declared(name, description, names::scope(name, description));
    }
    if found.is_incomplete() {
        paths::propose(&document, &mut found);
    }
    if found.is_empty() {
        return Err("The document has no OAuth2 scopes, and no paths to propose some from".into());
    }
    Ok(found.finish())
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod path_tests;
#[cfg(test)]
mod scheme_tests;
#[cfg(test)]
mod tests;
