//! Whether keys pass: what gateways and services are told, byte for byte.

mod address;
mod authorize;
mod bearer;
mod introspect;
mod nodes;
mod outage;
pub mod process;
mod reserved;
mod revocation;
mod strangers;
mod usage;
pub mod wire;

use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection as _;
use latchkey::domain::api_keys::{Environment, SecretKey};

use crate::support::{App, Client, Page};
use wire::{Answer, Request};

/// Where the gateway's client is unless a test says otherwise.
const CLIENT: &str = "203.0.113.7";
const IDENTITY: [&str; 4] =
    ["latchkey-environment", "latchkey-key-id", "latchkey-role", "latchkey-scopes"];
/// All scopes of the sample organisation that read and write.
const READ_AND_WRITE: &str =
    "invoices:read invoices:write orders:read orders:write reports:read reports:write";

pub struct Key {
    pub id: String,
    pub secret: String,
}

impl Key {
    /// A key made in the dashboard: read and write, in production, with what `fields` change.
    pub fn new(manager: &Client, fields: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("Key {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let page = manager.create_key(&[&[("name", name.as_str())], fields].concat());
        assert_eq!(page.status, 200, "{}", page.body);
        Self { id: page.key_id(), secret: page.secret() }
    }

    /// A key that may ask about other keys, with what `fields` change.
    pub fn introspecting(manager: &Client, fields: &[(&str, &str)]) -> Self {
        // Refused where the role is there already.
        let role = [("name", "Introspection"), ("scopes", "latchkey:introspect")];
        manager.submit_from("/roles/new", "/roles", &role);
        Self::new(manager, &[&[("role", "introspection")], fields].concat())
    }

    /// Sends the edit form with the key's role, date and version as they stand, and `fields`.
    fn edit(&self, manager: &Client, fields: &[(&str, &str)]) {
        let path = format!("/api-keys/{}/edit", self.id);
        let form = manager.get(&path);
        let value = |name: &str| {
            form.attribute(&format!("#edit input[name={name}]"), "value").expect("a field")
        };
        let shown = ["form_token", "version", "name", "expires_on"].map(|name| (name, value(name)));
        let usual = [("role", "read-and-write"), ("access", "role")];
        let mut all: Vec<(&str, &str)> =
            shown.iter().map(|(name, value)| (*name, value.as_str())).chain(usual).collect();
        all.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
        all.extend(fields);
        let saved = manager.post(&path, &all);
        assert_eq!(saved.status, 303, "{}", saved.body);
    }

    fn revoke(&self, manager: &Client) -> Page {
        let last_four = &self.id[self.id.len() - 4..];
        let path = format!("/api-keys/{}/revoke", self.id);
        let page = manager.submit(&path, &[("confirm", last_four)]);
        assert_eq!(page.status, 303, "{}", page.body);
        page
    }

    /// The same secret key but for the characters from `at` on, with a checksum that fits.
    pub fn forged(&self, at: usize, with: &str) -> String {
        let body = &self.secret[..self.secret.len() - 6];
        with_checksum(&format!("{}{with}{}", &body[..at], &body[at + with.len()..]))
    }
}

/// The checksum of product.md, worked out a second time.
fn with_checksum(body: &str) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let sum = crc32fast::hash(body.as_bytes());
    let digit = |place: u32| char::from(DIGITS[(sum / 62_u32.pow(place) % 62) as usize]);
    body.chars().chain((0..6).rev().map(digit)).collect()
}

/// A secret key in every detail, which no key has.
fn stranger() -> String {
    SecretKey::generate("lk", Environment::Production).expect("random").expose().to_owned()
}

/// What a gateway asks about a request of [`CLIENT`], still without a key.
fn asked(app: &App, query: &str) -> Request {
    Request::new(&app.url, "GET", &format!("/v1/authorize?{query}")).from(CLIENT)
}

/// The status, and the code if there is one.
fn outcome(answer: &Answer) -> (u16, String) {
    let code = match answer.status {
        200 => String::new(),
        _ => answer.json()["code"].as_str().expect("a code").to_owned(),
    };
    (answer.status, code)
}

/// What a gateway is told of a secret key.
fn told(app: &App, query: &str, secret: &str) -> (u16, String) {
    let answer = asked(app, query).bearer(secret).send();
    match answer.status {
        200 => is_pass(&answer),
        _ => is_refusal(&answer),
    }
    outcome(&answer)
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn pass() -> (u16, String) {
    code(200, "")
}

/// An answer that lets a request pass: all that it must have, and nothing else.
fn is_pass(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.raw);
    assert_eq!(answer.body, "");
    assert_eq!(answer.header("cache-control"), "no-store");
    let names: Vec<_> = answer.names().into_iter().collect();
    let expected = [&["cache-control"], IDENTITY.as_slice(), &["x-content-type-options"]].concat();
    assert_eq!(names, expected, "{}", answer.raw);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

/// An answer that refuses: all that it must have, and nothing else.
fn is_refusal(answer: &Answer) {
    let names: Vec<_> = answer.names().into_iter().collect();
    let expected = ["cache-control", "content-type", "www-authenticate", "x-content-type-options"];
    assert_eq!(names, expected, "{}", answer.raw);
    is_problem(answer);
    let parameters = answer.challenge();
    assert_eq!(parameters["realm"], "latchkey");
    let error = match (answer.status, answer.json()["code"].as_str()) {
        (401, Some("missing_key")) => None,
        (401, _) => Some("invalid_token"),
        (403, _) => Some("insufficient_scope"),
        _ => panic!("{}", answer.raw),
    };
    assert_eq!(parameters.get("error").copied(), error, "{}", answer.raw);
}

/// Problem details as RFC 9457 has them.
fn is_problem(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    for name in IDENTITY {
        assert_eq!(answer.header(name), "", "{}", answer.raw);
    }
    let problem = answer.json();
    let mut names: Vec<_> =
        problem.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["code", "request_id", "status", "title", "type"], "{}", answer.raw);
    assert_eq!(problem["status"], answer.status);
    assert_eq!(problem["type"], "about:blank");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
    let id = problem["request_id"].as_str().expect("an id");
    let random = id.strip_prefix("req_").expect("an id");
    assert_eq!(random.len(), 16, "{id}");
    assert!(random.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{id}");
}

/// Writes past the program's verbs, as a person at the database would. Decisions that the program
/// remembers are not told; so this comes before a secret key is first used, or tells by itself.
fn by_hand(app: &App, sql: &str) {
    app.write(|tx, _| Ok(tx.batch_execute(sql)?));
}
