//! Deliveries: sent once the change is committed, signed, retried for a day, and never lost.

use std::time::{Duration, Instant};

use latchkey::base::clock::{DAY, HOUR, MINUTE, SECOND};
use serde_json::Value;

use super::{create_webhook, delivery_states, enqueue, webhook};
use crate::support::receiver::{Mode, Received, Receiver};
use crate::support::{App, NOW};

const OK: Mode = Mode::Answers(204, "");

/// Checks a message's signature as a receiver would.
fn is_signed(message: &Received, secret: &str) -> bool {
    let header = |name: &str| message.headers.get(name).expect(name).as_str();
    let reference = standardwebhooks::Webhook::new(secret).expect("a secret");
    let at = header("webhook-timestamp").parse().expect("seconds");
    let signed = reference.sign(header("webhook-id"), at, message.body.as_bytes());
    let signed = signed.expect("signed");
    header("webhook-signature").split(' ').any(|signature| signature == signed)
}

#[test]
fn a_message_is_signed_and_describes_the_event() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let (id, secret) = create_webhook(&app.super_manager(), &receiver.url);
    enqueue(&app, "activity:1");
    assert_eq!(app.send_webhooks(), 1);
    let messages = receiver.messages();
    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert!(is_signed(message, &secret), "{message:?}");
    assert!(!is_signed(message, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let body: Value = serde_json::from_str(&message.body).expect("JSON");
    assert_eq!(body["type"], "api_key.revoked");
    assert_eq!(body["timestamp"], "2026-11-23T12:00:00.000Z");
    assert_eq!(body["data"]["key_id"], "key_0123456789AB");
    assert_eq!(message.path, "/hook");
    assert_eq!(message.headers["content-type"], "application/json");
    assert_eq!(message.headers["webhook-timestamp"], (NOW.millis() / SECOND).to_string());
    assert_eq!(message.headers["user-agent"], format!("Latchkey/{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(delivery_states(&app), ["1 delivered"]);
    assert_eq!((app.send_webhooks(), receiver.messages().len()), (0, 0));
    let page = app.super_manager().get(&format!("/webhooks/{id}"));
    assert!(page.text("main").contains("Answered with 204"), "{}", page.body);
}

#[test]
fn one_cause_creates_one_message_for_each_active_webhook_that_subscribes_to_it() {
    let (app, one, two) = (App::set_up(), Receiver::start(OK), Receiver::start(OK));
    enqueue(&app, "activity:1");
    assert_eq!(app.count("webhook_messages"), 0, "no webhook subscribes to it");
    webhook(&app, &one.url);
    let paused = webhook(&app, &two.url);
    let other = webhook(&app, &two.url);
    app.sql(&format!("UPDATE webhook_endpoints SET is_active = false WHERE id = '{paused}'"));
    app.sql(&format!(
        "DELETE FROM webhook_events WHERE endpoint_id = '{other}' AND event = 'api_key.revoked'"
    ));
    for cause in ["activity:2", "activity:2", "activity:3"] {
        enqueue(&app, cause);
    }
    assert_eq!((app.count("webhook_messages"), app.count("webhook_deliveries")), (2, 2));
    assert_eq!(app.send_webhooks(), 2);
    let ids: Vec<_> =
        one.messages().iter().map(|message| message.headers["webhook-id"].clone()).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
    assert!(two.messages().is_empty());
}

#[test]
fn a_message_that_was_rolled_back_is_never_sent() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    webhook(&app, &receiver.url);
    let (data, now) = (serde_json::json!({}), app.site.clock.now());
    let result: Result<(), _> = app.site.db.write_blocking(|tx| {
        let event = latchkey::domain::webhooks::EventType::KeyRevoked;
        latchkey::domain::webhooks::enqueue(tx, event, "activity:1", &data, now)?;
        Err(latchkey::base::error::Error::Conflict)
    });
    assert!(result.is_err());
    assert_eq!(app.send_webhooks(), 0);
}

#[test]
fn delivery_to_a_failing_receiver_is_retried_for_a_day_and_then_given_up() {
    let (app, receiver) = (App::set_up(), Receiver::start(Mode::Answers(500, "<b>No\0</b>")));
    let id = webhook(&app, &receiver.url);
    enqueue(&app, "activity:1");
    assert_eq!(app.send_webhooks(), 1);
    let pauses = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 6 * HOUR];
    for (number, pause) in (1..).zip(pauses) {
        assert_eq!(delivery_states(&app), [format!("{number} waits")]);
        app.advance(pause - 1);
        assert_eq!(app.send_webhooks(), 0, "attempt {number}");
        app.advance(1);
        assert_eq!(app.send_webhooks(), 1, "attempt {number}");
    }
    assert_eq!(delivery_states(&app), ["8 failed"]);
    app.advance(30 * HOUR);
    assert_eq!(app.send_webhooks(), 0);
    let messages = receiver.messages();
    let ids: std::collections::BTreeSet<_> =
        messages.iter().map(|message| message.headers["webhook-id"].clone()).collect();
    assert_eq!((messages.len(), ids.len()), (8, 1), "it is the same message");
    let manager = app.super_manager();
    let page = manager.get(&format!("/webhooks/{id}"));
    assert!(page.text("#failing").starts_with("Failing since 23 Nov, 12:00."), "{}", page.body);
    assert!(page.text("tbody").contains("Answered with 500"));
    let link = page.attribute("tbody a", "href").expect("a delivery");
    let delivery = manager.get(&link);
    assert_eq!(delivery.all("tbody tr").len(), 8);
    assert_eq!(
        delivery.text("tbody code"),
        "<b>No</b>",
        "control characters are removed and the rest is escaped"
    );
    assert!(manager.get(&format!("/webhooks/{id}?show=failed")).has("tbody a"));
}

#[test]
fn a_receiver_that_recovers_gets_the_rest_and_is_no_longer_failing() {
    let (app, receiver) = (App::set_up(), Receiver::start(Mode::Answers(503, "")));
    webhook(&app, &receiver.url);
    for number in 1..=3 {
        enqueue(&app, &format!("activity:{number}"));
    }
    assert_eq!(app.send_webhooks(), 1, "the others are not tried after the first failure");
    assert_eq!(app.count("webhook_endpoints WHERE failing_since IS NOT NULL"), 1);
    receiver.set_mode(OK);
    assert_eq!(app.send_webhooks(), 2, "the others were released");
    app.advance(5 * SECOND);
    assert_eq!(app.send_webhooks(), 1);
    assert_eq!(
        delivery_states(&app).iter().filter(|state| state.ends_with("delivered")).count(),
        3
    );
    assert_eq!(app.count("webhook_endpoints WHERE failing_since IS NOT NULL"), 0);
}

/// Queues `count` messages in one transaction.
fn enqueue_many(app: &App, count: usize) {
    let (data, now) = (serde_json::json!({}), app.site.clock.now());
    app.write(|tx, _| {
        (0..count).try_for_each(|number| {
            let event = latchkey::domain::webhooks::EventType::KeyRevoked;
            latchkey::domain::webhooks::enqueue(
                tx,
                event,
                &format!("activity:{number}"),
                &data,
                now,
            )
        })
    });
}

#[test]
fn a_working_receiver_gets_eight_messages_at_a_time_and_each_once() {
    let (app, receiver) = (App::set_up(), Receiver::start(Mode::HoldsUntil(8)));
    webhook(&app, &receiver.url);
    enqueue_many(&app, 300);
    assert_eq!(app.send_webhooks(), 300, "a round continues while deliveries succeed");
    assert_eq!(receiver.most_at_once(), 8);
    let messages = receiver.messages();
    let ids: std::collections::BTreeSet<_> =
        messages.iter().map(|message| &message.headers["webhook-id"]).collect();
    assert_eq!((messages.len(), ids.len()), (300, 300));
    assert_eq!(app.count("webhook_deliveries WHERE delivered_at IS NULL OR attempts <> 1"), 0);
}

#[test]
fn a_failing_receiver_gets_one_message_per_round_however_many_are_pending() {
    let (app, receiver) = (App::set_up(), Receiver::start(Mode::Answers(500, "")));
    webhook(&app, &receiver.url);
    enqueue_many(&app, 300);
    for round in 1..=3 {
        assert_eq!(app.send_webhooks(), 1);
        assert_eq!(receiver.messages().len(), 1);
        assert_eq!(app.count("webhook_deliveries WHERE attempts = 1"), round);
    }
    let now = app.site.clock.now().millis();
    let due = format!("webhook_deliveries WHERE next_attempt_at <= {now}");
    assert_eq!(app.count(&due), 297, "the others were released");
}

#[test]
fn a_slow_receiver_times_out_after_five_seconds_and_delays_no_other() {
    let app = App::set_up();
    let receivers = [Mode::Hangs, Mode::Drips, OK].map(Receiver::start);
    for receiver in &receivers {
        webhook(&app, &receiver.url);
    }
    enqueue(&app, "activity:1");
    let started = Instant::now();
    assert_eq!(app.send_webhooks(), 3);
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(8), "{elapsed:?}");
    let results = app.texts("SELECT last_result AS text FROM webhook_deliveries ORDER BY 1");
    let timeout = "Did not answer within 5 seconds";
    assert_eq!(results, ["Answered with 204", timeout, timeout]);
}

#[test]
fn a_message_claimed_by_a_dead_process_is_sent_after_a_minute() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    webhook(&app, &receiver.url);
    enqueue(&app, "activity:1");
    // Simulate a process that was killed after claiming the delivery and before recording it.
    let until = NOW.plus(MINUTE).millis();
    app.sql(&format!("UPDATE webhook_deliveries SET next_attempt_at = {until}"));
    assert_eq!(app.send_webhooks(), 0, "another process may be sending it");
    app.advance(MINUTE);
    let other = app.second_node();
    other.advance(MINUTE);
    assert_eq!(other.send_webhooks(), 1);
    assert_eq!((app.send_webhooks(), receiver.messages().len()), (0, 1));
}

#[test]
fn two_concurrent_nodes_send_each_message_once() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let other = app.second_node();
    webhook(&app, &receiver.url);
    for number in 1..=8 {
        enqueue(&app, &format!("activity:{number}"));
    }
    let sent = std::thread::scope(|scope| {
        let nodes = [&app, &other].map(|node| scope.spawn(|| node.send_webhooks()));
        nodes.map(|node| node.join().expect("sent")).iter().sum::<usize>()
    });
    assert_eq!((sent, receiver.messages().len()), (8, 8));
}

#[test]
fn a_webhook_whose_receiver_is_gone_is_paused_and_sends_no_more() {
    let (app, receiver) = (App::set_up(), Receiver::start(Mode::Answers(410, "")));
    let id = webhook(&app, &receiver.url);
    enqueue(&app, "activity:1");
    enqueue(&app, "activity:2");
    assert_eq!(app.send_webhooks(), 1);
    assert_eq!(app.count("webhook_endpoints WHERE is_active"), 0);
    enqueue(&app, "activity:3");
    app.advance(2 * DAY);
    assert_eq!(app.send_webhooks(), 0);
    let mut states = delivery_states(&app);
    states.sort();
    assert_eq!(states, ["0 failed", "1 failed"]);
    let page = app.super_manager().get(&format!("/webhooks/{id}"));
    assert!(page.text("#gone").starts_with("Paused, since the receiver is gone."), "{}", page.body);
}

#[test]
fn a_replaced_signing_secret_still_signs_for_a_day() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let manager = app.super_manager();
    let (id, old) = create_webhook(&manager, &receiver.url);
    let page = manager.submit(&format!("/webhooks/{id}/secret"), &[]);
    let new = page.secret();
    assert!(page.status == 200 && new.starts_with("whsec_") && new != old, "{}", page.body);
    for (elapsed, expected) in [(0, [true, true]), (DAY - 1, [true, true]), (1, [false, true])] {
        app.advance(elapsed);
        enqueue(&app, &format!("activity:{}", app.site.clock.now().millis()));
        assert_eq!(app.send_webhooks(), 1);
        let message = receiver.messages().remove(0);
        assert_eq!([&old, &new].map(|secret| is_signed(&message, secret)), expected);
    }
    app.purge();
    assert_eq!(app.count("webhook_endpoints WHERE old_secret IS NOT NULL"), 0);
}

#[test]
fn messages_are_kept_for_thirty_days() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    webhook(&app, &receiver.url);
    enqueue(&app, "activity:1");
    assert_eq!(app.send_webhooks(), 1);
    app.advance(30 * DAY);
    app.purge();
    assert_eq!(app.count("webhook_deliveries"), 1);
    app.advance(1);
    app.purge();
    for table in ["webhook_messages", "webhook_deliveries", "webhook_attempts"] {
        assert_eq!(app.count(table), 0, "{table}");
    }
}
