//! The list of keys that need attention, and the actions on selected keys.

use latchkey::base::clock::{DAY, HOUR, MINUTE};
use latchkey::domain::api_keys::{self, Draft, KeyId, LastUse, Rotation};

use crate::support::{App, Client, Page, replaced, usual_draft};

const LIST: &str = "/attention";

/// An app with one key that needs no attention yet.
fn app_with_key() -> (App, String) {
    let app = App::set_up();
    let id = app.key("Billing worker");
    (app, id)
}

fn reasons(page: &Page, id: &str) -> Vec<String> {
    page.all(&format!("#{id} .cell-why strong"))
}

fn shows(page: &Page, text: &str) -> bool {
    page.text("main").contains(text)
}

fn authorize_status(app: &App, secret: &str) -> u16 {
    let client = app.anonymous();
    client.send(client.request("/v1/authorize").bearer_auth(secret)).status
}

fn record_use(app: &App, id: &str) {
    let key_id = KeyId::parse(id).expect("a Key ID");
    let used = LastUse { key_id, secret: 1, at: app.site.clock.now(), address: None };
    app.write(|tx, _| api_keys::record_last_uses(tx, &[used]));
}

/// Records `count` requests that were denied for `reason`, `ago` milliseconds ago.
fn record_denials(app: &App, id: &str, reason: &str, count: i64, ago: i64) {
    let at = app.site.clock.now().millis() - ago;
    let request = latchkey::base::random::text(b"ABCDEFGHJKMNPQRSTVWXYZ", 12).expect("random");
    app.sql(&format!(
        "INSERT INTO denials (request_id, key_id, secret, reason, detail, address, request_line, at, count) \
         VALUES ('req_{request}', '{id}', 1, '{reason}', '', '203.0.113.7', 'GET /orders', {at}, {count})"
    ));
    let day = at.div_euclid(DAY);
    app.sql(&format!(
        "INSERT INTO usage_days (day, key_id, outcome, count) VALUES ({day}, '{id}', '{reason}', {count})"
    ));
}

fn attention_list(app: &App, manager: &Client) -> Page {
    app.find_alerts();
    manager.get(LIST)
}

#[test]
fn each_key_is_listed_with_its_reason_a_date_and_an_action() {
    let (app, id) = app_with_key();
    let manager = app.super_manager();
    assert!(shows(&manager.get(LIST), "Nothing needs attention"));
    app.advance(77 * DAY);
    let manager = app.super_manager();
    record_use(&app, &id);
    let page = manager.get(LIST);
    assert_eq!(reasons(&page, &id), ["Expires in 13 days"]);
    assert!(shows(&page, "Since 7 Feb 2027"), "{}", page.body);
    assert_eq!(
        page.attribute(&format!("#{id} .cell-why a"), "href"),
        Some(format!("/api-keys/{id}/rotate?return=%2Fattention"))
    );
    assert_eq!(page.text(".section-tabs a[aria-current]"), "Keys 1");
}

#[test]
fn a_key_that_is_often_denied_needs_attention_until_it_is_edited() {
    let (app, id) = app_with_key();
    let manager = app.super_manager();
    record_denials(&app, &id, "address_not_allowed", 19, HOUR);
    assert!(shows(&attention_list(&app, &manager), "Nothing needs attention"));
    record_denials(&app, &id, "scope_missing", 2, 2 * HOUR);
    let page = attention_list(&app, &manager);
    assert_eq!(reasons(&page, &id), ["Many denied requests"]);
    assert!(shows(&page, "21 denied requests in 7 days, most because of the IP whitelist"));
    let edit = [("ip_whitelist", "203.0.113.7")];
    assert_eq!(manager.edit_key(&id, &edit).status, 303);
    assert!(shows(&manager.get(LIST), "Nothing needs attention"));
}

#[test]
fn a_revoked_key_that_is_still_used_is_listed_separately_until_it_is_snoozed() {
    let (app, id) = app_with_key();
    let manager = app.super_manager();
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    app.advance(MINUTE);
    record_denials(&app, &id, "key_revoked", 3, 0);
    let page = attention_list(&app, &manager);
    assert_eq!(page.text("#inactive-t"), "Inactive keys still in use 1");
    assert_eq!(reasons(&page, &id), ["Revoked key still in use"]);
    let detail = "3 denied requests in 7 days. Latest just now from 203.0.113.7";
    assert!(shows(&page, detail), "{}", page.text("main"));
    assert_eq!(page.text(".section-tabs a[aria-current]"), "Keys 1");
    let response =
        manager.submit(&snooze_dialog(&[&id]), &[("keys", &id), ("note", "The partner was told.")]);
    assert_eq!(response.location(), LIST);
    let page = manager.get(LIST);
    assert_eq!(page.text("#notice"), "“Billing worker” snoozed for 90 days.");
    assert!(shows(&page, "Nothing needs attention"));
    assert_eq!(page.text(".section-tabs a[aria-current]"), "Keys");
    let activity = manager.get("/activity");
    assert!(shows(&activity, "Snoozed Billing worker: The partner was told."));
    app.advance(MINUTE);
    record_denials(&app, &id, "key_expired", 0, 0);
    record_another_denial(&app, &id);
    assert_eq!(reasons(&attention_list(&app, &manager), &id), ["Revoked key still in use"]);
}

fn record_another_denial(app: &App, id: &str) {
    let at = app.site.clock.now().millis();
    app.sql(&format!(
        "INSERT INTO denials (request_id, key_id, secret, reason, detail, request_line, at, count) \
         VALUES ('req_AGAIN', '{id}', 1, 'key_revoked', '', '', {at}, 1)"
    ));
}

fn snooze_dialog(ids: &[&str]) -> String {
    let keys: Vec<String> = ids.iter().map(|id| format!("keys={id}")).collect();
    format!("/api-keys/bulk/snooze?{}", keys.join("&"))
}

#[test]
fn an_unused_old_secret_can_be_stopped_from_the_list() {
    let app = App::set_up();
    let id = app.rotated_key("Billing worker");
    app.advance(3 * DAY);
    let manager = app.super_manager();
    assert!(shows(&attention_list(&app, &manager), "Nothing needs attention"));
    app.sql("UPDATE api_key_secrets SET last_used_at = created_at WHERE number = 2");
    let old =
        "UPDATE api_key_secrets SET superseded_at = superseded_at + 864000000 WHERE number = 1";
    app.sql(old);
    app.advance(4 * DAY);
    let manager = app.super_manager();
    let page = attention_list(&app, &manager);
    assert_eq!(reasons(&page, &id), ["Old secret no longer used"]);
    assert_eq!(manager.submit(&format!("/api-keys/{id}/stop-old-secret"), &[]).status, 303);
    assert!(shows(&manager.get(LIST), "Nothing needs attention"));
}

#[test]
fn keys_need_attention_when_their_creator_has_left() {
    let (app, id) = app_with_key();
    let leaver = app.member("leaver@meridianfreight.example", false, &[]);
    app.sql(&format!(
        "UPDATE api_keys SET created_by = '{}' WHERE id = '{id}'",
        leaver.id.as_str()
    ));
    let manager = app.super_manager();
    assert!(shows(&attention_list(&app, &manager), "Nothing needs attention"));
    let now = app.site.clock.now().millis();
    app.sql(&format!("UPDATE members SET disabled_at = {now} WHERE id = '{}'", leaver.id.as_str()));
    assert_eq!(reasons(&attention_list(&app, &manager), &id), ["Creator is no longer a member"]);
    app.sql(&format!("DELETE FROM members WHERE id = '{}'", leaver.id.as_str()));
    assert_eq!(reasons(&attention_list(&app, &manager), &id), ["Creator is no longer a member"]);
}

#[test]
fn a_key_unused_for_ninety_days_needs_attention() {
    let app = App::set_up();
    app.without_reviews();
    let id = app.key_from(&Draft {
        environment: "staging".into(),
        lifetime: "365".into(),
        ..usual_draft()
    });
    record_use(&app, &id);
    app.advance(90 * DAY);
    let manager = app.super_manager();
    let page = attention_list(&app, &manager);
    assert_eq!(reasons(&page, &id), ["Not used for 90 days"]);
    record_use(&app, &id);
    assert!(shows(&attention_list(&app, &manager), "Nothing needs attention"));
}

#[test]
fn a_due_or_open_review_is_counted_in_the_reviews_tab_and_not_among_the_keys() {
    let (app, id) = app_with_key();
    let tabs = |manager: &Client| manager.get(LIST).all(".section-tabs a");
    app.advance(90 * DAY - 1);
    assert_eq!(tabs(&app.super_manager())[2], "Reviews");
    app.advance(1);
    let manager = app.super_manager();
    let page = manager.get(LIST);
    assert_eq!(page.all(".section-tabs a")[2], "Reviews 1");
    assert_eq!(
        page.attribute(".section-tabs a:nth-of-type(3)", "href").as_deref(),
        Some("/reviews")
    );
    let below_the_tabs = page.all("main > :not(.section-tabs)").join(" ").to_lowercase();
    assert!(!below_the_tabs.contains("review"), "{below_the_tabs}");
    let due = manager.get("/reviews");
    assert_eq!(due.text(".section-tabs a[aria-current]"), "Reviews 1");
    assert_eq!(due.text("#due"), "A review is due since 21 February 2027.");
    let review = manager.submit("/reviews", &[]).location().to_owned();
    assert_eq!(tabs(&manager)[2], "Reviews 1", "it is under way");
    assert_eq!(manager.submit(&format!("{review}/cancel"), &[]).status, 303);
    assert_eq!(tabs(&manager)[2], "Reviews 1", "it is due again");
    let review = manager.submit("/reviews", &[]).location().to_owned();
    let form = manager.get(&review).form_fields("form.review");
    let decision = format!("decision_{id}");
    assert_eq!(manager.post(&review, &replaced(&form, &[(&decision, "keep")])).status, 303);
    assert_eq!(manager.submit(&format!("{review}/finish"), &[]).status, 303);
    assert_eq!(tabs(&manager)[2], "Reviews");
}

#[test]
fn keys_are_listed_in_groups_and_each_key_once_for_its_most_urgent_reason() {
    let app = App::set_up();
    app.without_reviews();
    let key = |name: &str, environment: &str, lifetime: &str| {
        let (name, environment) = (name.into(), environment.into());
        app.key_from(&Draft { name, environment, lifetime: lifetime.into(), ..usual_draft() })
    };
    let revoked = key("Revoked", "staging", "365");
    let denied = key("Denied", "staging", "365");
    let expiring = key("Expiring", "production", "90");
    let due = key("Rotation", "production", "365");
    let unused = key("Unused", "staging", "365");
    let orphan = key("Orphan", "staging", "365");
    app.sql(&format!("UPDATE api_keys SET created_by = 'usr_gone' WHERE id = '{orphan}'"));
    app.advance(89 * DAY);
    for id in [&denied, &expiring, &due, &orphan] {
        record_use(&app, id);
    }
    app.advance(DAY - MINUTE);
    let manager = app.super_manager();
    assert_eq!(manager.submit(&format!("/api-keys/{revoked}/revoke"), &[]).status, 303);
    app.advance(MINUTE);
    record_denials(&app, &revoked, "key_revoked", 1, 0);
    record_denials(&app, &denied, "scope_missing", 21, 0);
    let page = attention_list(&app, &manager);
    let headings = [
        ("inactive", "Inactive keys still in use 1", vec![&revoked]),
        ("problems", "Problems 1", vec![&denied]),
        ("expiring", "Expiring soon 1", vec![&expiring]),
        ("rotation", "Rotation 1", vec![&due]),
        ("other", "Other 1", vec![&orphan]),
        ("unused", "Unused 1", vec![&unused]),
    ];
    assert_eq!(page.all(".work-t .group th"), headings.each_ref().map(|(_, title, _)| *title));
    for (id, _, keys) in headings {
        let group = format!(".work-t tbody[aria-labelledby='{id}-t']:has(#{id}-t) .keyid");
        assert_eq!(page.all(&group).iter().collect::<Vec<_>>(), keys, "{id}");
    }
    let both = ["Expires today", "Rotation due"];
    assert_eq!(reasons(&page, &expiring), both, "its other reasons are listed with it");
    assert_eq!(page.text(".section-tabs a[aria-current]"), "Keys 6");
    assert_eq!(manager.submit(&snooze_dialog(&[&denied]), &[("keys", &denied)]).status, 303);
    assert!(!manager.get(LIST).has("#problems-t"), "a group without keys is not shown");
}

#[test]
fn several_keys_can_be_revoked_together_after_a_confirmation_if_one_is_in_use() {
    let (app, first) = app_with_key();
    let second = app.key("Payroll");
    record_use(&app, &second);
    let manager = app.super_manager();
    let dialog = format!("/api-keys/bulk/revoke?keys={first}&keys={second}");
    let page = manager.get(&dialog);
    assert_eq!(page.text("dialog h2"), "Revoke 2 keys?");
    assert!(page.text("dialog").contains("1 of them is in use."));
    let fields = [("keys", &*first), ("keys", &*second), ("confirm", "1")];
    let rejected = manager.submit(&dialog, &fields);
    assert_eq!(rejected.status, 422);
    let error = rejected.text("#confirm-error");
    assert!(error.contains("Type 2 to confirm how many keys you are revoking"));
    assert_eq!(app.count("api_keys WHERE revoked_at IS NOT NULL"), 0);
    let fields = [("keys", &*first), ("keys", &*second), ("confirm", " 2 ")];
    assert_eq!(manager.submit(&dialog, &fields).location(), LIST);
    assert_eq!(app.count("api_keys WHERE revoked_at IS NOT NULL"), 2);
    assert_eq!(manager.get(LIST).text("#notice"), "2 keys revoked.");
    let again = manager.get(&dialog);
    assert_eq!(again.location(), LIST);
    assert_eq!(manager.get(LIST).text("#notice"), "None of these keys still works.");
}

#[test]
fn several_keys_can_be_rotated_together_and_each_secret_is_shown_once() {
    let (app, first) = app_with_key();
    let second = app.key("Payroll");
    let manager = app.super_manager();
    let dialog = format!("/api-keys/bulk/rotate?keys={first}&keys={second}");
    let form = manager.get(&dialog);
    let token = form.form_token();
    let fields = [
        ("form_token", &*token),
        ("keys", &*first),
        ("keys", &*second),
        ("overlap", "7d"),
        ("lifetime", "90"),
    ];
    let shown = manager.post("/api-keys/bulk/rotate", &fields);
    assert_eq!(shown.status, 200);
    let secrets = shown.all(".secret-key");
    assert_eq!(secrets.len(), 2);
    let copied = shown.attribute("[data-say^=All]", "data-copy").expect("a button");
    assert_eq!(copied, "secret-1 secret-2");
    assert!(shown.has("[data-copy=key-2]") && shown.has("#secret-2[data-name^=key_]"));
    for secret in &secrets {
        assert_eq!(authorize_status(&app, secret), 200);
    }
    let again = manager.post("/api-keys/bulk/rotate", &fields);
    assert_eq!(again.location(), LIST);
    assert!(
        manager.get(LIST).text("#notice").starts_with("This secret key has already been shown.")
    );
    assert_eq!(app.count("api_key_secrets"), 4);
    let everything = app.everything().join("\n");
    assert!(secrets.iter().all(|secret| !everything.contains(secret.as_str())));
}

#[test]
fn rotating_several_keys_is_all_or_nothing() {
    let (app, first) = app_with_key();
    let second = app.key("Payroll");
    let manager = app.super_manager();
    let dialog = format!("/api-keys/bulk/rotate?keys={first}&keys={second}");
    let token = manager.get(&dialog).form_token();
    app.advance(MINUTE);
    let key_id = KeyId::parse(&second).expect("a Key ID");
    let rotation = Rotation {
        overlap: "7d".into(),
        lifetime: "90".into(),
        since: app.site.clock.now(),
        ..Rotation::default()
    };
    app.write(|tx, context| api_keys::rotate(tx, &key_id, &rotation, context));
    let fields = [
        ("form_token", &*token),
        ("keys", &*first),
        ("keys", &*second),
        ("overlap", "7d"),
        ("lifetime", "90"),
    ];
    let rejected = manager.post("/api-keys/bulk/rotate", &fields);
    assert_eq!(rejected.status, 409);
    assert!(rejected.text("#errors").contains("Someone else changed or rotated one of these keys"));
    assert_eq!(app.count("api_key_secrets"), 3);
}

#[test]
fn an_empty_selection_or_an_overlong_note_is_rejected() {
    let (app, id) = app_with_key();
    let manager = app.super_manager();
    for action in ["disable", "snooze", "revoke", "rotate"] {
        assert_eq!(manager.get(&format!("/api-keys/bulk/{action}")).location(), LIST);
        assert_eq!(manager.get(LIST).text("#notice"), "Select at least one key.");
        assert_eq!(
            manager.get(&format!("/api-keys/bulk/{action}?keys=%3Cb%3E&keys=")).location(),
            LIST
        );
    }
    let long = "x".repeat(501);
    let rejected = manager.submit(&snooze_dialog(&[&id]), &[("keys", &*id), ("note", &*long)]);
    assert_eq!(rejected.status, 422);
    assert!(rejected.text("#note-error").contains("Note must be 500 characters or fewer"));
    assert_eq!(rejected.text("#note"), long);
}
