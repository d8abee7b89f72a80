//! Leaks: reporting one, what stands on its page, and texts that somebody found.

mod check;
mod page;
mod report;

use crate::support::{App, Client, Page};

/// What a gateway is told of a secret key.
fn told(app: &App, secret: &str, scope: &str, from: &str) -> u16 {
    let http = app.anonymous();
    let url = format!("{}/v1/authorize?scope={scope}", app.url);
    let request = http.http().get(url).bearer_auth(secret).header("x-forwarded-for", from);
    request.send().expect("an answer").status().as_u16()
}

fn passes(app: &App, secret: &str) -> bool {
    told(app, secret, "orders:read", "203.0.113.7") == 200
}

/// Key ID and secret key of a new key.
fn key(manager: &Client, name: &str) -> (String, String) {
    let page = manager.create_key(&[("name", name)]);
    assert_eq!(page.status, 200, "{}", page.body);
    (page.key_id(), page.secret())
}

/// Fills in the dialog and sends it.
fn report(manager: &Client, id: &str, fields: &[(&str, &str)]) -> Page {
    manager.submit(&format!("/api-keys/{id}/leak"), fields)
}

/// Where the page of a new report is.
fn reported(manager: &Client, id: &str, fields: &[(&str, &str)]) -> String {
    let page = report(manager, id, fields);
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.location().starts_with("/leaks/leak_"), "{}", page.location());
    page.location().to_owned()
}
