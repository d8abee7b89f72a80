//! A form reports all of its errors at once, including those that only the database can detect.

use latchkey::domain::api_keys::Draft;
use latchkey::domain::members::Permission;

use crate::support::{App, Client, PASSWORD, key_fields, usual_draft};

/// Submits an invalid form and returns the fields that its error summary links to, in order.
/// An error of the whole form is `#`.
fn error_fields(client: &Client, page: &str, action: &str, fields: &[(&str, &str)]) -> Vec<String> {
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
fn creating_a_key_reports_every_error() {
    let app = App::set_up();
    let client = app.super_manager();
    app.key("Billing worker");
    app.sql("UPDATE settings SET active_key_limit = 1");
    let fields = key_fields(&[
        ("role", "nobody"),
        ("lifetime", "date"),
        ("expires_on", "2020-01-01"),
        ("ip_whitelist", "10.0.0.0/8\nx"),
        ("owner", "none"),
        ("external_id", "two words"),
        ("labels", "team\nx"),
    ]);
    let errors = error_fields(&client, "/api-keys/new", "/api-keys", &fields);
    let fields = ["#", "name", "role", "expires_on", "ip_whitelist", "ip_whitelist", "owner"];
    assert_eq!(errors, [&fields[..], &["external_id", "labels", "labels"]].concat());
    let with_taken_name = key_fields(&[("ip_whitelist", "x")]);
    app.sql("UPDATE settings SET active_key_limit = 100");
    let errors = error_fields(&client, "/api-keys/new", "/api-keys", &with_taken_name);
    assert_eq!(errors, ["name", "ip_whitelist"]);
}

#[test]
fn editing_a_key_reports_every_error() {
    let app = App::set_up();
    let client = app.super_manager();
    app.key("Billing worker");
    let path = format!("/api-keys/{}/edit", app.key("Payroll"));
    let fields = [
        ("name", "billing WORKER"),
        ("role", "nobody"),
        ("expires_on", "2020-01-01"),
        ("ip_whitelist", "x"),
        ("owner", "none"),
        ("labels", "x"),
        ("version", "1"),
    ];
    let errors = error_fields(&client, &path, &path, &fields);
    assert_eq!(errors, ["name", "role", "expires_on", "ip_whitelist", "owner", "labels"]);
}

#[test]
fn rotating_a_key_reports_every_error() {
    let app = App::set_up();
    let client = app.super_manager();
    app.key("Billing worker");
    let id = app.key("Payroll");
    app.sql(&format!("UPDATE api_keys SET expires_at = 1 WHERE id = '{id}'"));
    app.sql("UPDATE settings SET active_key_limit = 1");
    let path = format!("/api-keys/{id}/rotate");
    let fields = [("overlap", "7d"), ("lifetime", "date"), ("expires_on", "2020-01-01")];
    assert_eq!(error_fields(&client, &path, &path, &fields), ["#", "expires_on"]);
}

#[test]
fn disabling_a_key_reports_every_error() {
    let app = App::set_up();
    let client = app.super_manager();
    let id = app.key("Billing worker");
    let now = app.site.clock.now().millis();
    app.sql(&format!("UPDATE api_keys SET last_used_at = {now} WHERE id = '{id}'"));
    let path = format!("/api-keys/{id}/disable");
    let fields = [("confirm", "x"), ("reason", ""), ("until", "never"), ("then", "sell")];
    let errors = error_fields(&client, &path, &path, &fields);
    assert_eq!(errors, ["reason", "until", "then", "confirm"]);
    let dated = [("confirm", "x"), ("until", "date"), ("until_at", "2020-01-01T00:00")];
    let errors = error_fields(&client, &path, &path, &dated);
    assert_eq!(errors, ["reason", "until_at", "confirm"]);
}

#[test]
fn reporting_a_leak_reports_every_error() {
    let app = App::set_up();
    let client = app.super_manager();
    let id = app.key("Billing worker");
    let now = app.site.clock.now().millis();
    app.sql(&format!("UPDATE api_keys SET last_used_at = {now} WHERE id = '{id}'"));
    let path = format!("/api-keys/{id}/leak");
    let fields = [("action", "revoke"), ("confirm", "x"), ("since", "2030-01-01")];
    assert_eq!(error_fields(&client, &path, &path, &fields), ["confirm", "since"]);
}

#[test]
fn forms_of_roles_scopes_webhooks_and_members_report_every_error() {
    let app = App::set_up();
    let client = app.super_manager();
    app.key_from(&Draft { name: "Billing worker".into(), ..usual_draft() });
    for n in 0..200 {
        app.sql(&format!(
            "INSERT INTO roles VALUES ('role_{n}', 'r{n}', 'R{n}', 'r{n}', '', 'chosen', {n}, 1, 1)"
        ));
    }
    let role = [("name", "r7"), ("scopes", "nothing:here")];
    assert_eq!(error_fields(&client, "/roles/new", "/roles", &role), ["#", "name", "scopes"]);
    let long = "x".repeat(201);
    let scope = [("resource", "orders"), ("operation", "read"), ("description", long.as_str())];
    assert_eq!(
        error_fields(&client, "/scopes/new", "/scopes", &scope),
        ["operation", "description"]
    );
    for n in 0..latchkey::domain::webhooks::MAX_ENDPOINTS {
        crate::webhooks::webhook(&app, &format!("http://127.0.0.1:1/{n}"));
    }
    let webhook = [("url", "x"), ("events", "api_key.revoked")];
    assert_eq!(error_fields(&client, "/webhooks/new", "/webhooks", &webhook), ["#", "url"]);
    app.member("tomas@meridianfreight.example", false, &[]);
    let member = [("name", ""), ("email", "tomas@meridianfreight.example"), ("permissions", "x")];
    let errors = error_fields(&client, "/members/new", "/members", &member);
    assert_eq!(errors, ["name", "email", "permissions"]);
}

#[test]
fn changing_a_password_reports_every_error() {
    let app = App::set_up();
    app.member("ines@example.com", true, &Permission::ALL);
    let client = app.signed_in("ines@example.com");
    let fields = [("current_password", "wrong"), ("password", "short")];
    let errors = error_fields(&client, "/account", "/account/password", &fields);
    assert_eq!(errors, ["current_password", "password"]);
    let with_current_password = [("current_password", PASSWORD), ("password", "short")];
    assert_eq!(
        error_fields(&client, "/account", "/account/password", &with_current_password),
        ["password"]
    );
}

#[test]
fn set_up_reports_every_error() {
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
    let errors = error_fields(&client, "/set-up", "/set-up", &fields);
    assert_eq!(errors, ["code", "organisation", "email"]);
    let fields = [&[("code", code.as_str())][..], &fields[1..]].concat();
    assert_eq!(error_fields(&client, "/set-up", "/set-up", &fields), ["organisation", "email"]);
}

#[test]
fn saving_a_mail_server_reports_every_error() {
    let app = App::set_up();
    let client = app.super_manager();
    let fields = [
        ("mail_host", "smtp.example.com"),
        ("mail_port", "25"),
        ("mail_security", "none"),
        ("mail_username", "latchkey"),
        ("mail_sender", "x"),
    ];
    let errors = error_fields(&client, "/settings", "/settings/mail", &fields);
    assert_eq!(errors, ["mail_sender", "mail_security", "mail_password"]);
}
