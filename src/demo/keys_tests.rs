//! Tests that the sample's keys are valid and in realistic states.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use super::*;
use crate::domain::api_keys::Badge;

/// 23 November 2026, 12:00 UTC.
const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

fn made(count: u32) -> Vec<Details> {
    let roles: Vec<Role> = ROLES
        .iter()
        .map(|slug| {
            let scopes = ["orders:read", "orders:write", "reports:read"].map(str::to_owned).into();
            Role::custom(&format!("role_{slug}"), slug, slug, "", scopes)
        })
        .collect();
    let settings = Settings::default();
    let keys = Keys { count, now: NOW, roles: &roles, members: &[], settings: &settings };
    (0..count).map(|index| keys.key(index).expect("a key")).collect()
}

fn badges(keys: &[Details]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for Details { key, .. } in keys {
        let kind = match key.badge(&Settings::default(), NOW) {
            Badge::Revoked => "revoked",
            Badge::Expired => "expired",
            _ if key.attention_at(&Settings::default()) <= NOW => "attention",
            Badge::NeverUsed | Badge::Active => "normal",
            other => panic!("{other:?}"),
        };
        *counts.entry(kind).or_default() += 1;
    }
    counts
}

#[test]
fn states_are_mixed_realistically_for_any_number_of_keys() {
    // Among 40 keys, one more or less is 2.5 %, and the named keys are half of them.
    for (count, tolerance) in [(40, 12), (100, 6), (1000, 6), (20_000, 6)] {
        let counts = badges(&made(count));
        for (kind, percent) in [("revoked", 12), ("expired", 8), ("attention", 16), ("normal", 64)]
        {
            let found = counts[kind] * 100 / count as usize;
            assert!(found.abs_diff(percent) <= tolerance, "{count} keys: {found} % {kind}");
        }
    }
}

#[test]
fn a_few_keys_show_every_state() {
    let keys = made(40);
    let has = |wanted: &dyn Fn(&Details) -> bool| keys.iter().any(wanted);
    let badge = |d: &Details| d.key.badge(&Settings::default(), NOW);
    let badges = [Badge::Revoked, Badge::Expired, Badge::ExpiresIn(0), Badge::RotationDue];
    assert!(badges.iter().all(|wanted| has(&|d| badge(d) == *wanted)));
    assert!(Environment::ALL.iter().all(|wanted| has(&|d| d.key.environment == *wanted)));
    assert!(has(&|d| !d.selected.is_empty()) && has(&|d| d.key.edited_at.is_some()));
    let addresses = || keys.iter().flat_map(|d| d.ip_whitelist.addresses());
    assert!(addresses().any(IpAddr::is_ipv4) && addresses().any(IpAddr::is_ipv6));
}

#[test]
fn every_key_has_a_possible_history() {
    let mut names = HashSet::new();
    for Details { key, role, selected, .. } in made(5000) {
        let name = key.name.as_str();
        assert!(names.insert(key.name.folded()), "{name}");
        assert!(key.created_at < NOW && key.created_at <= key.secret_created_at, "{name}");
        let lifetime = key.expires_at.since(key.secret_created_at);
        assert!(lifetime > 0 && lifetime <= 367 * DAY, "{name}: {} days", lifetime / DAY);
        for at in [key.edited_at, key.revoked_at].into_iter().flatten() {
            assert!(key.created_at < at && at < NOW, "{name}");
        }
        assert!(key.edited_at <= key.revoked_at || key.revoked_at.is_none(), "{name}");
        assert_eq!(key.version, 1 + i64::from(key.edited_at.is_some()));
        assert!(selected.is_subset(&role.scopes));
        assert_eq!(key.all_role_scopes, selected.is_empty());
    }
}
