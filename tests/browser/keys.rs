//! Keys for tests to find, made through the program's own verbs.

use diesel::RunQueryDsl as _;
use latchkey::api_keys::{self, Draft, KeyId};
use latchkey::clock::Timestamp;

use crate::support::App;

/// What is enough for a key.
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
    app.write(|tx, author| {
        let (details, _secret) = api_keys::create(tx, id, draft, author)?;
        Ok(details.key.id.as_str().to_owned())
    })
}

/// Creates a key by that name.
pub fn named(app: &App, name: &str) -> String {
    create(app, &draft(name))
}

/// Has a key been used, as verification would note it.
pub fn use_at(app: &App, id: &str, at: Timestamp) {
    let at = at.millis();
    let sql = format!(
        "UPDATE api_keys SET last_used_at = {at}, last_used_address = '203.0.113.7' WHERE id = '{id}'"
    );
    app.write(|tx, _| Ok(diesel::sql_query(sql).execute(&mut **tx)?));
}

/// How many keys there are, in any state.
pub fn count(app: &App) -> i64 {
    app.count("api_keys")
}
