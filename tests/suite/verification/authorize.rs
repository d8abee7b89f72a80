//! `/v1/authorize`: which requests pass, and what the response discloses.

use std::collections::BTreeSet;

use super::wire::Request;
use super::{
    IDENTITY_HEADERS, Key, READ_AND_WRITE, assert_denied, assert_pass, assert_problem, authorize,
    authorize_request, code, outcome, pass, unknown_secret,
};
use crate::support::App;

/// Common methods, rare methods and methods that do not exist.
const METHODS: [&str; 12] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE",
    "QUERY", "BREW",
];

#[test]
fn a_valid_key_passes_and_the_identity_headers_describe_it() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("environment", "staging")]);
    let response = authorize_request(&app, "").bearer(&key.secret).send();
    assert_pass(&response);
    assert_eq!(response.header("latchkey-key-id"), key.id);
    assert_eq!(response.header("latchkey-role"), "read-and-write");
    assert_eq!(response.header("latchkey-scopes"), READ_AND_WRITE);
    assert_eq!(response.header("latchkey-environment"), "staging");
}

#[test]
fn a_key_without_any_scope_still_has_every_identity_header() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    super::run_sql(&app, "DELETE FROM scopes");
    let response = authorize_request(&app, "").bearer(&key.secret).send();
    assert_pass(&response);
    assert!(response.raw.to_lowercase().contains("\r\nlatchkey-scopes: \r\n"), "{}", response.raw);
}

#[test]
fn every_method_gets_the_same_decision_with_and_without_a_body() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for method in METHODS {
        for body in ["", "a=b&scope=orders:delete"] {
            let request = |secret: &str| {
                let request = Request::new(&app.url, method, "/v1/authorize").from("203.0.113.7");
                request.bearer(secret).body(body).send()
            };
            let passed = request(&key.secret);
            assert_eq!(passed.status, 200, "{method} {}", passed.raw);
            for name in IDENTITY_HEADERS {
                assert_ne!(passed.header(name), "", "{method}");
            }
            let denied = request(&unknown_secret());
            assert_eq!(denied.status, 401, "{method} {}", denied.raw);
            assert_eq!(denied.challenge()["error"], "invalid_token");
            assert!(IDENTITY_HEADERS.iter().all(|name| denied.header(name).is_empty()), "{method}");
            assert_eq!(denied.body.is_empty(), method == "HEAD", "{method}");
        }
    }
}

#[test]
fn a_body_is_never_read_as_another_request() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let smuggled = format!(
        "GET /v1/authorize HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\
         Authorization: Bearer {}\r\n\r\n",
        key.secret
    );
    let post = Request::new(&app.url, "POST", "/v1/authorize").from("203.0.113.7");
    // Reading the response fails if a second response follows it.
    let response = post.clone().body(&smuggled).send();
    assert_eq!(outcome(&response), code(401, "missing_key"));
    let chunk = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
    let chunked = Request::new(&app.url, "POST", "/v1/authorize").from("203.0.113.7");
    let response = chunked.header("Transfer-Encoding", "chunked").trailing(&chunk).send();
    assert_eq!(outcome(&response), code(401, "missing_key"));
    // A request with two lengths, or with a length and chunks, must not pass.
    for (name, value) in [("Content-Length", "0"), ("Transfer-Encoding", "chunked")] {
        let both = post.clone().bearer(&key.secret).body("0\r\n\r\n").header(name, value);
        assert!(both.try_send().is_none_or(|response| response.status == 400), "{name}");
    }
}

#[test]
fn cookies_origins_and_sessions_are_ignored_and_no_cookie_is_set() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[]);
    let page = manager.get("/v1/authorize");
    assert_eq!(page.status, 401, "a session is not a key");
    assert!(page.body.contains("missing_key"), "{}", page.body);
    let response = authorize_request(&app, "")
        .bearer(&key.secret)
        .header("Cookie", "latchkey=aaaa; __Host-latchkey=bbbb")
        .header("Origin", "https://evil.example")
        .header("Sec-Fetch-Site", "cross-site")
        .header("Sec-Fetch-Mode", "cors")
        .send();
    // The response has exactly the headers of a pass: no cookie, CSP or CORS header.
    assert_pass(&response);
}

#[test]
fn identity_headers_of_the_caller_are_not_passed_on() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let response = authorize_request(&app, "")
        .header("Latchkey-Key-Id", "key_AAAAAAAAAAAA")
        .header("Latchkey_Key_Id", "key_AAAAAAAAAAAA")
        .header("Latchkey-Scopes", "latchkey:introspect")
        .header("X-HTTP-Method-Override", "POST")
        .bearer(&key.secret)
        .send();
    assert_pass(&response);
    assert_eq!(response.header("latchkey-key-id"), key.id);
    assert_eq!(response.header("latchkey-scopes"), READ_AND_WRITE);
}

#[test]
fn every_scope_in_the_query_is_required() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("role", "read-only")]);
    for granted in [
        "",
        "scope=orders:read",
        "scope=orders%3Aread",
        "scope=orders:read+invoices:read",
        "scope=orders:read%20orders:read",
        "scope=%20orders:read%20%20invoices:read%20",
    ] {
        assert_eq!(authorize(&app, granted, &key.secret), pass(), "{granted}");
    }
    for missing in [
        "scope=orders:write",
        "scope=orders:read+orders:write",
        "scope=orders:write+orders:read",
        "scope=ORDERS:READ",
        "scope=orders",
        "scope=orders:",
        "scope=orders:*",
        "scope=*",
        "scope=orders:read,invoices:read",
        "scope=orders:read%09invoices:read",
        "scope=orders:read%00",
        "scope=latchkey:introspect",
        "sc%6Fpe=orders:write",
        "scope=%ff",
        "scope=%",
    ] {
        assert_eq!(authorize(&app, missing, &key.secret), code(403, "scope_missing"), "{missing}");
    }
}

#[test]
fn the_challenge_names_the_missing_scopes() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("role", "read-only")]);
    let query = "scope=reports:write+orders:read+orders:write";
    let response = authorize_request(&app, query).bearer(&key.secret).send();
    assert_denied(&response);
    assert_eq!(response.challenge()["scope"], "orders:write reports:write");
}

#[test]
fn a_hostile_scope_is_denied_and_never_appears_in_the_challenge() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for hostile in [
        "%22%2C%20error%3D%22none",
        "a%22b",
        "a%5Cb",
        "%0D%0ASet-Cookie:%20a=b",
        "a%0Ab",
        "%00",
        "%7F",
        "%E2%80%AE",
        "%C3%A9",
        "%3Cscript%3E%22",
        "%22",
    ] {
        let response =
            authorize_request(&app, &format!("scope={hostile}")).bearer(&key.secret).send();
        assert_eq!(outcome(&response), code(403, "scope_missing"), "{hostile}");
        assert_denied(&response);
        // A challenge names only valid scopes, so it has no `scope` parameter if there are none.
        for name in response.challenge().get("scope").map_or("none", |s| *s).split(' ') {
            assert!(!name.is_empty(), "{}", response.raw);
            assert!(name.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\'));
        }
    }
}

#[test]
fn ten_kilobytes_of_scopes_are_denied_with_headers_that_gateways_can_read() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let one = format!("orders:{}", "a".repeat(10_000));
    let many = (0..1500).map(|n| format!("a{n}:b")).collect::<Vec<_>>().join("+");
    for scopes in [one, many] {
        let response =
            authorize_request(&app, &format!("scope={scopes}")).bearer(&key.secret).send();
        assert_eq!(outcome(&response), code(403, "scope_missing"));
        assert_denied(&response);
        // By default nginx reads response headers into 4 KB, and answers 500 if they are longer.
        assert!(response.raw.len() - response.body.len() < 2048, "{}", response.raw.len());
    }
}

#[test]
fn a_request_with_an_invalid_query_never_passes() {
    let app = App::set_up();
    let secret = Key::new(&app.super_manager(), &[]).secret;
    for query in [
        "scopes=orders:write",
        "scope=",
        "scope",
        "scope=%20%20",
        "scope=orders:read&scope=orders:read",
        "scope=orders:read&scope=orders:delete",
        "SCOPE=orders:read",
        "scope=orders:read&page=2",
        "environment=",
        "environment=production&environment=production",
        "environment=production&environment=staging",
        "env=production",
        "=",
        "%00",
        "key_id=key_AAAAAAAAAAAA&super_manager=true",
    ] {
        let response = authorize_request(&app, query).bearer(&secret).send();
        assert_problem(&response);
        assert_eq!(outcome(&response), code(503, "unavailable"), "{query}");
        assert_eq!(authorize_request(&app, query).send().status, 503, "{query}, without a key");
    }
}

#[test]
fn the_requested_environment_must_be_that_of_the_key() {
    let app = App::set_up();
    let manager = app.super_manager();
    for environment in ["production", "staging", "development"] {
        let key = Key::new(&manager, &[("environment", environment)]);
        let mismatch = code(403, "environment_mismatch");
        for requested in ["production", "staging", "development"] {
            let expected = if requested == environment { pass() } else { mismatch.clone() };
            let query = format!("environment={requested}");
            assert_eq!(authorize(&app, &query, &key.secret), expected, "{environment} {requested}");
        }
        for other in ["prod", "Production", "production+", "*", "%00", "%22"] {
            let query = format!("environment={other}");
            assert_eq!(authorize(&app, &query, &key.secret), mismatch, "{other}");
        }
    }
}

#[test]
fn the_ip_whitelist_is_enforced_and_never_disclosed() {
    let app = App::set_up();
    let manager = app.super_manager();
    let listed = "198.51.100.77\n2001:db8:77::77";
    let key = Key::new(&manager, &[("ip_whitelist", listed)]);
    let from = |address: &str, query: &str| {
        let target = format!("/v1/authorize?{query}");
        let response =
            Request::new(&app.url, "GET", &target).from(address).bearer(&key.secret).send();
        for part in ["198.51.100", "2001:db8", ".77", "77::", "%"] {
            assert!(!response.raw.contains(part), "{part}: {}", response.raw);
        }
        outcome(&response)
    };
    for inside in [
        "198.51.100.77",
        "::ffff:198.51.100.77",
        "::FFFF:c633:644d",
        "2001:db8:77::77",
        "2001:DB8:77:0:0:0:0:77",
        "2001:0db8:0077:0000:0000:0000:0000:0077",
    ] {
        assert_eq!(from(inside, ""), pass(), "{inside}");
    }
    for outside in [
        "198.51.100.7",
        "198.51.100.76",
        "198.51.100.78",
        "198.51.100.077",
        "::198.51.100.77",
        "64:ff9b::198.51.100.77",
        "2001:db8:77::78",
        "2001:db8:77::77%1",
        "203.0.113.7",
        "127.0.0.1",
        "0.0.0.0",
        "",
    ] {
        assert_eq!(from(outside, ""), code(403, "address_not_allowed"), "{outside}");
        // Another query discloses no more to callers outside the whitelist.
        assert_eq!(from(outside, "scope=a:b"), code(403, "address_not_allowed"), "{outside}");
    }
}

#[test]
fn only_callers_with_a_valid_secret_learn_why_they_are_denied() {
    let app = App::set_up();
    let manager = app.super_manager();
    let keys = [
        Key::new(&manager, &[]),
        Key::new(&manager, &[]),
        Key::new(&manager, &[("ip_whitelist", "198.51.100.77")]),
        Key::new(&manager, &[("environment", "development")]),
    ];
    keys[1].revoke(&manager);
    let query = "scope=orders:delete&environment=staging";
    let reasons =
        ["environment_mismatch", "key_revoked", "environment_mismatch", "environment_mismatch"];
    for (key, reason) in keys.iter().zip(reasons) {
        assert_eq!(authorize(&app, query, &key.secret).1, reason);
        let body = key.secret.len() - 6;
        for at in [key.secret.find('_').expect("a prefix") + 6, body / 2, body - 1] {
            let with = if &key.secret[at..=at] == "x" { "y" } else { "x" };
            let forged = key.forged(at, with);
            for query in ["", query] {
                let response = authorize_request(&app, query).bearer(&forged).send();
                assert_denied(&response);
                assert_eq!(outcome(&response), code(401, "invalid_key"));
                let mut forged_body = response.json();
                let mut unknown_body =
                    authorize_request(&app, "").bearer(&unknown_secret()).send().json();
                for problem in [&mut forged_body, &mut unknown_body] {
                    problem.as_object_mut().expect("an object").remove("request_id");
                }
                assert_eq!(forged_body, unknown_body, "a forged secret is like any unknown one");
            }
        }
    }
}

#[test]
fn every_denial_has_its_own_request_id() {
    let app = App::set_up();
    let secret = unknown_secret();
    let ids: BTreeSet<String> = (0..20)
        .map(|_| {
            authorize_request(&app, "").bearer(&secret).send().json()["request_id"].to_string()
        })
        .collect();
    assert_eq!(ids.len(), 20);
}

#[test]
fn requests_to_similar_paths_never_pass() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for target in [
        "/v1/authorize/",
        "//v1/authorize",
        "/V1/AUTHORIZE",
        "/v1/authorize;a",
        "/v1/authorize%2f",
        "/v1/authorize.json",
        "/v1//authorize",
        "/v1",
        "/v1/",
        "/v2/authorize",
        "/authorize",
        "/v1/authorize/../introspect",
        "/v1/authorise",
        "/",
    ] {
        let request = Request::new(&app.url, "GET", target).from("203.0.113.7");
        let response = request.bearer(&key.secret).send();
        assert!((300..500).contains(&response.status), "{target} {}", response.raw);
        assert!(IDENTITY_HEADERS.iter().all(|name| response.header(name).is_empty()), "{target}");
    }
}

#[test]
fn many_failures_from_a_network_do_not_affect_a_valid_key_from_it() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for n in 0..300 {
        let response = match n % 3 {
            0 => authorize_request(&app, "").send(),
            1 => authorize_request(&app, "").bearer("lk_prod_nonsense").send(),
            _ => authorize_request(&app, "").bearer(&unknown_secret()).send(),
        };
        assert_eq!(response.status, 401, "{}", response.raw);
    }
    assert_eq!(authorize(&app, "scope=orders:read", &key.secret), pass());
}
