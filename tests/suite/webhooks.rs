//! Webhooks: who is sent what, how it is signed, what happens when it does not arrive, and where
//! nothing is ever sent to.

mod delivery;
mod pages;
mod refused;

use latchkey::domain::mail::{self, Message};
use latchkey::domain::webhooks::{self, Draft, EndpointId, EventType, Policy};
use serde_json::json;

use crate::support::{App, Client, Page};

/// Every event that the tests' endpoints want.
const EVENTS: [(&str, &str); 2] = [("events", "api_key.revoked"), ("events", "api_key.created")];

/// Creates a webhook without a browser and returns its id.
pub fn webhook(app: &App, url: &str) -> String {
    let draft = Draft {
        url: url.into(),
        description: String::new(),
        events: EVENTS.iter().map(|(_, name)| (*name).to_owned()).collect(),
        is_active: true,
    };
    let (id, policy) = (EndpointId::random().expect("random"), policy(app));
    let text = id.as_str().to_owned();
    app.write(|tx, author| webhooks::create(tx, id, &draft, &policy, author));
    text
}

fn policy(app: &App) -> Policy {
    Policy::from(&app.site)
}

/// Creates a webhook on its page, with its signing secret.
fn created(client: &Client, url: &str) -> (String, String) {
    let fields = [&[("url", url)][..], &EVENTS].concat();
    let page = client.submit_from("/webhooks/new", "/webhooks", &fields);
    assert_eq!(page.status, 200, "{}", page.body);
    (id_on(&page), page.secret())
}

/// The id of the webhook whose page lies behind a dialog.
fn id_on(page: &Page) -> String {
    let close = page.attribute("#secret .dlg-foot a", "href").expect("a link");
    close.strip_prefix("/webhooks/").expect("a webhook's page").to_owned()
}

/// Queues a message about a revoked key.
pub fn enqueue(app: &App, cause: &str) {
    let (data, now) = (json!({ "key_id": "key_0123456789AB" }), app.site.clock.now());
    app.write(|tx, _| webhooks::enqueue(tx, EventType::KeyRevoked, cause, &data, now));
}

/// The deliveries, oldest first: each with how it stands.
fn stand(app: &App) -> Vec<String> {
    app.texts(
        "SELECT CAST(attempts AS TEXT) || CASE WHEN delivered_at IS NOT NULL THEN ' delivered' \
         WHEN given_up_at IS NOT NULL THEN ' failed' ELSE ' waits' END AS text \
         FROM webhook_deliveries ORDER BY created_at, id",
    )
}

/// A webhook, one of its deliveries, and an email message in the outbox with a mail server that
/// nobody runs: the id of each.
pub fn sent(app: &App) -> [String; 3] {
    let webhook = webhook(app, "http://127.0.0.1:1/hook");
    let id = EndpointId::parse(&webhook).expect("an id");
    app.write(|tx, author| webhooks::test(tx, &id, author));
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
    app.write(|tx, author| mail::queue(tx, &message, "test", author.now));
    let one = |query: &str| app.texts(query).remove(0);
    let delivery = one("SELECT id AS text FROM webhook_deliveries");
    [webhook, delivery, one("SELECT id AS text FROM mail_outbox")]
}
