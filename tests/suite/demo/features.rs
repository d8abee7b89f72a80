//! The sample shows every part of the product.

use latchkey::base::clock::{DAY, HOUR};
use latchkey::demo;

use crate::support::{App, NOW};

fn filled() -> App {
    let app = App::new();
    demo::fill(&app.site.db, &app.site.keyring, 40, 90, NOW).expect("filled");
    app
}

#[test]
fn every_page_of_the_sample_has_something_to_show() {
    let app = filled();
    let manager = app.super_manager();
    let badges = |path: &str| manager.get(path).all("main tbody .badge");
    assert_eq!(badges("/reviews"), ["Open", "Finished"]);
    assert_eq!(badges("/leaks"), ["Open", "Closed"]);
    assert_eq!(badges("/webhooks"), ["Failing", "Paused"]);
    assert_eq!(manager.get("/alerts").all("[aria-labelledby=closed-t] tbody tr").len(), 3);
    let members = manager.get("/members").text("main");
    for (name, state) in [("Marek Dvorak", "Invited"), ("Hanna Weiss", "Disabled")] {
        assert!(members.contains(name) && members.contains(state), "{name}: {members}");
    }
    let disabled = manager.get("/api-keys?view=disabled");
    assert_eq!(disabled.all("tbody tr").len(), 2, "{}", disabled.body);
    for column in ["owner", "external_id"] {
        assert!(app.number(&format!("SELECT COUNT(*) FROM api_keys WHERE {column} <> ''")) > 5);
    }
    assert!(app.count("api_key_labels") > 5);
}

#[test]
fn one_disabled_key_is_scheduled_to_be_revoked() {
    let app = filled();
    let scheduled = "SELECT name AS text FROM api_keys WHERE disabled_then = 'revoke'";
    assert_eq!(app.texts(scheduled), ["Tracking feed – old platform"]);
    app.advance(8 * DAY);
    app.run_due();
    assert_eq!(app.texts(scheduled).len(), 1);
    app.advance(2 * DAY);
    app.run_due();
    let revoked = "SELECT name AS text FROM api_keys WHERE name LIKE 'Tracking feed –%' \
                   AND revoked_at IS NOT NULL";
    assert_eq!(app.texts(revoked), ["Tracking feed – old platform"]);
}

#[test]
fn the_finished_review_has_a_decision_on_every_key_as_it_was_then() {
    let app = filled();
    let finished = "(SELECT id FROM reviews WHERE ended_at IS NOT NULL)";
    let items = format!("SELECT COUNT(*) FROM review_items WHERE review_id = {finished}");
    assert!(app.number(&items) > 15);
    assert_eq!(app.number(&format!("{items} AND decision IS NULL")), 0);
    let since = "(SELECT started_at FROM reviews WHERE ended_at IS NOT NULL)";
    for column in ["created_at", "last_used_at"] {
        assert_eq!(app.number(&format!("{items} AND {column} > {since}")), 0, "{column}");
    }
    let manager = app.super_manager();
    let open = app.texts("SELECT id AS text FROM reviews WHERE ended_at IS NULL").remove(0);
    let page = manager.get(&format!("/reviews/{open}"));
    assert!(page.text("#left").ends_with(" left"), "{}", page.body);
    assert!(page.has("#keepable"));
}

#[test]
fn webhook_messages_were_delivered_given_up_and_are_retried_and_nothing_is_sent_for_real() {
    let app = filled();
    let states = "SELECT CASE WHEN delivered_at IS NOT NULL THEN 'delivered' \
                  WHEN given_up_at IS NOT NULL THEN 'failed' ELSE 'retrying' END AS text \
                  FROM webhook_deliveries";
    let states = app.texts(states);
    for state in ["delivered", "failed", "retrying"] {
        assert!(states.iter().any(|found| found == state), "{state}: {states:?}");
    }
    app.find_alerts();
    assert_eq!(app.count("webhook_deliveries"), i64::try_from(states.len()).expect("few"));
    assert_eq!(app.send_webhooks(), 0, "nothing is due");
    app.advance(6 * HOUR);
    assert_eq!(app.send_webhooks(), 1);
    let last = "SELECT error AS text FROM webhook_attempts ORDER BY at DESC LIMIT 1";
    assert_eq!(app.texts(last), ["The host was not found"]);
}
