//! The reasons why requests were denied, in the words of the pages, and what to do about them.

use crate::domain::usage::Outcome;
use crate::domain::usage::denials::Denial;

/// One line of advice, part of which may be a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// The text before the link; all of the text if there is no link.
    pub before: &'static str,
    /// The text of the link, and its URL.
    pub link: Option<(&'static str, String)>,
    /// The text after the link.
    pub after: &'static str,
}

/// `Scope missing: orders:write`.
pub fn reason(reason: Outcome, detail: &str) -> String {
    let text = match reason {
        Outcome::Pass => "Allowed",
        Outcome::MissingKey => "No API key",
        Outcome::MalformedKey => "Not a secret key",
        Outcome::InvalidKey => "Secret key does not match",
        Outcome::KeyExpired => "Key expired",
        Outcome::KeyRevoked => "Key revoked",
        Outcome::KeyDisabled => "Key disabled",
        Outcome::SecretSuperseded => "Secret key was replaced",
        Outcome::ScopeMissing => "Scope missing",
        Outcome::AddressNotAllowed => "Address not in the IP whitelist",
        Outcome::EnvironmentMismatch => "Key of another environment",
    };
    match reason {
        Outcome::ScopeMissing if !detail.is_empty() => {
            format!("{text}: {}", detail.replace(' ', ", "))
        }
        _ => text.into(),
    }
}

/// What to do about a denial. `role_has` returns whether the key's role includes a scope; `edit` is
/// the URL for editing the key, if the viewer may.
pub fn advice(denied: &Denial, role_has: impl Fn(&str) -> bool, edit: Option<&str>) -> Advice {
    match denied.reason {
        Outcome::AddressNotAllowed => not_allowed(denied.address.as_deref(), edit),
        Outcome::ScopeMissing => missing(&denied.detail, role_has, edit),
        Outcome::InvalidKey => plain("Often an old secret left in a configuration file"),
        Outcome::KeyExpired => plain("Rotate the key if the application still needs it"),
        Outcome::KeyRevoked => plain("Something still uses it. The address may tell what"),
        Outcome::KeyDisabled => plain("Enable the key if the application still needs it"),
        Outcome::SecretSuperseded => plain("An old secret is still in use somewhere"),
        Outcome::EnvironmentMismatch => plain("The gateway asks for a key of another environment"),
        Outcome::MalformedKey => plain("Often a secret cut short, or a Key ID in its place"),
        Outcome::MissingKey => plain("The request bore no Authorization header"),
        Outcome::Pass => plain(""),
    }
}

fn not_allowed(address: Option<&str>, edit: Option<&str>) -> Advice {
    match (address, edit) {
        (None, _) => plain("The proxy in front told no address"),
        (_, None) => plain("Add it to the IP whitelist if it is yours"),
        (Some(address), Some(edit)) => Advice {
            link: Some(("Add it under Edit", link(edit, "add_address", address))),
            after: " if it is yours",
            ..Advice::default()
        },
    }
}

fn missing(scopes: &str, role_has: impl Fn(&str) -> bool, edit: Option<&str>) -> Advice {
    let mut names = scopes.split(' ').filter(|scope| !scope.is_empty()).peekable();
    if names.peek().is_none() {
        return plain("The gateway asks for something that is no scope");
    }
    if !names.all(role_has) {
        return plain("The role does not include this scope");
    }
    match edit {
        None => plain("The application may need it"),
        Some(edit) => Advice {
            link: Some(("Add the scope under Edit", link(edit, "add_scope", scopes))),
            after: " if the application needs it",
            ..Advice::default()
        },
    }
}

fn plain(before: &'static str) -> Advice {
    Advice { before, ..Advice::default() }
}

fn link(edit: &str, parameter: &str, value: &str) -> String {
    let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{edit}&{parameter}={value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;

    fn denied(reason: Outcome, detail: &str) -> Denial {
        Denial {
            request_id: "req_0123456789ABCDEF".into(),
            key_id: None,
            secret: None,
            reason,
            detail: detail.into(),
            address: Some("198.51.100.77".into()),
            line: String::new(),
            at: Timestamp::default(),
            count: 1,
        }
    }

    #[test]
    fn advice_leads_to_the_edit_that_would_help() {
        let edit = Some("/api-keys/key_1/edit?return=%2Fapi-keys%2Fkey_1");
        let link = |reason, detail, has: bool| {
            advice(&denied(reason, detail), |_| has, edit).link.map(|(_, href)| href)
        };
        assert_eq!(
            link(Outcome::AddressNotAllowed, "", true).as_deref(),
            Some("/api-keys/key_1/edit?return=%2Fapi-keys%2Fkey_1&add_address=198.51.100.77")
        );
        assert_eq!(
            link(Outcome::ScopeMissing, "a:read b:read", true).as_deref(),
            Some("/api-keys/key_1/edit?return=%2Fapi-keys%2Fkey_1&add_scope=a%3Aread+b%3Aread")
        );
        assert_eq!(link(Outcome::ScopeMissing, "a:read", false), None);
        assert_eq!(link(Outcome::KeyRevoked, "", true), None);
    }

    #[test]
    fn every_reason_has_words_and_advice() {
        for outcome in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Pass) {
            assert!(!reason(outcome, "").is_empty());
            assert!(!advice(&denied(outcome, ""), |_| true, None).before.is_empty(), "{outcome:?}");
        }
        assert_eq!(reason(Outcome::ScopeMissing, "a:read b:read"), "Scope missing: a:read, b:read");
    }
}
