//! Parses a document's bytes into a value, with limits on nesting, aliases and the size that aliases
//! expand to.

use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Options, budget, options};

/// The maximum nesting depth in YAML.
const DEPTH: usize = 64;
/// The stack size for the YAML parser, in bytes: four times what this depth takes in a debug build.
const STACK: usize = 8 * 1024 * 1024;

/// Parses the bytes if they are an OpenAPI document. If a key occurs twice, the last one counts.
pub(super) fn parse(document: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(document)
        .map_err(|_| "The document is not text: it must be in UTF-8".to_owned())?;
    let text = text.trim_start_matches('\u{feff}');
    let value = match text.trim_start().chars().next() {
        None => return Err("Paste a document, or choose a file".into()),
        Some('{') => json(text)?,
        Some(_) => yaml(text)?,
    };
    match version(&value).as_deref() {
        Some("2.0") => Ok(value),
        Some(version) if version.starts_with("3.") => Ok(value),
        Some(version) => {
            let shown = crate::base::text::visible(version, 20);
            Err(format!("OpenAPI “{shown}” cannot be read. Give a document of 2.0, 3.0 or 3.1"))
        }
        None => {
            Err("This is not an OpenAPI document: it names no version of openapi or swagger".into())
        }
    }
}

fn version(document: &Value) -> Option<String> {
    match document.get("openapi").or_else(|| document.get("swagger"))? {
        Value::String(version) => Some(version.clone()),
        // YAML parses a version without quotation marks as a number.
        Value::Number(version) => Some(version.to_string()),
        _ => None,
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("The document cannot be read as JSON: something is wrong in line {line}, column {column}")
    })
}

/// Runs on a separate thread with a larger stack, because each nesting level takes several frames.
fn yaml(text: &str) -> Result<Value, String> {
    let read = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let read = || serde_saphyr::from_str_with_options(text, limits());
        thread.spawn_scoped(scope, read).ok()?.join().ok()
    });
    let failed = "The document cannot be read as YAML";
    read.ok_or(failed)?.map_err(|error| {
        match error.location().map(|place| (place.line(), place.column())) {
            Some((line, column)) if line > 0 => {
                format!("{failed}: something is wrong in line {line}, column {column}")
            }
            _ => failed.to_owned(),
        }
    })
}

/// The parser's limits. Content that an alias repeats counts as if it were written out.
fn limits() -> Options {
    options! {
        budget: budget! {
            max_depth: DEPTH,
            flow_nesting_limit: DEPTH,
            max_documents: 1,
            max_nodes: 250_000,
            max_aliases: 10_000,
            max_total_scalar_bytes: 8 * 1024 * 1024,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 250_000 },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    }
}
