//! Revoking a key: immediate, permanent, and with a typed confirmation when the key is in use.

use latchkey::base::clock::DAY;

use crate::support::App;

#[test]
fn a_revoked_key_leaves_the_table_but_stays_visible_under_revoked() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("Route planner");
    let path = format!("/api-keys/{id}/revoke");
    let form = manager.get(&path);
    assert_eq!(form.text("#revoke-t"), "Revoke “Route planner”?");
    assert_eq!(
        form.text("#revoke .notice"),
        "Applications using this key will stop working. It is turned off at once, and this cannot \
         be undone."
    );
    assert_eq!(form.text("#revoke .btn-danger"), "Revoke Key");
    assert_eq!(form.text("#revoke .btn-secondary"), "Cancel");
    assert!(!form.has("#confirm"), "a key that was never used needs no typed confirmation");
    let response = manager.submit(&path, &[]);
    assert_eq!((response.status, response.location()), (303, "/api-keys"));
    let table = manager.get("/api-keys");
    assert_eq!(table.text("#notice"), "“Route planner” revoked.");
    assert!(!table.has(&format!("#{id}")));
    let revoked = manager.get("/api-keys?view=revoked");
    assert_eq!(revoked.text(&format!("#{id} .badge")), "Revoked");
    assert!(!revoked.has(&format!("#{id} a.act")), "a revoked key has no actions");
    let page = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(page.status, 200);
    assert_eq!(page.text(".title-row .badge"), "Revoked");
    assert!(
        page.text(".kv").contains("Revoked23 Nov 2026")
            || page.text(".kv").contains("Revoked 23 Nov 2026")
    );
    assert!(!page.has("[href*='/edit']") && !page.has("[href*='/revoke']"));
    assert_eq!(page.all(".log tbody tr td.what"), ["Revoked", "Created"]);
}

#[test]
fn revoking_twice_is_harmless_and_recorded_once() {
    let app = App::set_up();
    let (first, second) = (app.super_manager(), app.super_manager());
    let id = app.key("Billing worker");
    let path = format!("/api-keys/{id}/revoke");
    let tokens = [&first, &second].map(|client| client.get(&path).form_token());
    let token = [("form_token", tokens[0].as_str())];
    assert_eq!(first.post(&path, &token).status, 303);
    let before = app.contents();
    assert_eq!(first.post(&path, &token).status, 303, "the same form again");
    let other = second.post(&path, &[("form_token", &tokens[1])]);
    assert_eq!(other.status, 303, "another tab");
    let notice = second.get(other.location()).text("#notice");
    assert_eq!(notice, "Ines Okafor already revoked “Billing worker”.");
    let opened = second.get(&path);
    assert_eq!((opened.status, opened.location()), (303, format!("/api-keys/{id}").as_str()));
    let notice = second.get(opened.location()).text("#notice");
    assert_eq!(notice, "“Billing worker” is already revoked.");
    assert_eq!(app.contents(), before);
    assert_eq!(app.number("SELECT COUNT(*) FROM activity WHERE event = 'api_key.revoked'"), 1);
}

#[test]
fn revoking_a_key_used_in_the_last_seven_days_requires_its_last_four_characters() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let now = app.site.clock.now().millis();
    let path = format!("/api-keys/{id}/revoke");
    app.sql(&format!("UPDATE api_keys SET last_used_at = {}", now - 7 * DAY));
    assert!(!manager.get(&path).has("#confirm"), "seven days ago");
    app.sql(&format!(
        "UPDATE api_keys SET last_used_at = {}, last_used_address = '203.0.113.7'",
        now - 7 * DAY + 1
    ));
    let last_four = &id[id.len() - 4..];
    let form = manager.get(&path);
    let label =
        format!("This key is in use. Type its last four characters, {last_four}, to confirm");
    assert_eq!(form.text("label[for=confirm]"), label);
    assert!(form.text("#revoke dl").contains("203.0.113.7"));
    let before = app.contents();
    let flipped: String = last_four.chars().rev().collect();
    let wrong = if flipped == last_four { "0000".to_owned() } else { flipped };
    for typed in ["", " ", "x", &last_four[..3], &id, &wrong] {
        let rejected = manager.submit(&path, &[("confirm", typed)]);
        assert_eq!(rejected.status, 422, "{typed:?}");
        let message = format!("Type {last_four} to confirm that it is the right key");
        assert_eq!(rejected.errors(), [message.as_str()]);
        assert_eq!(rejected.error_of("confirm"), message);
    }
    assert_eq!(app.contents(), before);
    let typed = format!(" {} ", last_four.to_lowercase());
    assert_eq!(manager.submit(&path, &[("confirm", &typed)]).status, 303);
}

#[test]
fn an_expired_key_can_be_revoked() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    app.sql("UPDATE api_keys SET expires_at = 1");
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    let page = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(page.text(".title-row .badge"), "Revoked");
    assert!(page.text(".kv").contains("Expires"));
}

#[test]
fn opening_the_confirmation_changes_nothing() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let before = app.everything();
    let path = format!("/api-keys/{id}/revoke");
    manager.get(&path);
    manager.any("HEAD", &path);
    for method in ["PUT", "DELETE", "PATCH"] {
        assert_eq!(manager.any(method, &path).status, 405);
        assert_eq!(manager.any(method, &format!("/api-keys/{id}")).status, 405);
    }
    assert_eq!(app.everything(), before);
}

#[test]
fn revoking_from_the_key_page_returns_to_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("Billing worker");
    let page = manager.get(&format!("/api-keys/{id}"));
    let link = page.attribute("[href*='/revoke']", "href").expect("a link");
    let fields = manager.get(&link).form_fields("#revoke form");
    let response =
        manager.post(&format!("/api-keys/{id}/revoke"), &crate::support::replaced(&fields, &[]));
    assert_eq!((response.status, response.location()), (303, format!("/api-keys/{id}").as_str()));
    assert_eq!(manager.get(response.location()).text("#notice"), "“Billing worker” revoked.");
}
