//! Everything that is wrong with a form is said at once: also what only the database knows.

use latchkey::domain::api_keys::Draft;
use latchkey::domain::members::Permission;

use crate::support::{App, Client, PASSWORD, key_fields, usual_draft};

/// The fields that are wrong, in the order of the summary; the whole form is `#`.
fn wrong(client: &Client, page: &str, action: &str, fields: &[(&str, &str)]) -> Vec<String> {
    let answer = client.submit_from(page, action, fields);
    assert_eq!(answer.status, 422, "{action}: {}", answer.body);
    let document = scraper::Html::parse_document(&answer.body);
    let item = scraper::Selector::parse("#errors > ul:first-of-type > li").expect("a selector");
    let link = scraper::Selector::parse("a").expect("a selector");
    let fields = document.select(&item).map(|item| {
        item.select(&link)
            .next()
            .and_then(|link| link.value().attr("href"))
            .map_or("#", |href| href.trim_start_matches('#'))
            .to_owned()
    });
    fields.collect()
}

#[test]
fn a_new_key_says_all_that_is_wrong() {
    let app = App::set_up();
    let client = app.super_manager();
    app.key("Billing worker");
    app.sql("UPDATE settings SET active_key_limit = 1");
    let fields = key_fields(&[
        ("role", "nobody"),
        ("lifetime", "date"),
        ("expires_on", "2020-01-01"),
        ("ip_whitelist", "10.0.0.0/8\nx"),
    ]);
    let said = wrong(&client, "/api-keys/new", "/api-keys", &fields);
    assert_eq!(said, ["#", "name", "role", "expires_on", "ip_whitelist", "ip_whitelist"]);
    let taken = key_fields(&[("ip_whitelist", "x")]);
    app.sql("UPDATE settings SET active_key_limit = 100");
    let said = wrong(&client, "/api-keys/new", "/api-keys", &taken);
    assert_eq!(said, ["name", "ip_whitelist"]);
}

#[test]
fn an_edited_key_says_all_that_is_wrong() {
    let app = App::set_up();
    let client = app.super_manager();
    app.key("Billing worker");
    let path = format!("/api-keys/{}/edit", app.key("Payroll"));
    let fields = [
        ("name", "billing WORKER"),
        ("role", "nobody"),
        ("expires_on", "2020-01-01"),
        ("ip_whitelist", "x"),
        ("version", "1"),
    ];
    let said = wrong(&client, &path, &path, &fields);
    assert_eq!(said, ["name", "role", "expires_on", "ip_whitelist"]);
}

#[test]
fn a_rotation_says_all_that_is_wrong() {
    let app = App::set_up();
    let client = app.super_manager();
    app.key("Billing worker");
    let id = app.key("Payroll");
    app.sql(&format!("UPDATE api_keys SET expires_at = 1 WHERE id = '{id}'"));
    app.sql("UPDATE settings SET active_key_limit = 1");
    let path = format!("/api-keys/{id}/rotate");
    let fields = [("overlap", "7d"), ("lifetime", "date"), ("expires_on", "2020-01-01")];
    assert_eq!(wrong(&client, &path, &path, &fields), ["#", "expires_on"]);
}

#[test]
fn a_report_of_a_leak_says_all_that_is_wrong() {
    let app = App::set_up();
    let client = app.super_manager();
    let id = app.key("Billing worker");
    let now = app.site.clock.now().millis();
    app.sql(&format!("UPDATE api_keys SET last_used_at = {now} WHERE id = '{id}'"));
    let path = format!("/api-keys/{id}/leak");
    let fields = [("action", "revoke"), ("confirm", "x"), ("since", "2030-01-01")];
    assert_eq!(wrong(&client, &path, &path, &fields), ["confirm", "since"]);
}

#[test]
fn roles_scopes_webhooks_and_members_say_all_that_is_wrong() {
    let app = App::set_up();
    let client = app.super_manager();
    app.key_of(&Draft { name: "Billing worker".into(), ..usual_draft() });
    for n in 0..200 {
        app.sql(&format!(
            "INSERT INTO roles VALUES ('role_{n}', 'r{n}', 'R{n}', 'r{n}', '', 'chosen', {n}, 1, 1)"
        ));
    }
    let role = [("name", "r7"), ("scopes", "nothing:here")];
    assert_eq!(wrong(&client, "/roles/new", "/roles", &role), ["#", "name", "scopes"]);
    let long = "x".repeat(201);
    let scope = [("resource", "orders"), ("operation", "read"), ("description", long.as_str())];
    assert_eq!(wrong(&client, "/scopes/new", "/scopes", &scope), ["operation", "description"]);
    for n in 0..latchkey::domain::webhooks::MOST {
        crate::webhooks::webhook(&app, &format!("http://127.0.0.1:1/{n}"));
    }
    let hook = [("url", "x"), ("events", "api_key.revoked")];
    assert_eq!(wrong(&client, "/webhooks/new", "/webhooks", &hook), ["#", "url"]);
    app.member("tomas@meridianfreight.example", false, &[]);
    let member = [("name", ""), ("email", "tomas@meridianfreight.example"), ("permissions", "x")];
    let said = wrong(&client, "/members/new", "/members", &member);
    assert_eq!(said, ["name", "email", "permissions"]);
}

#[test]
fn a_change_of_password_says_all_that_is_wrong() {
    let app = App::set_up();
    app.member("ines@example.com", true, &Permission::ALL);
    let client = app.signed_in("ines@example.com");
    let fields = [("current_password", "wrong"), ("password", "short")];
    let said = wrong(&client, "/account", "/account/password", &fields);
    assert_eq!(said, ["current_password", "password"]);
    let right = [("current_password", PASSWORD), ("password", "short")];
    assert_eq!(wrong(&client, "/account", "/account/password", &right), ["password"]);
}

#[test]
fn set_up_says_all_that_is_wrong() {
    let app = App::new();
    let code = app.set_up_code();
    let client = app.anonymous();
    let fields = [
        ("code", "0000000000000000000000"),
        ("organisation", ""),
        ("resources", "orders"),
        ("name", "Ines Okafor"),
        ("email", "x"),
        ("password", PASSWORD),
    ];
    let said = wrong(&client, "/set-up", "/set-up", &fields);
    assert_eq!(said, ["code", "organisation", "email"]);
    let fields = [&[("code", code.as_str())][..], &fields[1..]].concat();
    assert_eq!(wrong(&client, "/set-up", "/set-up", &fields), ["organisation", "email"]);
}

#[test]
fn a_mail_server_says_all_that_is_wrong() {
    let app = App::set_up();
    let client = app.super_manager();
    let fields = [
        ("mail_host", "smtp.example.com"),
        ("mail_port", "25"),
        ("mail_security", "none"),
        ("mail_username", "latchkey"),
        ("mail_sender", "x"),
    ];
    let said = wrong(&client, "/settings", "/settings/mail", &fields);
    assert_eq!(said, ["mail_sender", "mail_security", "mail_password"]);
}
