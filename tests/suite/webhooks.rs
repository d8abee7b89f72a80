//! Webhooks: which messages are sent, how they are signed, what happens when delivery fails, and
//! which addresses are never contacted.

mod delivery;
mod pages;
mod refused;

use latchkey::domain::mail::{self, Message};
use latchkey::domain::webhooks::{self, Draft, EndpointId, EventType, Policy};
use serde_json::json;

use crate::support::{App, Client, Page};

/// The events that the webhooks of these tests subscribe to.
const EVENTS: [(&str, &str); 2] = [("events", "api_key.revoked"), ("events", "api_key.created")];

/// Creates a webhook without the dashboard and returns its ID.
pub fn webhook(app: &App, url: &str) -> String {
    let draft = Draft {
        url: url.into(),
        description: String::new(),
        events: EVENTS.iter().map(|(_, name)| (*name).to_owned()).collect(),
        is_active: true,
    };
    let (id, policy) = (EndpointId::random().expect("random"), policy(app));
    let text = id.as_str().to_owned();
    app.write(|tx, context| webhooks::create(tx, id, &draft, &policy, context));
    text
}

fn policy(app: &App) -> Policy {
    Policy::from(&app.site)
}

/// Creates a webhook through the dashboard and returns its ID and signing secret.
fn create_webhook(client: &Client, url: &str) -> (String, String) {
    let fields = [&[("url", url)][..], &EVENTS].concat();
    let page = client.submit_from("/webhooks/new", "/webhooks", &fields);
    assert_eq!(page.status, 200, "{}", page.body);
    (id_behind_dialog(&page), page.secret())
}

/// The ID of the webhook whose page is behind the dialog.
fn id_behind_dialog(page: &Page) -> String {
    let close = page.attribute("#secret .dlg-foot a", "href").expect("a link");
    close.strip_prefix("/webhooks/").expect("a webhook's page").to_owned()
}

/// Queues a message about a revoked key.
pub fn enqueue(app: &App, cause: &str) {
    let (data, now) = (json!({ "key_id": "key_0123456789AB" }), app.site.clock.now());
    app.write(|tx, _| webhooks::enqueue(tx, EventType::KeyRevoked, cause, &data, now));
}

/// The number of attempts and the state of each delivery, oldest first.
fn delivery_states(app: &App) -> Vec<String> {
    app.texts(
        "SELECT CAST(attempts AS TEXT) || CASE WHEN delivered_at IS NOT NULL THEN ' delivered' \
         WHEN given_up_at IS NOT NULL THEN ' failed' ELSE ' waits' END AS text \
         FROM webhook_deliveries ORDER BY created_at, id",
    )
}

/// Creates a webhook with a delivery, and an email in the outbox whose mail server is not running.
/// Returns the ID of each.
pub fn queue_messages(app: &App) -> [String; 3] {
    let webhook = webhook(app, "http://127.0.0.1:1/hook");
    let id = EndpointId::parse(&webhook).expect("an id");
    app.write(|tx, context| webhooks::test(tx, &id, context));
    app.sql(
        "DELETE FROM mail_server; INSERT INTO mail_server (id, host, port, security, username, \
         sender) VALUES (1, 'localhost', 1, 'none', '', 'latchkey@meridianfreight.example')",
    );
    let message = Message {
        to: "ines@meridianfreight.example".into(),
        subject: "A key was revoked".into(),
        text: "It was.".into(),
        html: None,
    };
    app.write(|tx, context| mail::queue(tx, &message, "test", context.now));
    let one = |query: &str| app.texts(query).remove(0);
    let delivery = one("SELECT id AS text FROM webhook_deliveries");
    [webhook, delivery, one("SELECT id AS text FROM mail_outbox")]
}
