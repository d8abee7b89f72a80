//! What people and programs are told.

use std::thread;
use std::time::{Duration, Instant};

use latchkey::base::clock::{DAY, HOUR, MINUTE, SECOND};
use latchkey::db::lease;
use latchkey::domain::api_keys;
use latchkey::domain::members::Permission;
use latchkey::jobs::Worker;
use latchkey::server;

use super::{key_id, open, refuse, use_mail, webhook};
use crate::support::App;
use crate::support::receiver::{Manner as Answer, Receiver};
use crate::support::smtp::{Manner, Smtp};

/// What is sent by now to whom, by type; each with its data.
fn told(app: &App, receiver: &Receiver) -> Vec<(String, serde_json::Value)> {
    while app.send_webhooks() > 0 {}
    let messages = receiver.messages().into_iter().map(|message| {
        let mut body: serde_json::Value = serde_json::from_str(&message.body).expect("JSON");
        let kind = body["type"].as_str().expect("a type").to_owned();
        (kind, body["data"].take())
    });
    messages.collect()
}

fn kinds(told: &[(String, serde_json::Value)]) -> Vec<&str> {
    let mut kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    kinds.sort_unstable();
    kinds
}

fn mails(app: &App, smtp: &Smtp) -> Vec<String> {
    while app.send_mail() > 0 {}
    std::iter::from_fn(|| smtp.message()).collect()
}

#[test]
fn key_events_are_told_once_with_what_the_key_is_and_no_secret() {
    let (app, receiver) = (App::set_up(), Receiver::start(Answer::Answers(204, "")));
    webhook(&app, &receiver.url);
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
    let told = told(&app, &receiver);
    let expected = ["api_key.created", "api_key.edited", "api_key.revoked", "api_key.rotated"];
    assert_eq!(kinds(&told), expected);
    for (_, data) in &told {
        assert_eq!(data["key"]["id"], *id);
        assert_eq!(data["key"]["environment"], "production");
        assert_eq!(data["actor"]["name"], "Ines Okafor");
        let text = data.to_string();
        assert!(!text.contains(&secret) && !text.contains(&second) && !text.contains("lk_prod_"));
    }
}

#[test]
fn a_process_that_dies_after_a_revocation_leaves_it_to_be_told() {
    let (app, receiver) = (App::set_up(), Receiver::start(Answer::Answers(204, "")));
    webhook(&app, &receiver.url);
    let id = app.key("Billing worker");
    app.write(|tx, author| api_keys::revoke(tx, &key_id(&id), "", author));
    // Nobody looked before the end.
    let next = app.second_node();
    next.find_alerts();
    assert_eq!(kinds(&told(&next, &receiver)), ["api_key.created", "api_key.revoked"]);
    app.find_alerts();
    assert!(told(&app, &receiver).is_empty());
}

#[test]
fn keys_that_expire_are_told_at_each_step_once_and_at_their_end() {
    let (app, receiver) = (App::set_up(), Receiver::start(Answer::Answers(204, "")));
    webhook(&app, &receiver.url);
    app.key("Billing worker");
    let mut days_left = Vec::new();
    let mut ends = 0;
    for _ in 0..95 {
        app.find_alerts();
        for (kind, data) in told(&app, &receiver) {
            match kind.as_str() {
                "api_key.expiring" => days_left.extend(data["days_left"].as_i64()),
                "api_key.expired" => ends += 1,
                _ => {}
            }
        }
        app.advance(DAY);
    }
    assert_eq!((days_left, ends), (vec![30, 14, 7, 1], 1));
}

#[test]
fn more_keys_than_are_looked_at_that_end_with_the_same_day_are_all_told() {
    let (app, receiver) = (App::set_up(), Receiver::start(Answer::Answers(204, "")));
    webhook(&app, &receiver.url);
    let id = app.key("Billing worker");
    app.find_alerts();
    let more: Vec<String> = (0..1_000)
        .map(|n| {
            format!(
                "INSERT INTO api_keys SELECT 'key_{n:012}', 'Key {n}', 'key {n}', environment, role_id, \
                 all_role_scopes, notes, version, created_at, created_by, edited_at, expires_at, \
                 secret_created_at, last_used_at, last_used_address, attention_at, revoked_at, \
                 revoked_by, noted_at, reviewed_at, name_sort FROM api_keys WHERE id = '{id}'"
            )
        })
        .collect();
    app.sql(&more.join(";"));
    app.advance(91 * DAY);
    app.find_alerts();
    app.find_alerts();
    assert_eq!(app.count("webhook_messages WHERE event = 'api_key.expired'"), 1_001);
}

#[test]
fn an_alert_is_told_as_it_opens_and_closes_and_not_in_between() {
    let (app, receiver) = (App::set_up(), Receiver::start(Answer::Answers(204, "")));
    let smtp = Smtp::start(Manner::Takes);
    use_mail(&app, &smtp);
    let id = app.key("Billing worker");
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    app.member("noor@meridianfreight.example", true, &[Permission::ManageRoles]);
    app.member("tomas@meridianfreight.example", false, &Permission::ALL);
    app.find_alerts();
    webhook(&app, &receiver.url);
    refuse(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    for _ in 0..3 {
        app.find_alerts();
        app.advance(MINUTE);
    }
    let told_now = told(&app, &receiver);
    assert_eq!(kinds(&told_now), ["alert.opened"]);
    assert_eq!(told_now[0].1["alert"]["rule"], "refusal_burst");
    assert_eq!(told_now[0].1["alert"]["key_id"], *id);
    let mails_now = mails(&app, &smtp);
    assert_eq!(mails_now.len(), 1, "to who is a super manager and may see keys");
    for part in ["To: ines@meridianfreight.example", "30 requests within 10 minutes", "/alerts"] {
        assert!(mails_now[0].contains(part), "{part}: {}", mails_now[0]);
    }
    app.advance(2 * HOUR);
    app.find_alerts();
    assert_eq!(kinds(&told(&app, &receiver)), ["alert.closed"]);
    assert!(mails(&app, &smtp).is_empty());
}

#[test]
fn many_alerts_at_once_are_one_message() {
    let (app, smtp) = (App::set_up(), Smtp::start(Manner::Takes));
    use_mail(&app, &smtp);
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    for name in ["Billing worker", "Payroll", "Courier app"] {
        let id = app.key(name);
        refuse(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    }
    app.find_alerts();
    let mails = mails(&app, &smtp);
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("Subject: Latchkey: 3 alerts"), "{}", mails[0]);
}

#[test]
fn a_message_of_very_many_alerts_tells_fifty_and_how_many_there_are() {
    let (app, smtp) = (App::set_up(), Smtp::start(Manner::Takes));
    use_mail(&app, &smtp);
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    for n in 0..53 {
        let address = format!("198.51.100.{n}");
        refuse(&app, None, "invalid_key", &address, 50);
    }
    app.find_alerts();
    let mails = mails(&app, &smtp);
    assert!(mails[0].contains("Subject: Latchkey: 53 alerts"), "{}", mails[0]);
    assert!(mails[0].replace("=\r\n", "").contains("the page shows the other 3."), "{}", mails[0]);
    assert_eq!(app.count("alerts"), 53);
}

#[test]
fn a_digest_comes_once_a_day_and_not_on_a_day_without_alerts() {
    let (app, smtp) = (App::set_up(), Smtp::start(Manner::Takes));
    use_mail(&app, &smtp);
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    app.write(|tx, author| {
        latchkey::domain::alerts::prefer(tx, &latchkey::domain::alerts::Rule::ALL, "daily", author)
    });
    app.find_alerts();
    app.advance(DAY);
    app.find_alerts();
    assert!(mails(&app, &smtp).is_empty());
    let id = app.key("Billing worker");
    refuse(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    app.find_alerts();
    assert!(mails(&app, &smtp).is_empty(), "not before the next morning");
    // 08:00 on the day after.
    app.advance(20 * HOUR);
    for _ in 0..3 {
        app.find_alerts();
        app.advance(HOUR);
    }
    let mails = mails(&app, &smtp);
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("is refused many times"), "{}", mails[0]);
}

#[test]
fn one_node_holds_the_lease_and_another_takes_over_when_it_ends() {
    let app = App::set_up();
    let hold = |who: &str| {
        app.write(|tx, author| {
            lease::hold(tx, "work", who, author.now, author.now.plus(30 * SECOND))
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
fn two_nodes_at_work_open_one_alert_and_tell_of_it_once() {
    let (app, smtp) = (App::set_up(), Smtp::start(Manner::Takes));
    use_mail(&app, &smtp);
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    let id = app.key("Billing worker");
    refuse(&app, Some(&id), "scope_missing", "203.0.113.7", 30);
    let other = app.second_node();
    let workers =
        [&app, &other].map(|node| Worker::start(server::needs(&node.site)).expect("threads"));
    let mut mails = Vec::new();
    let patience = Instant::now() + Duration::from_mins(1);
    while mails.is_empty() && Instant::now() < patience {
        mails.extend(smtp.message());
        thread::yield_now();
    }
    drop(workers);
    assert_eq!(mails.len(), 1);
    assert_eq!(open(&app).len(), 1);
    assert_eq!(app.count("mail_outbox"), 1);
    assert_eq!(app.count("leases"), 0, "given back at the end");
}
