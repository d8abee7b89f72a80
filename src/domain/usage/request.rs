//! A request as it is kept when it was refused: its id, and a line that says what was asked for.

use std::fmt;

use crate::base::{random, text};

/// Names a refused request, in its answer, in the log and in the dashboard: `req_` and 16 digits of
/// Crockford's base32.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// A new id; unique, not secret.
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

/// A request's method and target, as whoever asks about it names them; not to be believed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'a> {
    /// `GET`.
    pub method: Option<&'a [u8]>,
    /// `/orders/1?page=2`, or a whole URL.
    pub target: Option<&'a [u8]>,
}

/// The longest method that is kept, in bytes.
const LONGEST_METHOD: usize = 20;
/// The longest path that is kept, in characters.
const LONGEST_PATH: usize = 200;
/// How much of a target is looked at, in bytes.
const READ: usize = 1024;
/// The longest part of a path that is kept, in bytes: a secret key has 55 or more.
const LONGEST_PART: usize = 40;

impl Named<'_> {
    /// `GET /orders/1`: without the query and without parts of the path that are long enough for a
    /// secret key, so that none is kept with it (ASVS 14.2.1); nothing that cannot be seen.
    pub fn line(&self) -> String {
        let method = String::from_utf8_lossy(self.method.unwrap_or_default());
        let method = if method.len() > LONGEST_METHOD { "…" } else { &method };
        let target = self.target.unwrap_or_default();
        let target = &target[..target.len().min(READ)];
        let end = target.iter().position(|byte| b"?#".contains(byte)).unwrap_or(target.len());
        let path = String::from_utf8_lossy(&target[..end]);
        let parts: Vec<_> = path
            .split('/')
            .map(|part| if part.len() > LONGEST_PART { "…" } else { part })
            .collect();
        let line = format!("{method} {}", parts.join("/"));
        text::visible(line.trim(), LONGEST_PATH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(method: &str, target: &str) -> String {
        let (method, target) = (Some(method.as_bytes()), Some(target.as_bytes()));
        Named { method, target }.line()
    }

    #[test]
    fn a_line_has_the_method_and_the_path_without_its_query() {
        assert_eq!(line("GET", "/orders/1?access_token=x#y"), "GET /orders/1");
        assert_eq!(line("", "/orders"), "/orders");
        assert_eq!(line("GET", "https://api.example.com/a?b"), "GET https://api.example.com/a");
        assert_eq!(Named::default().line(), "");
    }

    #[test]
    fn what_is_long_enough_for_a_secret_key_is_left_out() {
        let secret = format!("lk_prod_{}", "a".repeat(49));
        assert_eq!(line("GET", &format!("/orders/{secret}/x")), "GET /orders/…/x");
        assert_eq!(line(&secret, "/orders"), "… /orders");
        assert_eq!(line("GET", &format!("/{}", "x/".repeat(8000))).chars().count(), 201);
    }

    proptest! {
        #[test]
        fn no_request_makes_a_line_long_or_invisible(method: Vec<u8>, target: Vec<u8>) {
            let line = Named { method: Some(&method), target: Some(&target) }.line();
            prop_assert!(line.chars().count() <= LONGEST_PATH + 1);
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
