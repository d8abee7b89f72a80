//! How services authenticate at `/v1/introspect`: with a secret key alone, or as OAuth clients do
//! (RFC 7662, 2.1; RFC 6749, 2.3.1).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey::web::Site;

use super::address::Node;
use super::wire::{Request, Response};
use super::{CLIENT, Key, code, outcome, unknown_secret};
use crate::support::App;

struct Setup {
    app: App,
    service: Key,
    token: Key,
}

impl Setup {
    fn new() -> Self {
        let app = App::set_up();
        let manager = app.super_manager();
        let (service, token) = (Key::introspecting(&manager, &[]), Key::new(&manager, &[]));
        Self { app, service, token }
    }

    fn request(&self) -> Request {
        Request::new(&self.app.url, "POST", "/v1/introspect").from(CLIENT)
    }

    /// Introspects the token with `Authorization: Basic`.
    fn with_basic(&self, user: &str, password: &str) -> Response {
        let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
        let request = self.request().header("Authorization", format!("Basic {encoded}"));
        request.form(&[("token", &self.token.secret)]).send()
    }

    /// Introspects the token with `client_id` and `client_secret` in the form.
    fn with_fields(&self, fields: &[(&str, &str)]) -> Response {
        self.request().form(&[&[("token", self.token.secret.as_str())], fields].concat()).send()
    }
}

fn is_active(response: &Response) -> bool {
    assert_eq!(response.status, 200, "{}", response.raw);
    response.json()["active"] == true
}

#[test]
fn a_service_authenticates_with_its_key_id_and_secret_key() {
    let setup = Setup::new();
    let Key { id, secret } = &setup.service;
    assert!(is_active(&setup.with_basic(id, secret)));
    // Clients encode both parts as in a form.
    let encoded = secret.replace('_', "%5F");
    assert!(is_active(&setup.with_basic(id, &encoded)));
    assert!(is_active(&setup.with_fields(&[("client_id", id), ("client_secret", secret)])));
    assert!(is_active(&setup.with_fields(&[("client_secret", secret)])));
    // A header counts, and fields beside it do not.
    let request = setup.request().bearer(secret);
    let fields = [("token", setup.token.secret.as_str()), ("client_secret", "nonsense")];
    assert!(is_active(&request.form(&fields).send()));
}

#[test]
fn wrong_credentials_are_denied_in_the_scheme_that_was_used() {
    let setup = Setup::new();
    let Key { id, secret } = &setup.service;
    let unknown = unknown_secret();
    for (user, password, expected) in [
        (id.as_str(), unknown.as_str(), "invalid_key"),
        (&setup.token.id, secret, "invalid_key"),
        ("", secret, "invalid_key"),
        (id, "hunter2", "malformed_key"),
    ] {
        let denied = setup.with_basic(user, password);
        assert_eq!(outcome(&denied), code(401, expected), "{user}");
        assert_eq!(denied.header("www-authenticate"), r#"Basic realm="latchkey""#);
        let denied = setup.with_fields(&[("client_id", user), ("client_secret", password)]);
        assert_eq!(outcome(&denied), code(401, expected), "{user}");
        assert_eq!(denied.challenge()["error"], "invalid_token");
    }
    let without_scope = setup.with_basic(&setup.token.id, &setup.token.secret);
    assert_eq!(outcome(&without_scope), code(403, "scope_missing"));
    let twice = setup.with_fields(&[("client_secret", secret), ("client_secret", secret)]);
    assert_eq!(outcome(&twice), code(401, "missing_key"));
    assert_eq!(outcome(&setup.request().body("x").send()), code(401, "missing_key"));
}

#[test]
fn the_metadata_names_the_endpoint_and_the_ways_to_authenticate() {
    let app = App::set_up();
    let path = "/.well-known/oauth-authorization-server";
    let response = Request::new(&app.url, "GET", path).send();
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), "application/json");
    let metadata = response.json();
    assert_eq!(metadata["issuer"], app.url);
    assert_eq!(metadata["introspection_endpoint"], format!("{}/v1/introspect", app.url));
    let methods = &metadata["introspection_endpoint_auth_methods_supported"];
    assert_eq!(
        methods,
        &serde_json::json!(["client_secret_basic", "client_secret_post", "Bearer"])
    );
}

#[test]
fn a_client_may_cache_an_answer_no_longer_than_the_operator_allows() {
    let setup = Setup::new();
    let site = Site { introspection_max_age: Some(60), ..setup.app.site.clone() };
    let node = Node::of(site, &setup.app);
    let request = Request::new(&node.url, "POST", "/v1/introspect").from(CLIENT);
    let request = request.bearer(&setup.service.secret);
    let response = request.form(&[("token", &setup.token.secret)]).send();
    assert!(is_active(&response));
    assert_eq!(response.json()["exp"], crate::support::NOW.millis() / 1000 + 60);
}
