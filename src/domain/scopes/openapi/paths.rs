//! Scopes proposed from a document's paths: the resource comes from the tag or path, and read or
//! write from the method.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Proposal;
use crate::base::text;
use crate::domain::scopes::{Resource, Scope};

/// The maximum length of a resource's slug, in characters.
const MAX_LENGTH: usize = 40;
const READS: [&str; 3] = ["get", "head", "options"];
const WRITES: [&str; 5] = ["put", "post", "patch", "delete", "trace"];

/// Proposes `resource:read` and `resource:write` for the requests that `document` describes.
pub(super) fn propose(document: &Value, proposal: &mut Proposal) {
    let descriptions = tag_descriptions(document);
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for (method, request) in item.as_object().into_iter().flatten() {
            let operation = match method.as_str() {
                method if READS.contains(&method) => "read",
                method if WRITES.contains(&method) => "write",
                _ => continue,
            };
            let tag = request.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default();
            if let Some(resource) = resource(tag).or_else(|| segments(path).find_map(resource)) {
                let name = format!("{resource}:{operation}");
                let description = descriptions.get(tag).copied().unwrap_or_default();
                proposal.add(&name, description, scope(&resource, operation));
            } else {
                let request = format!("{} {path}", method.to_uppercase());
                proposal.reject(&request, "Neither a tag nor the path names a resource".into());
            }
        }
    }
}

fn scope(resource: &str, operation: &str) -> Result<Scope, String> {
    Resource::new(resource, "").map(|resource| resource.scope(operation))
}

/// The resource name in `text`: its slug from the first letter on.
fn resource(text: &str) -> Option<String> {
    // A secret key that is cut to a slug would no longer be recognised.
    let slug = text::slug(text::without_secret(text).ok()?, MAX_LENGTH);
    let name = slug.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    (!name.is_empty()).then(|| name.to_owned())
}

/// The segments of a path that may name a resource, without parameters, versions and `api`.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| {
        let is_version = segment
            .strip_prefix('v')
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'));
        !is_version && *segment != "api" && !segment.contains('{') && !segment.starts_with(':')
    })
}

fn tag_descriptions(document: &Value) -> BTreeMap<&str, &str> {
    let tags = document.get("tags").and_then(Value::as_array);
    let described = tags.into_iter().flatten().filter_map(|tag| {
        let (name, description) = (tag.get("name")?.as_str()?, tag.get("description")?.as_str()?);
        Some((name, description))
    });
    described.collect()
}
