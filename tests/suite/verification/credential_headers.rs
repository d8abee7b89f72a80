//! The headers in which a client may send its secret key.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey::config::CredentialHeaders;
use latchkey::web::Site;

use super::address::Node;
use super::wire::Request;
use super::{CLIENT, Key, code, outcome, pass, unknown_secret};
use crate::support::App;

/// A JWT, which an API may expect beside the secret key.
const JWT: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub29yIn0.";

/// The outcome of a request with these headers at a server with the given list.
fn ask(node: &Node, headers: &[(&str, &str)]) -> (u16, String) {
    let request = Request::new(&node.url, "GET", "/v1/authorize").from(CLIENT);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    outcome(&request.send())
}

fn node(app: &App, list: &str) -> Node {
    let credential_headers = CredentialHeaders::parse(list).expect("a list");
    Node::of(Site { credential_headers, ..app.site.clone() }, app)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

#[test]
fn only_authorization_is_read_unless_the_operator_allows_more() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let node = node(&app, "authorization");
    let (bearer, user) = (format!("Bearer {}", key.secret), basic(&key.secret, ""));
    assert_eq!(ask(&node, &[("Authorization", &bearer)]), pass());
    assert_eq!(ask(&node, &[("X-Api-Key", &key.secret)]), code(401, "missing_key"));
    assert_eq!(ask(&node, &[("Authorization", &user)]), code(401, "missing_key"));
    assert_eq!(
        ask(&node, &[("Authorization", &format!("Bearer {JWT}"))]),
        code(401, "malformed_key")
    );
}

#[test]
fn one_header_of_another_name_carries_the_secret_key_alone() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let node = node(&app, "x-api-key");
    assert_eq!(ask(&node, &[("x-api-key", &key.secret)]), pass());
    assert_eq!(ask(&node, &[("x-api-key", JWT)]), code(401, "malformed_key"));
    let bearer = format!("Bearer {}", key.secret);
    assert_eq!(ask(&node, &[("Authorization", &bearer)]), code(401, "missing_key"));
}

#[test]
fn several_headers_may_carry_one_secret_key_beside_other_tokens() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (key, other) = (Key::new(&manager, &[]), Key::new(&manager, &[]));
    let node = node(&app, "authorization, X-Api-Key, authorization-basic");
    let bearer = |secret: &str| format!("Bearer {secret}");
    let (own, jwt) = (bearer(&key.secret), bearer(JWT));
    assert_eq!(ask(&node, &[("Authorization", &own)]), pass());
    assert_eq!(ask(&node, &[("X-API-KEY", &key.secret)]), pass());
    assert_eq!(ask(&node, &[("Authorization", &jwt), ("X-Api-Key", &key.secret)]), pass());
    assert_eq!(ask(&node, &[("Authorization", &own), ("X-Api-Key", JWT)]), pass());
    assert_eq!(ask(&node, &[("Authorization", &own), ("X-Api-Key", &key.secret)]), pass());
    assert_eq!(ask(&node, &[("Authorization", &basic(&key.secret, ""))]), pass());
    for two in [&other.secret, &unknown_secret()] {
        let headers = [("Authorization", own.as_str()), ("X-Api-Key", two.as_str())];
        assert_eq!(ask(&node, &headers), code(401, "malformed_key"));
    }
    for other in [&jwt, &basic(&key.secret, "hunter2"), &basic("noor", &key.secret), "Basic ???"] {
        assert_eq!(ask(&node, &[("Authorization", other)]), code(401, "missing_key"), "{other}");
    }
    let query = format!("/v1/authorize?x-api-key={}", key.secret);
    let response = Request::new(&node.url, "GET", &query).from(CLIENT).send();
    assert_eq!(outcome(&response), code(503, "unavailable"), "never in a query");
}
