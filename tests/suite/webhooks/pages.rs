//! The pages of webhooks: creating, the one look at the secret, editing, testing, sending again.

use latchkey::base::keyring::hex;

use super::{EVENTS, created, enqueue, stand, webhook};
use crate::support::receiver::{Manner, Receiver};
use crate::support::{App, replaced};

const OK: Manner = Manner::Answers(200, "thank you");

#[test]
fn the_signing_secret_is_shown_once_and_kept_nowhere_in_plain() {
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
    // Nor does the record tell the path, into which receivers put secrets.
    let entries = app.texts("SELECT details AS text FROM activity ORDER BY number").join("\n");
    assert!(entries.contains("http://127.0.0.1:1") && !entries.contains("hunter2"), "{entries}");
    let table = manager.get("/webhooks");
    assert!(table.text("tbody tr").contains("On-call"), "{}", table.body);
    assert!(!table.body.contains("hunter2") && shown.text("#webhook-url").ends_with("hunter2"));
}

#[test]
fn what_breaks_the_rules_is_refused_and_kept_in_the_form() {
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
fn the_second_of_two_who_edit_a_webhook_sees_the_first_one_s_changes() {
    let app = App::set_up();
    let id = webhook(&app, "http://127.0.0.1:1/hook");
    let path = format!("/webhooks/{id}/edit");
    let (one, two) = (app.super_manager(), app.super_manager());
    let stale = two.get(&path).form_fields("#edit form");
    let first = one.get(&path).form_fields("#edit form");
    let saved = one.post(&path, &replaced(&first, &[("description", "On-call")]));
    assert_eq!((saved.status, saved.location()), (303, format!("/webhooks/{id}").as_str()));
    let late = two.post(&path, &replaced(&stale, &[("state", "paused")]));
    assert_eq!(late.status, 409);
    assert!(late.text("#errors .changes").contains("Description"), "{}", late.body);
    let again = late.form_fields("#edit form");
    assert_eq!(two.post(&path, &replaced(&again, &[])).status, 303);
    assert_eq!(app.count("webhook_endpoints WHERE is_active"), 0);
}

#[test]
fn a_paused_webhook_gives_up_what_waits_and_is_sent_nothing_until_it_is_resumed() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let (manager, id) = (app.super_manager(), webhook(&app, &receiver.url));
    let path = format!("/webhooks/{id}/edit");
    enqueue(&app, "activity:1");
    let turn = |state| {
        let form = manager.get(&path).form_fields("#edit form");
        assert_eq!(manager.post(&path, &replaced(&form, &[("state", state)])).status, 303);
    };
    turn("paused");
    enqueue(&app, "activity:2");
    assert_eq!((app.send_webhooks(), stand(&app)), (0, vec!["0 failed".to_owned()]));
    let page = manager.get(&format!("/webhooks/{id}"));
    let delivery = page.attribute("tbody a", "href").expect("a delivery");
    assert_eq!(manager.submit(&delivery, &[]).status, 303);
    assert!(manager.get(&delivery).text("#notice").starts_with("The webhook is paused."));
    turn("active");
    assert_eq!(manager.submit(&delivery, &[]).status, 303);
    assert_eq!(manager.get(&delivery).text("#notice"), "It is sent again within seconds.");
    assert_eq!((app.send_webhooks(), stand(&app)), (1, vec!["1 delivered".to_owned()]));
}

#[test]
fn a_message_can_be_sent_again_and_is_the_same_message() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let (manager, id) = (app.super_manager(), webhook(&app, &receiver.url));
    enqueue(&app, "activity:1");
    app.send_webhooks();
    let page = manager.get(&format!("/webhooks/{id}"));
    let delivery = page.attribute("tbody a", "href").expect("a delivery");
    assert_eq!(manager.submit(&delivery, &[]).status, 303);
    assert!(!manager.get(&delivery).text(".actions").contains("Send Again"), "it is queued");
    assert_eq!((app.send_webhooks(), stand(&app)), (1, vec!["2 delivered".to_owned()]));
    let sent = receiver.messages();
    assert_eq!(sent[0].headers["webhook-id"], sent[1].headers["webhook-id"]);
    assert_eq!(sent[0].body, sent[1].body);
    let page = manager.get(&delivery);
    assert_eq!(page.text("#message"), sent[0].body);
    assert_eq!(page.all("tbody tr").len(), 2);
    assert_eq!(page.text("tbody code"), "thank you");
    let other = webhook(&app, &receiver.url);
    let astray = delivery.replace(&id, &other);
    assert_eq!(manager.get(&astray).status, 404, "it is another webhook's");
}

#[test]
fn a_test_message_is_sent_at_once_and_its_outcome_shown() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let (manager, id) = (app.super_manager(), webhook(&app, &receiver.url));
    let page = format!("/webhooks/{id}");
    let test = || {
        let answer = manager.submit_from(&page, &format!("{page}/test"), &[]);
        assert_eq!((answer.status, answer.location()), (303, page.as_str()));
        manager.get(&page).text("#notice")
    };
    let notice = test();
    assert!(notice.starts_with("The test message arrived: answered with 200 in "), "{notice}");
    let sent = receiver.messages();
    assert!(sent.len() == 1 && sent[0].body.contains(r#""type":"webhook.test""#), "{sent:?}");
    receiver.turn(Manner::Answers(404, ""));
    assert_eq!(test(), "The test message did not arrive. Answered with 404.");
    app.advance(latchkey::base::clock::DAY);
    assert_eq!(app.send_webhooks(), 0, "a test is tried once");
}

#[test]
fn a_deleted_webhook_takes_its_messages_along() {
    let (app, receiver) = (App::set_up(), Receiver::start(OK));
    let manager = app.super_manager();
    let (id, _) = created(&manager, &receiver.url);
    enqueue(&app, "activity:1");
    let answer = manager.submit(&format!("/webhooks/{id}/delete"), &[]);
    assert_eq!((answer.status, answer.location()), (303, "/webhooks"));
    assert_eq!((app.count("webhook_endpoints"), app.count("webhook_deliveries")), (0, 0));
    assert_eq!(app.send_webhooks(), 0);
    assert_eq!(manager.get(&format!("/webhooks/{id}")).status, 404);
    assert!(manager.get("/activity").text("main").contains("Deleted webhook http://127.0.0.1"));
}

#[test]
fn the_log_of_many_deliveries_has_pages() {
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
fn a_webhook_that_does_not_exist_is_not_found() {
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
