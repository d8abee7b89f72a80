//! Where nothing is ever sent to: redirects, this machine, and what only it can reach.

use latchkey::base::clock::MINUTE;
use latchkey::domain::webhooks::{self, Policy};

use super::{enqueue, stand, webhook};
use crate::support::App;
use crate::support::receiver::{Manner, Receiver};

/// Sends what is due under the policy that nothing was configured for.
fn send_strictly(app: &App) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (site, policy) = (&app.site, Policy::default());
    let sent = webhooks::send_due(&site.db, &site.keyring, &policy, site.clock.now());
    runtime.expect("a runtime").block_on(sent).expect("sent")
}

#[test]
fn a_redirect_is_a_failure_and_is_not_followed() {
    let app = App::set_up();
    let astray = Receiver::start(Manner::Answers(200, ""));
    let receiver = Receiver::start(Manner::Redirects(astray.url.clone()));
    webhook(&app, &receiver.url);
    enqueue(&app, "activity:1");
    assert_eq!(app.send_webhooks(), 1);
    assert_eq!((receiver.messages().len(), astray.messages().len()), (1, 0));
    assert_eq!(stand(&app), ["1 waits"]);
    let result = app.texts("SELECT last_result AS text FROM webhook_deliveries").remove(0);
    assert_eq!(result, "Answered with a redirect (307), which is not followed");
}

#[test]
fn private_addresses_are_refused_when_they_are_connected_to() {
    let (app, receiver) = (App::set_up(), Receiver::start(Manner::Answers(200, "")));
    let id = webhook(&app, &receiver.url);
    let port = receiver.url.split(':').nth(2).expect("a port");
    for url in [
        &receiver.url,
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/",
        // Names, which only the look-up tells.
        &format!("http://localhost:{port}"),
        &format!("https://localhost:{port}"),
        "https://[::1]:9/",
        "https://0.0.0.0:9/",
        "https://10.0.0.1/",
    ] {
        app.sql("DELETE FROM webhook_messages");
        app.sql(&format!("UPDATE webhook_endpoints SET url = '{url}' WHERE id = '{id}'"));
        enqueue(&app, url);
        assert_eq!(send_strictly(&app), 1, "{url}");
        let result = app.texts("SELECT last_result AS text FROM webhook_deliveries").remove(0);
        assert!(result.contains("is not a public address"), "{url}: {result}");
        app.advance(MINUTE);
    }
    assert!(receiver.messages().is_empty());
    assert_eq!(app.count("webhook_attempts WHERE status IS NOT NULL"), 0);
}

#[test]
fn a_name_that_nobody_has_and_a_port_where_nobody_listens_are_told() {
    let app = App::set_up();
    let id = webhook(&app, "http://127.0.0.1:1/hook");
    for (url, expected) in [
        ("http://127.0.0.1:1/hook", "Could not be reached: "),
        ("http://nobody.invalid/", "Could not be reached: "),
    ] {
        app.sql("DELETE FROM webhook_messages");
        app.sql(&format!("UPDATE webhook_endpoints SET url = '{url}' WHERE id = '{id}'"));
        enqueue(&app, url);
        assert_eq!(app.send_webhooks(), 1);
        let result = app.texts("SELECT last_result AS text FROM webhook_deliveries").remove(0);
        assert!(result.starts_with(expected), "{url}: {result}");
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_trusted() {
    let smtp = crate::support::smtp::Smtp::start(crate::support::smtp::Manner::IsNobody);
    let app = App::set_up();
    webhook(&app, &format!("https://127.0.0.1:{}/", smtp.port));
    enqueue(&app, "activity:1");
    assert_eq!(app.send_webhooks(), 1);
    let result = app.texts("SELECT last_result AS text FROM webhook_deliveries").remove(0);
    assert!(result.contains("certificate"), "{result}");
}
