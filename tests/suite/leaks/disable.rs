//! Disabling a key whose secret key leaked, and enabling it only once the secret was replaced.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::members::Permission;

use super::{create_key, create_report, passes, report};
use crate::api_keys::disable::{badge, disable, enable, outcome};
use crate::support::{App, Client, Page};

fn rotate(manager: &Client, id: &str, overlap: &str) -> Page {
    let fields = [("overlap", overlap), ("lifetime", "90")];
    let page = manager.submit(&format!("/api-keys/{id}/rotate"), &fields);
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

/// Asserts that a disabled key cannot be enabled yet, and that the dialog says what to do.
fn assert_not_replaced(app: &App, manager: &Client, id: &str, case: &str) {
    let path = format!("/api-keys/{id}/enable");
    let dialog = manager.get(&path);
    assert!(dialog.text("#enable .notice").contains("Rotate the key first"), "{case}");
    assert!(!dialog.has("#enable .btn-primary"), "{case}");
    let before = app.contents();
    assert_eq!(enable(manager, id).status, 409, "{case}");
    assert_eq!(app.contents(), before, "{case}");
    assert_eq!(badge(manager, id), "Disabled", "{case}");
}

#[test]
fn a_report_offers_first_to_disable_the_key_and_does_so_at_once() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert!(passes(&app, &secret));
    let dialog = manager.get(&format!("/api-keys/{id}/leak"));
    let chosen = dialog.attribute("#leak [name=action][checked]", "value");
    assert_eq!(chosen.as_deref(), Some("disable"));
    assert!(dialog.text("#leak .choice").starts_with("Disable the key"));
    let location = create_report(&manager, &id, &[("action", "disable"), ("found", "A log")]);
    assert_eq!(outcome(&app, &secret), "key_disabled");
    let page = manager.get(&location);
    assert_eq!(page.text("#notice"), "“Billing worker” disabled, and its leak reported.");
    assert!(page.text("aside").contains("Key disabled"));
    let entries = app.texts("SELECT event AS text FROM activity ORDER BY number DESC LIMIT 2");
    assert_eq!(entries, ["api_key.leaked", "api_key.disabled"]);
    let shown = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(shown.text(".title-row .badge"), "Disabled");
    let facts = shown.text("#disabled");
    assert!(facts.contains("Its secret key may have leaked"), "{facts}");
    assert!(facts.contains("It stays disabled until somebody enables it."), "{facts}");
}

#[test]
fn a_key_in_use_is_disabled_only_if_its_last_four_characters_are_typed() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert!(passes(&app, &secret));
    app.write_usage();
    let before = app.contents();
    let rejected = report(&manager, &id, &[("action", "disable"), ("confirm", "0000")]);
    assert_eq!(rejected.status, 422);
    assert!(rejected.error_of("confirm").starts_with(&format!("Type {}", &id[12..])));
    assert_eq!(app.contents(), before);
    assert!(passes(&app, &secret));
    create_report(&manager, &id, &[("action", "disable"), ("confirm", &id[12..])]);
    assert!(!passes(&app, &secret));
}

#[test]
fn a_member_who_may_not_revoke_keys_can_disable_one_that_is_in_use() {
    let app = App::set_up();
    let (id, secret) = create_key(&app.super_manager(), "Billing worker");
    assert!(passes(&app, &secret));
    app.write_usage();
    let editor = app.super_manager_with(&[Permission::ViewKeys, Permission::UpdateKeys]);
    let dialog = editor.get(&format!("/api-keys/{id}/leak"));
    assert!(dialog.text("label[for=confirm]").starts_with("This key is in use."));
    let rejected = report(&editor, &id, &[("action", "disable")]);
    assert_eq!(rejected.status, 422);
    assert!(rejected.error_of("confirm").starts_with(&format!("Type {}", &id[12..])));
    create_report(&editor, &id, &[("action", "disable"), ("confirm", &id[12..])]);
    assert_eq!(outcome(&app, &secret), "key_disabled");
}

#[test]
fn while_a_leak_is_open_a_key_is_not_enabled_by_itself() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    let location = create_report(&manager, &id, &[("action", "none")]);
    assert!(passes(&app, &secret));
    let before = app.contents();
    for fields in [
        &[("until", "1h")][..],
        &[("until", "30d"), ("then", "enable")],
        &[("until", "date"), ("until_at", "2026-12-24T18:00")],
    ] {
        let page = disable(&manager, &id, fields);
        assert_eq!(page.status, 422, "{fields:?}");
        let error = page.error_of("until");
        assert!(error.starts_with("The leak of this key is open"), "{fields:?}: {error}");
    }
    assert_eq!(app.contents(), before);
    assert_eq!(disable(&manager, &id, &[("until", "manual")]).status, 303);
    let close = manager.submit_from(&location, &format!("{location}/close"), &[]);
    assert_eq!(close.status, 303);
    assert_eq!(enable(&manager, &id).status, 303, "the report is closed");
    assert_eq!(disable(&manager, &id, &[("until", "1h")]).status, 303);
}

#[test]
fn a_key_stays_disabled_if_a_leak_was_reported_before_it_was_due_to_be_enabled() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert_eq!(disable(&manager, &id, &[("until", "7d"), ("then", "enable")]).status, 303);
    app.advance(MINUTE);
    create_report(&manager, &id, &[("action", "none")]);
    app.advance(7 * DAY);
    app.run_due();
    assert_eq!(outcome(&app, &secret), "key_disabled");
    let manager = app.super_manager();
    let entry = manager.get("/activity?period=all").all(".log .what");
    let kept = "Kept Billing worker disabled, against its schedule: the leak of its secret key is \
                open";
    assert!(entry.contains(&kept.to_owned()), "{entry:?}");
    app.find_alerts();
    let list = manager.get("/attention");
    let reasons = list.all(&format!("#{id} .cell-why strong"));
    assert_eq!(reasons, ["Still disabled after its scheduled time"]);
}

#[test]
fn while_a_leak_is_open_a_key_may_be_revoked_later() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    create_report(&manager, &id, &[("action", "none")]);
    assert_eq!(disable(&manager, &id, &[("until", "7d"), ("then", "revoke")]).status, 303);
    app.advance(7 * DAY);
    app.run_due();
    assert_eq!(outcome(&app, &secret), "key_revoked");
}

#[test]
fn a_key_is_enabled_only_once_the_leaked_secret_was_replaced() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, "Billing worker");
    create_report(&manager, &id, &[("action", "disable")]);
    let editor = app.super_manager_with(&[Permission::ViewKeys, Permission::UpdateKeys]);
    app.advance(MINUTE);
    assert_not_replaced(&app, &manager, &id, "before the rotation");
    assert_not_replaced(&app, &editor, &id, "before the rotation, without api.key.delete");
    let new = rotate(&editor, &id, "now").secret();
    assert_eq!([&old, &new].map(|secret| outcome(&app, secret)), ["key_disabled", "key_disabled"]);
    let dialog = editor.get(&format!("/api-keys/{id}/enable"));
    assert!(dialog.text("#enable .notice").contains("A leak of this key is open."));
    assert!(!dialog.has("#enable .btn-primary"));
    let denied = enable(&editor, &id);
    assert_eq!(denied.status, 403);
    assert_eq!(denied.text("h1"), "You need permission to revoke API keys.");
    assert_eq!(outcome(&app, &new), "key_disabled");
    assert_eq!(enable(&manager, &id).status, 303);
    assert_eq!([&old, &new].map(|secret| outcome(&app, secret)), ["secret_superseded", "pass"]);
}

#[test]
fn once_the_report_is_closed_every_editor_can_enable_the_key() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    let location = create_report(&manager, &id, &[("action", "disable")]);
    let editor = app.super_manager_with(&[Permission::ViewKeys, Permission::UpdateKeys]);
    assert_eq!(enable(&editor, &id).status, 409);
    let denied = editor.submit_from(&location, &format!("{location}/close"), &[]);
    assert_eq!(denied.status, 403, "the leaked secret would work again");
    let close = manager.submit_from(&location, &format!("{location}/close"), &[]);
    assert_eq!(close.status, 303);
    assert_eq!(enable(&editor, &id).status, 303);
    assert!(passes(&app, &secret));
}

#[test]
fn stopping_the_old_secret_is_enough_if_only_that_one_leaked() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, "Billing worker");
    app.advance(MINUTE);
    let new = rotate(&manager, &id, "7d").secret();
    app.advance(MINUTE);
    create_report(&manager, &id, &[("action", "disable"), ("secret", "1")]);
    assert_not_replaced(&app, &manager, &id, "the old secret still works");
    let stop = manager.submit(&format!("/api-keys/{id}/stop-old-secret"), &[]);
    assert_eq!(stop.status, 303);
    assert_eq!(enable(&manager, &id).status, 303);
    assert_eq!([&old, &new].map(|secret| outcome(&app, secret)), ["secret_superseded", "pass"]);
}

#[test]
fn every_open_report_of_a_key_counts() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, _) = create_key(&manager, "Billing worker");
    app.advance(MINUTE);
    create_report(&manager, &id, &[("action", "none"), ("secret", "1")]);
    app.advance(MINUTE);
    rotate(&manager, &id, "now");
    app.advance(MINUTE);
    // Nobody knows which secret was found this time, so it may be the second one.
    create_report(&manager, &id, &[("action", "disable")]);
    app.advance(MINUTE);
    assert_not_replaced(&app, &manager, &id, "the second secret still works");
    let new = rotate(&manager, &id, "now").secret();
    assert_eq!(enable(&manager, &id).status, 303);
    assert!(passes(&app, &new));
}
