//! Some time after signing in, a session's cookie alone cannot create, rotate, disable or revoke a
//! key, or change members or settings.

use latchkey::base::clock::{MINUTE, SECOND};
use latchkey::domain::members::Permission;
use latchkey::domain::settings::{self, Settings};

use crate::support::{App, Client, PASSWORD, Page, encoded, key_fields, replaced};

const INES: &str = "ines@meridianfreight.example";
const ASKS: &str = "#confirm-identity";

/// A program in which 10 minutes have passed since the client has signed in.
fn later() -> (App, Client) {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let client = app.signed_in(INES);
    app.advance(10 * MINUTE);
    (app, client)
}

/// Sends the fields as they are, without the proof that the test client adds.
fn send(client: &Client, path: &str, fields: &[(&str, &str)]) -> Page {
    client.post_body(path, encoded(fields))
}

/// Fills in the form on the page at `page`, and sends it to `action` without a proof.
fn submit(client: &Client, page: &str, action: &str, fields: &[(&str, &str)]) -> Page {
    let token = client.get(page).form_token();
    send(client, action, &[&[("form_token", token.as_str())], fields].concat())
}

fn create(client: &Client, fields: &[(&str, &str)]) -> Page {
    submit(client, "/api-keys/new", "/api-keys", &key_fields(fields))
}

fn ask_after(app: &App, minutes: i32) {
    app.write(|tx, _| {
        let settings = settings::get(tx)?;
        settings::save(tx, &Settings { confirm_minutes: minutes, ..settings })
    });
}

#[test]
fn ten_minutes_after_signing_in_a_key_is_created_only_with_the_password() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let client = app.signed_in(INES);
    app.advance(10 * MINUTE - SECOND);
    assert!(!client.get("/api-keys/new").has(ASKS));
    assert_eq!(create(&client, &[("name", "First")]).status, 200);
    app.advance(SECOND);
    let page = client.get("/api-keys/new");
    assert_eq!(page.text("#confirm-identity legend"), "Confirm that it is you");
    assert!(!page.has("#confirm_code"), "the member has no app");

    let asked = create(&client, &[("name", "Second"), ("notes", "kept")]);
    assert_eq!(asked.status, 422);
    assert_eq!(asked.all("#errors li"), ["Enter your password to confirm that it is you"]);
    assert_eq!(asked.attribute("#name", "value").as_deref(), Some("Second"));
    assert_eq!(asked.text("textarea[name=notes]"), "kept");
    let fields = asked.form_fields("#new form");
    let wrong = replaced(&fields, &[("confirm_password", "not the password")]);
    let wrong = send(&client, "/api-keys", &wrong);
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.all("#errors li"), ["Password is wrong"]);
    assert!(!wrong.body.contains("not the password"));
    assert_eq!(app.count("api_keys"), 1, "nothing was created");
    let right = replaced(&fields, &[("confirm_password", PASSWORD)]);
    assert_eq!(send(&client, "/api-keys", &right).status, 200);
    let again = send(&client, "/api-keys", &right);
    assert_eq!(again.status, 303, "a second submit creates no second key");
    assert_eq!(app.count("api_keys"), 2);

    assert!(!client.get("/api-keys/new").has(ASKS), "it counts for the next ten minutes");
    assert_eq!(create(&client, &[("name", "Third")]).status, 200);
    app.advance(10 * MINUTE);
    assert_eq!(create(&client, &[("name", "Fourth")]).status, 422);
}

#[test]
fn a_confirmation_counts_although_other_fields_are_wrong() {
    let (_app, client) = later();
    let page = create(&client, &[("name", ""), ("confirm_password", PASSWORD)]);
    assert_eq!(page.status, 422);
    assert!(!page.has(ASKS), "it need not be entered again");
    assert_eq!(create(&client, &[("name", "Billing")]).status, 200);
}

#[test]
fn every_action_that_needs_it_asks_and_is_not_performed_without_it() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let other = app.member("tomas@meridianfreight.example", false, &[]);
    let (key, webhook) =
        (app.key("Billing worker"), crate::webhooks::queue_messages(&app)[0].clone());
    let client = app.signed_in(INES);
    app.advance(10 * MINUTE);
    let member = format!("/members/{}", other.id.as_str());
    let bulk = |action: &str| {
        (format!("/api-keys/bulk/{action}?keys={key}"), format!("/api-keys/bulk/{action}"))
    };
    let same = |path: String| (path.clone(), path);
    let forms = [
        ("/api-keys/new".to_owned(), "/api-keys".to_owned()),
        same(format!("/api-keys/{key}/rotate")),
        same(format!("/api-keys/{key}/revoke")),
        same(format!("/api-keys/{key}/disable")),
        same(format!("/api-keys/{key}/leak")),
        bulk("rotate"),
        bulk("revoke"),
        bulk("disable"),
        ("/members/new".to_owned(), "/members".to_owned()),
        same(format!("{member}/edit")),
        same(format!("{member}/disable")),
        same(format!("{member}/delete")),
        same(format!("{member}/reset-password")),
        same("/settings".to_owned()),
        ("/settings".to_owned(), "/settings/mail".to_owned()),
        same("/settings/alerts".to_owned()),
        same("/settings/sso".to_owned()),
        ("/settings/sso".to_owned(), "/settings/sso/break-glass".to_owned()),
        same("/settings/sso/mappings/new".to_owned()),
        same(format!("{member}/contain")),
        ("/webhooks/new".to_owned(), "/webhooks".to_owned()),
        same(format!("/webhooks/{webhook}/edit")),
        same(format!("/webhooks/{webhook}/delete")),
        same(format!("/webhooks/{webhook}/secret")),
        same("/account/two-step/app".to_owned()),
    ];
    let before = app.contents();
    for (page, action) in &forms {
        let shown = client.get(page);
        assert!(shown.has(ASKS), "{page}: {}", shown.body);
        let answer = submit(&client, page, action, &[("keys", &key)]);
        assert_eq!(answer.status, 422, "{action}: {}", answer.body);
        let message = "Enter your password to confirm that it is you";
        assert_eq!(answer.all("#errors li").first().map(String::as_str), Some(message), "{action}");
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn reading_and_harmless_changes_never_ask() {
    let (app, client) = later();
    let key = app.key("Billing worker");
    for path in ["/api-keys", "/members", "/activity", "/attention", &format!("/api-keys/{key}")] {
        let page = client.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.has(ASKS), "{path}");
    }
    let page = submit(&client, "/account", "/account/edit", &[("name", "Ines O.")]);
    assert_eq!(page.status, 303);
}

#[test]
fn a_member_with_an_app_needs_its_code_as_well() {
    let app = App::set_up();
    let member = app.member(INES, true, &Permission::ALL);
    let client = app.signed_in(INES);
    let authenticator = app.enrol(&member);
    app.advance(10 * MINUTE);
    let page = client.get("/api-keys/new");
    assert!(page.has("#confirm-identity #confirm_code"));
    let proof =
        |code: &str| create(&client, &[("confirm_password", PASSWORD), ("confirm_code", code)]);
    let missing = proof("");
    assert_eq!(missing.status, 422);
    assert_eq!(missing.all("#errors li"), ["Enter a code to confirm that it is you"]);
    assert_eq!(proof("000000").status, 422);
    let code = app.code_of(&authenticator);
    let wrong = [("confirm_password", "wrong"), ("confirm_code", code.as_str())];
    assert_eq!(create(&client, &wrong).status, 422);
    assert_eq!(proof(&code).status, 200, "a wrong password has not used up the code");
    app.advance(10 * MINUTE);
    let recovery = proof(&authenticator.recovery_codes[0]);
    assert_eq!(recovery.status, 422, "{}", recovery.all("#errors li").join(" "));
    assert_eq!(recovery.all("#errors li"), ["Another key is already called “Billing worker”"]);
}

#[test]
fn five_wrong_confirmations_end_the_session_and_keep_the_input() {
    let (app, client) = later();
    for attempt in 1..5 {
        let page = create(&client, &[("confirm_password", "wrong")]);
        assert_eq!(page.status, 422, "attempt {attempt}");
    }
    let fields = client.get("/api-keys/new").form_fields("#new form");
    let fields = replaced(&fields, &[("name", "Kept worker"), ("confirm_password", "wrong")]);
    let page = send(&client, "/api-keys", &fields);
    assert_eq!(page.status, 403, "{}", page.body);
    assert_eq!(page.text("#notice"), "Your session ended. Sign in to return to your changes.");
    assert_eq!(client.get("/api-keys").status, 303, "the session has ended");
    assert_eq!(app.count("sessions"), 0);
    app.advance(MINUTE);
    let form = page.form_fields("main form");
    let fields = replaced(&form, &[("email", INES), ("password", PASSWORD)]);
    let entered = client.post("/sign-in", &fields);
    assert_eq!(entered.status, 303, "{}", entered.body);
    let restored = client.get(entered.location());
    assert_eq!(restored.attribute("#name", "value").as_deref(), Some("Kept worker"));
}

#[test]
fn wrong_confirmations_share_the_limits_of_sign_ins() {
    let (app, client) = later();
    app.sql("UPDATE sessions SET failed_confirmations = -100");
    let statuses: Vec<u16> =
        (0..6).map(|_| create(&client, &[("confirm_password", "wrong")]).status).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429]);
    let page = create(&client, &[("name", "Kept"), ("confirm_password", PASSWORD)]);
    assert_eq!((page.status, page.header("retry-after")), (429, "1"));
    assert_eq!(page.attribute("#name", "value").as_deref(), Some("Kept"));
    let elsewhere = app.anonymous().calling_from("198.51.100.77");
    let entered = elsewhere.submit("/sign-in", &[("email", INES), ("password", PASSWORD)]);
    assert_eq!(entered.status, 303, "other networks are not affected");
}

#[test]
fn requests_from_another_network_must_confirm() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let client = app.signed_in(INES).calling_from("203.0.113.7");
    assert!(client.get("/api-keys/new").has(ASKS));
    assert_eq!(create(&client, &[]).status, 422);
    assert_eq!(create(&client, &[("confirm_password", PASSWORD)]).status, 200);
    assert!(!client.get("/api-keys/new").has(ASKS));
}

#[test]
fn with_zero_minutes_each_action_asks() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    ask_after(&app, 0);
    let client = app.signed_in(INES);
    for name in ["First", "Second"] {
        assert!(client.get("/api-keys/new").has(ASKS), "{name}");
        assert_eq!(create(&client, &[("name", name)]).status, 422);
        let proof = [("name", name), ("confirm_password", PASSWORD)];
        assert_eq!(create(&client, &proof).status, 200);
    }
    let page = create(&client, &[("name", ""), ("confirm_password", PASSWORD)]);
    assert!(page.has(ASKS), "it does not count for the next submit");
}

#[test]
fn the_password_is_changed_only_with_a_code_if_there_is_an_app() {
    let app = App::set_up();
    let member = app.member(INES, true, &Permission::ALL);
    let client = app.signed_in(INES);
    let authenticator = app.enrol(&member);
    app.advance(10 * MINUTE);
    let new = "lantern orbit cabbage velvet";
    let change = |code: &str| {
        let fields = [("current_password", PASSWORD), ("password", new), ("confirm_code", code)];
        submit(&client, "/account", "/account/password", &fields)
    };
    assert!(client.get("/account").has("#confirm_code"));
    assert_eq!(change("").status, 422);
    assert_eq!(change("000000").status, 422);
    assert_eq!(change(&app.code_of(&authenticator)).status, 303);
}
