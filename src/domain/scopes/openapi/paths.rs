//! Scopes suggested from a document's requests: the resource comes from the tag, the path or the
//! operation id, and read or write from the method.

use std::collections::BTreeMap;

use serde_json::Value;

use super::proposal::{Collector, Source};
use super::requests::{Request, requests};
use crate::domain::scopes::Resource;
use crate::domain::scopes::scope::MAX_LENGTH;

/// How many nouns at the start of paths are left out at most.
const MAX_SHARED: usize = 8;
/// Up to this many requests may all be about one resource.
const FEW: usize = 4;

/// Suggests `resource:read` and `resource:write` for the requests that `document` describes.
pub(super) fn propose(document: &Value, found: &mut Collector<'_>) {
    let descriptions = tag_descriptions(document);
    let mut requests = requests(document);
    skip_shared_nouns(&mut requests);
    let sources = sources(&requests);
    for request in &requests {
        let names = || sources.iter().filter_map(|s| Some((*s, request.name(*s)?)));
        if let Some((source, name)) = names().find(|(_, name)| name.len() <= MAX_LENGTH) {
            let operation = request.operation(source);
            let description = match source {
                Source::Tags => descriptions.get(request.tag).copied().unwrap_or_default(),
                _ => "",
            };
            match Resource::new(name, "") {
                Ok(resource) => found.suggest(resource.scope(operation), description, source),
                Err(reason) => found.reject(&format!("{name}:{operation}"), reason),
            }
        } else if let Some((_, name)) = names().next() {
            found.reject(name, format!("It is longer than {MAX_LENGTH} characters"));
        } else {
            let request = format!("{} {}", request.method.to_uppercase(), request.path);
            found.reject(&request, "No tag, path or operation id names a resource");
        }
    }
}

/// The sources of names, the best one first: tags, then paths, then operation ids. A source that
/// gives almost all requests the same name comes after the others.
fn sources(requests: &[Request<'_>]) -> [Source; 3] {
    let mut sources = [Source::Tags, Source::Paths, Source::OperationIds];
    sources.sort_by_key(|source| {
        let (_, count, total) = most_common(requests, *source);
        total == 0 || (total > FEW && count * 10 > total * 9)
    });
    sources
}

/// Leaves out nouns at the start of paths that most requests share, as `accounts` in
/// `/accounts/{id}/calls`.
fn skip_shared_nouns(requests: &mut [Request<'_>]) {
    for _ in 0..MAX_SHARED {
        let (name, count, total) = most_common(requests, Source::Paths);
        if total <= FEW || count * 4 <= total * 3 {
            return;
        }
        let name = name.to_owned();
        let mut is_skipped = false;
        for request in requests.iter_mut() {
            if request.name(Source::Paths).is_some_and(|noun| singular(noun) == name) {
                is_skipped |= request.skip_noun();
            }
        }
        if !is_skipped {
            return;
        }
    }
}

/// The most common name in `source`, in the singular, how many requests have it, and how many have
/// any.
fn most_common<'a>(requests: &'a [Request<'_>], source: Source) -> (&'a str, usize, usize) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut total = 0;
    for name in requests.iter().filter_map(|request| request.name(source)) {
        *counts.entry(singular(name)).or_default() += 1;
        total += 1;
    }
    let (name, count) = counts.into_iter().max_by_key(|(_, count)| *count).unwrap_or_default();
    (name, count, total)
}

fn singular(name: &str) -> &str {
    name.trim_end_matches('s')
}

fn tag_descriptions(document: &Value) -> BTreeMap<&str, &str> {
    let tags = document.get("tags").and_then(Value::as_array);
    let described = tags.into_iter().flatten().filter_map(|tag| {
        let (name, description) = (tag.get("name")?.as_str()?, tag.get("description")?.as_str()?);
        Some((name, description))
    });
    described.collect()
}
