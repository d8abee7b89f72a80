//! Verification of keys: what gateways and services receive, byte for byte.

mod address;
mod authorize;
mod bearer;
mod credential_headers;
mod disabling;
mod ext_authz;
mod introspect;
mod introspect_clients;
mod nodes;
mod outage;
pub mod process;
mod questions;
mod reserved;
mod revocation;
mod strangers;
mod usage;
pub mod wire;

use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection as _;
use latchkey::domain::api_keys::{Environment, SecretKey};

use crate::support::{App, Client, Page};
use wire::{Request, Response};

/// The address of the gateway's client, unless a test uses another one.
pub const CLIENT: &str = "203.0.113.7";
/// The headers of every pass that describe the key. Its labels are sent only if the settings allow
/// it.
const IDENTITY_HEADERS: [&str; 5] = [
    "latchkey-environment",
    "latchkey-key-id",
    "latchkey-owner",
    "latchkey-role",
    "latchkey-scopes",
];
/// All scopes of the sample organisation that end in read or write.
const READ_AND_WRITE: &str =
    "invoices:read invoices:write orders:read orders:write reports:read reports:write";

pub struct Key {
    pub id: String,
    pub secret: String,
}

impl Key {
    /// Creates a key in the dashboard: for production, with read and write, except for `fields`.
    pub fn new(manager: &Client, fields: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("Key {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let page = manager.create_key(&[&[("name", name.as_str())], fields].concat());
        assert_eq!(page.status, 200, "{}", page.body);
        Self { id: page.key_id(), secret: page.secret() }
    }

    /// Creates a key that may introspect other keys, with `fields` changed.
    pub fn introspecting(manager: &Client, fields: &[(&str, &str)]) -> Self {
        // This fails harmlessly if the role exists.
        let role = [("name", "Introspection"), ("scopes", "latchkey:introspect")];
        manager.submit_from("/roles/new", "/roles", &role);
        Self::new(manager, &[&[("role", "introspection")], fields].concat())
    }

    /// Submits the edit form as the page shows it, with the usual role and with `fields` changed.
    fn edit(&self, manager: &Client, fields: &[(&str, &str)]) {
        let path = format!("/api-keys/{}/edit", self.id);
        let form = manager.get(&path);
        let value = |name: &str| {
            form.attribute(&format!("#edit input[name={name}]"), "value").expect("a field")
        };
        let current =
            ["form_token", "version", "name", "expires_on"].map(|name| (name, value(name)));
        let usual = [("role", "read-and-write"), ("access", "role")];
        let mut all: Vec<(&str, &str)> =
            current.iter().map(|(name, value)| (*name, value.as_str())).chain(usual).collect();
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

    /// Disables the key until somebody enables it.
    fn disable(&self, manager: &Client) {
        let last_four = &self.id[self.id.len() - 4..];
        let fields = [("reason", "The partner was told"), ("confirm", last_four)];
        let page = manager.submit(&format!("/api-keys/{}/disable", self.id), &fields);
        assert_eq!(page.status, 303, "{}", page.body);
    }

    fn enable(&self, manager: &Client) {
        let page = manager.submit(&format!("/api-keys/{}/enable", self.id), &[]);
        assert_eq!(page.status, 303, "{}", page.body);
    }

    /// The secret key with the characters from `at` on replaced, and with a matching checksum.
    pub fn forged(&self, at: usize, with: &str) -> String {
        let body = &self.secret[..self.secret.len() - 6];
        with_checksum(&format!("{}{with}{}", &body[..at], &body[at + with.len()..]))
    }
}

/// Appends the checksum, which is computed independently of the program.
fn with_checksum(body: &str) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let sum = crc32fast::hash(body.as_bytes());
    let digit = |place: u32| char::from(DIGITS[(sum / 62_u32.pow(place) % 62) as usize]);
    body.chars().chain((0..6).rev().map(digit)).collect()
}

/// A well-formed secret key that belongs to no key.
fn unknown_secret() -> String {
    SecretKey::generate("lk", Environment::Production).expect("random").expose().to_owned()
}

/// A gateway's request on behalf of [`CLIENT`], without a key so far.
fn authorize_request(app: &App, query: &str) -> Request {
    Request::new(&app.url, "GET", &format!("/v1/authorize?{query}")).from(CLIENT)
}

/// The status, and the code of the problem if there is one.
pub fn outcome(response: &Response) -> (u16, String) {
    let code = match response.status {
        200 => String::new(),
        _ => response.json()["code"].as_str().expect("a code").to_owned(),
    };
    (response.status, code)
}

/// The outcome when a gateway asks whether a secret key passes.
fn authorize(app: &App, query: &str, secret: &str) -> (u16, String) {
    let response = authorize_request(app, query).bearer(secret).send();
    match response.status {
        200 => assert_pass(&response),
        _ => assert_denied(&response),
    }
    outcome(&response)
}

pub fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn pass() -> (u16, String) {
    code(200, "")
}

/// Asserts that the response is a pass with exactly the required headers.
pub fn assert_pass(response: &Response) {
    assert_eq!(response.status, 200, "{}", response.raw);
    assert_eq!(response.body, "");
    assert_eq!(response.header("cache-control"), "no-store");
    let names: Vec<_> = response.names().into_iter().collect();
    let expected =
        [&["cache-control"], IDENTITY_HEADERS.as_slice(), &["x-content-type-options"]].concat();
    assert_eq!(names, expected, "{}", response.raw);
    assert_eq!(response.header("x-content-type-options"), "nosniff");
}

/// Asserts that the response is a denial with exactly the required headers.
pub fn assert_denied(response: &Response) {
    let names: Vec<_> = response.names().into_iter().collect();
    let expected = [
        "cache-control",
        "content-type",
        "latchkey-code",
        "latchkey-request-id",
        "www-authenticate",
        "x-content-type-options",
    ];
    assert_eq!(names, expected, "{}", response.raw);
    assert_problem(response);
    let parameters = response.challenge();
    assert_eq!(parameters["realm"], "latchkey");
    let error = match (response.status, response.json()["code"].as_str()) {
        (401, Some("missing_key")) => None,
        (401, _) => Some("invalid_token"),
        (403, _) => Some("insufficient_scope"),
        _ => panic!("{}", response.raw),
    };
    assert_eq!(parameters.get("error").copied(), error, "{}", response.raw);
}

/// Asserts that the response has problem details as in RFC 9457.
fn assert_problem(response: &Response) {
    assert_eq!(response.header("content-type"), "application/problem+json");
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(response.header("x-content-type-options"), "nosniff");
    for name in IDENTITY_HEADERS {
        assert_eq!(response.header(name), "", "{}", response.raw);
    }
    let problem = response.json();
    let mut names: Vec<_> =
        problem.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["code", "request_id", "status", "title", "type"], "{}", response.raw);
    assert_eq!(problem["status"], response.status);
    assert_eq!(problem["type"], "about:blank");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
    // Some gateways drop the body, and hand on headers.
    assert_eq!(problem["code"], response.header("latchkey-code"));
    assert_eq!(problem["request_id"], response.header("latchkey-request-id"));
    let id = problem["request_id"].as_str().expect("an id");
    let random = id.strip_prefix("req_").expect("an id");
    assert_eq!(random.len(), 16, "{id}");
    assert!(random.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{id}");
}

/// Changes the database directly, as an administrator might. The cache is not notified, so this
/// must come before the first use of a key that it affects.
fn run_sql(app: &App, sql: &str) {
    app.write(|tx, _| Ok(tx.batch_execute(sql)?));
}
