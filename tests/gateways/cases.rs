//! What holds for every gateway.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use latchkey::base::clock::DAY;

use crate::client::{ADDRESS, Client};
use crate::gateway::{Gateway, Running};
use crate::latchkey::{Key, Latchkey};
use crate::server::{ReceivedRequest, Server, listener};
use crate::support::Page;

/// The identity headers.
const IDENTITY: [&str; 4] =
    ["latchkey-key-id", "latchkey-role", "latchkey-scopes", "latchkey-environment"];

/// A gateway between a client, Latchkey and an API.
struct Setting {
    gateway: Gateway,
    latchkey: Latchkey,
    api: Server,
    client: Client,
    _running: Running,
}

impl Setting {
    fn new(gateway: Gateway) -> Self {
        let (latchkey, api) = (Latchkey::new(), Server::api());
        let running = gateway.start(latchkey.address, api.address);
        let client = Client::new(running.address);
        Self { gateway, latchkey, api, client, _running: running }
    }

    fn key(&self) -> Key {
        self.latchkey.key(|_| {})
    }

    /// The answer was a pass; what the API was asked.
    fn passed(&self, page: &Page) -> ReceivedRequest {
        assert_eq!((page.status, page.body.as_str()), (200, "served"));
        self.api.asked_once()
    }

    /// The answer was a refusal with this code, and the API was asked nothing.
    fn refused(&self, page: &Page, status: u16, code: &str) {
        assert_eq!(page.status, status, "{code}: {}", page.body);
        assert_eq!(page.header("content-type"), "application/problem+json", "{code}");
        let challenges = page.headers.get_all("www-authenticate").iter().count();
        assert_eq!(challenges, 1, "{code}: {:?}", page.headers);
        let challenge = page.header("www-authenticate");
        assert!(challenge.starts_with(r#"Bearer realm="latchkey""#), "{code}: {challenge}");
        let expected = match (status, code) {
            (_, "missing_key") => "",
            (401, _) => r#"error="invalid_token""#,
            _ => r#"error="insufficient_scope""#,
        };
        assert!(challenge.contains(expected), "{code}: {challenge}");
        if self.gateway.passes_the_problem_on() {
            let problem: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
            assert_eq!(problem["code"], code, "{problem}");
            assert!(problem["request_id"].is_string(), "{problem}");
        }
        assert!(self.api.asked().is_empty(), "{code}");
    }
}

fn assert_identity(asked: &ReceivedRequest, key: &Key) {
    let scopes = "invoices:read invoices:write orders:read orders:write reports:read reports:write";
    let expected = [key.id.as_str(), "read-and-write", scopes, "production"];
    for (name, expected) in IDENTITY.into_iter().zip(expected) {
        assert_eq!(asked.values(name), [expected], "{name}");
    }
    for (name, value) in &asked.headers {
        let other = name.starts_with("latchkey") && !IDENTITY.contains(&name.as_str());
        assert!(!other, "{name}: {value}");
        assert!(!value.contains(&key.secret), "{name}: {value}");
    }
    assert!(asked.values("authorization").iter().all(|value| value.is_empty()));
}

pub fn a_live_key_passes_and_the_api_is_told_whose_it_is(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let key = setting.key();
    for path in ["/orders", "/orders/", "/orders/42?page=2&scope=x&environment=staging"] {
        let asked = setting.passed(&setting.client.get_as(&key.secret, path));
        assert_eq!((asked.method.as_str(), asked.uri.as_str()), ("GET", path));
        assert_identity(&asked, &key);
    }
}

pub fn a_body_passes_with_its_request(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let key = setting.key();
    for length in [0, 3, 100_000] {
        let body: Vec<u8> = (0..=255).cycle().take(length).collect();
        let page = setting.client.post_as(&key.secret, "/orders/", body.clone());
        let asked = setting.passed(&page);
        assert_eq!(asked.method, "POST");
        assert!(asked.body == body, "{length}");
        assert_identity(&asked, &key);
    }
}

pub fn every_refusal_stops_at_the_gateway_and_says_why(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let (latchkey, client) = (&setting.latchkey, &setting.client);
    let get = |secret: &str| client.get_as(secret, "/orders/1");

    setting.refused(&client.get("/orders/1", &[]), 401, "missing_key");
    setting.refused(&get("key_7QF2M8KDX4TN"), 401, "malformed_key");
    let stranger = latchkey::domain::api_keys::SecretKey::generate(
        "lk",
        latchkey::domain::api_keys::Environment::Production,
    );
    setting.refused(&get(stranger.expect("random").expose()), 401, "invalid_key");

    let reader = latchkey.key(|draft| draft.role = "read-only".into());
    setting.passed(&get(&reader.secret));
    let page = client.post_as(&reader.secret, "/orders/", "{}");
    setting.refused(&page, 403, "scope_missing");
    assert!(page.header("www-authenticate").contains(r#"scope="orders:write""#));
    let narrow = latchkey.key(|draft| {
        draft.access = "selected".into();
        draft.scopes = vec!["reports:read".into()];
    });
    setting.refused(&get(&narrow.secret), 403, "scope_missing");
    setting.passed(&client.get_as(&narrow.secret, "/reports/1"));

    let staging = latchkey.key(|draft| draft.environment = "staging".into());
    setting.refused(&get(&staging.secret), 403, "environment_mismatch");
    let elsewhere = latchkey.key(|draft| draft.ip_whitelist = "203.0.113.7\n127.0.0.1".into());
    setting.refused(&get(&elsewhere.secret), 403, "address_not_allowed");
    let here = latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
    setting.passed(&get(&here.secret));

    // Two keys at once: one of them good. nginx itself will not have that.
    let (good, bad) = (format!("Bearer {}", here.secret), format!("Bearer {}", staging.secret));
    for pair in [[&good, &bad], [&bad, &good], [&good, &good]] {
        let page = client.get("/orders/1", &pair.map(|value| ("authorization", value.as_str())));
        assert!(matches!(page.status, 400 | 401), "{}", page.status);
        assert!(setting.api.asked().is_empty());
    }
}

pub fn a_revoked_key_is_refused_on_the_next_request(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let manager = setting.latchkey.super_manager();
    let key = setting.key();
    for _ in 0..3 {
        setting.passed(&setting.client.get_as(&key.secret, "/orders/1"));
    }
    let revoke = format!("/api-keys/{}/revoke", key.id.as_str());
    let last_four = &key.id.as_str()[key.id.as_str().len() - 4..];
    let page = manager.submit(&revoke, &[("confirm", last_four)]);
    assert_eq!(page.status, 303, "{}", page.body);
    for _ in 0..3 {
        let page = setting.client.get_as(&key.secret, "/orders/1");
        setting.refused(&page, 401, "key_revoked");
    }
}

pub fn an_expired_key_is_refused_from_its_last_instant_on(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let key = setting.key();
    setting.passed(&setting.client.get_as(&key.secret, "/orders/1"));
    setting.latchkey.advance(31 * DAY);
    setting.refused(&setting.client.get_as(&key.secret, "/orders/1"), 401, "key_expired");
}

/// One client goes on with the old secret while another takes the new one, until the old one is
/// stopped.
pub fn a_rotation_refuses_no_request_of_either_secret(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let key = setting.key();
    let manager = setting.latchkey.super_manager();
    let path = format!("/api-keys/{}", key.id.as_str());
    let is_rotated = AtomicBool::new(false);
    let go_on = |secret: &str| {
        let mut after = 0;
        while after < 50 {
            after += usize::from(is_rotated.load(Ordering::SeqCst));
            let page = setting.client.get_as(secret, "/orders/1");
            assert_eq!(page.status, 200, "{}", page.body);
        }
    };
    let new = std::thread::scope(|scope| {
        let old = scope.spawn(|| go_on(&key.secret));
        let fields = [("overlap", "7d"), ("lifetime", "90")];
        let page = manager.submit(&format!("{path}/rotate"), &fields);
        let new = page.secret();
        assert_eq!(setting.client.get_as(&new, "/orders/1").status, 200, "at once");
        is_rotated.store(true, Ordering::SeqCst);
        go_on(&new);
        old.join().expect("nothing was refused");
        new
    });
    setting.api.asked();
    assert_eq!(manager.submit(&format!("{path}/stop-old-secret"), &[]).status, 303);
    let page = setting.client.get_as(&key.secret, "/orders/1");
    setting.refused(&page, 401, "secret_superseded");
    setting.passed(&setting.client.get_as(&new, "/orders/1"));
}

pub fn the_client_s_own_identity_headers_do_not_arrive(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let key = setting.key();
    let bearer = format!("Bearer {}", key.secret);
    for forged in [
        &["Latchkey-Key-Id"][..],
        &["latchkey-key-id", "LATCHKEY-KEY-ID"],
        &["latchkey_key_id"],
        &["Latchkey_Key-Id", "Latchkey-Key_Id"],
        &["Latchkey.Key.Id"],
        &["Latchkey-Scopes", "Latchkey-Scopes"],
        &["Latchkey-Role", "Latchkey-Environment", "latchkey_role", "latchkey_scopes"],
    ] {
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(forged.iter().map(|name| (*name, "forged")));
        let page = setting.client.get("/orders/1", &headers);
        if page.status == 400 {
            assert!(setting.api.asked().is_empty(), "{forged:?}");
            continue;
        }
        assert_identity(&setting.passed(&page), &key);
        let page = setting.client.get("/orders/1", &headers[1..]);
        setting.refused(&page, 401, "missing_key");
    }
}

pub fn the_client_s_own_word_on_its_address_does_not_count(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let elsewhere = setting.latchkey.key(|draft| draft.ip_whitelist = "203.0.113.7".into());
    let here = setting.latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
    let (elsewhere, here) =
        (format!("Bearer {}", elsewhere.secret), format!("Bearer {}", here.secret));
    for forged in [
        &[("X-Forwarded-For", "203.0.113.7")][..],
        &[("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "203.0.113.7, 127.0.0.1")],
        &[("x_forwarded_for", "203.0.113.7"), ("X-Real-IP", "203.0.113.7")],
        &[("Forwarded", "for=203.0.113.7"), ("X-Envoy-External-Address", "203.0.113.7")],
        &[("X-Forwarded-For", "nonsense")],
        &[("X-Forwarded-For", "")],
    ] {
        let with = |bearer: &str| {
            let mut headers = vec![("authorization", bearer)];
            headers.extend(forged);
            setting.client.get("/orders/1", &headers)
        };
        setting.refused(&with(&elsewhere), 403, "address_not_allowed");
        setting.passed(&with(&here));
    }
}

/// What Traefik had: CVE-2024-45410.
pub fn a_connection_header_takes_nothing_away(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let key = setting.latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
    let elsewhere = setting.latchkey.key(|draft| draft.ip_whitelist = "127.0.0.1".into());
    let (good, bad) = (format!("Bearer {}", key.secret), format!("Bearer {}", elsewhere.secret));
    for connection in [
        "X-Forwarded-For",
        "close, X-Forwarded-For, X-Original-URI, X-Forwarded-Uri",
        "Latchkey-Key-Id, Latchkey-Role, Latchkey-Scopes, Latchkey-Environment",
        "keep-alive, latchkey-scopes",
    ] {
        let with = |bearer: &str| {
            let headers = [("authorization", bearer), ("connection", connection)];
            setting.client.get("/orders/1", &headers)
        };
        let page = with(&good);
        if page.status == 400 {
            assert!(setting.api.asked().is_empty(), "{connection}");
            continue;
        }
        assert_identity(&setting.passed(&page), &key);
        setting.refused(&with(&bad), 403, "address_not_allowed");
    }
}

pub fn latchkey_is_told_the_request_and_the_address_and_no_more(gateway: Gateway) {
    let latchkey = Server::answering(200, &[("latchkey-key-id", "key_7QF2M8KDX4TN")]);
    let api = Server::api();
    let running = gateway.start(latchkey.address, api.address);
    let client = Client::new(running.address);
    let page = client.get(
        "/orders/42?page=2",
        &[
            ("authorization", "Bearer anything"),
            ("x-forwarded-for", "203.0.113.7"),
            ("x-original-uri", "/elsewhere"),
            ("x-forwarded-uri", "/elsewhere"),
            ("x-original-method", "DELETE"),
            ("x-forwarded-method", "DELETE"),
            ("latchkey-key-id", "forged"),
            ("cookie", "session=secret"),
        ],
    );
    assert_eq!(page.status, 200, "{}", page.body);
    let asked = latchkey.asked_once();
    let (path, query) = asked.uri.split_once('?').expect("a query");
    assert_eq!(path, "/v1/authorize");
    let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let expected = [("scope", "orders:read"), ("environment", "production")];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(asked.values("authorization"), ["Bearer anything"]);
    assert_eq!(asked.values("x-forwarded-for"), [ADDRESS.to_string()]);
    assert!(asked.values("latchkey-key-id").is_empty());
    assert!(asked.values("cookie").is_empty());
    assert!(asked.body.is_empty());
    let named = |names: [&str; 2]| names.map(|name| asked.values(name)).concat();
    let (uris, methods) = (
        named(["x-original-uri", "x-forwarded-uri"]),
        named(["x-original-method", "x-forwarded-method"]),
    );
    assert_eq!((uris, methods), (vec!["/orders/42?page=2"], vec!["GET"]));
}

pub fn a_path_that_climbs_does_not_borrow_a_scope(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let key = setting.latchkey.key(|draft| {
        draft.access = "selected".into();
        draft.scopes = vec!["orders:read".into()];
    });
    for path in [
        "/orders/../reports/1",
        "/orders/%2e%2e/reports/1",
        "/orders/.%2E/reports/1",
        "/orders/..%2freports/1",
        "/orders%2f..%2freports/1",
        "/orders/x/../../reports/1",
        "/orders//../../reports/1",
        "//reports/1",
        "/./reports/1",
    ] {
        let status = setting.client.status_of(&key.secret, path);
        let refused = ["400", "403", "404"].iter().any(|code| status.contains(code));
        assert!(refused, "{path}: {status}");
        assert!(setting.api.asked().is_empty(), "{path}");
    }
}

pub fn a_path_that_nobody_named_is_not_there(gateway: Gateway) {
    let setting = Setting::new(gateway);
    let key = setting.latchkey.key(|draft| draft.role = "full-access".into());
    for path in ["/", "/ordersx", "/latchkey", "/v1/authorize", "/invoices/1"] {
        let page = setting.client.get_as(&key.secret, path);
        assert_eq!(page.status, 404, "{path}: {}", page.body);
        assert!(setting.api.asked().is_empty(), "{path}");
    }
}

pub fn a_latchkey_that_is_stopped_lets_nobody_pass(gateway: Gateway) {
    let mut setting = Setting::new(gateway);
    let key = setting.key();
    setting.passed(&setting.client.get_as(&key.secret, "/orders/1"));
    setting.latchkey.stop();
    let start = Instant::now();
    for _ in 0..3 {
        let page = setting.client.get_as(&key.secret, "/orders/1");
        assert_eq!(page.status, 503, "{}", page.body);
        assert_eq!(setting.client.post_as(&key.secret, "/orders/1", "{}").status, 503);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(setting.api.asked().is_empty());
}

pub fn a_latchkey_that_does_not_answer_lets_nobody_pass(gateway: Gateway) {
    // Connections wait in its queue for ever.
    let (silent, api) = (listener(), Server::api());
    let running = gateway.start(silent.local_addr().expect("an address"), api.address);
    let page = Client::new(running.address).get_as("anything", "/orders/1");
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(api.asked().is_empty());
}

pub fn a_latchkey_that_cannot_decide_lets_nobody_pass(gateway: Gateway) {
    for status in [302, 404, 429, 500, 503] {
        let latchkey = Server::answering(
            status,
            &[("latchkey-key-id", "key_7QF2M8KDX4TN"), ("location", "/elsewhere")],
        );
        let api = Server::api();
        let running = gateway.start(latchkey.address, api.address);
        let page = Client::new(running.address).get_as("anything", "/orders/1");
        // Envoy gives the client what is no error of a server.
        let expected = if gateway == Gateway::Envoy && status < 500 { status } else { 503 };
        assert_eq!(page.status, expected, "{}", page.body);
        assert_eq!(latchkey.asked().len(), 1, "{status}");
        assert!(api.asked().is_empty(), "{status}");
    }
}

pub fn an_identity_that_latchkey_leaves_out_is_not_the_client_s(gateway: Gateway) {
    let (latchkey, api) = (Server::answering(200, &[]), Server::api());
    let running = gateway.start(latchkey.address, api.address);
    let headers = IDENTITY.map(|name| (name, "forged"));
    let page = Client::new(running.address).get("/orders/1", &headers);
    assert_eq!(page.status, 200, "{}", page.body);
    let asked = api.asked_once();
    for name in IDENTITY {
        assert!(!asked.values(name).concat().contains("forged"), "{name}: {asked:?}");
    }
}

/// `HAProxy` goes on with a request when a script of its own fails.
#[test]
fn a_haproxy_whose_script_fails_lets_nobody_pass() {
    let (latchkey, api) = (Server::answering(200, &[]), Server::api());
    let breaking = |folder: &Path| {
        let file = folder.join("latchkey.lua");
        let script = fs::read_to_string(&file).expect("a script");
        let broken = script.replace("local sent = {", "error('broken') local sent = {");
        assert_ne!(broken, script);
        fs::write(file, broken).expect("written");
    };
    let running = Gateway::HaProxy.start_after(breaking, latchkey.address, api.address);
    let page = Client::new(running.address).get_as("anything", "/orders/1");
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(latchkey.asked().is_empty() && api.asked().is_empty());
}
