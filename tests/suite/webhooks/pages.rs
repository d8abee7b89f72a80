//! The pages of webhooks: creating, revealing the secret once, editing, testing and sending again.

use latchkey::base::keyring::hex;

use super::{EVENTS, create_webhook, delivery_states, enqueue, webhook};
use crate::support::receiver::{Mode, Receiver};
use crate::support::{App, replaced};

const OK: Mode = Mode::Answers(200, "thank you");

#[test]
fn the_signing_secret_is_shown_once_and_never_stored_in_plain_text() {
    let app = App::set_up();
    let manager = app.super_manager();
    assert!(manager.get("/settings").has("a[href='/webhooks']"));
    assert!(manager.get("/webhooks").text(".empty").starts_with("No webhooks yet"));
    let token = manager.get("/webhooks/new").form_token();
    let url = [("url", "http://127.0.0.1:1/services/hunter2"), ("description", "On-call")];
    let fields = [&url[..], &EVENTS, &[("form_token", token.as_str())]].concat();
    let page = manager.post("/webhooks", &fields);
    let secret = page.secret();
    assert!(page.status == 200 && secret.starts_with("whsec_"), "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("content-encoding"), "", "not compressed");
    let again = manager.post("/webhooks", &fields);
    assert_eq!(again.status, 303);
    let shown = manager.get(again.location());
    assert!(shown.text("#notice").starts_with("This signing secret has already been shown."));
    assert!(!shown.body.contains(&secret));
    assert_eq!(app.count("webhook_endpoints"), 1);
    let rows = app.everything().join("\n").to_lowercase();
    assert!(!rows.contains(&secret.to_lowercase()) && !rows.contains(&hex(secret.as_bytes())));
    // The activity does not contain the path, because receivers put secrets there.
    let entries = app.texts("SELECT details AS text FROM activity ORDER BY number").join("\n");
    assert!(entries.contains("http://127.0.0.1:1") && !entries.contains("hunter2"), "{entries}");
    let table = manager.get("/webhooks");
    assert!(table.text("tbody tr").contains("On-call"), "{}", table.body);
    assert!(!table.body.contains("hunter2") && shown.text("#webhook-url").ends_with("hunter2"));
}

#[test]
fn invalid_input_is_rejected_and_kept_in_the_form() {
    let app = App::set_up();
    let manager = app.super_manager();
    let long = format!("https://hooks.example.com/{}", "x".repeat(2048));
    for (url, message) in [
        ("", "Enter a URL, for example https://hooks.example.com/latchkey"),
        ("ftp://hooks.example.com/", "URL must start with https://"),
        ("https://a:b@hooks.example.com/", "URL must hold no user name and no password"),
        (&long, "URL must be 2,048 characters or fewer"),
        ("http://8.8.8.8/", "8.8.8.8 is public, so the URL must start with https://"),
        (
            "https://169.254.169.254/",
            "169.254.169.254 is not a public address. Whoever runs Latchkey can allow it with \
             --webhook-networks",
        ),
    ] {
        let page = manager.submit_from("/webhooks/new", "/webhooks", &[("url", url)]);
        assert_eq!((page.status, page.error_of("url").as_str()), (422, message));
        assert_eq!(page.error_of("events"), "Choose at least one event");
        assert_eq!(page.attribute("#url", "value").as_deref(), Some(url));
        assert!(page.text("title").starts_with("Error: "));
    }
    assert_eq!(app.count("webhook_endpoints"), 0);
    for number in 0..20 {
        webhook(&app, &format!("http://127.0.0.1:1/{number}"));
    }
    let fields = [&[("url", "http://127.0.0.1:1/x")][..], &EVENTS].concat();
    let page = manager.submit_from("/webhooks/new", "/webhooks", &fields);
    assert_eq!(page.errors(), ["There are 20 webhooks, which is the most"]);
    assert!(!manager.get("/webhooks").has("a[href='/webhooks/new']"));
}

#[test]
fn the_second_of_two_editors_sees_the_changes_of_the_first() {
    let app = App::set_up();
    let id = webhook(&app, "http://127.0.0.1:1/hook");
    let path = format!("/webhooks/{id}/edit");
    let (one, two) = (app.super_manager(), app.super_manager());
    let stale = two.get(&path).form_fields("#edit form");
    let first = one.get(&path).form_fields("#edit form");
    let saved = one.post(&path, &replaced(&first, &[("description", "On-call")]));
    assert_eq!((saved.status, saved.location()), (303, format!("/webhooks/{id}").as_str()));
    let conflict = two.post(&path, &replaced(&stale, &[("state", "paused")]));
    assert_eq!(conflict.status, 409);
    assert!(conflict.text("#errors .changes").contains("Description"), "{}", conflict.body);
    let resubmitted = conflict.form_fields("#edit form");
    assert_eq!(two.post(&path, &replaced(&resubmitted, &[])).status, 303);
    assert_eq!(app.count("webhook_endpoints WHERE is_active"), 0);
}

#[test]
fn pausing_a_webhook_discards_pending_messages_and_sends_nothing_until_it_is_resumed() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let (manager, id) = (app.super_manager(), webhook(&app, &receiver.url));
    let path = format!("/webhooks/{id}/edit");
    enqueue(&app, "activity:1");
    let set_state = |state| {
        let form = manager.get(&path).form_fields("#edit form");
        assert_eq!(manager.post(&path, &replaced(&form, &[("state", state)])).status, 303);
    };
    set_state("paused");
    enqueue(&app, "activity:2");
    assert_eq!((app.send_webhooks(), delivery_states(&app)), (0, vec!["0 failed".to_owned()]));
    let page = manager.get(&format!("/webhooks/{id}"));
    let delivery = page.attribute("tbody a", "href").expect("a delivery");
    assert_eq!(manager.submit(&delivery, &[]).status, 303);
    assert!(manager.get(&delivery).text("#notice").starts_with("The webhook is paused."));
    set_state("active");
    assert_eq!(manager.submit(&delivery, &[]).status, 303);
    assert_eq!(manager.get(&delivery).text("#notice"), "It is sent again within seconds.");
    assert_eq!((app.send_webhooks(), delivery_states(&app)), (1, vec!["1 delivered".to_owned()]));
}

#[test]
fn a_message_can_be_sent_again_unchanged() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let (manager, id) = (app.super_manager(), webhook(&app, &receiver.url));
    enqueue(&app, "activity:1");
    app.send_webhooks();
    let page = manager.get(&format!("/webhooks/{id}"));
    let delivery = page.attribute("tbody a", "href").expect("a delivery");
    assert_eq!(manager.submit(&delivery, &[]).status, 303);
    assert!(
        !manager.get(&delivery).text(".actions").contains("Send Again"),
        "it is queued already"
    );
    assert_eq!((app.send_webhooks(), delivery_states(&app)), (1, vec!["2 delivered".to_owned()]));
    let sent = receiver.messages();
    assert_eq!(sent[0].headers["webhook-id"], sent[1].headers["webhook-id"]);
    assert_eq!(sent[0].body, sent[1].body);
    let page = manager.get(&delivery);
    let shown: serde_json::Value = serde_json::from_str(&page.text("#message")).expect("JSON");
    let body: serde_json::Value = serde_json::from_str(&sent[0].body).expect("JSON");
    assert_eq!(shown, body);
    assert!(page.body.contains("&#34;data&#34;: {&#10;    &#34;"), "{}", page.body);
    assert_eq!(page.text("button[data-copy=message]"), "Copy");
    assert_eq!(page.all("tbody tr").len(), 2);
    assert_eq!(page.text("tbody code"), "thank you");
    let other = webhook(&app, &receiver.url);
    let wrong_path = delivery.replace(&id, &other);
    assert_eq!(manager.get(&wrong_path).status, 404, "the delivery belongs to another webhook");
}

#[test]
fn a_test_message_is_sent_immediately_and_its_outcome_is_shown() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let (manager, id) = (app.super_manager(), webhook(&app, &receiver.url));
    let page = format!("/webhooks/{id}");
    let test = || {
        let response = manager.submit_from(&page, &format!("{page}/test"), &[]);
        assert_eq!((response.status, response.location()), (303, page.as_str()));
        manager.get(&page).text("#notice")
    };
    let notice = test();
    assert!(notice.starts_with("The test message arrived: answered with 200 in "), "{notice}");
    let sent = receiver.messages();
    assert!(sent.len() == 1 && sent[0].body.contains(r#""type":"webhook.test""#), "{sent:?}");
    receiver.set_mode(Mode::Answers(404, ""));
    assert_eq!(test(), "The test message did not arrive. Answered with 404.");
    app.advance(latchkey::base::clock::DAY);
    assert_eq!(app.send_webhooks(), 0, "a test message is not retried");
}

#[test]
fn deleting_a_webhook_deletes_its_messages() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let manager = app.super_manager();
    let (id, _) = create_webhook(&manager, &receiver.url);
    enqueue(&app, "activity:1");
    let response = manager.submit(&format!("/webhooks/{id}/delete"), &[]);
    assert_eq!((response.status, response.location()), (303, "/webhooks"));
    assert_eq!((app.count("webhook_endpoints"), app.count("webhook_deliveries")), (0, 0));
    assert_eq!(app.send_webhooks(), 0);
    assert_eq!(manager.get(&format!("/webhooks/{id}")).status, 404);
    assert!(manager.get("/activity").text("main").contains("Deleted webhook http://127.0.0.1"));
}

#[test]
fn the_log_of_deliveries_is_paged() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let (manager, id) = (app.super_manager(), webhook(&app, &receiver.url));
    for number in 0..60 {
        enqueue(&app, &format!("activity:{number}"));
        app.advance(i64::from(number % 2));
    }
    let mut page = manager.get(&format!("/webhooks/{id}"));
    let mut seen = page.all("tbody a").len();
    while let Some(older) = page.attribute("a[rel=next]", "href") {
        page = manager.get(&older);
        seen += page.all("tbody a").len();
    }
    assert_eq!(seen, 60);
    let newer = page.attribute("a[rel=prev]", "href").expect("a newer page");
    assert_eq!(manager.get(&newer).all("tbody a").len(), 25);
}

#[test]
fn unknown_webhooks_are_not_found() {
    let app = App::set_up();
    let manager = app.super_manager();
    for id in ["whk_00000000000000000000", "whk_", "x", "%00", "..%2f", "%FF"] {
        for step in ["", "/edit", "/delete", "/secret", "/deliveries/dlv_00000000000000000000"] {
            let path = format!("/webhooks/{id}{step}");
            assert_eq!(manager.get(&path).status, 404, "{path}");
        }
        for step in ["/edit", "/delete", "/secret", "/test", "/deliveries/x"] {
            let path = format!("/webhooks/{id}{step}");
            let token = app.token(&manager, path.trim_end_matches("/test"));
            let fields = [("form_token", token.as_str()), ("url", "x")];
            assert_eq!(manager.post(&path, &fields).status, 404, "{path}");
        }
    }
}
