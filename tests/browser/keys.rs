//! Keys for tests, created and used through the functions of the program.

use std::net::IpAddr;

use latchkey::domain::api_keys::{self, Draft, KeyId};
use latchkey::domain::usage::{Denial, Outcome, RequestId, RequestLine, Secret};

use crate::support::App;

/// The draft of a key with only the required fields.
pub fn draft(name: &str) -> Draft {
    Draft {
        name: name.into(),
        environment: "production".into(),
        role: "read-and-write".into(),
        lifetime: "90".into(),
        access: "role".into(),
        ..Draft::default()
    }
}

/// Creates a key, and returns its Key ID.
pub fn create(app: &App, draft: &Draft) -> String {
    let id = KeyId::random().expect("random");
    app.write(|tx, context| {
        let (details, _secret) = api_keys::create(tx, id, draft, context)?;
        Ok(details.key.id.as_str().to_owned())
    })
}

/// Creates a key with this name, and returns its Key ID.
pub fn create_named(app: &App, name: &str) -> String {
    create(app, &draft(name))
}

/// Records one use of a key, this number of milliseconds ago.
pub fn record_use(app: &App, id: &str, millis_ago: i64) {
    let key_id = KeyId::parse(id).expect("a Key ID");
    let address = Some(IpAddr::from([203, 0, 113, 7]));
    let at = app.site.clock.now().plus(-millis_ago);
    app.usage.pass(Secret { key_id, number: 1 }, address, [&"orders:read".into()].into_iter(), at);
    app.write_usage();
}

/// Records one denied request with a key, this number of milliseconds ago.
pub fn record_denial(app: &App, id: &str, millis_ago: i64) {
    let key_id = KeyId::parse(id).expect("a Key ID");
    let denial = Denial {
        secret: Some(Secret { key_id, number: 1 }),
        reason: Outcome::AddressNotAllowed,
        detail: "".into(),
        address: Some(IpAddr::from([198, 51, 100, 77])),
        request_id: RequestId::random(),
        request: RequestLine {
            method: Some(b"GET"),
            target: Some(b"/v1/invoices/2026/11/overdue"),
        },
        at: app.site.clock.now().plus(-millis_ago),
    };
    app.usage.deny(denial, std::iter::empty());
    app.write_usage();
}

/// How many keys there are, in any state.
pub fn count(app: &App) -> i64 {
    let totals = app.read(|connection| api_keys::totals(connection, app.site.clock.now()));
    totals.all + totals.revoked
}
