//! What is stored about a denied request: its id, and a line that says what was requested.

use std::fmt;

use crate::base::{random, text};

/// Identifies a denied request in its response, in the log and in the dashboard: `req_` and 16
/// digits of Crockford's base32.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// A new id, which is unique but not secret.
    pub fn random() -> Self {
        Self(random::identifier())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("req_")?;
        f.write_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A request's method and target as the caller reports them; not trustworthy.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestLine<'a> {
    /// For example `GET`.
    pub method: Option<&'a [u8]>,
    /// For example `/orders/1?page=2`, or a whole URL.
    pub target: Option<&'a [u8]>,
}

/// The maximum length of a stored method, in bytes.
const MAX_METHOD_LENGTH: usize = 20;
/// The maximum length of a stored path, in characters.
const MAX_PATH_LENGTH: usize = 200;
/// How much of a target is read, in bytes.
const READ_LENGTH: usize = 1024;
/// The maximum length of a stored path segment, in bytes. A secret key has at least 55.
const MAX_SEGMENT_LENGTH: usize = 40;

impl RequestLine<'_> {
    /// For example `GET /orders/1`, without the query and without path segments that are long enough
    /// to be a secret key, so that no secret key is stored (ASVS 14.2.1). Invisible characters are
    /// removed.
    pub fn line(&self) -> String {
        let method = String::from_utf8_lossy(self.method.unwrap_or_default());
        let method = if method.len() > MAX_METHOD_LENGTH { "…" } else { &method };
        let target = self.target.unwrap_or_default();
        let target = &target[..target.len().min(READ_LENGTH)];
        let end = target.iter().position(|byte| b"?#".contains(byte)).unwrap_or(target.len());
        let path = String::from_utf8_lossy(&target[..end]);
        let segments: Vec<_> = path
            .split('/')
            .map(|segment| if segment.len() > MAX_SEGMENT_LENGTH { "…" } else { segment })
            .collect();
        let line = format!("{method} {}", segments.join("/"));
        text::visible(line.trim(), MAX_PATH_LENGTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(method: &str, target: &str) -> String {
        let (method, target) = (Some(method.as_bytes()), Some(target.as_bytes()));
        RequestLine { method, target }.line()
    }

    #[test]
    fn a_line_has_the_method_and_the_path_without_its_query() {
        assert_eq!(line("GET", "/orders/1?access_token=x#y"), "GET /orders/1");
        assert_eq!(line("", "/orders"), "/orders");
        assert_eq!(line("GET", "https://api.example.com/a?b"), "GET https://api.example.com/a");
        assert_eq!(RequestLine::default().line(), "");
    }

    #[test]
    fn segments_long_enough_for_a_secret_key_are_left_out() {
        let secret = format!("lk_prod_{}", "a".repeat(49));
        assert_eq!(line("GET", &format!("/orders/{secret}/x")), "GET /orders/…/x");
        assert_eq!(line(&secret, "/orders"), "… /orders");
        assert_eq!(line("GET", &format!("/{}", "x/".repeat(8000))).chars().count(), 201);
    }

    proptest! {
        #[test]
        fn every_line_is_short_and_visible(method: Vec<u8>, target: Vec<u8>) {
            let line = RequestLine { method: Some(&method), target: Some(&target) }.line();
            prop_assert!(line.chars().count() <= MAX_PATH_LENGTH + 1);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }

    #[test]
    fn ids_differ() {
        let id = RequestId::random().to_string();
        assert_eq!(id.len(), "req_".len() + 16);
        assert_ne!(id, RequestId::random().to_string());
    }
}
