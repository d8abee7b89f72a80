//! The settings: what can be set, which effects it has, and the mail server.

use std::time::{Duration, Instant};

use latchkey::base::clock::{DAY, HOUR, MINUTE};
use latchkey::domain::members::Permission;

use crate::support::smtp::{Mode, Smtp};
use crate::support::{App, Client, Page, replaced};

const FORM: &str = "form[action='/settings']";
const MAIL: &str = "form[action='/settings/mail']";

/// Submits the settings form as it is shown, except for `fields`.
fn change(client: &Client, fields: &[(&str, &str)]) -> Page {
    let form = client.get("/settings").form_fields(FORM);
    client.post("/settings", &replaced(&form, fields))
}

/// Submits the form of the mail server as it is shown, except for `fields`.
fn change_mail(client: &Client, fields: &[(&str, &str)]) -> Page {
    let form = client.get("/settings").form_fields(MAIL);
    client.post("/settings/mail", &replaced(&form, fields))
}

fn last_entry(app: &App) -> String {
    app.texts(
        "SELECT event || ' ' || actor_name || ' ' || details AS text FROM activity \
         ORDER BY number DESC LIMIT 1",
    )
    .remove(0)
}

#[test]
fn every_page_of_the_settings_lists_the_others() {
    let app = App::set_up();
    let manager = app.super_manager();
    let names = [
        "Organisation",
        "Keys",
        "Sign-in",
        "Sessions",
        "Retention",
        "Single sign-on",
        "Email",
        "Email log",
        "Alerts",
        "Webhooks",
        "Health",
        "API Keys",
    ];
    for (path, current) in [
        ("/settings", None),
        ("/mail", Some("Email log")),
        ("/settings/sso", Some("Single sign-on")),
        ("/settings/alerts", Some("Alerts")),
        ("/webhooks", Some("Webhooks")),
        ("/webhooks/new", Some("Webhooks")),
        ("/settings/health", Some("Health")),
    ] {
        let page = manager.get(path);
        assert_eq!(page.all(".side a"), names, "{path}");
        let shown = page.all(".side [aria-current=page]");
        assert_eq!(shown.first().map(String::as_str), current, "{path}");
    }
    let page = manager.get("/settings");
    for section in ["organisation", "keys", "sign-in", "sessions", "retention", "mail"] {
        assert!(page.has(&format!("#{section}")), "{section}");
        assert!(page.has(&format!(".side [href='/settings#{section}']")), "{section}");
    }
    let settings_only = app.super_manager_with(&[Permission::ManageSettings]);
    assert!(!settings_only.get("/settings").has(".side [href='/api-keys']"));
}

#[test]
fn every_setting_can_be_changed_and_is_recorded_with_its_old_and_new_value() {
    let app = App::set_up();
    let manager = app.super_manager();
    let answer = change(
        &manager,
        &[
            ("organisation", "Northwind Parcels"),
            ("secret_prefix", "nwp"),
            ("maximum_lifetime_days", "180"),
            ("default_lifetime_days", "30"),
            ("active_key_limit", "250"),
            ("rotation_days_production", "60"),
            ("rotation_days_staging", "61"),
            ("rotation_days_development", "62"),
            ("session_idle_minutes", "15"),
            ("session_hours", "8"),
            ("hourly_counts_days", "120"),
            ("daily_counts_days", "1095"),
            ("denials_days", "30"),
            ("review_days", "180"),
            ("sends_labels", "1"),
        ],
    );
    assert_eq!((answer.status, answer.location()), (303, "/settings"), "{}", answer.body);
    let page = manager.get("/settings");
    assert_eq!(page.text("#notice"), "Settings saved.");
    assert_eq!(page.text(".org"), "Northwind Parcels");
    assert_eq!(page.attribute("#rotation_days_staging", "value").as_deref(), Some("61"));
    assert!(page.has("input[name=sends_labels][checked]"));
    let entry = last_entry(&app);
    assert!(entry.starts_with("settings.changed Ines Okafor"), "{entry}");
    for change in [
        r#"{"field":"Organisation","from":"Meridian Freight","to":"Northwind Parcels"}"#,
        r#"{"field":"Secret key prefix","from":"lk","to":"nwp"}"#,
        r#"{"field":"Maximum lifetime","from":"365 days","to":"180 days"}"#,
        r#"{"field":"Rotation for Development","from":"180 days","to":"62 days"}"#,
        r#"{"field":"Maximum session length","from":"12 hours","to":"8 hours"}"#,
        r#"{"field":"Retention of hourly counts","from":"100 days","to":"120 days"}"#,
        r#"{"field":"Retention of daily counts","from":"730 days","to":"1,095 days"}"#,
        r#"{"field":"Retention of denied requests","from":"90 days","to":"30 days"}"#,
        r#"{"field":"Labels for APIs","from":"Not sent","to":"Sent"}"#,
    ] {
        assert!(entry.contains(change), "{change} in {entry}");
    }
    let form = manager.get("/api-keys/new");
    assert_eq!(form.attribute("input[name=lifetime][checked]", "value").as_deref(), Some("30"));
    assert_eq!(form.attribute("#expires_on", "max").as_deref(), Some("2027-05-22"));
    let key = manager.create_key(&[("lifetime", "30")]);
    assert!(key.secret().starts_with("nwp_prod_"), "{}", key.body);
}

#[test]
fn saving_unchanged_settings_records_nothing() {
    let app = App::set_up();
    let manager = app.super_manager();
    let entries = app.count("activity");
    assert_eq!(change(&manager, &[]).status, 303);
    assert_eq!(app.count("activity"), entries);
}

#[test]
fn values_out_of_bounds_are_rejected_and_kept_in_the_form() {
    let app = App::set_up();
    let manager = app.super_manager();
    let before = app.contents();
    let answer = change(
        &manager,
        &[
            ("organisation", "<b>\u{202e}"),
            ("secret_prefix", "LK_"),
            ("maximum_lifetime_days", "366"),
            ("active_key_limit", "-1"),
            ("rotation_days_production", "9999999999999999999999"),
            ("session_hours", ""),
            ("hourly_counts_days", "401"),
            ("denials_days", "0"),
            ("review_days", "367"),
            ("id", "2"),
            ("master_key_check", "x"),
        ],
    );
    assert_eq!(answer.status, 422);
    assert_eq!(app.contents(), before);
    assert!(answer.text("title").starts_with("Error: Settings"));
    assert_eq!(answer.errors().len(), 9, "{:?}", answer.errors());
    assert_eq!(
        answer.error_of("maximum_lifetime_days"),
        "Maximum lifetime must be a whole number of days from 1 to 365"
    );
    assert_eq!(
        answer.error_of("secret_prefix"),
        "Secret key prefix must be 2 to 8 lower-case letters or digits"
    );
    assert_eq!(
        answer.error_of("hourly_counts_days"),
        "Retention of hourly counts must be a whole number of days from 7 to 400"
    );
    assert_eq!(answer.attribute("#secret_prefix", "value").as_deref(), Some("LK_"));
    assert_eq!(answer.attribute("#active_key_limit", "value").as_deref(), Some("-1"));
}

#[test]
fn daily_counts_cannot_be_kept_for_less_time_than_hourly_ones() {
    let app = App::set_up();
    let manager = app.super_manager();
    let save = |hourly, daily| {
        change(&manager, &[("hourly_counts_days", hourly), ("daily_counts_days", daily)])
    };
    let answer = save("60", "59");
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.error_of("daily_counts_days"),
        "Retention of daily counts must not be shorter than that of hourly counts"
    );
    assert_eq!(save("60", "60").status, 303);
}

#[test]
fn a_conflicting_change_shows_the_other_changes_and_can_then_be_saved() {
    let app = App::set_up();
    let (one, two) = (app.super_manager(), app.super_manager());
    let stale = two.get("/settings").form_fields(FORM);
    assert_eq!(change(&one, &[("active_key_limit", "50")]).status, 303);
    let answer = two.post("/settings", &replaced(&stale, &[("session_hours", "6")]));
    assert_eq!(answer.status, 409);
    assert!(answer.text("#errors").contains("Someone else changed the settings"));
    assert!(answer.text("#errors .changes").contains("Active keys allowed100 keys 50 keys"));
    assert_eq!(answer.attribute("#session_hours", "value").as_deref(), Some("6"));
    let again = answer.form_fields(FORM);
    assert_eq!(two.post("/settings", &replaced(&again, &[("active_key_limit", "50")])).status, 303);
    assert_eq!(app.number("SELECT session_hours FROM settings"), 6);
    assert_eq!(app.number("SELECT active_key_limit FROM settings"), 50);
}

#[test]
fn a_form_that_is_submitted_twice_changes_the_settings_once() {
    let app = App::set_up();
    let manager = app.super_manager();
    let form = manager.get("/settings").form_fields(FORM);
    let fields = replaced(&form, &[("session_hours", "6")]);
    for _ in 0..2 {
        let answer = manager.post("/settings", &fields);
        assert_eq!((answer.status, answer.location()), (303, "/settings"));
    }
    assert_eq!(app.count("activity WHERE event = 'settings.changed'"), 1);
}

#[test]
fn new_rotation_days_apply_to_existing_keys() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = manager.create_key(&[]);
    let id = key.key_id();
    let used = manager.http().get(format!("{}/v1/authorize", app.url)).bearer_auth(key.secret());
    assert_eq!(manager.send(used).status, 200);
    app.write_usage();
    app.advance(40 * DAY);
    let manager = app.super_manager();
    assert!(!manager.get("/attention").has(&format!("#{id}")));
    assert_eq!(change(&manager, &[("rotation_days_production", "30")]).status, 303);
    let table = manager.get("/attention");
    assert!(table.text(&format!("#{id}")).contains("Rotation due"), "{}", table.body);
    assert_eq!(change(&manager, &[("rotation_days_production", "90")]).status, 303);
    assert!(!manager.get("/attention").has(&format!("#{id}")));
}

#[test]
fn a_shorter_session_limit_applies_to_current_sessions() {
    let app = App::set_up();
    let (manager, other) = (app.super_manager(), app.super_manager());
    app.advance(10 * MINUTE);
    assert_eq!(change(&manager, &[("session_idle_minutes", "5")]).status, 303);
    assert_eq!(other.get("/settings").status, 303, "it was idle for longer than the new limit");
    assert_eq!(manager.get("/settings").status, 200);
    assert_eq!(
        change(&manager, &[("session_idle_minutes", "60"), ("session_hours", "1")]).status,
        303
    );
    for _ in 0..5 {
        app.advance(9 * MINUTE);
        manager.get("/settings");
    }
    app.advance(HOUR - 54 * MINUTE);
    assert_eq!(manager.get("/settings").status, 303);
}

#[test]
fn without_the_permission_the_settings_are_neither_linked_nor_shown() {
    let app = App::set_up();
    let others: Vec<_> =
        Permission::ALL.into_iter().filter(|p| *p != Permission::ManageSettings).collect();
    let viewer = app.super_manager_with(&others);
    assert!(!viewer.get("/api-keys").has("nav [href='/settings']"));
    assert_eq!(viewer.get("/settings").status, 403);
    assert!(app.super_manager().get("/api-keys").has("nav [href='/settings']"));
}

/// Saves a mail server on this machine.
fn save_server(client: &Client, port: u16, security: &str) -> Page {
    let port = port.to_string();
    change_mail(
        client,
        &[
            ("mail_host", "localhost"),
            ("mail_port", &port),
            ("mail_security", security),
            ("mail_username", "latchkey"),
            ("mail_password", "hunter2 hunter2"),
            ("mail_sender", "latchkey@meridianfreight.example"),
        ],
    )
}

fn send_test(client: &Client) -> (Page, Duration) {
    let token = client.get("/settings").form_token();
    let begin = Instant::now();
    let answer = client.post("/settings/mail/test", &[("form_token", &token)]);
    (answer, begin.elapsed())
}

#[test]
fn a_test_message_arrives_and_is_recorded() {
    let app = App::set_up();
    let manager = app.super_manager();
    assert!(!manager.get("/settings").has("form[action='/settings/mail/test']"));
    let smtp = Smtp::start(Mode::Accepts);
    let saved = save_server(&manager, smtp.port, "none");
    assert_eq!((saved.status, saved.location()), (303, "/settings#mail"), "{}", saved.body);
    let entry = last_entry(&app);
    assert!(entry.contains("settings.mail_changed") && entry.contains("localhost"), "{entry}");
    assert_eq!(manager.get("/settings").text("#notice"), "Mail server saved.");
    assert_eq!(send_test(&manager).0.status, 303);
    let notice = manager.get("/settings").text("#notice");
    assert!(notice.starts_with("A test message was sent to "), "{notice}");
    let message = smtp.message().expect("a message");
    assert!(message.contains("Subject: Latchkey: test message"), "{message}");
    assert!(message.contains("If you can read it, email works."), "{message}");
    assert!(last_entry(&app).starts_with("settings.mail_tested"));
}

#[test]
fn the_mail_password_is_stored_encrypted_and_not_reused_for_another_server() {
    let app = App::set_up();
    let manager = app.super_manager();
    assert_eq!(save_server(&manager, 2525, "none").status, 303);
    assert!(!app.everything().iter().any(|row| row.contains("hunter2")));
    let hex = latchkey::base::keyring::hex(b"hunter2");
    assert!(!app.everything().iter().any(|row| row.to_lowercase().contains(&hex)));
    assert!(!manager.get("/settings").body.contains("hunter2"));
    assert_eq!(change_mail(&manager, &[("mail_sender", "x@y.example")]).status, 303);
    let moved = change_mail(&manager, &[("mail_port", "2526")]);
    assert_eq!(moved.status, 422);
    assert!(moved.error_of("mail_password").starts_with("Enter the password again"));
    let wrong = change_mail(&manager, &[("mail_port", "x"), ("mail_password", "swordfish99")]);
    assert!(
        wrong.status == 422 && !wrong.body.contains("swordfish99"),
        "the password is not echoed"
    );
    assert_eq!(change_mail(&manager, &[("mail_host", "")]).status, 303);
    assert_eq!(app.count("mail_server"), 0);
    assert_eq!(manager.get("/settings").text("#notice"), "No email is sent from now on.");
}

#[test]
fn an_unusable_mail_server_is_explained_within_seconds() {
    let app = App::set_up();
    let manager = app.super_manager();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = closed.local_addr().expect("an address").port();
    drop(closed);
    let servers = [
        (Some(Mode::Rejects), "none", "localhost refused the message (SMTP reply 550)"),
        (Some(Mode::Hangs), "none", "localhost did not answer within 5 seconds"),
        (Some(Mode::Hangs), "tls", "localhost did not answer within 5 seconds"),
        (Some(Mode::Untrusted), "tls", "The certificate of localhost cannot be trusted: "),
        (Some(Mode::Accepts), "starttls", "localhost cannot be used at port "),
        (None, "none", "localhost cannot be used at port "),
    ];
    for (manner, security, expected) in servers {
        let smtp = manner.map(Smtp::start);
        let port = smtp.as_ref().map_or(port, |smtp| smtp.port);
        assert_eq!(save_server(&manager, port, security).status, 303);
        let (answer, took) = send_test(&manager);
        assert_eq!(answer.status, 303);
        assert!(took < Duration::from_secs(8), "{expected}: {took:?}");
        let page = manager.get("/settings");
        let notice = page.text("#notice");
        let reason = notice.strip_prefix("No test message was sent. ");
        assert!(reason.is_some_and(|reason| reason.starts_with(expected)), "{expected}: {notice}");
        assert!(!page.body.contains("mailbox"), "the server's own message is not shown");
        assert!(smtp.is_none_or(|smtp| smtp.message().is_none()));
    }
}

#[test]
fn a_test_message_without_a_server_is_rejected() {
    let app = App::set_up();
    let answer = send_test(&app.super_manager()).0;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.errors(), ["Save a mail server first"]);
}
