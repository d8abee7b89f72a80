//! The requests that a document describes, and how their tags, paths and operation ids name the
//! resource.

use serde_json::Value;

use super::proposal::Source;
use super::words::{is_reading, is_verb, resource};

/// Methods that change nothing.
const READS: [&str; 3] = ["get", "head", "options"];
const WRITES: [&str; 5] = ["put", "post", "patch", "delete", "trace"];
/// Words after which the name of an operation no longer names the resource.
const PREPOSITIONS: [&str; 6] = ["by", "for", "from", "in", "to", "with"];

/// A request, and the names of its resource.
pub(super) struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub tag: &'a str,
    tag_name: Option<String>,
    /// What the segments of the path name, the first one first.
    nouns: Vec<String>,
    /// How many of them are left out, because almost all requests share them.
    shared: usize,
    id_name: Option<String>,
    /// Whether a word of the path or of the operation id says that it only reads.
    reads: (bool, bool),
}

/// Whether `name` is a method that a path can have.
pub(super) fn is_method(name: &str) -> bool {
    READS.contains(&name) || WRITES.contains(&name)
}

/// The requests of `document`.
pub(super) fn requests(document: &Value) -> Vec<Request<'_>> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut requests = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        let segments = Segments::of(path);
        for (method, request) in item.as_object().into_iter().flatten() {
            if is_method(method) {
                requests.push(Request::new(method, path, &segments, request));
            }
        }
    }
    requests
}

impl<'a> Request<'a> {
    fn new(method: &'a str, path: &'a str, segments: &Segments, request: &'a Value) -> Self {
        let tag = request.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default();
        let id = request.get("operationId").and_then(Value::as_str).unwrap_or_default();
        let (id_name, id_reads) = named_by_id(id);
        Self {
            method,
            path,
            tag,
            tag_name: resource(tag),
            nouns: segments.nouns.clone(),
            shared: 0,
            id_name,
            reads: (segments.is_reading, id_reads),
        }
    }

    /// The name of its resource in `source`.
    pub(super) fn name(&self, source: Source) -> Option<&str> {
        match source {
            Source::Schemes => None,
            Source::Tags => self.tag_name.as_deref(),
            Source::Paths => self.nouns.get(self.shared).map(String::as_str),
            Source::OperationIds => self.id_name.as_deref(),
        }
    }

    /// Leaves out the noun that its path is named by, if there is another one.
    pub(super) fn skip_noun(&mut self) -> bool {
        let has_more = self.shared + 1 < self.nouns.len();
        self.shared += usize::from(has_more);
        has_more
    }

    /// `read` or `write`. A POST only reads if a verb says so, as in `/accounts/get`.
    pub(super) fn operation(&self, source: Source) -> &'static str {
        let (path_reads, id_reads) = self.reads;
        let reads = path_reads || (source == Source::OperationIds && id_reads);
        let is_read = READS.contains(&self.method) || (self.method == "post" && reads);
        if is_read { "read" } else { "write" }
    }
}

/// How many segments of a path are read: the nouns are copied for each of its requests.
const MAX_SEGMENTS: usize = 32;

/// What the segments of a path say.
struct Segments {
    nouns: Vec<String>,
    /// Whether the last one is a verb that changes nothing.
    is_reading: bool,
}

impl Segments {
    fn of(path: &str) -> Self {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let (path, method) = match path.rsplit_once('/') {
            // A custom method, as in `/v1/{name}:cancel`.
            Some((_, last)) => match last.rsplit_once(':').filter(|(noun, _)| !noun.is_empty()) {
                Some((_, verb)) => (&path[..path.len() - verb.len() - 1], resource(verb)),
                None => (path, None),
            },
            None => (path, None),
        };
        let words: Vec<String> = segments(path).take(MAX_SEGMENTS).filter_map(resource).collect();
        let last = method.as_ref().or(words.last());
        let is_reading = last.is_some_and(|word| word.rsplit('-').next().is_some_and(is_reading));
        let nouns: Vec<String> = words.iter().filter(|word| !is_verb(word)).cloned().collect();
        Self { nouns: if nouns.is_empty() { words } else { nouns }, is_reading }
    }
}

/// The segments of a path that may name a resource, without parameters, versions, file extensions
/// and `api`.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let names = path.split('/').filter(|segment| {
        let is_version = segment
            .strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) || rest.is_empty());
        !is_version && *segment != "api" && !segment.contains('{') && !segment.starts_with(':')
    });
    names.map(|segment| segment.strip_suffix(".json").unwrap_or(segment))
}

/// The resource that an operation id names, and whether its verb changes nothing: `orders` for
/// `shop.orders.list`, and `bucket-acl` for `GetBucketAcl`.
fn named_by_id(id: &str) -> (Option<String>, bool) {
    let mut groups = id.rsplit(['.', '/']);
    let (last, group) = (groups.next().unwrap_or_default(), groups.next().unwrap_or_default());
    let words = resource(last).unwrap_or_default();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    let is_read = |word: Option<&&str>| word.is_some_and(|word| is_reading(word));
    let reads = is_read(words.first()) || is_read(words.last());
    if let Some(group) = resource(group) {
        return (Some(group), reads);
    }
    let named = words.iter().take_while(|word| !PREPOSITIONS.contains(word));
    let mut named: Vec<&str> = named.copied().collect();
    let verbs = named.iter().take_while(|word| is_verb(word)).count();
    named.drain(..verbs);
    while named.last().is_some_and(|word| is_verb(word)) {
        named.pop();
    }
    ((!named.is_empty()).then(|| named.join("-")), reads)
}
