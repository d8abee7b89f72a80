//! The headers in which clients of an API may send a secret key.

use http::header::{AUTHORIZATION, HeaderName};

/// The entry for `Authorization: Basic` with the secret key as the user and no password.
const BASIC: &str = "authorization-basic";

/// The headers that may carry a secret key; only `Authorization: Bearer` by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialHeaders {
    names: Vec<HeaderName>,
    allows_basic: bool,
}

impl Default for CredentialHeaders {
    fn default() -> Self {
        Self { names: vec![AUTHORIZATION], allows_basic: false }
    }
}

impl CredentialHeaders {
    /// Reads names of headers, separated by commas.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut headers = Self { names: Vec::new(), allows_basic: false };
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if part.eq_ignore_ascii_case(BASIC) {
                headers.allows_basic = true;
                continue;
            }
            let name: HeaderName = part
                .parse()
                .map_err(|_| format!("{} is not the name of a header", part.escape_debug()))?;
            let is_taken = ["cookie", "host", "forwarded"].contains(&name.as_str())
                || name.as_str().starts_with("latchkey")
                || name.as_str().starts_with("x-forwarded-")
                || name.as_str().starts_with("x-original-");
            if is_taken {
                return Err(format!("{name} has another meaning; name a header such as x-api-key"));
            }
            if !headers.names.contains(&name) {
                headers.names.push(name);
            }
        }
        if headers.names.is_empty() && !headers.allows_basic {
            return Err("name at least one header, for example authorization,x-api-key".into());
        }
        Ok(headers)
    }

    /// The only header in the list, if it is the only way to send a secret key.
    pub fn only(&self) -> Option<&HeaderName> {
        match self.names.as_slice() {
            [name] if !self.allows_basic => Some(name),
            _ => None,
        }
    }

    pub fn names(&self) -> &[HeaderName] {
        &self.names
    }

    /// Whether `Authorization: Basic` with the secret key as the user is allowed.
    pub fn allows_basic(&self) -> bool {
        self.allows_basic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_once() {
        let parse = |text| CredentialHeaders::parse(text).expect("valid");
        assert_eq!(parse("authorization"), CredentialHeaders::default());
        assert_eq!(parse(" Authorization , AUTHORIZATION,"), CredentialHeaders::default());
        let several = parse("authorization,x-api-key,Authorization-Basic");
        assert_eq!(several.names(), ["authorization", "x-api-key"]);
        assert!(several.allows_basic() && several.only().is_none());
        assert_eq!(parse("x-api-key").only().map(HeaderName::as_str), Some("x-api-key"));
        assert!(parse("authorization-basic").only().is_none());
    }

    #[test]
    fn unusable_names_are_rejected() {
        for text in ["", ",", "x api key", "cookie", "Latchkey-Key-Id", "x-forwarded-for", "é"] {
            assert!(CredentialHeaders::parse(text).is_err(), "{text}");
        }
    }
}
