//! The path of `/v1/ext-authz/{question}/{the client's path}`: for gateways that append their client's
//! path to the address that they ask, as Envoy's `path_prefix` does. Pure: a path in, the question
//! and the client's request out.
//!
//! The question ends at the first slash, and nothing after it can change the question.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The path before the question.
pub const PATH: &str = "/v1/ext-authz";

/// The question of a gateway that only requires a valid key.
const ANY_KEY: &str = "-";

/// The parts of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefixed<'a> {
    /// The query of `/v1/authorize`, decoded.
    pub question: Cow<'a, str>,
    /// The path and query of the client's request, from its first slash.
    pub target: &'a str,
}

/// Why a path is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidPath {
    /// It has no question, or no slash after it.
    NoQuestion,
    /// The question contains a character that a gateway or a later hop could read as its end.
    UnsafeQuestion,
    /// The client's path contains `.` or `..`. A server that resolves them would let the client
    /// choose the question.
    DotSegment,
}

/// The path and query of the client's request.
pub fn target(path_and_query: &str) -> Option<&str> {
    Some(split(path_and_query)?.1)
}

/// The segment of the question, and the path and query of the client's request.
fn split(path_and_query: &str) -> Option<(&str, &str)> {
    let rest = path_and_query.strip_prefix(PATH)?.strip_prefix('/')?;
    let (segment, target) = rest.split_at(rest.find(['/', '?'])?);
    (!segment.is_empty() && target.starts_with('/')).then_some((segment, target))
}

/// Reads the path and query of a request below [`PATH`].
pub fn parse(path_and_query: &str) -> Result<Prefixed<'_>, InvalidPath> {
    let (segment, target) = split(path_and_query).ok_or(InvalidPath::NoQuestion)?;
    let decoded = percent_decode_str(segment).decode_utf8();
    let question = decoded.map_err(|_| InvalidPath::UnsafeQuestion)?;
    if question.contains(|c: char| matches!(c, '/' | '?' | '#' | '\\') || c.is_control()) {
        return Err(InvalidPath::UnsafeQuestion);
    }
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    if has_dot_segment(path) {
        return Err(InvalidPath::DotSegment);
    }
    let question = if question == ANY_KEY { "".into() } else { question };
    Ok(Prefixed { question, target })
}

/// Whether some server could read a segment of the path as `.` or `..`: also encoded, between encoded
/// slashes or backslashes, or with parameters after a semicolon.
fn has_dot_segment(path: &str) -> bool {
    let decoded: Cow<'_, [u8]> = percent_decode_str(path).into();
    decoded.split(|byte| matches!(byte, b'/' | b'\\')).any(|segment| {
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        matches!(name, b"." | b"..")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_question_ends_at_the_first_slash_and_the_rest_is_the_clients() {
        for (rest, question, target) in [
            ("-/", "", "/"),
            ("-/orders/1?scope=x", "", "/orders/1?scope=x"),
            ("scope=orders:read/", "scope=orders:read", "/"),
            ("scope=a:r&environment=production/x", "scope=a:r&environment=production", "/x"),
            ("scope%3Da%3Ar%26environment%3Dstaging/x", "scope=a:r&environment=staging", "/x"),
            ("scope=a:r%20b:r/x", "scope=a:r b:r", "/x"),
            ("scope=a%253Ar/x", "scope=a%3Ar", "/x"),
            ("-//x", "", "//x"),
            ("-/v1/ext-authz/scope=a:r/x", "", "/v1/ext-authz/scope=a:r/x"),
            ("-/scope=a:r/x", "", "/scope=a:r/x"),
            ("-/a%2fb/c%3fd;e", "", "/a%2fb/c%3fd;e"),
            ("-/...", "", "/..."),
            ("-/..x/x../.x", "", "/..x/x../.x"),
            ("-/x?y=/../", "", "/x?y=/../"),
        ] {
            let path = format!("{PATH}/{rest}");
            assert_eq!(parse(&path), Ok(Prefixed { question: question.into(), target }), "{rest}");
        }
    }

    #[test]
    fn everything_ambiguous_is_rejected() {
        use InvalidPath::{DotSegment, NoQuestion, UnsafeQuestion};
        for (rest, why) in [
            ("", NoQuestion),
            ("-", NoQuestion),
            ("/", NoQuestion),
            ("/orders", NoQuestion),
            ("scope=a:r", NoQuestion),
            ("-?x=/", NoQuestion),
            ("scope=a:r?x/y", NoQuestion),
            ("scope=a%2fb/x", UnsafeQuestion),
            ("scope=a%2Fb/x", UnsafeQuestion),
            ("scope=a%3fb/x", UnsafeQuestion),
            ("scope=a%23b/x", UnsafeQuestion),
            ("scope=a%5cb/x", UnsafeQuestion),
            ("scope=a\\b/x", UnsafeQuestion),
            ("scope=a%00b/x", UnsafeQuestion),
            ("scope=a%0d%0ab/x", UnsafeQuestion),
            ("scope=a%7fb/x", UnsafeQuestion),
            ("scope=a%c2%85b/x", UnsafeQuestion),
            ("scope=%ff/x", UnsafeQuestion),
            ("-/..", DotSegment),
            ("-/../-/admin", DotSegment),
            ("-/x/../y", DotSegment),
            ("-/./x", DotSegment),
            ("-/%2e%2e/x", DotSegment),
            ("-/.%2E/x", DotSegment),
            ("-/%2E./x?y", DotSegment),
            ("-/x/..%2fy", DotSegment),
            ("-/x%2f..", DotSegment),
            ("-/..%5cy", DotSegment),
            ("-/..\\y", DotSegment),
            ("-/..;a=b/y", DotSegment),
        ] {
            assert_eq!(parse(&format!("{PATH}/{rest}")), Err(why), "{rest}");
        }
        assert_eq!(parse("/v1/authorize/-/x"), Err(NoQuestion));
    }

    proptest! {
        #[test]
        fn nothing_after_the_question_changes_it(
            question in "scope=[a-z]{1,5}:(read|write)",
            target in "([/.;?&#=\\\\a-z]|%2[ef]|%3f|%5c|scope=x){0,40}",
        ) {
            if let Ok(parsed) = parse(&format!("{PATH}/{question}/{target}")) {
                prop_assert_eq!(parsed.question, question.as_str());
            }
        }
    }
}
