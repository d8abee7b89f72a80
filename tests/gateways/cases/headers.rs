//! The headers that the API and Latchkey receive.

use latchkey::gateway::IDENTITY;

use crate::client::{ADDRESS, Client};
use crate::gateway::Gateway;
use crate::server::Server;
use crate::setup::{Setup, assert_identity};
use crate::support::replaced;

/// Headers of Latchkey that describe no key.
const OTHERS: [&str; 3] = ["latchkey-code", "latchkey-request-id", "latchkey-key-expires"];
/// The labels of a key as a header (RFC 9651).
const LABELS: &str = r#"region="eu", team="billing""#;

/// The names of all headers that an API could take for Latchkey's.
fn names() -> Vec<String> {
    let identity = IDENTITY.into_iter().map(|name| name.to_string());
    identity.chain(OTHERS.map(str::to_owned)).collect()
}

/// The names that an API could read as `name`. Some servers treat other characters as hyphens.
fn spellings(name: &str) -> Vec<String> {
    let rest = name.strip_prefix("latchkey-").expect("a name");
    let mut names = vec![name.to_owned()];
    for separator in ["_", ".", "~"] {
        names.push(format!("latchkey{separator}{rest}"));
        names.push(name.replace('-', separator));
    }
    names.push(format!("latchkey-{}", rest.replace('-', "_")));
    names
}

pub fn identity_headers_from_the_client_do_not_reach_the_api(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    let bearer = format!("Bearer {}", key.secret);
    let mut requests: Vec<Vec<String>> =
        names().iter().flat_map(|name| spellings(name)).map(|name| vec![name]).collect();
    requests.push(names());
    requests.extend(names().into_iter().map(|name| vec![name.clone(), name]));
    requests.push(["latchkey_key-id", "latchkey-key_id"].map(str::to_owned).into());
    for forged in requests {
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(forged.iter().map(|name| (name.as_str(), "forged")));
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

/// The client of these tests otherwise sends names in lower case.
pub fn identity_headers_in_capital_letters_do_not_reach_the_api(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    let lines = |name: String| {
        let words: Vec<String> = name.split('-').map(capitalised).collect();
        format!("{}: forged\r\n{}: forged\r\n", name.to_uppercase(), words.join("-"))
    };
    let forged: Vec<String> = names().into_iter().map(lines).collect();
    let response = setup.client.response_with(&key.secret, "/orders/1", &forged.concat());
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    assert_identity(&setup.api.take_only_request(), &key);
}

/// The word with a capital first letter.
fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

pub fn the_api_receives_the_owner_and_the_labels_of_a_key(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let manager = setup.latchkey.super_manager();
    let form = manager.get("/settings").form_fields("form[action='/settings']");
    let saved = manager.post("/settings", &replaced(&form, &[("sends_labels", "1")]));
    assert_eq!(saved.status, 303, "{}", saved.body);
    let plain = setup.key();
    let owned = setup.latchkey.key(|draft| {
        draft.owner = "cus_42".into();
        draft.labels = "team=billing\nregion=eu".into();
    });
    for forged in [&[][..], &[("latchkey-owner", "forged"), ("latchkey-labels", "forged")]] {
        let get = |secret: &str| {
            let bearer = format!("Bearer {secret}");
            let headers = [&[("authorization", bearer.as_str())], forged].concat();
            setup.assert_passed(&setup.client.get("/orders/1", &headers))
        };
        let request = get(&owned.secret);
        assert_eq!(request.values("latchkey-owner"), ["cus_42"], "{forged:?}");
        assert_eq!(request.values("latchkey-labels"), [LABELS], "{forged:?}");
        assert_identity(&get(&plain.secret), &plain);
    }
}

/// Some versions of Caddy forward the client's own header where Latchkey's is empty.
pub fn a_key_without_an_owner_has_the_owner_none(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.key();
    let bearer = format!("Bearer {}", key.secret);
    for forged in [&[][..], &[("latchkey-owner", "forged")], &[("latchkey-owner", "")]] {
        let headers = [&[("authorization", bearer.as_str())], forged].concat();
        let request = setup.assert_passed(&setup.client.get("/orders/1", &headers));
        assert_eq!(request.values("latchkey-owner"), ["none"], "{forged:?}");
        assert_identity(&request, &key);
    }
}

pub fn every_identity_header_of_latchkey_reaches_the_api(gateway: Gateway) {
    let names: Vec<String> = IDENTITY.iter().map(ToString::to_string).collect();
    let value = |name: &str| if name == "latchkey-labels" { LABELS } else { "team=core" };
    let sent: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), value(name))).collect();
    let (latchkey, api) = (Server::responding(200, &sent), Server::api());
    let running = gateway.start(latchkey.address, api.address);
    let client = Client::new(running.address);
    let forged: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "forged")).collect();
    for headers in [&[][..], &forged] {
        let page = client.get("/orders/1", headers);
        assert_eq!(page.status, 200, "{}", page.body);
        let request = api.take_only_request();
        for name in &names {
            assert_eq!(request.values(name), [value(name)], "{name}");
        }
    }
}

pub fn an_identity_header_that_latchkey_omits_is_not_taken_from_the_client(gateway: Gateway) {
    let (latchkey, api) = (Server::responding(200, &[]), Server::api());
    let running = gateway.start(latchkey.address, api.address);
    let names = names();
    let headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "forged")).collect();
    let page = Client::new(running.address).get("/orders/1", &headers);
    assert_eq!(page.status, 200, "{}", page.body);
    let request = api.take_only_request();
    for name in &names {
        assert!(!request.values(name).concat().contains("forged"), "{name}: {request:?}");
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
    if gateway == Gateway::EnvoyPrefix {
        // The client's path and method are those of the request itself.
        let uri = "/v1/ext-authz/scope=orders:read&environment=production/orders/42?page=2";
        assert_eq!((request.method.as_str(), request.uri.as_str()), ("GET", uri));
        assert!(uris.is_empty() && methods.is_empty(), "{request:?}");
        return;
    }
    let (path, query) = request.uri.split_once('?').expect("a query");
    assert_eq!(path, "/v1/authorize");
    let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let expected = [("scope", "orders:read"), ("environment", "production")];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!((uris, methods), (vec!["/orders/42?page=2"], vec!["GET"]));
}

/// Latchkey would close the connection instead of reading a body that was announced.
pub fn a_request_body_is_not_announced_to_latchkey(gateway: Gateway) {
    let (latchkey, api) = (Server::responding(200, &[]), Server::api());
    let running = gateway.start(latchkey.address, api.address);
    let page = Client::new(running.address).post_as("anything", "/orders/1", "{}");
    assert_eq!(page.status, 200, "{}", page.body);
    let request = latchkey.take_only_request();
    assert!(request.body.is_empty(), "{request:?}");
    assert!(request.values("transfer-encoding").is_empty(), "{request:?}");
    assert!(request.values("content-length").iter().all(|length| *length == "0"), "{request:?}");
    assert_eq!(api.take_only_request().body, b"{}");
}
