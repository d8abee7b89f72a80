//! The emails and webhook messages about alerts and keys.

use std::thread;
use std::time::{Duration, Instant};

use latchkey::base::clock::{DAY, HOUR, MINUTE, SECOND};
use latchkey::db::lease;
use latchkey::domain::api_keys;
use latchkey::domain::members::Permission;
use latchkey::jobs::Worker;
use latchkey::server;

use super::{add_webhook, key_id, open_alerts, record_denials, use_mail_server};
use crate::support::App;
use crate::support::receiver::{Mode as ReceiverMode, Receiver};
use crate::support::smtp::{Mode, Smtp};

/// Sends what is due, and returns the type and the data of each message.
fn webhook_messages(app: &App, receiver: &Receiver) -> Vec<(String, serde_json::Value)> {
    while app.send_webhooks() > 0 {}
    let messages = receiver.messages().into_iter().map(|message| {
        let mut body: serde_json::Value = serde_json::from_str(&message.body).expect("JSON");
        let kind = body["type"].as_str().expect("a type").to_owned();
        (kind, body["data"].take())
    });
    messages.collect()
}

fn event_types(messages: &[(String, serde_json::Value)]) -> Vec<&str> {
    let mut event_types: Vec<&str> = messages.iter().map(|(kind, _)| kind.as_str()).collect();
    event_types.sort_unstable();
    event_types
}

fn sent_emails(app: &App, smtp: &Smtp) -> Vec<String> {
    while app.send_mail() > 0 {}
    std::iter::from_fn(|| smtp.message()).collect()
}

#[test]
fn key_events_are_sent_once_with_the_details_of_the_key_and_no_secret() {
    let (app, receiver) = (App::set_up(), Receiver::start(ReceiverMode::Answers(204, "")));
    add_webhook(&app, &receiver.url);
    let manager = app.super_manager();
    let page = manager.create_key(&[("name", "Billing worker")]);
    let (id, secret) = (page.key_id(), page.secret());
    manager.edit_key(&id, &[("notes", "Mind it")]);
    let rotated =
        manager.submit(&format!("/api-keys/{id}/rotate"), &[("overlap", "7d"), ("lifetime", "90")]);
    let second = rotated.secret();
    manager.submit(&format!("/api-keys/{id}/revoke"), &[]);
    app.find_alerts();
    app.find_alerts();
    let messages = webhook_messages(&app, &receiver);
    let expected = ["api_key.created", "api_key.edited", "api_key.revoked", "api_key.rotated"];
    assert_eq!(event_types(&messages), expected);
    for (_, data) in &messages {
        assert_eq!(data["key"]["id"], *id);
        assert_eq!(data["key"]["environment"], "production");
        assert_eq!(data["actor"]["name"], "Ines Okafor");
        let text = data.to_string();
        assert!(!text.contains(&secret) && !text.contains(&second) && !text.contains("lk_prod_"));
    }
}

#[test]
fn a_revocation_is_sent_by_another_process_if_its_own_dies() {
    let (app, receiver) = (App::set_up(), Receiver::start(ReceiverMode::Answers(204, "")));
    add_webhook(&app, &receiver.url);
    let id = app.key("Billing worker");
    app.write(|tx, context| api_keys::revoke(tx, &key_id(&id), "", context));
    // The process ends before it queues any message.
    let next = app.second_node();
    next.find_alerts();
    assert_eq!(
        event_types(&webhook_messages(&next, &receiver)),
        ["api_key.created", "api_key.revoked"]
    );
    app.find_alerts();
    assert!(webhook_messages(&app, &receiver).is_empty());
}

#[test]
fn expiring_keys_are_announced_once_at_each_step_and_once_when_they_expire() {
    let (app, receiver) = (App::set_up(), Receiver::start(ReceiverMode::Answers(204, "")));
    add_webhook(&app, &receiver.url);
    app.key("Billing worker");
    let mut days_left = Vec::new();
    let mut expirations = 0;
    for _ in 0..95 {
        app.find_alerts();
        for (kind, data) in webhook_messages(&app, &receiver) {
            match kind.as_str() {
                "api_key.expiring" => days_left.extend(data["days_left"].as_i64()),
                "api_key.expired" => expirations += 1,
                _ => {}
            }
        }
        app.advance(DAY);
    }
    assert_eq!((days_left, expirations), (vec![30, 14, 7, 1], 1));
}

#[test]
fn all_keys_that_expire_together_are_announced_even_beyond_one_batch() {
    let (app, receiver) = (App::set_up(), Receiver::start(ReceiverMode::Answers(204, "")));
    add_webhook(&app, &receiver.url);
    let id = app.key("Billing worker");
    app.find_alerts();
    let inserts: Vec<String> = (0..1_000)
        .map(|n| {
            format!(
                "INSERT INTO api_keys (id, name, name_folded, environment, role_id, \
                 all_role_scopes, notes, version, created_at, created_by, expires_at, \
                 secret_created_at, last_used_at, attention_at) SELECT 'key_{n:012}', 'Key {n}', \
                 'key {n}', environment, role_id, all_role_scopes, notes, version, created_at, \
                 created_by, expires_at, secret_created_at, last_used_at, attention_at \
                 FROM api_keys WHERE id = '{id}'"
            )
        })
        .collect();
    app.sql(&inserts.join(";"));
    app.advance(91 * DAY);
    app.find_alerts();
    app.find_alerts();
    assert_eq!(app.count("webhook_messages WHERE event = 'api_key.expired'"), 1_001);
}

#[test]
fn an_alert_is_announced_when_it_opens_and_closes_and_not_in_between() {
    let (app, receiver) = (App::set_up(), Receiver::start(ReceiverMode::Answers(204, "")));
    let smtp = Smtp::start(Mode::Accepts);
    use_mail_server(&app, &smtp);
    let id = app.key("Billing worker");
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    app.member("noor@meridianfreight.example", true, &[Permission::ManageRoles]);
    app.member("tomas@meridianfreight.example", false, &Permission::ALL);
    app.find_alerts();
    add_webhook(&app, &receiver.url);
    record_denials(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    for _ in 0..3 {
        app.find_alerts();
        app.advance(MINUTE);
    }
    let messages = webhook_messages(&app, &receiver);
    assert_eq!(event_types(&messages), ["alert.opened"]);
    assert_eq!(messages[0].1["alert"]["rule"], "refusal_burst");
    assert_eq!(messages[0].1["alert"]["key_id"], *id);
    let emails = sent_emails(&app, &smtp);
    assert_eq!(emails.len(), 1, "only super managers who can view keys get it");
    for part in ["To: ines@meridianfreight.example", "30 requests within 10 minutes", "/alerts"] {
        assert!(emails[0].contains(part), "{part}: {}", emails[0]);
    }
    app.advance(2 * HOUR);
    app.find_alerts();
    assert_eq!(event_types(&webhook_messages(&app, &receiver)), ["alert.closed"]);
    assert!(sent_emails(&app, &smtp).is_empty());
}

#[test]
fn alerts_that_open_together_are_sent_in_one_message() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Accepts));
    use_mail_server(&app, &smtp);
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    for name in ["Billing worker", "Payroll", "Courier app"] {
        let id = app.key(name);
        record_denials(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    }
    app.find_alerts();
    let sent_emails = sent_emails(&app, &smtp);
    assert_eq!(sent_emails.len(), 1);
    assert!(sent_emails[0].contains("Subject: Latchkey: 3 alerts"), "{}", sent_emails[0]);
}

#[test]
fn a_message_lists_at_most_fifty_alerts_and_states_how_many_there_are() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Accepts));
    use_mail_server(&app, &smtp);
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    for n in 0..53 {
        let address = format!("198.51.100.{n}");
        record_denials(&app, None, "invalid_key", &address, 50);
    }
    app.find_alerts();
    let sent_emails = sent_emails(&app, &smtp);
    assert!(sent_emails[0].contains("Subject: Latchkey: 53 alerts"), "{}", sent_emails[0]);
    assert!(
        sent_emails[0].replace("=\r\n", "").contains("the page shows the other 3."),
        "{}",
        sent_emails[0]
    );
    assert_eq!(app.count("alerts"), 53);
}

#[test]
fn a_digest_is_sent_once_a_day_but_not_on_a_day_without_alerts() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Accepts));
    use_mail_server(&app, &smtp);
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    app.write(|tx, context| {
        latchkey::domain::alerts::set_preferences(
            tx,
            &latchkey::domain::alerts::Rule::ALL,
            "daily",
            context,
        )
    });
    app.find_alerts();
    app.advance(DAY);
    app.find_alerts();
    assert!(sent_emails(&app, &smtp).is_empty());
    let id = app.key("Billing worker");
    record_denials(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    app.find_alerts();
    assert!(sent_emails(&app, &smtp).is_empty(), "not before the next morning");
    // It is 08:00 on the next day.
    app.advance(20 * HOUR);
    for _ in 0..3 {
        app.find_alerts();
        app.advance(HOUR);
    }
    let sent_emails = sent_emails(&app, &smtp);
    assert_eq!(sent_emails.len(), 1);
    assert!(sent_emails[0].contains("is denied many times"), "{}", sent_emails[0]);
}

#[test]
fn one_node_holds_the_lease_and_another_takes_over_when_it_expires() {
    let app = App::set_up();
    let hold = |node: &str| {
        app.write(|tx, context| {
            lease::hold(tx, "work", node, context.now, context.now.plus(30 * SECOND))
        })
    };
    assert!(hold("a") && !hold("b") && hold("a"));
    app.advance(30 * SECOND);
    assert!(hold("b") && !hold("a"));
    app.write(|tx, _| lease::release(tx, "work", "a"));
    assert!(!hold("a"));
    app.write(|tx, _| lease::release(tx, "work", "b"));
    assert!(hold("a"));
}

#[test]
fn two_running_nodes_open_one_alert_and_announce_it_once() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Accepts));
    use_mail_server(&app, &smtp);
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    let id = app.key("Billing worker");
    record_denials(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    let other = app.second_node();
    let workers = [&app, &other]
        .map(|node| Worker::start(server::dependencies(&node.site)).expect("threads"));
    let mut sent_emails = Vec::new();
    let deadline = Instant::now() + Duration::from_mins(1);
    while sent_emails.is_empty() && Instant::now() < deadline {
        sent_emails.extend(smtp.message());
        thread::yield_now();
    }
    drop(workers);
    assert_eq!(sent_emails.len(), 1);
    assert_eq!(open_alerts(&app).len(), 1);
    assert_eq!(app.count("mail_outbox"), 1);
    assert_eq!(app.count("leases"), 0, "the leases are released at the end");
}
