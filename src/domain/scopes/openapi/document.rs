//! Parses a document's bytes into a value, with limits on nesting, aliases and the size that aliases
//! expand to. Parts that name no scopes are skipped, so that a large document takes little memory.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Options, budget, options};

use super::requests::is_method;

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
    serde_json::from_str(text).map(|Document(value)| value).map_err(|error| {
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
    read.ok_or(failed)?.map(|Document(value)| value).map_err(|error| {
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
            max_nodes: 1_000_000,
            max_aliases: 10_000,
            max_total_scalar_bytes: 8 * 1024 * 1024,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 250_000 },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    }
}

/// The parts of a document that may name scopes.
struct Document(Value);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Part::Document.deserialize(deserializer).map(Self)
    }
}

/// A part of a document.
#[derive(Clone, Copy)]
enum Part {
    Document,
    Components,
    Paths,
    Path,
    Request,
    /// Everything in it is kept.
    Kept,
    Skipped,
}

impl Part {
    /// The part at `key` of this one.
    fn at(self, key: &str) -> Self {
        match (self, key) {
            (Self::Document, "paths") => Self::Paths,
            (Self::Document, "components") => Self::Components,
            (Self::Paths, _) => Self::Path,
            (Self::Path, method) if is_method(method) => Self::Request,
            (Self::Document, "openapi" | "swagger" | "tags" | "securityDefinitions")
            | (Self::Components, "securitySchemes")
            | (Self::Request, "tags" | "operationId") => Self::Kept,
            _ => Self::Skipped,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Self::Kept => Value::deserialize(deserializer),
            Self::Skipped => IgnoredAny::deserialize(deserializer).map(|_| Value::Null),
            _ => deserializer.deserialize_any(self),
        }
    }
}

/// A value without keys names no scope.
macro_rules! nothing {
    ($($visit:ident($type:ty)),*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Value, E> {
            Ok(Value::Null)
        })*
    };
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    nothing!(visit_bool(bool), visit_i64(i64), visit_i128(i128), visit_u64(u64), visit_u128(u128));
    nothing!(visit_f64(f64), visit_str(&str), visit_bytes(&[u8]));

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let part = self.at(&key);
            let value = entries.next_value_seed(part)?;
            if !matches!(part, Self::Skipped) {
                map.insert(key, value);
            }
        }
        Ok(Value::Object(map))
    }
}
