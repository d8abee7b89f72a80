//! The dialog that reports a leak and turns off the secret key.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::members::Permission;

use super::{create_key, create_report, passes, report};
use crate::support::App;

#[test]
fn a_report_revokes_the_key_immediately_and_redirects_to_its_page() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    let dialog = manager.get(&format!("/api-keys/{id}/leak"));
    assert_eq!(dialog.text("#leak-t"), "Report a Leak of “Billing worker”");
    assert!(dialog.has("main[id=main] #history-t"), "the dialog is over the page of the key");
    assert_eq!(
        dialog.attribute("#leak [name=action][checked]", "value").as_deref(),
        Some("disable")
    );
    assert_eq!(dialog.all("#leak .choice").len(), 3);
    assert!(dialog.text("#since-h").contains("23 November 2026"));
    assert!(!dialog.has("#confirm"), "the key is not in use");
    let fields = [("since", "2026-11-23"), ("found", "In a public repository")];
    let location = create_report(&manager, &id, &fields);
    assert!(!passes(&app, &secret), "the key stops working immediately");
    let page = manager.get(&location);
    assert_eq!(page.text("#notice"), "“Billing worker” revoked, and its leak reported.");
    assert_eq!(page.text("h1"), "Leak of Billing worker");
    assert!(page.text("aside").contains("Key revoked"));
    assert!(page.text("aside").contains("In a public repository"));
    let replace = page.attribute(".actions a", "href");
    assert_eq!(replace, Some(format!("/api-keys/new?from={id}")));
    let entries = app.texts("SELECT event AS text FROM activity ORDER BY number DESC LIMIT 2");
    assert_eq!(entries, ["api_key.leaked", "api_key.revoked"]);
    let details = app.texts("SELECT details AS text FROM activity ORDER BY number DESC LIMIT 1");
    let leak = location.trim_start_matches("/leaks/");
    for part in [leak, "\"action\":\"revoke\"", "\"since\":1795392000000"] {
        assert!(details[0].contains(part), "{part}: {}", details[0]);
    }
    let activity = manager.get("/activity");
    assert!(
        activity.all(".what")[0]
            .starts_with("Reported a leak of Billing worker, possibly out since"),
        "{:?}",
        activity.all(".what")
    );
    let shown = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(shown.text("#leaks"), "1 leak report");
    assert_eq!(shown.attribute("#leaks", "href"), Some(format!("/leaks?key={id}")));
    assert_eq!(shown.all(".log td.what")[0], "Leak reported");
}

#[test]
fn a_key_in_use_is_revoked_only_if_its_last_four_characters_are_typed() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert!(passes(&app, &secret));
    app.write_usage();
    let dialog = manager.get(&format!("/api-keys/{id}/leak"));
    assert!(dialog.text("label[for=confirm]").starts_with("This key is in use."));
    assert!(dialog.text("#leak .facts").contains("1 request from 1 address"));
    let before = app.contents();
    let rejected = report(&manager, &id, &[("confirm", "0000"), ("found", "A chat")]);
    assert_eq!(rejected.status, 422);
    assert!(rejected.error_of("confirm").starts_with(&format!("Type {}", &id[12..])));
    assert_eq!(rejected.text("#found"), "A chat", "what was typed is kept");
    assert_eq!(app.contents(), before, "nothing was written");
    assert!(passes(&app, &secret));
    create_report(&manager, &id, &[("confirm", &id[12..].to_lowercase())]);
    assert!(!passes(&app, &secret));
}

#[test]
fn a_report_can_rotate_without_an_overlap_and_shows_the_new_secret_once() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, "Billing worker");
    assert!(passes(&app, &old));
    app.advance(MINUTE);
    let path = format!("/api-keys/{id}/leak");
    let token = manager.get(&path).form_token();
    let fields = [("form_token", token.as_str()), ("action", "rotate"), ("version", "1")];
    let page = manager.post(&path, &fields);
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"), "{}", page.body);
    assert_eq!(
        (page.text("#secret-t").as_str(), page.key_id()),
        ("Save your secret key", id.clone())
    );
    let new = page.secret();
    assert!(!passes(&app, &old) && passes(&app, &new));
    let leak = page.attribute("[data-replace]", "href").expect("a link");
    assert!(leak.starts_with("/leaks/leak_"));
    let expires = app.texts("SELECT CAST(expires_at AS TEXT) AS text FROM api_key_secrets");
    assert_eq!(expires[0], expires[1], "the expiry does not change");
    let again = manager.post(&path, &fields);
    assert_eq!((again.status, again.location()), (303, leak.as_str()));
    let shown = manager.get(&leak);
    assert!(shown.text("#notice").starts_with("This secret key has already been shown."));
    assert!(!shown.body.contains(&new));
    assert_eq!((app.count("leaks"), app.count("api_key_secrets")), (1, 2));
    let late = report(&manager, &id, &[("action", "rotate"), ("version", "1")]);
    assert_eq!(late.status, 409);
    assert!(late.errors()[0].starts_with("Someone else changed or rotated this key."));
}

#[test]
fn rotation_respects_a_maximum_lifetime_that_was_lowered() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, _) = create_key(&manager, "Billing worker");
    app.sql("UPDATE settings SET maximum_lifetime_days = 30, default_lifetime_days = 30");
    let page = report(&manager, &id, &[("action", "rotate")]);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(manager.get(&format!("/api-keys/{id}")).text(".kv").contains("23 Dec 2026"));
}

#[test]
fn a_leak_of_an_inactive_key_can_be_reported() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (revoked, _) = create_key(&manager, "Revoked");
    let (expired, _) = create_key(&manager, "Expired");
    assert_eq!(manager.submit(&format!("/api-keys/{revoked}/revoke"), &[]).status, 303);
    app.advance(100 * DAY);
    let manager = app.super_manager();
    for id in [revoked, expired] {
        let dialog = manager.get(&format!("/api-keys/{id}/leak"));
        assert!(dialog.text("#leak .notice-green").starts_with("It is turned off already."));
        assert!(!dialog.has("#leak [type=radio]") && !dialog.has("#confirm"));
        let location = create_report(&manager, &id, &[("action", "none"), ("since", "2026-12-01")]);
        let page = manager.get(&location);
        assert!(page.text("aside").contains("Nothing turned off"));
        assert!(page.text("aside").contains("1 December 2026"));
        let late = create_report(&manager, &id, &[("action", "revoke")]);
        assert!(manager.get(&late).text("aside").contains("Nothing turned off"));
    }
    let events = app.texts("SELECT event AS text FROM activity WHERE event = 'api_key.revoked'");
    assert_eq!(events.len(), 1, "no key is revoked again");
}

#[test]
fn an_old_secret_can_be_reported_and_stopped_separately() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, "Billing worker");
    app.advance(DAY);
    let manager = app.super_manager();
    let rotate = [("overlap", "7d"), ("lifetime", "90")];
    let new = manager.submit(&format!("/api-keys/{id}/rotate"), &rotate).secret();
    let path = format!("/api-keys/{id}/leak?secret=1");
    let dialog = manager.get(&path);
    let values: Vec<_> = dialog.form_fields("#leak form");
    assert!(values.contains(&("action".into(), "stop".into())), "{values:?}");
    assert!(values.contains(&("secret".into(), "1".into())));
    assert_eq!(dialog.all("#leak .choice").len(), 4);
    assert!(
        dialog.text("#since-h").contains("23 November 2026"),
        "when the old secret was created"
    );
    let location = create_report(&manager, &id, &[("action", "stop"), ("secret", "1")]);
    assert!(!passes(&app, &old) && passes(&app, &new));
    assert!(manager.get(&location).text("aside").contains("Old secret stopped"));
    let dialog = manager.get(&path);
    let values: Vec<_> = dialog.form_fields("#leak form");
    assert!(
        values.contains(&("action".into(), "none".into())),
        "the secret no longer works: {values:?}"
    );
    assert!(dialog.text("#leak .notice").starts_with("A leak of this key was reported on"));
}

#[test]
fn invalid_input_is_reported_and_changes_nothing() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    let before = app.contents();
    for (field, value, message) in [
        ("since", "2026-11-24", "The date must not be in the future"),
        ("since", "soon", "Enter a date"),
        (
            "since",
            "2026-11-22",
            "The date must not be before the key was created, on 23 November 2026",
        ),
        ("found", &secret, "This is a secret key: it must not be stored"),
        ("found", &"x".repeat(501), "The place must be 500 characters or fewer"),
        ("action", "sell", "Choose what to do"),
    ] {
        let page = report(&manager, &id, &[(field, value)]);
        assert_eq!((page.status, page.error_of(field).as_str()), (422, message));
        assert_eq!(page.errors().len(), 1);
        assert!(page.text("title").starts_with("Error: "));
    }
    assert_eq!(app.contents(), before);
    assert!(passes(&app, &secret));
    for id in ["key_00000000000A", "x", "%FF"] {
        assert_eq!(manager.get(&format!("/api-keys/{id}/leak")).status, 404);
    }
}

#[test]
fn each_action_requires_its_permission() {
    let app = App::set_up();
    let (id, secret) = create_key(&app.super_manager(), "Billing worker");
    let path = format!("/api-keys/{id}/leak");
    let view = Permission::ViewKeys;
    for (permissions, offered, denied) in [
        (vec![view], vec!["none"], vec!["disable", "revoke", "rotate", "stop", ""]),
        (vec![view, Permission::UpdateKeys], vec!["disable", "rotate"], vec!["revoke", ""]),
        (vec![view, Permission::DeleteKeys], vec!["revoke"], vec!["disable", "rotate", "stop"]),
    ] {
        let viewer = app.super_manager_with(&permissions);
        let dialog = viewer.get(&path);
        let choices: Vec<_> = ["none", "stop", "disable", "rotate", "revoke"]
            .into_iter()
            .filter(|slug| dialog.has(&format!("#leak [type=radio][value={slug}]")))
            .collect();
        assert_eq!(choices, offered);
        let before = app.contents();
        for action in denied {
            let page = report(&viewer, &id, &[("action", action)]);
            assert_eq!(page.status, 403, "{action}");
            assert!(page.text("h1").starts_with("You need permission to "));
            assert!(page.text("main").contains("for the permission api.key."));
        }
        assert_eq!(app.contents(), before);
    }
    assert!(passes(&app, &secret));
    let viewer = app.super_manager_with(&[view]);
    let location = create_report(&viewer, &id, &[("action", "none")]);
    let page = viewer.get(&location);
    assert!(!page.has(".note-form") && !page.has("[action$='/close']"));
    assert!(passes(&app, &secret), "nothing was turned off");
}
