//! The tests that every gateway must pass.

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

/// The headers that describe the key to the API.
const IDENTITY_HEADERS: [&str; 4] =
    ["latchkey-key-id", "latchkey-role", "latchkey-scopes", "latchkey-environment"];

/// A gateway between a client, Latchkey and an API.
struct Setup {
    gateway: Gateway,
    latchkey: Latchkey,
    api: Server,
    client: Client,
    _running: Running,
}

impl Setup {
    fn new(gateway: Gateway) -> Self {
        let (latchkey, api) = (Latchkey::new(), Server::api());
        let running = gateway.start(latchkey.address, api.address);
        let client = Client::new(running.address);
        Self { gateway, latchkey, api, client, _running: running }
    }

    fn key(&self) -> Key {
        self.latchkey.key(|_| {})
    }

    /// Asserts that the request passed, and returns what the API received.
    fn assert_passed(&self, page: &Page) -> ReceivedRequest {
        assert_eq!((page.status, page.body.as_str()), (200, "served"));
        self.api.take_only_request()
    }

    /// Asserts that the request was denied with this code and did not reach the API.
    fn assert_denied(&self, page: &Page, status: u16, code: &str) {
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
        if self.gateway.forwards_problem() {
            let problem: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
            assert_eq!(problem["code"], code, "{problem}");
            assert!(problem["request_id"].is_string(), "{problem}");
        }
        assert!(self.api.take_requests().is_empty(), "{code}");
    }
}

fn assert_identity(request: &ReceivedRequest, key: &Key) {
    let scopes = "invoices:read invoices:write orders:read orders:write reports:read reports:write";
    let expected = [key.id.as_str(), "read-and-write", scopes, "production"];
    for (name, expected) in IDENTITY_HEADERS.into_iter().zip(expected) {
        assert_eq!(request.values(name), [expected], "{name}");
    }
    for (name, value) in &request.headers {
        let other = name.starts_with("latchkey") && !IDENTITY_HEADERS.contains(&name.as_str());
        assert!(!other, "{name}: {value}");
        assert!(!value.contains(&key.secret), "{name}: {value}");
    }
    assert!(request.values("authorization").iter().all(|value| value.is_empty()));
}

pub fn a_valid_key_passes_and_the_api_receives_its_identity(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    for path in ["/orders", "/orders/", "/orders/42?page=2&scope=x&environment=staging"] {
        let request = setup.assert_passed(&setup.client.get_as(&key.secret, path));
        assert_eq!((request.method.as_str(), request.uri.as_str()), ("GET", path));
        assert_identity(&request, &key);
    }
}

pub fn a_request_body_reaches_the_api(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    for length in [0, 3, 100_000] {
        let body: Vec<u8> = (0..=255).cycle().take(length).collect();
        let page = setup.client.post_as(&key.secret, "/orders/", body.clone());
        let request = setup.assert_passed(&page);
        assert_eq!(request.method, "POST");
        assert!(request.body == body, "{length}");
        assert_identity(&request, &key);
    }
}

pub fn every_denial_stops_at_the_gateway_and_says_why(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let (latchkey, client) = (&setup.latchkey, &setup.client);
    let get = |secret: &str| client.get_as(secret, "/orders/1");

    setup.assert_denied(&client.get("/orders/1", &[]), 401, "missing_key");
    setup.assert_denied(&get("key_7QF2M8KDX4TN"), 401, "malformed_key");
    let unknown = latchkey::domain::api_keys::SecretKey::generate(
        "lk",
        latchkey::domain::api_keys::Environment::Production,
    );
    setup.assert_denied(&get(unknown.expect("random").expose()), 401, "invalid_key");

    let reader = latchkey.key(|draft| draft.role = "read-only".into());
    setup.assert_passed(&get(&reader.secret));
    let page = client.post_as(&reader.secret, "/orders/", "{}");
    setup.assert_denied(&page, 403, "scope_missing");
    assert!(page.header("www-authenticate").contains(r#"scope="orders:write""#));
    let narrow = latchkey.key(|draft| {
        draft.access = "selected".into();
        draft.scopes = vec!["reports:read".into()];
    });
    setup.assert_denied(&get(&narrow.secret), 403, "scope_missing");
    setup.assert_passed(&client.get_as(&narrow.secret, "/reports/1"));

    let staging = latchkey.key(|draft| draft.environment = "staging".into());
    setup.assert_denied(&get(&staging.secret), 403, "environment_mismatch");
    let elsewhere = latchkey.key(|draft| draft.ip_whitelist = "203.0.113.7\n127.0.0.1".into());
    setup.assert_denied(&get(&elsewhere.secret), 403, "address_not_allowed");
    let here = latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
    setup.assert_passed(&get(&here.secret));

    // Two keys in one request, of which at least one is valid. nginx itself denies this with 400.
    let (good, bad) = (format!("Bearer {}", here.secret), format!("Bearer {}", staging.secret));
    for pair in [[&good, &bad], [&bad, &good], [&good, &good]] {
        let page = client.get("/orders/1", &pair.map(|value| ("authorization", value.as_str())));
        assert!(matches!(page.status, 400 | 401), "{}", page.status);
        assert!(setup.api.take_requests().is_empty());
    }
}

pub fn a_revoked_key_is_denied_on_the_next_request(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let manager = setup.latchkey.super_manager();
    let key = setup.key();
    for _ in 0..3 {
        setup.assert_passed(&setup.client.get_as(&key.secret, "/orders/1"));
    }
    let revoke = format!("/api-keys/{}/revoke", key.id.as_str());
    let last_four = &key.id.as_str()[key.id.as_str().len() - 4..];
    let page = manager.submit(&revoke, &[("confirm", last_four)]);
    assert_eq!(page.status, 303, "{}", page.body);
    for _ in 0..3 {
        let page = setup.client.get_as(&key.secret, "/orders/1");
        setup.assert_denied(&page, 401, "key_revoked");
    }
}

pub fn an_expired_key_is_denied(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    setup.assert_passed(&setup.client.get_as(&key.secret, "/orders/1"));
    setup.latchkey.advance(31 * DAY);
    setup.assert_denied(&setup.client.get_as(&key.secret, "/orders/1"), 401, "key_expired");
}

/// One client keeps using the old secret while another one uses the new secret. Then the old secret
/// is stopped.
pub fn a_rotation_denies_no_request_with_either_secret(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    let manager = setup.latchkey.super_manager();
    let path = format!("/api-keys/{}", key.id.as_str());
    let is_rotated = AtomicBool::new(false);
    let send_requests = |secret: &str| {
        let mut sent_after = 0;
        while sent_after < 50 {
            sent_after += usize::from(is_rotated.load(Ordering::SeqCst));
            let page = setup.client.get_as(secret, "/orders/1");
            assert_eq!(page.status, 200, "{}", page.body);
        }
    };
    let new = std::thread::scope(|scope| {
        let old = scope.spawn(|| send_requests(&key.secret));
        let fields = [("overlap", "7d"), ("lifetime", "90")];
        let page = manager.submit(&format!("{path}/rotate"), &fields);
        let new = page.secret();
        assert_eq!(setup.client.get_as(&new, "/orders/1").status, 200, "the new secret works");
        is_rotated.store(true, Ordering::SeqCst);
        send_requests(&new);
        old.join().expect("no request was denied");
        new
    });
    setup.api.take_requests();
    assert_eq!(manager.submit(&format!("{path}/stop-old-secret"), &[]).status, 303);
    let page = setup.client.get_as(&key.secret, "/orders/1");
    setup.assert_denied(&page, 401, "secret_superseded");
    setup.assert_passed(&setup.client.get_as(&new, "/orders/1"));
}

pub fn identity_headers_from_the_client_do_not_reach_the_api(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
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
        let page = setup.client.get("/orders/1", &headers);
        if page.status == 400 {
            assert!(setup.api.take_requests().is_empty(), "{forged:?}");
            continue;
        }
        assert_identity(&setup.assert_passed(&page), &key);
        let page = setup.client.get("/orders/1", &headers[1..]);
        setup.assert_denied(&page, 401, "missing_key");
    }
}

pub fn a_client_cannot_choose_its_own_address(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let elsewhere = setup.latchkey.key(|draft| draft.ip_whitelist = "203.0.113.7".into());
    let here = setup.latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
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
            setup.client.get("/orders/1", &headers)
        };
        setup.assert_denied(&with(&elsewhere), 403, "address_not_allowed");
        setup.assert_passed(&with(&here));
    }
}

/// Traefik had this vulnerability: CVE-2024-45410.
pub fn a_connection_header_removes_no_other_header(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
    let elsewhere = setup.latchkey.key(|draft| draft.ip_whitelist = "127.0.0.1".into());
    let (good, bad) = (format!("Bearer {}", key.secret), format!("Bearer {}", elsewhere.secret));
    for connection in [
        "X-Forwarded-For",
        "close, X-Forwarded-For, X-Original-URI, X-Forwarded-Uri",
        "Latchkey-Key-Id, Latchkey-Role, Latchkey-Scopes, Latchkey-Environment",
        "keep-alive, latchkey-scopes",
    ] {
        let with = |bearer: &str| {
            let headers = [("authorization", bearer), ("connection", connection)];
            setup.client.get("/orders/1", &headers)
        };
        let page = with(&good);
        if page.status == 400 {
            assert!(setup.api.take_requests().is_empty(), "{connection}");
            continue;
        }
        assert_identity(&setup.assert_passed(&page), &key);
        setup.assert_denied(&with(&bad), 403, "address_not_allowed");
    }
}

pub fn latchkey_receives_only_what_it_needs_to_decide(gateway: Gateway) {
    let latchkey = Server::responding(200, &[("latchkey-key-id", "key_7QF2M8KDX4TN")]);
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
    let request = latchkey.take_only_request();
    let (path, query) = request.uri.split_once('?').expect("a query");
    assert_eq!(path, "/v1/authorize");
    let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let expected = [("scope", "orders:read"), ("environment", "production")];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(request.values("authorization"), ["Bearer anything"]);
    assert_eq!(request.values("x-forwarded-for"), [ADDRESS.to_string()]);
    assert!(request.values("latchkey-key-id").is_empty());
    assert!(request.values("cookie").is_empty());
    assert!(request.body.is_empty());
    let values = |names: [&str; 2]| names.map(|name| request.values(name)).concat();
    let (uris, methods) = (
        values(["x-original-uri", "x-forwarded-uri"]),
        values(["x-original-method", "x-forwarded-method"]),
    );
    assert_eq!((uris, methods), (vec!["/orders/42?page=2"], vec!["GET"]));
}

pub fn a_path_with_dot_segments_does_not_bypass_a_scope(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.latchkey.key(|draft| {
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
        let status = setup.client.status_of(&key.secret, path);
        let is_denied = ["400", "403", "404"].iter().any(|code| status.contains(code));
        assert!(is_denied, "{path}: {status}");
        assert!(setup.api.take_requests().is_empty(), "{path}");
    }
}

pub fn a_path_that_is_not_configured_gets_404(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.latchkey.key(|draft| draft.role = "full-access".into());
    for path in ["/", "/ordersx", "/latchkey", "/v1/authorize", "/invoices/1"] {
        let page = setup.client.get_as(&key.secret, path);
        assert_eq!(page.status, 404, "{path}: {}", page.body);
        assert!(setup.api.take_requests().is_empty(), "{path}");
    }
}

pub fn no_request_passes_while_latchkey_is_stopped(gateway: Gateway) {
    let mut setup = Setup::new(gateway);
    let key = setup.key();
    setup.assert_passed(&setup.client.get_as(&key.secret, "/orders/1"));
    setup.latchkey.stop();
    let start = Instant::now();
    for _ in 0..3 {
        let page = setup.client.get_as(&key.secret, "/orders/1");
        assert_eq!(page.status, 503, "{}", page.body);
        assert_eq!(setup.client.post_as(&key.secret, "/orders/1", "{}").status, 503);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(setup.api.take_requests().is_empty());
}

pub fn no_request_passes_while_latchkey_does_not_respond(gateway: Gateway) {
    // The kernel accepts connections to it, and nothing responds.
    let (silent, api) = (listener(), Server::api());
    let running = gateway.start(silent.local_addr().expect("an address"), api.address);
    let page = Client::new(running.address).get_as("anything", "/orders/1");
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(api.take_requests().is_empty());
}

pub fn no_request_passes_while_latchkey_cannot_decide(gateway: Gateway) {
    for status in [302, 404, 429, 500, 503] {
        let latchkey = Server::responding(
            status,
            &[("latchkey-key-id", "key_7QF2M8KDX4TN"), ("location", "/elsewhere")],
        );
        let api = Server::api();
        let running = gateway.start(latchkey.address, api.address);
        let page = Client::new(running.address).get_as("anything", "/orders/1");
        // Envoy passes on every response that is not a server error.
        let expected = if gateway == Gateway::Envoy && status < 500 { status } else { 503 };
        assert_eq!(page.status, expected, "{}", page.body);
        assert_eq!(latchkey.take_requests().len(), 1, "{status}");
        assert!(api.take_requests().is_empty(), "{status}");
    }
}

pub fn an_identity_header_that_latchkey_omits_is_not_taken_from_the_client(gateway: Gateway) {
    let (latchkey, api) = (Server::responding(200, &[]), Server::api());
    let running = gateway.start(latchkey.address, api.address);
    let headers = IDENTITY_HEADERS.map(|name| (name, "forged"));
    let page = Client::new(running.address).get("/orders/1", &headers);
    assert_eq!(page.status, 200, "{}", page.body);
    let request = api.take_only_request();
    for name in IDENTITY_HEADERS {
        assert!(!request.values(name).concat().contains("forged"), "{name}: {request:?}");
    }
}

/// By default `HAProxy` continues with a request when a script fails.
#[test]
fn no_request_passes_while_the_haproxy_script_fails() {
    let (latchkey, api) = (Server::responding(200, &[]), Server::api());
    let break_script = |folder: &Path| {
        let file = folder.join("latchkey.lua");
        let script = fs::read_to_string(&file).expect("a script");
        let broken = script.replace("local sent = {", "error('broken') local sent = {");
        assert_ne!(broken, script);
        fs::write(file, broken).expect("written");
    };
    let running = Gateway::HaProxy.start_after(break_script, latchkey.address, api.address);
    let page = Client::new(running.address).get_as("anything", "/orders/1");
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(latchkey.take_requests().is_empty() && api.take_requests().is_empty());
}
