//! Usage of keys as the dashboard shows it.

mod all_keys;
mod denials;
mod edit_help;
mod kept;
mod key_page;

use std::net::IpAddr;
use std::sync::Arc;

use latchkey::domain::api_keys::KeyId;
use latchkey::domain::usage::{Denial, Outcome, RequestId, RequestLine, Secret};

use crate::support::App;

/// The first secret of a key.
fn secret(id: &str) -> Secret {
    Secret { key_id: KeyId::parse(id).expect("a Key ID"), number: 1 }
}

/// Records `count` allowed requests at this moment and writes them to the database.
pub fn record_passes(app: &App, id: &str, from: &str, scopes: &[&str], count: usize) {
    let address: IpAddr = from.parse().expect("an address");
    let scopes: Vec<Arc<str>> = scopes.iter().map(|&scope| scope.into()).collect();
    for _ in 0..count {
        let now = app.site.clock.now();
        app.usage.pass(secret(id), Some(address), scopes.iter(), now);
    }
    app.write_usage();
}

/// Records a request with the key that was denied because of its address.
pub fn record_denial_of(app: &App, id: &str, from: &str) {
    record_denial(app, Some(id), from, (Outcome::AddressNotAllowed, ""), "/v1/orders");
}

/// Records a denied request at this moment, writes it to the database and returns its ID.
pub fn record_denial(
    app: &App,
    id: Option<&str>,
    from: &str,
    (reason, detail): (Outcome, &str),
    path: &str,
) -> String {
    let request_id = RequestId::random();
    let denial = Denial {
        secret: id.map(secret),
        reason,
        detail: detail.to_owned().into(),
        address: from.parse().ok(),
        request_id,
        request: RequestLine { method: Some(b"GET"), target: Some(path.as_bytes()) },
        at: app.site.clock.now(),
    };
    app.usage.deny(denial, std::iter::empty());
    app.write_usage();
    request_id.to_string()
}
