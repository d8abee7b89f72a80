//! Tests the explanation of each cause, and which links are shown to whom.

use std::collections::BTreeSet;

use super::*;
use crate::base::clock::DAY;
use crate::domain::api_keys::{
    ApiKey, Details, Disabling, Environment, ExternalId, Flaw, IpWhitelist, KeyId, KeyName, Labels,
    Owner,
};
use crate::domain::members::Permissions;
use crate::domain::roles::Role;
use crate::domain::usage::Outcome;

const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

fn facts(may: &[Permission]) -> Facts<'static> {
    Facts { may: may.iter().copied().collect::<Permissions>(), prefix: "lk", kept: 90, now: NOW }
}

fn key() -> CurrentKey {
    let scopes: BTreeSet<String> = ["orders:read", "orders:write"].map(str::to_owned).into();
    let key = ApiKey {
        id: KeyId::parse("key_7QF2M8KDX4TN").expect("a Key ID"),
        name: KeyName::parse("Billing worker").expect("a name"),
        environment: Environment::Staging,
        role_id: "role_1".into(),
        all_role_scopes: false,
        notes: String::new(),
        version: 1,
        created_at: NOW.plus(-DAY),
        created_by: "mem".into(),
        edited_at: None,
        expires_at: NOW.plus(30 * DAY),
        secret_created_at: NOW.plus(-DAY),
        last_used_at: None,
        last_used_address: None,
        revoked_at: None,
        disabling: Disabling::default(),
        flagged_at: None,
        owner: Owner::default(),
        external_id: ExternalId::default(),
        snoozed_at: None,
    };
    let offered = ["invoices:read", "orders:read", "orders:write"].map(str::to_owned).into();
    CurrentKey {
        details: Details {
            key,
            role: Role::custom("role_1", "billing", "Billing", "", scopes),
            selected: ["orders:read".to_owned()].into(),
            ip_whitelist: IpWhitelist::parse("203.0.113.7").expect("an address"),
            labels: Labels::default(),
        },
        revoked_by: None,
        offered,
    }
}

fn missing(scopes: &[&str]) -> Cause {
    let key = key();
    Cause::Scopes(
        scopes.iter().map(|scope| ((*scope).to_owned(), key.missing_scope(scope))).collect(),
    )
}

fn hrefs(explanation: &Explanation) -> Vec<&str> {
    explanation.links.iter().map(|link| link.href.as_str()).collect()
}

#[test]
fn each_missing_scope_is_explained_with_what_to_do() {
    let all = facts(&Permission::ALL);
    let cause = missing(&["orders:read", "orders:write", "invoices:read", "invoices:raed"]);
    let explanation = explain(&cause, Retry::SameResult, Some(&key()), &all);
    assert_eq!(
        explanation.title,
        "Scopes missing: orders:read, orders:write, invoices:read, invoices:raed"
    );
    assert_eq!(
        explanation.text,
        [
            "The key has orders:read now.",
            "The role “Billing” could give it: tick orders:write under Edit.",
            "The role “Billing” does not include invoices:read. Choose another role, or change the role.",
            "There is no scope invoices:raed here. Look for a typo in the gateway’s configuration, or add the scope.",
        ]
    );
    assert_eq!(
        hrefs(&explanation),
        [
            "/api-keys/key_7QF2M8KDX4TN/edit?return=%2Fapi-keys%2Fkey_7QF2M8KDX4TN&add_scope=orders%3Awrite",
            "/api-keys/key_7QF2M8KDX4TN/edit?return=%2Fapi-keys%2Fkey_7QF2M8KDX4TN&add_scope=invoices%3Aread",
            "/roles/billing/edit",
            "/scopes",
        ]
    );
    let one = explain(&missing(&["orders:write"]), Retry::SameResult, Some(&key()), &all);
    assert_eq!(one.title, "Scope missing: orders:write");
}

#[test]
fn links_are_shown_only_to_members_who_may_use_them() {
    let cause = missing(&["orders:write", "invoices:read", "invoices:raed"]);
    for permission in Permission::ALL {
        let explanation = explain(&cause, Retry::SameResult, Some(&key()), &facts(&[permission]));
        let count = match permission {
            Permission::UpdateKeys | Permission::ManageRoles => 2,
            _ => 0,
        };
        assert_eq!(explanation.links.len(), count, "{permission}: {:?}", explanation.links);
    }
}

#[test]
fn an_address_is_explained_with_where_to_add_it() {
    let all = facts(&Permission::ALL);
    let cause = Cause::Address(Some("198.51.100.77".into()));
    let explanation = explain(&cause, Retry::SameResult, Some(&key()), &all);
    assert_eq!(explanation.title, "Address not in the IP whitelist");
    assert_eq!(
        hrefs(&explanation),
        [
            "/api-keys/key_7QF2M8KDX4TN/edit?return=%2Fapi-keys%2Fkey_7QF2M8KDX4TN&add_address=198.51.100.77"
        ]
    );
    let explanation = explain(&cause, Retry::Passes, Some(&key()), &all);
    assert_eq!(
        explanation.text,
        ["The key may be used from 198.51.100.77 now.", "Send the request again."]
    );
    let explanation = explain(&Cause::Address(None), Retry::SameResult, Some(&key()), &all);
    assert!(
        explanation.text[0].contains("X-Forwarded-For") && explanation.links.is_empty(),
        "{explanation:?}"
    );
    let mut revoked = key();
    revoked.details.key.revoked_at = Some(NOW);
    let explanation = explain(&cause, Retry::Inactive(Outcome::KeyRevoked), Some(&revoked), &all);
    assert!(explanation.links.is_empty(), "a revoked key cannot be edited");
    assert_eq!(
        explanation.text.last().map(String::as_str),
        Some("Since then the key was revoked.")
    );
}

#[test]
fn the_end_of_a_key_is_explained_with_its_time_and_author() {
    let creator = facts(&[Permission::CreateKeys]);
    let mut key = key();
    key.details.key.revoked_at = Some(NOW.plus(-DAY));
    key.revoked_by = Some("Ines Okafor".into());
    let explanation = explain(&Cause::Revoked, Retry::SameResult, Some(&key), &creator);
    assert_eq!(
        explanation.text,
        [
            "It was revoked by Ines Okafor on 22 November 2026, 12:00 UTC, and that cannot be undone. \
          Create another key."
        ]
    );
    assert_eq!(hrefs(&explanation), ["/api-keys/new?from=key_7QF2M8KDX4TN"]);
    key.details.key.expires_at = NOW;
    let explanation = explain(&Cause::Expired, Retry::SameResult, Some(&key), &creator);
    assert!(
        explanation.text[0].starts_with("Its last day was 23 November 2026 (UTC)"),
        "{explanation:?}"
    );
}

#[test]
fn an_unknown_prefix_is_explained() {
    let no_permissions = facts(&[]);
    let own = unknown(Some("lk_prod"), &no_permissions);
    assert!(own.text[1].contains("another Latchkey"), "{own:?}");
    let other = unknown(Some("acme_stag"), &no_permissions);
    assert!(other.text[1].starts_with("It begins with acme_,"), "{other:?}");
    assert!(own.links.is_empty() && other.links.is_empty());
    assert_eq!(unknown(None, &no_permissions), own);
}

#[test]
fn every_flaw_has_advice_and_a_number_of_characters() {
    for flaw in Flaw::ALL {
        let (title, case, advice) = flaw::words(flaw, 0);
        for text in [title, &case, advice] {
            assert!(!text.is_empty(), "{flaw:?}");
            assert!(!text.to_lowercase().contains("token"), "{text}");
        }
    }
    assert_eq!(flaw::words(Flaw::Truncated, 1).1, "It lacks 1 character at its end.");
    assert_eq!(flaw::words(Flaw::Truncated, 12).1, "It lacks 12 characters at its end.");
    assert_eq!(flaw::words(Flaw::Truncated, 0).1, "Its end is missing.");
    assert_eq!(flaw::words(Flaw::TooLong, 3).1, "It has 3 characters more than a secret key has.");
}
