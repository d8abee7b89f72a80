//! `/v1/introspect` (RFC 7662): what services learn of a token, and who may ask.

use super::wire::{Answer, Request};
use super::{
    CLIENT, Key, READ_AND_WRITE, by_hand, code, is_problem, is_refusal, outcome, stranger,
    with_checksum,
};
use crate::support::{App, Client, NOW};

/// The address of the service that asks.
const SERVICE: &str = "192.0.2.44";

/// A program with a service that may ask.
struct Asking {
    app: App,
    manager: Client,
    service: Key,
}

impl Asking {
    fn new() -> Self {
        let app = App::set_up();
        let manager = app.super_manager();
        let service = Key::introspecting(&manager, &[]);
        Self { app, manager, service }
    }

    fn request(&self, method: &str) -> Request {
        Request::new(&self.app.url, method, "/v1/introspect").from(SERVICE)
    }

    fn post(&self, fields: &[(&str, &str)]) -> Answer {
        self.request("POST").bearer(&self.service.secret).form(fields).send()
    }

    /// Whether the token is active, with everything that both answers must have.
    fn is_active(&self, fields: &[(&str, &str)]) -> bool {
        let answer = self.post(fields);
        assert_eq!(answer.status, 200, "{fields:?} {}", answer.raw);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        let names: Vec<_> = answer.names().into_iter().collect();
        let expected = ["cache-control", "content-type", "x-content-type-options"];
        assert_eq!(names, expected, "{}", answer.raw);
        let is_active = answer.json()["active"].as_bool().expect("a yes or a no");
        if !is_active {
            assert_eq!(answer.body, r#"{"active":false}"#, "nothing else is said");
        }
        is_active
    }
}

#[test]
fn an_active_token_is_described_in_exactly_these_fields() {
    let asking = Asking::new();
    let key = Key::new(&asking.manager, &[("environment", "development"), ("lifetime", "30")]);
    let answer = asking.post(&[("token", &key.secret)]);
    assert!(asking.is_active(&[("token", &key.secret)]));
    let now = NOW.millis() / 1000;
    // A lifetime ends with its last day: midnight of 24 December 2026.
    let end = 1_798_070_400;
    assert!((now + 30 * 86400..=now + 31 * 86400).contains(&end));
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "active": true,
            "scope": READ_AND_WRITE,
            "client_id": key.id,
            "sub": key.id,
            "token_type": "Bearer",
            "iat": now,
            "exp": end,
            "iss": asking.app.url,
            "latchkey_role": "read-and-write",
            "latchkey_environment": "development",
        })
    );
    assert!(!answer.raw.contains(&key.secret));
}

#[test]
fn every_token_that_does_not_pass_is_just_inactive() {
    let asking = Asking::new();
    let manager = &asking.manager;
    let key = Key::new(manager, &[]);
    let [revoked, over, replaced] = [(); 3].map(|()| Key::new(manager, &[]));
    let listed = Key::new(manager, &[("ip_whitelist", "198.51.100.77")]);
    revoked.revoke(manager);
    let now = NOW.millis();
    let secrets = "UPDATE api_key_secrets SET";
    by_hand(&asking.app, &format!("{secrets} expires_at = {now} WHERE key_id = '{}'", over.id));
    let replace = format!("{secrets} superseded_at = {now} WHERE key_id = '{}'", replaced.id);
    by_hand(&asking.app, &replace);
    let random = &key.secret["lk_prod_".len()..key.secret.len() - 6];
    for token in [
        &revoked.secret,
        &over.secret,
        &replaced.secret,
        &listed.secret,
        &key.id,
        &stranger(),
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
        assert!(!asking.is_active(&[("token", token)]), "{token:?}");
    }
    assert!(asking.is_active(&[("token", &key.secret)]));
}

#[test]
fn a_token_expires_at_the_very_millisecond() {
    let asking = Asking::new();
    let key = Key::new(&asking.manager, &[("lifetime", "30")]);
    let answer = asking.post(&[("token", &key.secret)]);
    let end = answer.json()["exp"].as_i64().expect("a time") * 1000;
    asking.app.advance(end - NOW.millis() - 1);
    assert!(asking.is_active(&[("token", &key.secret)]));
    asking.app.advance(1);
    assert!(!asking.is_active(&[("token", &key.secret)]));
}

#[test]
fn the_client_s_address_is_checked_in_every_spelling_when_it_is_given() {
    let asking = Asking::new();
    let open = Key::new(&asking.manager, &[]);
    let whitelist = "198.51.100.77\n2001:db8:77::77";
    let listed = Key::new(&asking.manager, &[("ip_whitelist", whitelist)]);
    let at = |key: &Key, address: &str| {
        asking.is_active(&[("token", &key.secret), ("client_ip", address)])
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
        assert!(!at(&open, unreadable), "{unreadable:?}: what cannot be checked is refused");
    }
    assert!(asking.is_active(&[("token", &open.secret)]), "nobody asked about the address");
    assert!(!asking.is_active(&[("token", &listed.secret)]), "a whitelist needs an address");
}

#[test]
fn the_scopes_that_are_asked_for_must_be_the_token_s() {
    let asking = Asking::new();
    let key = Key::new(&asking.manager, &[("role", "read-only")]);
    let with = |scope: &str| asking.is_active(&[("token", &key.secret), ("scope", scope)]);
    for fine in ["", " ", "orders:read", "orders:read  invoices:read", "orders:read orders:read"] {
        assert!(with(fine), "{fine}");
    }
    let long = "a".repeat(10_000);
    for missing in ["orders:write", "orders:read orders:write", "ORDERS:READ", "*", "\"", &long] {
        assert!(!with(missing), "{missing}");
    }
    let twice = [("token", key.secret.as_str()), ("scope", "orders:read"), ("scope", "a:b")];
    assert!(!asking.is_active(&twice), "all of them are needed");
}

#[test]
fn only_a_working_key_with_the_built_in_scope_may_ask() {
    let asking = Asking::new();
    let (app, manager) = (&asking.app, &asking.manager);
    let token = Key::new(manager, &[]).secret;
    let ask = |secret: &str| {
        asking.request("POST").bearer(secret).form(&[("token", token.as_str())]).send()
    };
    let [dead, elsewhere] = [&[][..], &[("ip_whitelist", "198.51.100.77")]]
        .map(|fields| Key::introspecting(manager, fields));
    dead.revoke(manager);
    let plain = Key::new(manager, &[]);
    let full = Key::new(manager, &[("role", "full-access")]);
    for (secret, expected) in [
        (stranger().as_str(), code(401, "invalid_key")),
        ("nonsense", code(401, "malformed_key")),
        (&dead.secret, code(401, "key_revoked")),
        (&elsewhere.secret, code(403, "address_not_allowed")),
        (&plain.secret, code(403, "scope_missing")),
        (&full.secret, code(403, "scope_missing")),
    ] {
        let answer = ask(secret);
        is_refusal(&answer);
        assert_eq!(outcome(&answer), expected);
        assert!(!answer.raw.contains("active"), "nothing of the token: {}", answer.raw);
    }
    assert_eq!(ask(&plain.secret).challenge()["scope"], "latchkey:introspect");
    let none = asking.request("POST").form(&[("token", &token)]).send();
    is_refusal(&none);
    assert_eq!(outcome(&none), code(401, "missing_key"));
    // The token cannot vouch for its caller, nor the caller's place in the body.
    let body = [("token", token.as_str()), ("client_id", &asking.service.id)];
    let answer = asking.request("POST").form(&body).send();
    assert_eq!(outcome(&answer), code(401, "missing_key"));
    let nowhere = Request::new(&app.url, "POST", "/v1/introspect").bearer(&asking.service.secret);
    let answer = nowhere.form(&[("token", token.as_str())]).send();
    assert_eq!(outcome(&answer), code(403, "address_not_allowed"));
    let end = asking.post(&[("token", &asking.service.secret)]).json()["exp"].as_i64();
    app.advance(end.expect("a time") * 1000 - NOW.millis());
    assert_eq!(outcome(&ask(&asking.service.secret)), code(401, "key_expired"));
}

#[test]
fn a_service_that_loses_the_scope_is_refused_at_once() {
    let asking = Asking::new();
    let token = Key::new(&asking.manager, &[]).secret;
    assert!(asking.is_active(&[("token", &token)]));
    asking.service.edit(&asking.manager, &[("role", "read-and-write")]);
    assert_eq!(outcome(&asking.post(&[("token", &token)])), code(403, "scope_missing"));
    asking.service.edit(&asking.manager, &[("role", "introspection")]);
    assert!(asking.is_active(&[("token", &token)]));
    asking.service.revoke(&asking.manager);
    assert_eq!(outcome(&asking.post(&[("token", &token)])), code(401, "key_revoked"));
}

#[test]
fn other_methods_are_told_to_use_post() {
    let asking = Asking::new();
    let token = Key::new(&asking.manager, &[]).secret;
    let target = format!("/v1/introspect?token={token}");
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let request = Request::new(&asking.app.url, method, &target).from(SERVICE);
        let answer = request.bearer(&asking.service.secret).form(&[("token", &token)]).send();
        assert_eq!(answer.status, 405, "{method} {}", answer.raw);
        assert_eq!(answer.header("allow"), "POST", "{method}");
        if method != "HEAD" {
            is_problem(&answer);
            assert_eq!(outcome(&answer), code(405, "invalid_request"));
        }
    }
}

#[test]
fn a_question_that_is_no_form_with_one_token_is_sent_back() {
    let asking = Asking::new();
    let key = Key::new(&asking.manager, &[]);
    let token = format!("token={}", key.secret);
    let json = format!(r#"{{"token":"{}"}}"#, key.secret);
    let form = "application/x-www-form-urlencoded";
    let post = |kind: Option<&str>, target: &str, body: &str| {
        let request = Request::new(&asking.app.url, "POST", target).from(SERVICE);
        let request = request.bearer(&asking.service.secret).body(body);
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
        let answer = post(kind, "/v1/introspect", body);
        if body == "token" {
            // A name without a value is an empty value, and no token is empty.
            assert_eq!(answer.body, r#"{"active":false}"#);
            continue;
        }
        is_problem(&answer);
        assert_eq!(outcome(&answer), code(400, "invalid_request"), "{kind:?} {body}");
        assert!(!answer.raw.contains(&key.secret));
    }
    let in_query = post(Some(form), &format!("/v1/introspect?{token}"), "");
    assert_eq!(outcome(&in_query), code(400, "invalid_request"), "a URL is no place for a token");
    for kind in
        ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded"]
    {
        let answer = post(Some(kind), "/v1/introspect", &token);
        assert_eq!(answer.json()["active"], true, "{kind}");
    }
}

#[test]
fn a_body_that_is_too_long_is_sent_back_as_a_problem() {
    let asking = Asking::new();
    let key = Key::new(&asking.manager, &[]);
    let long = "a".repeat(300_000);
    let answer = asking.post(&[("token", &key.secret), ("x", &long)]);
    assert_eq!(outcome(&answer), code(413, "invalid_request"));
    is_problem(&answer);
    // Who may not ask learns of that first, as always.
    let request = asking.request("POST").form(&[("x", &long)]);
    assert_eq!(outcome(&request.send()), code(401, "missing_key"));
}

#[test]
fn further_fields_change_nothing() {
    let asking = Asking::new();
    let dead = Key::new(&asking.manager, &[]);
    dead.revoke(&asking.manager);
    let further = [
        ("active", "true"),
        ("key_id", asking.service.id.as_str()),
        ("client_id", &asking.service.id),
        ("super_manager", "true"),
        ("token_type_hint", "refresh_token"),
        ("environment", "production"),
        ("now", "0"),
        ("Token", &asking.service.secret),
    ];
    assert!(!asking.is_active(&[&[("token", dead.secret.as_str())], further.as_slice()].concat()));
    let alive = Key::new(&asking.manager, &[]);
    assert!(asking.is_active(&[&[("token", alive.secret.as_str())], further.as_slice()].concat()));
}
