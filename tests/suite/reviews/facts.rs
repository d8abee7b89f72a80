//! The facts about a key that stand beside the decision on it.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::api_keys::Draft;

use super::{create_keys, start_review};
use crate::support::{App, Client, usual_draft};
use crate::usage::{record_denial_of, record_passes};

/// The facts of the key `id`, each as its label and its value.
fn facts(manager: &Client, review: &str, id: &str) -> Vec<(String, String)> {
    let page = manager.get(review);
    let all = |tag: &str| page.all(&format!("#{id} .facts {tag}"));
    all("dt").into_iter().zip(all("dd")).collect()
}

fn value(facts: &[(String, String)], label: &str) -> String {
    let found = facts.iter().find(|(shown, _)| shown == label);
    found.map_or_else(|| panic!("no {label}: {facts:?}"), |(_, value)| value.clone())
}

#[test]
fn the_ip_whitelist_is_not_mistaken_for_the_addresses_that_a_key_was_used_from() {
    let app = App::set_up();
    let listed = app.key_from(&Draft {
        name: "Billing worker".into(),
        ip_whitelist: "203.0.113.7\n203.0.113.8\n203.0.113.9".into(),
        owner: "team:billing".into(),
        notes: "Runs every night.\nAsk Ines.".into(),
        ..usual_draft()
    });
    let [open, unused] = create_keys(&app, ["Route planner", "Unused"]);
    record_passes(&app, &listed, "203.0.113.7", &[], 1_200);
    app.advance(DAY);
    record_passes(&app, &listed, "203.0.113.7", &[], 30);
    record_passes(&app, &listed, "203.0.113.8", &[], 4);
    record_denial_of(&app, &listed, "198.51.100.9");
    record_passes(&app, &open, "192.0.2.61", &[], 1);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let shown = facts(&manager, &review, &listed);
    for (label, expected) in [
        ("IP whitelist", "3 addresses"),
        ("Addresses seen (90 days)", "2"),
        ("Requests (90 days)", "1,234 allowed, 1 denied"),
        ("Owner", "team:billing"),
        ("Notes", "Runs every night. Ask Ines."),
    ] {
        assert_eq!(value(&shown, label), expected, "{label}");
    }
    let shown = facts(&manager, &review, &open);
    assert_eq!(value(&shown, "IP whitelist"), "Any address");
    assert_eq!(value(&shown, "Addresses seen (90 days)"), "1");
    assert_eq!(value(&shown, "Requests (90 days)"), "1 allowed");
    assert!(!shown.iter().any(|(label, _)| ["Owner", "Notes"].contains(&&**label)), "{shown:?}");
    let shown = facts(&manager, &review, &unused);
    assert_eq!(value(&shown, "Addresses seen (90 days)"), "None");
    assert_eq!(value(&shown, "Requests (90 days)"), "None");
}

#[test]
fn only_the_last_90_days_are_counted() {
    let app = App::set_up();
    let id = app.key_from(&Draft { lifetime: "365".into(), ..usual_draft() });
    record_passes(&app, &id, "203.0.113.7", &[], 5);
    app.advance(90 * DAY);
    record_passes(&app, &id, "203.0.113.8", &[], 2);
    app.advance(MINUTE);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let shown = facts(&manager, &review, &id);
    assert_eq!(value(&shown, "Addresses seen (90 days)"), "1");
    assert_eq!(value(&shown, "Requests (90 days)"), "2 allowed");
}
