//! `/v1/introspect` (RFC 7662): what services learn about a token, and which keys may ask.

use super::wire::{Request, Response};
use super::{
    CLIENT, Key, READ_AND_WRITE, assert_denied, assert_problem, code, outcome, run_sql,
    unknown_secret, with_checksum,
};
use crate::support::{App, Client, NOW};

/// The address of the service that introspects tokens.
const SERVICE: &str = "192.0.2.44";

/// An app, and the key of a service that may introspect tokens.
struct Setup {
    app: App,
    manager: Client,
    service: Key,
}

impl Setup {
    fn new() -> Self {
        let app = App::set_up();
        let manager = app.super_manager();
        let service = Key::introspecting(&manager, &[]);
        Self { app, manager, service }
    }

    fn request(&self, method: &str) -> Request {
        Request::new(&self.app.url, method, "/v1/introspect").from(SERVICE)
    }

    fn post(&self, fields: &[(&str, &str)]) -> Response {
        self.request("POST").bearer(&self.service.secret).form(fields).send()
    }

    /// Whether the token is active. Asserts what both responses have in common.
    fn is_active(&self, fields: &[(&str, &str)]) -> bool {
        let response = self.post(fields);
        assert_eq!(response.status, 200, "{fields:?} {}", response.raw);
        assert_eq!(response.header("content-type"), "application/json");
        assert_eq!(response.header("cache-control"), "no-store");
        let names: Vec<_> = response.names().into_iter().collect();
        let expected = ["cache-control", "content-type", "x-content-type-options"];
        assert_eq!(names, expected, "{}", response.raw);
        let is_active = response.json()["active"].as_bool().expect("a boolean");
        if !is_active {
            assert_eq!(response.body, r#"{"active":false}"#, "nothing else is disclosed");
        }
        is_active
    }
}

#[test]
fn an_active_token_is_described_in_exactly_these_fields() {
    let setup = Setup::new();
    let key = Key::new(&setup.manager, &[("environment", "development"), ("lifetime", "30")]);
    let response = setup.post(&[("token", &key.secret)]);
    assert!(setup.is_active(&[("token", &key.secret)]));
    let now = NOW.millis() / 1000;
    // A lifetime ends with its last day, here at midnight of 24 December 2026.
    let end = 1_798_070_400;
    assert!((now + 30 * 86400..=now + 31 * 86400).contains(&end));
    assert_eq!(
        response.json(),
        serde_json::json!({
            "active": true,
            "scope": READ_AND_WRITE,
            "client_id": key.id,
            "sub": key.id,
            "token_type": "Bearer",
            "iat": now,
            "exp": end,
            "iss": setup.app.url,
            "latchkey_role": "read-and-write",
            "latchkey_environment": "development",
            "latchkey_owner": "none",
        })
    );
    assert!(!response.raw.contains(&key.secret));
}

#[test]
fn every_token_that_would_not_pass_is_inactive() {
    let setup = Setup::new();
    let manager = &setup.manager;
    let key = Key::new(manager, &[]);
    let [revoked, expired, replaced] = [(); 3].map(|()| Key::new(manager, &[]));
    let listed = Key::new(manager, &[("ip_whitelist", "198.51.100.77")]);
    revoked.revoke(manager);
    let now = NOW.millis();
    let secrets = "UPDATE api_key_secrets SET";
    run_sql(&setup.app, &format!("{secrets} expires_at = {now} WHERE key_id = '{}'", expired.id));
    let replace = format!("{secrets} superseded_at = {now} WHERE key_id = '{}'", replaced.id);
    run_sql(&setup.app, &replace);
    let random = &key.secret["lk_prod_".len()..key.secret.len() - 6];
    for token in [
        &revoked.secret,
        &expired.secret,
        &replaced.secret,
        &listed.secret,
        &key.id,
        &unknown_secret(),
        &with_checksum(&format!("lk_stag_{random}")),
        &key.secret[..56],
        &format!("{}0", key.secret),
        &format!(" {} ", key.secret),
        &format!("Bearer {}", key.secret),
        &format!("{}\0", key.secret),
        &key.secret.to_uppercase(),
        "",
        " ",
        "null",
        "' OR 1=1 --",
        "é",
        &"a".repeat(8192),
    ] {
        assert!(!setup.is_active(&[("token", token)]), "{token:?}");
    }
    assert!(setup.is_active(&[("token", &key.secret)]));
}

#[test]
fn a_token_expires_at_the_exact_millisecond() {
    let setup = Setup::new();
    let key = Key::new(&setup.manager, &[("lifetime", "30")]);
    let response = setup.post(&[("token", &key.secret)]);
    let end = response.json()["exp"].as_i64().expect("a time") * 1000;
    setup.app.advance(end - NOW.millis() - 1);
    assert!(setup.is_active(&[("token", &key.secret)]));
    setup.app.advance(1);
    assert!(!setup.is_active(&[("token", &key.secret)]));
}

#[test]
fn a_given_client_address_is_checked_in_every_notation() {
    let setup = Setup::new();
    let open = Key::new(&setup.manager, &[]);
    let whitelist = "198.51.100.77\n2001:db8:77::77";
    let listed = Key::new(&setup.manager, &[("ip_whitelist", whitelist)]);
    let at = |key: &Key, address: &str| {
        setup.is_active(&[("token", &key.secret), ("client_ip", address)])
    };
    for inside in ["198.51.100.77", "::ffff:198.51.100.77", "2001:DB8:77:0::77"] {
        assert!(at(&listed, inside) && at(&open, inside), "{inside}");
    }
    for outside in ["198.51.100.78", "203.0.113.7", SERVICE, "::198.51.100.77", "127.0.0.1"] {
        assert!(!at(&listed, outside), "{outside}");
        assert!(at(&open, outside), "{outside}");
    }
    for unreadable in [
        "",
        " ",
        "unknown",
        "198.51.100.77:443",
        "198.51.100.077",
        "[2001:db8:77::77]",
        "2001:db8:77::77%eth0",
        "198.51.100.77, 198.51.100.77",
        "198.51.100.0/24",
        " 198.51.100.77",
        "198.51.100.77\0",
        "0x7f000001",
        "3325256781",
        "localhost",
        "é",
    ] {
        assert!(!at(&listed, unreadable), "{unreadable:?}");
        assert!(!at(&open, unreadable), "{unreadable:?}: the address is invalid");
    }
    assert!(setup.is_active(&[("token", &open.secret)]), "no client address was given");
    assert!(!setup.is_active(&[("token", &listed.secret)]), "a whitelist needs an address");
}

#[test]
fn the_token_must_have_every_scope_in_the_request() {
    let setup = Setup::new();
    let key = Key::new(&setup.manager, &[("role", "read-only")]);
    let with = |scope: &str| setup.is_active(&[("token", &key.secret), ("scope", scope)]);
    for granted in ["", " ", "orders:read", "orders:read  invoices:read", "orders:read orders:read"]
    {
        assert!(with(granted), "{granted}");
    }
    let long = "a".repeat(10_000);
    for missing in ["orders:write", "orders:read orders:write", "ORDERS:READ", "*", "\"", &long] {
        assert!(!with(missing), "{missing}");
    }
    let twice = [("token", key.secret.as_str()), ("scope", "orders:read"), ("scope", "a:b")];
    assert!(!setup.is_active(&twice), "every scope is required");
}

#[test]
fn only_a_valid_key_with_the_built_in_scope_may_introspect() {
    let setup = Setup::new();
    let (app, manager) = (&setup.app, &setup.manager);
    let token = Key::new(manager, &[]).secret;
    let introspect = |secret: &str| {
        setup.request("POST").bearer(secret).form(&[("token", token.as_str())]).send()
    };
    let [revoked, elsewhere] = [&[][..], &[("ip_whitelist", "198.51.100.77")]]
        .map(|fields| Key::introspecting(manager, fields));
    revoked.revoke(manager);
    let plain = Key::new(manager, &[]);
    let full = Key::new(manager, &[("role", "full-access")]);
    for (secret, expected) in [
        (unknown_secret().as_str(), code(401, "invalid_key")),
        ("nonsense", code(401, "malformed_key")),
        (&revoked.secret, code(401, "key_revoked")),
        (&elsewhere.secret, code(403, "address_not_allowed")),
        (&plain.secret, code(403, "scope_missing")),
        (&full.secret, code(403, "scope_missing")),
    ] {
        let response = introspect(secret);
        assert_denied(&response);
        assert_eq!(outcome(&response), expected);
        assert!(!response.raw.contains("active"), "the token is not described: {}", response.raw);
    }
    assert_eq!(introspect(&plain.secret).challenge()["scope"], "latchkey:introspect");
    let anonymous = setup.request("POST").form(&[("token", &token)]).send();
    assert_denied(&anonymous);
    assert_eq!(outcome(&anonymous), code(401, "missing_key"));
    // Neither the token nor a `client_id` in the body authenticates the caller.
    let body = [("token", token.as_str()), ("client_id", &setup.service.id)];
    let response = setup.request("POST").form(&body).send();
    assert_eq!(outcome(&response), code(401, "missing_key"));
    let without_address =
        Request::new(&app.url, "POST", "/v1/introspect").bearer(&setup.service.secret);
    let response = without_address.form(&[("token", token.as_str())]).send();
    assert_eq!(outcome(&response), code(403, "address_not_allowed"));
    let end = setup.post(&[("token", &setup.service.secret)]).json()["exp"].as_i64();
    app.advance(end.expect("a time") * 1000 - NOW.millis());
    assert_eq!(outcome(&introspect(&setup.service.secret)), code(401, "key_expired"));
}

#[test]
fn a_service_that_loses_the_scope_is_denied_immediately() {
    let setup = Setup::new();
    let token = Key::new(&setup.manager, &[]).secret;
    assert!(setup.is_active(&[("token", &token)]));
    setup.service.edit(&setup.manager, &[("role", "read-and-write")]);
    assert_eq!(outcome(&setup.post(&[("token", &token)])), code(403, "scope_missing"));
    setup.service.edit(&setup.manager, &[("role", "introspection")]);
    assert!(setup.is_active(&[("token", &token)]));
    setup.service.revoke(&setup.manager);
    assert_eq!(outcome(&setup.post(&[("token", &token)])), code(401, "key_revoked"));
}

#[test]
fn other_methods_than_post_get_405() {
    let setup = Setup::new();
    let token = Key::new(&setup.manager, &[]).secret;
    let target = format!("/v1/introspect?token={token}");
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let request = Request::new(&setup.app.url, method, &target).from(SERVICE);
        let response = request.bearer(&setup.service.secret).form(&[("token", &token)]).send();
        assert_eq!(response.status, 405, "{method} {}", response.raw);
        assert_eq!(response.header("allow"), "POST", "{method}");
        if method != "HEAD" {
            assert_problem(&response);
            assert_eq!(outcome(&response), code(405, "invalid_request"));
        }
    }
}

#[test]
fn a_request_that_is_not_a_form_with_one_token_gets_400() {
    let setup = Setup::new();
    let key = Key::new(&setup.manager, &[]);
    let token = format!("token={}", key.secret);
    let json = format!(r#"{{"token":"{}"}}"#, key.secret);
    let form = "application/x-www-form-urlencoded";
    let post = |kind: Option<&str>, target: &str, body: &str| {
        let request = Request::new(&setup.app.url, "POST", target).from(SERVICE);
        let request = request.bearer(&setup.service.secret).body(body);
        match kind {
            Some(kind) => request.header("Content-Type", kind).send(),
            None => request.send(),
        }
    };
    for (kind, body) in [
        (Some("application/json"), json.as_str()),
        (Some("application/json"), &token),
        (Some("text/plain"), &token),
        (Some("multipart/form-data; boundary=a"), &token),
        (Some("application/x-www-form-urlencodedx"), &token),
        (Some(""), &token),
        (None, &token),
        (Some(form), ""),
        (Some(form), "token"),
        (Some(form), &json),
        (Some(form), "TOKEN=a"),
        (Some(form), &format!("tokens={}", key.secret)),
        (Some(form), &format!("{token}&{token}")),
        (Some(form), &format!("{token}&token=")),
        (Some(form), &format!("token=&{token}")),
        (Some(form), &format!("{token}&client_ip={CLIENT}&client_ip={CLIENT}")),
        (Some(form), &format!("{token}&client_ip=unknown&client_ip={CLIENT}")),
    ] {
        let response = post(kind, "/v1/introspect", body);
        if body == "token" {
            // A name without a value has an empty value, which is never a token.
            assert_eq!(response.body, r#"{"active":false}"#);
            continue;
        }
        assert_problem(&response);
        assert_eq!(outcome(&response), code(400, "invalid_request"), "{kind:?} {body}");
        assert!(!response.raw.contains(&key.secret));
    }
    let in_query = post(Some(form), &format!("/v1/introspect?{token}"), "");
    assert_eq!(outcome(&in_query), code(400, "invalid_request"), "a token in the URL is ignored");
    for kind in
        ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded"]
    {
        let response = post(Some(kind), "/v1/introspect", &token);
        assert_eq!(response.json()["active"], true, "{kind}");
    }
}

#[test]
fn a_body_that_is_too_long_gets_413_with_a_problem() {
    let setup = Setup::new();
    let key = Key::new(&setup.manager, &[]);
    let long = "a".repeat(300_000);
    let response = setup.post(&[("token", &key.secret), ("x", &long)]);
    assert_eq!(outcome(&response), code(413, "invalid_request"));
    assert_problem(&response);
    // As always, the caller is authenticated first.
    let request = setup.request("POST").form(&[("x", &long)]);
    assert_eq!(outcome(&request.send()), code(401, "missing_key"));
}

#[test]
fn additional_fields_are_ignored() {
    let setup = Setup::new();
    let revoked = Key::new(&setup.manager, &[]);
    revoked.revoke(&setup.manager);
    let additional = [
        ("active", "true"),
        ("key_id", setup.service.id.as_str()),
        ("client_id", &setup.service.id),
        ("super_manager", "true"),
        ("token_type_hint", "refresh_token"),
        ("environment", "production"),
        ("now", "0"),
        ("Token", &setup.service.secret),
    ];
    let fields = [&[("token", revoked.secret.as_str())], additional.as_slice()].concat();
    assert!(!setup.is_active(&fields));
    let valid = Key::new(&setup.manager, &[]);
    let fields = [&[("token", valid.secret.as_str())], additional.as_slice()].concat();
    assert!(setup.is_active(&fields));
}
