//! Webhooks never follow redirects and never reach private addresses.

use latchkey::base::clock::MINUTE;
use latchkey::domain::webhooks::{self, Policy};

use super::{delivery_states, enqueue, webhook};
use crate::support::App;
use crate::support::receiver::{Mode, Receiver};

/// Sends what is due under the default policy, which allows only public addresses.
fn send_with_default_policy(app: &App) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (site, policy) = (&app.site, Policy::default());
    let sent = webhooks::send_due(&site.db, &site.keyring, &policy, site.clock.now());
    runtime.expect("a runtime").block_on(sent).expect("sent")
}

#[test]
fn a_redirect_is_a_failure_and_is_not_followed() {
    let app = App::set_up();
    let target = Receiver::start(Mode::Answers(200, ""));
    let receiver = Receiver::start(Mode::Redirects(target.url.clone()));
    webhook(&app, &receiver.url);
    enqueue(&app, "activity:1");
    assert_eq!(app.send_webhooks(), 1);
    assert_eq!((receiver.messages().len(), target.messages().len()), (1, 0));
    assert_eq!(delivery_states(&app), ["1 waits"]);
    let result = app.texts("SELECT last_result AS text FROM webhook_deliveries").remove(0);
    assert_eq!(result, "Answered with a redirect (307), which is not followed");
}

#[test]
fn private_addresses_are_denied_at_connection_time() {
    let (app, receiver) = (App::set_up(), Receiver::start(Mode::Answers(200, "")));
    let id = webhook(&app, &receiver.url);
    let port = receiver.url.split(':').nth(2).expect("a port");
    for url in [
        &receiver.url,
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/",
        // Names, whose addresses are only known after the look-up.
        &format!("http://localhost:{port}"),
        &format!("https://localhost:{port}"),
        "https://[::1]:9/",
        "https://0.0.0.0:9/",
        "https://10.0.0.1/",
    ] {
        app.sql("DELETE FROM webhook_messages");
        app.sql(&format!("UPDATE webhook_endpoints SET url = '{url}' WHERE id = '{id}'"));
        enqueue(&app, url);
        assert_eq!(send_with_default_policy(&app), 1, "{url}");
        let result = app.texts("SELECT last_result AS text FROM webhook_deliveries").remove(0);
        assert!(result.contains("is not a public address"), "{url}: {result}");
        app.advance(MINUTE);
    }
    assert!(receiver.messages().is_empty());
    assert_eq!(app.count("webhook_attempts WHERE status IS NOT NULL"), 0);
}

#[test]
fn an_unknown_host_and_a_closed_port_are_reported() {
    let app = App::set_up();
    let id = webhook(&app, "http://127.0.0.1:1/hook");
    for (url, expected) in [
        ("http://127.0.0.1:1/hook", "Could not be reached: Connection refused"),
        ("http://nobody.invalid/", "The host was not found"),
        ("http://hooks.meridianfreight.example/", "The host was not found"),
    ] {
        app.sql("DELETE FROM webhook_messages");
        app.sql(&format!("UPDATE webhook_endpoints SET url = '{url}' WHERE id = '{id}'"));
        enqueue(&app, url);
        assert_eq!(app.send_webhooks(), 1);
        let result = app.texts("SELECT last_result AS text FROM webhook_deliveries").remove(0);
        assert!(result.starts_with(expected), "{url}: {result}");
        assert!(!result.contains("os error"), "{url}: {result}");
    }
}

#[test]
fn a_certificate_from_an_unknown_authority_is_not_trusted() {
    let smtp = crate::support::smtp::Smtp::start(crate::support::smtp::Mode::Untrusted);
    let app = App::set_up();
    webhook(&app, &format!("https://127.0.0.1:{}/", smtp.port));
    enqueue(&app, "activity:1");
    assert_eq!(app.send_webhooks(), 1);
    let result = app.texts("SELECT last_result AS text FROM webhook_deliveries").remove(0);
    assert!(result.contains("certificate"), "{result}");
}
