//! Disabled keys among those that need attention: used all the same, or offered for disabling.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::api_keys::{self, Draft, KeyId, LastUse};
use latchkey::domain::members::Permission;

use super::disable::{create_key, disable, enable, outcome, recorded};
use crate::support::{App, Client, Page, replaced, usual_draft};

const LIST: &str = "/attention";

/// Sends a request that is denied because the key is disabled, and records it.
fn send_request(app: &App, secret: &str) {
    assert_eq!(outcome(app, secret), "key_disabled");
    app.write_usage();
}

fn attention_list(app: &App, manager: &Client) -> Page {
    app.find_alerts();
    manager.get(LIST)
}

fn is_empty(page: &Page) -> bool {
    page.text(".empty h2") == "Nothing needs attention"
}

/// The reasons for a key, and the details of the first one.
fn reasons(page: &Page, id: &str) -> (Vec<String>, String) {
    let reasons = page.all(&format!("#{id} .cell-why strong"));
    (reasons, page.text(&format!("#{id} .cell-why span:not(.faint):not(.sr)")))
}

/// A key that was last used 90 days ago.
fn unused_key(app: &App) -> String {
    app.without_reviews();
    let draft = Draft { environment: "staging".into(), lifetime: "365".into(), ..usual_draft() };
    let id = app.key_from(&draft);
    let key_id = KeyId::parse(&id).expect("a Key ID");
    let used = LastUse { key_id, secret: 1, at: app.site.clock.now(), address: None };
    app.write(|tx, _| api_keys::record_last_uses(tx, &[used]));
    app.advance(90 * DAY);
    id
}

#[test]
fn one_request_with_a_disabled_key_puts_it_among_the_inactive_keys_still_in_use() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    assert!(is_empty(&attention_list(&app, &manager)), "nobody uses it");
    app.advance(MINUTE);
    send_request(&app, &secret);
    let page = attention_list(&app, &manager);
    assert_eq!(page.text("#inactive-t"), "Inactive keys still in use 1");
    let (why, detail) = reasons(&page, &id);
    assert_eq!(why, ["Disabled key still in use"]);
    let expected = "1 request since it was disabled. Latest just now from 203.0.113.7";
    assert_eq!(detail, expected);
    let link = page.attribute(&format!("#{id} .cell-why a"), "href");
    assert_eq!(link, Some(format!("/api-keys/{id}/enable?return=%2Fattention")));
    assert_eq!(page.text(&format!("#{id} .cell-why a")), "Enable Billing worker");
    assert_eq!(page.text(".section-tabs a[aria-current]"), "Keys 1");
    for _ in 0..2 {
        send_request(&app, &secret);
    }
    let (_, detail) = reasons(&attention_list(&app, &manager), &id);
    assert!(detail.starts_with("3 requests since it was disabled. "), "{detail}");
    let shown = manager.get(&format!("/api-keys/{id}")).text("#disabled");
    assert!(shown.contains("3 requests since it was disabled."), "{shown}");
    assert_eq!(enable(&manager, &id).status, 303);
    assert!(is_empty(&manager.get(LIST)), "it is enabled");
}

#[test]
fn a_viewer_who_may_not_edit_keys_sees_the_key_without_enable() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    send_request(&app, &secret);
    app.find_alerts();
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    let page = viewer.get(LIST);
    assert_eq!(reasons(&page, &id).0, ["Disabled key still in use"]);
    assert!(!page.has(&format!("#{id} .cell-why a")));
    let page = viewer.get(&format!("/api-keys/{id}"));
    assert!(page.text("#disabled").contains("1 request since it was disabled."));
    assert!(!page.has("a[href*='/enable']"));
}

#[test]
fn a_disabled_key_that_is_snoozed_returns_with_the_next_request() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    send_request(&app, &secret);
    app.find_alerts();
    app.advance(MINUTE);
    let snooze = format!("/api-keys/bulk/snooze?keys={id}");
    assert_eq!(manager.submit(&snooze, &[("keys", &id)]).status, 303);
    assert!(is_empty(&attention_list(&app, &manager)));
    app.advance(MINUTE);
    send_request(&app, &secret);
    let page = attention_list(&app, &manager);
    assert_eq!(reasons(&page, &id).0, ["Disabled key still in use"]);
}

#[test]
fn a_disabled_key_is_not_listed_for_anything_else() {
    let app = App::set_up();
    app.without_reviews();
    let (id, _) = create_key(&app.super_manager(), "Billing worker");
    app.advance(80 * DAY);
    let manager = app.super_manager();
    assert!(!is_empty(&attention_list(&app, &manager)), "it was never used and expires soon");
    assert_eq!(disable(&manager, &id, &[]).status, 303);
    let page = manager.get(LIST);
    assert!(is_empty(&page), "{}", page.text("main"));
    assert_eq!(page.text(".section-tabs a[aria-current]"), "Keys");
    assert_eq!(enable(&manager, &id).status, 303);
    assert!(!is_empty(&manager.get(LIST)));
}

#[test]
fn a_key_unused_for_ninety_days_is_offered_to_be_disabled_and_later_revoked() {
    let app = App::set_up();
    let id = unused_key(&app);
    let manager = app.super_manager();
    let page = attention_list(&app, &manager);
    assert_eq!(reasons(&page, &id).0, ["Not used for 90 days"]);
    assert_eq!(page.text(&format!("#{id} .cell-why a")), "Disable Billing worker");
    let link = page.attribute(&format!("#{id} .cell-why a"), "href").expect("a link");
    assert_eq!(link, format!("/api-keys/bulk/disable?return=%2Fattention&keys={id}"));
    let button = page.text("button[formaction='/api-keys/bulk/disable']");
    assert_eq!(button, "Disable for 14 Days, Then Revoke");
    let dialog = manager.get(&link);
    assert_eq!(dialog.text("dialog h2"), "Disable “Billing worker”?");
    let form = dialog.form_fields("#disable form");
    for (name, value) in
        [("until", "14d"), ("then", "revoke"), ("reason", "Not used for 90 days"), ("keys", &*id)]
    {
        assert!(form.contains(&(name.into(), value.into())), "{name}: {form:?}");
    }
    let done = manager.post("/api-keys/bulk/disable", &replaced(&form, &[]));
    assert_eq!((done.status, done.location()), (303, LIST), "{}", done.body);
    let page = manager.get(LIST);
    assert_eq!(page.text("#notice"), "“Billing worker” disabled.");
    assert!(is_empty(&page), "it no longer needs attention");
    app.advance(14 * DAY - 1);
    app.run_due();
    assert_eq!(recorded(&app, "api_key.revoked"), 0);
    app.advance(1);
    app.run_due();
    assert_eq!(recorded(&app, "api_key.revoked"), 1);
}

#[test]
fn a_member_who_may_not_revoke_keys_is_not_offered_to() {
    let app = App::set_up();
    let id = unused_key(&app);
    let editor = app.super_manager_with(&[Permission::ViewKeys, Permission::UpdateKeys]);
    let page = attention_list(&app, &editor);
    assert_eq!(page.text("button[formaction='/api-keys/bulk/disable']"), "Disable");
    let dialog = editor.get(&format!("/api-keys/bulk/disable?keys={id}"));
    assert!(!dialog.has("[name=then]"));
    let form = dialog.form_fields("#disable form");
    assert!(form.contains(&("until".into(), "14d".into())), "{form:?}");
    let done = editor.post("/api-keys/bulk/disable", &replaced(&form, &[]));
    assert_eq!(done.status, 303, "{}", done.body);
    app.advance(14 * DAY);
    app.run_due();
    assert_eq!([recorded(&app, "api_key.revoked"), recorded(&app, "api_key.enabled")], [0, 1]);
    let revoker = app.super_manager_with(&[Permission::ViewKeys, Permission::DeleteKeys]);
    let page = attention_list(&app, &revoker);
    let link = page.attribute(&format!("#{id} .cell-why a"), "href");
    assert_eq!(link, Some(format!("/api-keys/{id}/revoke?return=%2Fattention")));
}
