//! Until when a key is disabled, and what happens then.

use latchkey::base::clock::{DAY, HOUR};
use latchkey::domain::members::Permission;

use super::disable::{REASON, disable, enable, recorded};
use crate::support::{App, NOW};

const NO_TIME: &str = "Enter a date and a time, for example 2026-12-24 18:00";
const EXPIRES_FIRST: &str = "The key expires before it would be enabled. Choose an earlier time";

/// The fields to send, the invalid field, and the expected error message. The key expires at the
/// end of 21 February 2027.
type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);

const CASES: [Case; 15] = [
    (&[("until", "never")], "until", "Choose until when"),
    (&[("until", "2h")], "until", "Choose until when"),
    (&[("until", "date")], "until_at", NO_TIME),
    (&[("until", "date"), ("until_at", "soon")], "until_at", NO_TIME),
    (&[("until", "date"), ("until_at", "2026-12-24")], "until_at", NO_TIME),
    (&[("until", "date"), ("until_at", "24.12.2026 18:00")], "until_at", NO_TIME),
    (&[("until", "date"), ("until_at", "2026-02-30T18:00")], "until_at", NO_TIME),
    (
        &[("until", "date"), ("until_at", "2026-11-22T12:00")],
        "until_at",
        "The time must be in the future",
    ),
    (
        &[("until", "date"), ("until_at", "2026-11-23T12:00")],
        "until_at",
        "The time must be in the future",
    ),
    (
        &[("until", "date"), ("until_at", "2026-11-22T12:00"), ("then", "revoke")],
        "until_at",
        "The time must be in the future",
    ),
    (&[("until", "date"), ("until_at", "2027-02-22T00:00")], "until", EXPIRES_FIRST),
    (
        &[("until", "date"), ("until_at", "2027-06-01T08:30"), ("then", "enable")],
        "until",
        EXPIRES_FIRST,
    ),
    (&[("then", "sell")], "then", "Choose what happens then"),
    (&[("then", "revoke")], "until", "Choose when the key is revoked"),
    (&[("until", "manual"), ("then", "revoke")], "until", "Choose when the key is revoked"),
];

#[test]
fn an_invalid_time_is_rejected_at_its_field_and_everything_typed_is_kept() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let before = app.contents();
    for (fields, field, message) in CASES {
        let page = disable(&manager, &id, fields);
        assert_eq!((page.status, page.error_of(field).as_str()), (422, message), "{fields:?}");
        assert_eq!(page.errors(), [message], "{fields:?}");
        let link = page.attribute("#errors a", "href").expect("a link to the field");
        assert!(page.has(&link), "{link} has no target");
        let kept = page.form_fields("#disable form");
        for (name, value) in [fields, &[("reason", REASON)]].concat() {
            // What cannot be chosen is not kept.
            if !matches!(value, "never" | "2h" | "sell") {
                assert!(kept.contains(&(name.into(), value.into())), "{name}={value}: {kept:?}");
            }
        }
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn each_choice_sets_the_time_and_what_happens_then() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let scheduled = || {
        let until = "SELECT COALESCE(disabled_until, 0) FROM api_keys";
        let then = "SELECT COALESCE(disabled_then, 'nothing') AS text FROM api_keys";
        (app.number(until), app.texts(then).remove(0))
    };
    let at = |length: i64| NOW.plus(length).millis();
    for (fields, until, then) in [
        (&[][..], 0, "nothing"),
        (&[("until", "manual"), ("then", "enable")], 0, "nothing"),
        (&[("until", "1h")], at(HOUR), "enable"),
        (&[("until", "1d"), ("then", "enable")], at(DAY), "enable"),
        (&[("until", "7d"), ("then", "revoke")], at(7 * DAY), "revoke"),
        (&[("until", "30d")], at(30 * DAY), "enable"),
        // A time without a choice of a time does not count.
        (&[("until_at", "2026-12-24T18:00")], 0, "nothing"),
        (&[("until", "date"), ("until_at", "2026-11-24T12:00")], at(DAY), "enable"),
        (&[("until", "date"), ("until_at", " 2026-11-24 12:00 ")], at(DAY), "enable"),
        (&[("until", "date"), ("until_at", "2027-02-21T23:59")], 1_803_254_340_000, "enable"),
    ] {
        let page = disable(&manager, &id, fields);
        assert_eq!(page.status, 303, "{fields:?}: {}", page.body);
        assert_eq!(scheduled(), (until, then.to_owned()), "{fields:?}");
        assert_eq!(enable(&manager, &id).status, 303);
        assert_eq!(scheduled(), (0, "nothing".to_owned()), "{fields:?}");
    }
}

#[test]
fn a_key_may_be_revoked_after_it_has_expired() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let fields = [("until", "date"), ("until_at", "2027-06-01T08:30"), ("then", "revoke")];
    assert_eq!(disable(&manager, &id, &fields).status, 303);
    let shown = manager.get(&format!("/api-keys/{id}")).text("#disabled");
    let next = "It will be revoked on 1 Jun 2027, 08:30 (UTC), unless it is used before.";
    assert!(shown.contains(next), "{shown}");
    let activity = manager.get("/activity").all(".log .what").remove(0);
    let expected =
        "Disabled Billing worker until 1 Jun 2027, 08:30, to be revoked then: The partner was told";
    assert_eq!(activity, expected);
}

#[test]
fn only_members_who_may_revoke_keys_can_schedule_a_revocation() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let editor = app.super_manager_with(&[Permission::ViewKeys, Permission::UpdateKeys]);
    let path = format!("/api-keys/{id}/disable");
    assert!(!editor.get(&path).has("[name=then]"));
    assert!(app.super_manager().get(&path).has("[name=then][value=revoke]"));
    let before = app.contents();
    for until in [&[("until", "7d")][..], &[("until", "date"), ("until_at", "2027-06-01T08:30")]] {
        let page = disable(&editor, &id, &[until, &[("then", "revoke")]].concat());
        assert_eq!(page.status, 403, "{until:?}");
        let title = "You need permission to revoke API keys.";
        assert_eq!(page.text("h1"), title);
    }
    assert_eq!(app.contents(), before);
    assert_eq!(disable(&editor, &id, &[("until", "7d"), ("then", "enable")]).status, 303);
    assert_eq!(enable(&editor, &id).status, 303);
    assert_eq!([recorded(&app, "api_key.disabled"), recorded(&app, "api_key.enabled")], [1, 1]);
}
