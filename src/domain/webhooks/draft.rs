//! An endpoint as a person enters it, and the checks that turn it into one.

use std::collections::BTreeSet;
use std::net::IpAddr;

use url::{Host, Url};

use super::{Endpoint, EventType, Policy};
use crate::base::error::Invalid;
use crate::base::outgoing::http;
use crate::base::text::{self, TypedText};

/// The maximum length of a URL, in characters.
const MAX_URL_LENGTH: usize = 2_048;
/// The maximum length of a description, in characters.
const MAX_DESCRIPTION_LENGTH: usize = 80;

/// The endpoint form as submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The URL that messages are sent to.
    pub url: String,
    /// Its purpose; may be empty.
    pub description: String,
    /// The names of the events to send.
    pub events: Vec<String>,
    /// Whether messages are sent; otherwise the endpoint is paused.
    pub is_active: bool,
}

#[derive(Debug)]
pub(super) struct ValidDraft {
    pub url: String,
    pub description: String,
    pub events: BTreeSet<EventType>,
    pub is_active: bool,
}

impl Draft {
    /// Checks the form. `before` is the endpoint that it edits, if any.
    pub(super) fn check(
        &self,
        policy: &Policy,
        before: Option<&Endpoint>,
    ) -> Result<ValidDraft, Invalid> {
        let mut invalid = Invalid::default();
        let url = invalid.collect(
            "url",
            url(
                TypedText::replacing(&self.url, before.map_or("", |endpoint| &endpoint.url)),
                policy,
            ),
        );
        let description = TypedText::replacing(
            &self.description,
            before.map_or("", |endpoint| &endpoint.description),
        );
        let description = text::one_line(description, "Description", MAX_DESCRIPTION_LENGTH);
        let description = invalid.collect("description", description);
        let events = invalid.collect("events", events(&self.events));
        match (url, description, events) {
            (Some(url), Some(description), Some(events)) => {
                Ok(ValidDraft { url, description, events, is_active: self.is_active })
            }
            _ => Err(invalid),
        }
    }
}

/// The URL in normalised form, with hosts and addresses in the form in which they are compared.
fn url<'a>(typed: impl Into<TypedText<'a>>, policy: &Policy) -> Result<String, String> {
    const EXAMPLE: &str = "Enter a URL, for example https://hooks.example.com/latchkey";
    let text = text::one_line(typed, "URL", MAX_URL_LENGTH)?;
    let mut url = Url::parse(&text).map_err(|_| EXAMPLE)?;
    url.set_fragment(None);
    let host = url.host().ok_or(EXAMPLE)?;
    let is_https = match url.scheme() {
        "https" => true,
        "http" if policy.allows_http() => false,
        _ => return Err("URL must start with https://".into()),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("URL must hold no user name and no password".into());
    }
    let address = match host {
        Host::Ipv4(address) => Some(IpAddr::from(address)),
        Host::Ipv6(address) => Some(IpAddr::from(address)),
        Host::Domain(_) => None,
    };
    if let Some(address) = address {
        policy.check(address, is_https)?;
    }
    let is_sendable = url.as_str().parse::<http::Uri>().is_ok();
    if !is_sendable || url.as_str().len() > MAX_URL_LENGTH {
        return Err("URL holds characters that must be percent-encoded, or is too long".into());
    }
    Ok(url.into())
}

fn events(names: &[String]) -> Result<BTreeSet<EventType>, String> {
    let known: Option<BTreeSet<EventType>> =
        names.iter().map(|name| EventType::parse(name)).collect();
    let events = known.ok_or("Choose events from the list")?;
    if events.is_empty() { Err("Choose at least one event".into()) } else { Ok(events) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::network::{Networks, TrustedRoots};
    use proptest::prelude::*;

    fn internal_policy() -> Policy {
        Policy::new(
            &Networks::parse("127.0.0.0/8, 10.1.0.0/16").expect("networks"),
            &TrustedRoots::default(),
        )
    }

    #[test]
    fn urls_are_normalised() {
        for (typed, stored) in [
            ("https://hooks.example.com", "https://hooks.example.com/"),
            (" HTTPS://Hooks.Example.COM:443/a?b=c#d ", "https://hooks.example.com/a?b=c"),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
            ("https://hooks.example.com:8443/", "https://hooks.example.com:8443/"),
            ("https://8.8.8.8/x", "https://8.8.8.8/x"),
        ] {
            assert_eq!(url(typed, &Policy::default()).as_deref(), Ok(stored), "{typed}");
        }
        for (typed, stored) in [
            ("http://127.1:9/x", "http://127.0.0.1:9/x"),
            ("http://2130706433/", "http://127.0.0.1/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://receiver.internal/", "http://receiver.internal/"),
            ("https://10.1.2.3/", "https://10.1.2.3/"),
        ] {
            assert_eq!(url(typed, &internal_policy()).as_deref(), Ok(stored), "{typed}");
        }
    }

    #[test]
    fn private_addresses_in_any_spelling_other_schemes_and_credentials_are_rejected() {
        for typed in [
            "",
            "hooks.example.com",
            "ftp://hooks.example.com",
            "file:///etc/passwd",
            "http://hooks.example.com",
            "https://u:p@hooks.example.com",
            "https://u@example.com",
            "https://127.0.0.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://0177.0.0.1",
            "https://127.1",
            "https://0",
            "https://[::1]",
            "https://[::ffff:127.0.0.1]",
            "https://[::ffff:a9fe:a9fe]",
            "https://169.254.169.254/latest",
            "https://[fd00::1]",
            "https://１２７.0.0.1",
            "javascript:alert(1)",
            "https://a\u{202e}b.example",
        ] {
            assert!(url(typed, &Policy::default()).is_err(), "{typed}");
        }
        for typed in ["http://8.8.8.8", "http://10.2.0.1", "https://10.2.0.1", "http://[::1]/"] {
            assert!(url(typed, &internal_policy()).is_err(), "{typed}");
        }
        let long = format!("https://hooks.example.com/{}", "x".repeat(MAX_URL_LENGTH));
        assert_eq!(
            url(&long, &Policy::default()),
            Err("URL must be 2,048 characters or fewer".into())
        );
    }

    #[test]
    fn events_must_be_in_the_list() {
        let parse = |names: &[&str]| events(&names.map_to_strings());
        assert_eq!(parse(&["api_key.revoked"]).map(|events| events.len()), Ok(1));
        assert!(parse(&[]).is_err() && parse(&["webhook.test"]).is_err() && parse(&["x"]).is_err());
    }

    trait ToStrings {
        fn map_to_strings(&self) -> Vec<String>;
    }

    impl ToStrings for [&str] {
        fn map_to_strings(&self) -> Vec<String> {
            self.iter().map(|name| (*name).to_owned()).collect()
        }
    }

    proptest! {
        #[test]
        fn a_stored_url_is_valid_and_normalised(text in "https://.{0,40}|.*") {
            if let Ok(stored) = url(&text, &Policy::default()) {
                prop_assert_eq!(url(&stored, &Policy::default()), Ok(stored.clone()));
                prop_assert!(stored.starts_with("https://") && stored.is_ascii());
            }
        }
    }
}
