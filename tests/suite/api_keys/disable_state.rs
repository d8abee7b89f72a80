//! A disabled key goes on to expire, counts against the limit, and can be edited and rotated.

use super::disable::{CLIENT, badge, create_key, disable, enable, outcome};
use crate::support::{App, Client, Page};
use crate::verification::Key;
use crate::verification::wire::Request;

fn rotate(manager: &Client, id: &str, overlap: &str) -> Page {
    let fields = [("overlap", overlap), ("lifetime", "90")];
    manager.submit(&format!("/api-keys/{id}/rotate"), &fields)
}

fn tabs(manager: &Client) -> Vec<String> {
    manager.get("/api-keys").all(".tabs a")
}

#[test]
fn a_key_is_revoked_before_expired_before_disabled() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    assert_eq!(badge(&manager, &id), "Disabled");
    assert_eq!(tabs(&manager)[1..], ["Disabled 1", "Expired 0", "Revoked 0"]);
    app.sql("UPDATE api_keys SET expires_at = 1");
    assert_eq!(badge(&manager, &id), "Expired");
    assert_eq!(tabs(&manager)[1..], ["Disabled 0", "Expired 1", "Revoked 0"]);
    assert!(manager.get(&format!("/api-keys/{id}")).has("#disabled"), "a rotation does not end it");
    assert_eq!(outcome(&app, &secret), "key_disabled", "a request is told the stronger reason");
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    assert_eq!(badge(&manager, &id), "Revoked");
    assert_eq!(tabs(&manager)[1..], ["Disabled 0", "Expired 0", "Revoked 1"]);
    assert_eq!(outcome(&app, &secret), "key_revoked");
}

#[test]
fn a_request_is_denied_as_revoked_before_disabled_before_superseded() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, "Billing worker");
    let new = rotate(&manager, &id, "now").secret();
    let outcomes = || [&old, &new].map(|secret| outcome(&app, secret));
    assert_eq!(outcomes(), ["secret_superseded", "pass"]);
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    assert_eq!(outcomes(), ["key_disabled", "key_disabled"]);
    assert_eq!(enable(&manager, &id).status, 303);
    assert_eq!(outcomes(), ["secret_superseded", "pass"]);
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    assert_eq!(outcomes(), ["key_revoked", "key_revoked"]);
}

#[test]
fn both_secrets_of_a_disabled_key_pass_nothing_during_an_overlap() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, "Billing worker");
    let new = rotate(&manager, &id, "7d").secret();
    let outcomes = || [&old, &new].map(|secret| outcome(&app, secret));
    assert_eq!(outcomes(), ["pass", "pass"]);
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    assert_eq!(outcomes(), ["key_disabled", "key_disabled"]);
    assert_eq!(enable(&manager, &id).status, 303);
    assert_eq!(outcomes(), ["pass", "pass"]);
}

#[test]
fn introspection_describes_a_disabled_key_as_inactive() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (key, service) = (Key::new(&manager, &[]), Key::introspecting(&manager, &[]));
    let introspect = || {
        let request = Request::new(&app.url, "POST", "/v1/introspect").from(CLIENT);
        request.bearer(&service.secret).form(&[("token", key.secret.as_str())]).send()
    };
    assert_eq!(introspect().json()["active"], true);
    assert_eq!(disable(&manager, &key.id, &[]).status, 303);
    assert_eq!(introspect().body, r#"{"active":false}"#);
    assert_eq!(enable(&manager, &key.id).status, 303);
    assert_eq!(introspect().json()["active"], true);
    // A disabled key may not ask about others either.
    assert_eq!(disable(&manager, &service.id, &[]).status, 303);
    let denied = introspect();
    assert_eq!((denied.status, denied.header("latchkey-code")), (401, "key_disabled"));
}

#[test]
fn a_disabled_key_counts_against_the_limit_of_active_keys() {
    let app = App::set_up();
    app.sql("UPDATE settings SET active_key_limit = 2");
    let manager = app.super_manager();
    let (id, _) = create_key(&manager, "Billing worker");
    app.key("Payroll");
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    let foot = manager.get("/api-keys").text(".foot .num");
    assert_eq!(foot, "1–2 of 2 keys. You have reached the limit of active keys.");
    let rejected = manager.create_key(&[("name", "One more")]);
    assert_eq!(rejected.status, 422);
    let message = "You have reached the limit of 2 keys. Revoke one you no longer use";
    assert_eq!(rejected.errors()[0], message);
    assert_eq!(enable(&manager, &id).status, 303, "enabling needs no room");
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    assert_eq!(manager.create_key(&[("name", "One more")]).status, 200);
}

#[test]
fn a_disabled_key_is_rotated_only_without_an_overlap_and_stays_disabled() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, "Billing worker");
    assert_eq!(disable(&manager, &id, &[("until", "7d")]).status, 303);
    let dialog = manager.get(&format!("/api-keys/{id}/rotate"));
    let text = dialog.text("#rotate");
    assert!(text.contains("The old secret stops at once, and the key stays disabled."), "{text}");
    assert!(!dialog.has("[name=overlap][type=radio]"));
    let before = app.contents();
    for overlap in ["24h", "7d", "14d"] {
        let rejected = rotate(&manager, &id, overlap);
        assert_eq!(rejected.status, 422, "{overlap}");
        assert_eq!(rejected.errors(), ["A disabled key has no overlap. Choose Now"]);
    }
    assert_eq!(app.contents(), before);
    let page = rotate(&manager, &id, "now");
    assert_eq!((page.status, page.key_id()), (200, id.clone()), "{}", page.body);
    let new = page.secret();
    let outcomes = || [&old, &new].map(|secret| outcome(&app, secret));
    assert_eq!(outcomes(), ["key_disabled", "key_disabled"]);
    assert_eq!(badge(&manager, &id), "Disabled");
    let shown = manager.get(&format!("/api-keys/{id}")).text("#disabled");
    assert!(shown.contains("It will be enabled on 30 Nov 2026, 12:00 (UTC)."), "{shown}");
    assert_eq!(enable(&manager, &id).status, 303);
    assert_eq!(outcomes(), ["secret_superseded", "pass"]);
}

#[test]
fn a_disabled_key_can_be_edited_and_stays_disabled() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert_eq!(disable(&manager, &id, &[("until", "7d"), ("then", "revoke")]).status, 303);
    let fields = [("name", "Route planner"), ("role", "read-only"), ("notes", "Ask Ines")];
    assert_eq!(manager.edit_key(&id, &fields).status, 303);
    assert_eq!(outcome(&app, &secret), "key_disabled");
    let page = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(
        (page.text("h1").as_str(), page.text(".title-row .badge")),
        ("Route planner", "Disabled".into())
    );
    let shown = page.text("#disabled");
    assert!(shown.contains("It will be revoked on 30 Nov 2026, 12:00 (UTC)"), "{shown}");
    assert_eq!(enable(&manager, &id).status, 303);
    assert_eq!(outcome(&app, &secret), "pass");
}

#[test]
fn a_form_from_before_the_key_was_disabled_does_not_overwrite_that() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    let path = format!("/api-keys/{id}/edit");
    let form = manager.get(&path).form_fields("#edit form");
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    let late = crate::support::replaced(&form, &[("notes", "Ask Ines")]);
    assert_eq!(manager.post(&path, &late).status, 409);
    assert_eq!(outcome(&app, &secret), "key_disabled");
    assert_eq!(badge(&manager, &id), "Disabled");
}
