//! Leaks: reporting one, its page, and checking text for secret keys.

mod check;
mod disable;
mod page;
mod report;

use crate::support::{App, Client, Page};

/// Authorizes a request as a gateway does and returns the status.
fn authorize_status(app: &App, secret: &str, scope: &str, from: &str) -> u16 {
    let client = app.anonymous();
    let url = format!("{}/v1/authorize?scope={scope}", app.url);
    let request = client.http().get(url).bearer_auth(secret).header("x-forwarded-for", from);
    request.send().expect("a response").status().as_u16()
}

fn passes(app: &App, secret: &str) -> bool {
    authorize_status(app, secret, "orders:read", "203.0.113.7") == 200
}

/// Creates a key and returns its Key ID and its secret key.
fn create_key(manager: &Client, name: &str) -> (String, String) {
    let page = manager.create_key(&[("name", name)]);
    assert_eq!(page.status, 200, "{}", page.body);
    (page.key_id(), page.secret())
}

/// Submits the dialog that reports a leak.
fn report(manager: &Client, id: &str, fields: &[(&str, &str)]) -> Page {
    manager.submit(&format!("/api-keys/{id}/leak"), fields)
}

/// Reports a leak and returns the path of its page.
fn create_report(manager: &Client, id: &str, fields: &[(&str, &str)]) -> String {
    let page = report(manager, id, fields);
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.location().starts_with("/leaks/leak_"), "{}", page.location());
    page.location().to_owned()
}
