//! Documents for tests, made of a few requests and scopes.

use serde_json::{Map, Value, json};

use super::{Proposal, Source, read};

/// A document with these requests: method, path, tag and operation id, each of the last two empty
/// if there is none.
pub(super) fn document(requests: &[(&str, &str, &str, &str)]) -> Value {
    let mut paths = Map::new();
    for (method, path, tag, id) in requests {
        let mut request = json!({ "responses": { "200": { "description": "OK" } } });
        if !tag.is_empty() {
            request["tags"] = json!([tag]);
        }
        if !id.is_empty() {
            request["operationId"] = json!(id);
        }
        let item = paths.entry(*path).or_insert_with(|| json!({ "parameters": [] }));
        item[*method] = request;
    }
    json!({ "openapi": "3.0.3", "info": { "title": "API" }, "paths": paths })
}

pub(super) fn with_scopes(mut document: Value, scopes: &[(&str, &str)]) -> Value {
    let scopes: Map<String, Value> =
        scopes.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
    document["components"] = json!({ "securitySchemes": { "oauth": { "type": "oauth2", "flows": {
        "authorizationCode": { "scopes": scopes.clone() }, "implicit": { "scopes": scopes },
    } } } });
    document
}

pub(super) fn read_value(document: &Value) -> Proposal {
    read(document.to_string().as_bytes()).expect("valid")
}

pub(super) fn names(proposal: &Proposal) -> Vec<&str> {
    proposal.offered.iter().map(|offered| offered.scope.name.as_str()).collect()
}

pub(super) fn unusable(proposal: &Proposal) -> Vec<&str> {
    proposal.unusable.iter().map(|unusable| unusable.name.as_str()).collect()
}

pub(super) fn sources(proposal: &Proposal) -> Vec<Source> {
    let mut sources: Vec<_> = proposal.offered.iter().map(|offered| offered.source).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}
