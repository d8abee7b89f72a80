//! The reasons why requests were denied, in the words of the pages, and what to do about them.

use std::net::IpAddr;

use url::form_urlencoded;

use crate::domain::api_keys::{Details, Status};
use crate::domain::members::Permission;
use crate::domain::usage::Outcome;
use crate::domain::usage::denials::GroupTotal;
use crate::pages::Viewer;
use crate::pages::api_keys::dialog_over_page;

/// A link to what would let the denied requests pass.
pub struct Remedy {
    pub label: String,
    pub href: String,
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

/// What to do about denied requests. `key` is the key that they were made with.
pub fn advice(denied: &GroupTotal, key: Option<&Details>) -> &'static str {
    match denied.reason {
        Outcome::AddressNotAllowed if denied.address.is_none() => {
            "The proxy did not send a client address"
        }
        Outcome::AddressNotAllowed => "Add it to the IP whitelist if it is yours",
        Outcome::ScopeMissing if denied.detail.is_empty() => {
            "The gateway requested an unknown scope"
        }
        Outcome::ScopeMissing if !is_in_role(&denied.detail, key) => {
            "The role does not include this scope"
        }
        Outcome::ScopeMissing => "Add the scope if the application needs it",
        Outcome::InvalidKey => "Often an old secret left in a configuration file",
        Outcome::KeyExpired => "Rotate the key if the application still needs it",
        Outcome::KeyRevoked => "Still in use; check the source address",
        Outcome::KeyDisabled => "Enable the key if the application still needs it",
        Outcome::SecretSuperseded => "An old secret is still in use somewhere",
        Outcome::EnvironmentMismatch => "The gateway asks for a key of another environment",
        Outcome::MalformedKey => "Often a secret cut short, or a Key ID in its place",
        Outcome::MissingKey => "The request had no Authorization header",
        Outcome::Pass => "",
    }
}

fn is_in_role(scopes: &str, key: Option<&Details>) -> bool {
    scopes.split(' ').all(|scope| key.is_some_and(|key| key.role.scopes.contains(scope)))
}

/// The page on which the viewer can let such requests pass, unless they would pass already.
pub fn remedy(denied: &GroupTotal, key: Option<&Details>, viewer: &Viewer) -> Option<Remedy> {
    let details = key?;
    let (key, status) = (&details.key, details.key.status(viewer.now));
    let edit = |parameter: &str, value: &str| {
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        format!("{}&{parameter}={value}", dialog_over_page(&key.id, "edit"))
    };
    let (needs, label, href) = match (denied.reason, denied.address.as_deref()) {
        (Outcome::AddressNotAllowed, Some(address)) if !is_allowed(address, details) => {
            (Permission::UpdateKeys, format!("Add {address}"), edit("add_address", address))
        }
        (Outcome::ScopeMissing, _) if lacks(&denied.detail, details) => {
            let label = format!("Add {}", denied.detail.replace(' ', ", "));
            (Permission::UpdateKeys, label, edit("add_scope", &denied.detail))
        }
        (Outcome::KeyExpired, _) if status == Status::Expired => {
            (Permission::UpdateKeys, "Rotate".into(), dialog_over_page(&key.id, "rotate"))
        }
        (Outcome::KeyDisabled, _) if key.is_disabled() => {
            (Permission::UpdateKeys, "Enable".into(), dialog_over_page(&key.id, "enable"))
        }
        (Outcome::KeyRevoked, _) => {
            let href = format!("/api-keys/new?from={}", key.id.as_str());
            (Permission::CreateKeys, "Duplicate".into(), href)
        }
        _ => return None,
    };
    let is_possible = needs != Permission::UpdateKeys || key.revoked_at.is_none();
    (is_possible && viewer.may(needs)).then_some(Remedy { label, href })
}

/// Whether the IP whitelist has the address, or the key may be used from any.
fn is_allowed(address: &str, details: &Details) -> bool {
    let whitelist = details.ip_whitelist.addresses();
    whitelist.is_empty() || address.parse::<IpAddr>().is_ok_and(|at| whitelist.contains(&at))
}

/// Whether the key lacks scopes that its role would give it.
fn lacks(scopes: &str, details: &Details) -> bool {
    let has = details.effective_scopes();
    is_in_role(scopes, Some(details)) && !scopes.split(' ').all(|scope| has.contains(scope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;

    #[test]
    fn every_reason_has_words_and_advice() {
        for reason in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Pass) {
            let denied = GroupTotal {
                key_id: None,
                reason,
                detail: String::new(),
                address: None,
                count: 1,
                stored: 1,
                first_at: Timestamp::default(),
                last_at: Timestamp::default(),
                id: String::new(),
            };
            assert!(!super::reason(reason, "").is_empty());
            assert!(!advice(&denied, None).is_empty(), "{reason}", reason = reason.as_str());
        }
        assert_eq!(reason(Outcome::ScopeMissing, "a:read b:read"), "Scope missing: a:read, b:read");
    }
}
