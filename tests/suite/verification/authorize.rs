//! `/v1/authorize`: who passes, who does not, and what they are told.

use std::collections::BTreeSet;

use super::wire::Request;
use super::{
    IDENTITY, Key, READ_AND_WRITE, asked, code, is_pass, is_problem, is_refusal, outcome, pass,
    stranger, told,
};
use crate::support::App;

/// Methods that exist, that are rare, and that nobody has heard of.
const METHODS: [&str; 12] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE",
    "QUERY", "BREW",
];

#[test]
fn a_genuine_key_passes_and_every_identity_header_says_whose_it_is() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("environment", "staging")]);
    let answer = asked(&app, "").bearer(&key.secret).send();
    is_pass(&answer);
    assert_eq!(answer.header("latchkey-key-id"), key.id);
    assert_eq!(answer.header("latchkey-role"), "read-and-write");
    assert_eq!(answer.header("latchkey-scopes"), READ_AND_WRITE);
    assert_eq!(answer.header("latchkey-environment"), "staging");
}

#[test]
fn a_key_without_any_scope_still_has_every_identity_header() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    super::by_hand(&app, "DELETE FROM scopes");
    let answer = asked(&app, "").bearer(&key.secret).send();
    is_pass(&answer);
    assert!(answer.raw.to_lowercase().contains("\r\nlatchkey-scopes: \r\n"), "{}", answer.raw);
}

#[test]
fn every_method_is_answered_alike_with_and_without_a_body() {
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
            for name in IDENTITY {
                assert_ne!(passed.header(name), "", "{method}");
            }
            let refused = request(&stranger());
            assert_eq!(refused.status, 401, "{method} {}", refused.raw);
            assert_eq!(refused.challenge()["error"], "invalid_token");
            assert!(IDENTITY.iter().all(|name| refused.header(name).is_empty()), "{method}");
            assert_eq!(refused.body.is_empty(), method == "HEAD", "{method}");
        }
    }
}

#[test]
fn a_body_is_never_taken_for_another_request() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let smuggled = format!(
        "GET /v1/authorize HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\
         Authorization: Bearer {}\r\n\r\n",
        key.secret
    );
    let post = Request::new(&app.url, "POST", "/v1/authorize").from("203.0.113.7");
    // `Answer` fails when a second answer follows.
    let answer = post.clone().body(&smuggled).send();
    assert_eq!(outcome(&answer), code(401, "missing_key"));
    let chunk = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
    let chunked = Request::new(&app.url, "POST", "/v1/authorize").from("203.0.113.7");
    let answer = chunked.header("Transfer-Encoding", "chunked").trailing(&chunk).send();
    assert_eq!(outcome(&answer), code(401, "missing_key"));
    // Two lengths, or a length and chunks: no such request may get through.
    for (name, value) in [("Content-Length", "0"), ("Transfer-Encoding", "chunked")] {
        let both = post.clone().bearer(&key.secret).body("0\r\n\r\n").header(name, value);
        assert!(both.try_send().is_none_or(|answer| answer.status == 400), "{name}");
    }
}

#[test]
fn neither_cookie_nor_origin_nor_session_counts_or_is_set() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[]);
    let page = manager.get("/v1/authorize");
    assert_eq!(page.status, 401, "a session is no key");
    assert!(page.body.contains("missing_key"), "{}", page.body);
    let answer = asked(&app, "")
        .bearer(&key.secret)
        .header("Cookie", "latchkey=aaaa; __Host-latchkey=bbbb")
        .header("Origin", "https://evil.example")
        .header("Sec-Fetch-Site", "cross-site")
        .header("Sec-Fetch-Mode", "cors")
        .send();
    // Exactly the headers of a pass: no cookie, no policy of pages, nothing for other origins.
    is_pass(&answer);
}

#[test]
fn what_the_caller_says_of_its_own_identity_is_not_passed_on() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let answer = asked(&app, "")
        .header("Latchkey-Key-Id", "key_AAAAAAAAAAAA")
        .header("Latchkey_Key_Id", "key_AAAAAAAAAAAA")
        .header("Latchkey-Scopes", "latchkey:introspect")
        .header("X-HTTP-Method-Override", "POST")
        .bearer(&key.secret)
        .send();
    is_pass(&answer);
    assert_eq!(answer.header("latchkey-key-id"), key.id);
    assert_eq!(answer.header("latchkey-scopes"), READ_AND_WRITE);
}

#[test]
fn every_scope_that_is_asked_for_is_needed() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("role", "read-only")]);
    for fine in [
        "",
        "scope=orders:read",
        "scope=orders%3Aread",
        "scope=orders:read+invoices:read",
        "scope=orders:read%20orders:read",
        "scope=%20orders:read%20%20invoices:read%20",
    ] {
        assert_eq!(told(&app, fine, &key.secret), pass(), "{fine}");
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
        assert_eq!(told(&app, missing, &key.secret), code(403, "scope_missing"), "{missing}");
    }
}

#[test]
fn the_challenge_names_the_scopes_that_are_missing() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("role", "read-only")]);
    let query = "scope=reports:write+orders:read+orders:write";
    let answer = asked(&app, query).bearer(&key.secret).send();
    is_refusal(&answer);
    assert_eq!(answer.challenge()["scope"], "orders:write reports:write");
}

#[test]
fn a_hostile_scope_is_refused_and_never_stands_in_the_challenge() {
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
        let answer = asked(&app, &format!("scope={hostile}")).bearer(&key.secret).send();
        assert_eq!(outcome(&answer), code(403, "scope_missing"), "{hostile}");
        is_refusal(&answer);
        // A challenge may only name scopes, so where none can be named there is no `scope`.
        for name in answer.challenge().get("scope").map_or("none", |s| *s).split(' ') {
            assert!(!name.is_empty(), "{}", answer.raw);
            assert!(name.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\'));
        }
    }
}

#[test]
fn ten_kilobytes_of_scopes_are_refused_in_a_head_that_gateways_can_hold() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let one = format!("orders:{}", "a".repeat(10_000));
    let many = (0..1500).map(|n| format!("a{n}:b")).collect::<Vec<_>>().join("+");
    for scopes in [one, many] {
        let answer = asked(&app, &format!("scope={scopes}")).bearer(&key.secret).send();
        assert_eq!(outcome(&answer), code(403, "scope_missing"));
        is_refusal(&answer);
        // nginx reads an answer's head into 4 KB unless told otherwise, and answers 500 beyond.
        assert!(answer.raw.len() - answer.body.len() < 2048, "{}", answer.raw.len());
    }
}

#[test]
fn a_question_that_is_not_understood_never_passes() {
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
        let answer = asked(&app, query).bearer(&secret).send();
        is_problem(&answer);
        assert_eq!(outcome(&answer), code(503, "unavailable"), "{query}");
        assert_eq!(asked(&app, query).send().status, 503, "{query}, without a key");
    }
}

#[test]
fn the_environment_that_is_asked_for_must_be_the_key_s() {
    let app = App::set_up();
    let manager = app.super_manager();
    for environment in ["production", "staging", "development"] {
        let key = Key::new(&manager, &[("environment", environment)]);
        let mismatch = code(403, "environment_mismatch");
        for asked_for in ["production", "staging", "development"] {
            let expected = if asked_for == environment { pass() } else { mismatch.clone() };
            let query = format!("environment={asked_for}");
            assert_eq!(told(&app, &query, &key.secret), expected, "{environment} {asked_for}");
        }
        for other in ["prod", "Production", "production+", "*", "%00", "%22"] {
            let query = format!("environment={other}");
            assert_eq!(told(&app, &query, &key.secret), mismatch, "{other}");
        }
    }
}

#[test]
fn the_whitelist_is_kept_and_never_disclosed() {
    let app = App::set_up();
    let manager = app.super_manager();
    let listed = "198.51.100.77\n2001:db8:77::77";
    let key = Key::new(&manager, &[("ip_whitelist", listed)]);
    let from = |address: &str, query: &str| {
        let target = format!("/v1/authorize?{query}");
        let answer =
            Request::new(&app.url, "GET", &target).from(address).bearer(&key.secret).send();
        for part in ["198.51.100", "2001:db8", ".77", "77::", "%"] {
            assert!(!answer.raw.contains(part), "{part}: {}", answer.raw);
        }
        outcome(&answer)
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
        // Nor do other questions tell a stranger more.
        assert_eq!(from(outside, "scope=a:b"), code(403, "address_not_allowed"), "{outside}");
    }
}

#[test]
fn only_the_bearer_of_a_genuine_secret_is_told_why() {
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
        assert_eq!(told(&app, query, &key.secret).1, reason);
        let body = key.secret.len() - 6;
        for at in [key.secret.find('_').expect("a prefix") + 6, body / 2, body - 1] {
            let with = if &key.secret[at..=at] == "x" { "y" } else { "x" };
            let forged = key.forged(at, with);
            for query in ["", query] {
                let answer = asked(&app, query).bearer(&forged).send();
                is_refusal(&answer);
                assert_eq!(outcome(&answer), code(401, "invalid_key"));
                let mut told = answer.json();
                let mut stranger = asked(&app, "").bearer(&stranger()).send().json();
                for problem in [&mut told, &mut stranger] {
                    problem.as_object_mut().expect("an object").remove("request_id");
                }
                assert_eq!(told, stranger, "nothing tells one stranger from another");
            }
        }
    }
}

#[test]
fn every_refusal_has_an_id_of_its_own() {
    let app = App::set_up();
    let secret = stranger();
    let ids: BTreeSet<String> = (0..20)
        .map(|_| asked(&app, "").bearer(&secret).send().json()["request_id"].to_string())
        .collect();
    assert_eq!(ids.len(), 20);
}

#[test]
fn what_looks_like_the_endpoint_never_passes() {
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
        let answer = Request::new(&app.url, "GET", target).from("203.0.113.7");
        let answer = answer.bearer(&key.secret).send();
        assert!((300..500).contains(&answer.status), "{target} {}", answer.raw);
        assert!(IDENTITY.iter().all(|name| answer.header(name).is_empty()), "{target}");
    }
}

#[test]
fn many_failures_from_a_network_do_not_hurt_a_genuine_key_from_it() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for n in 0..300 {
        let answer = match n % 3 {
            0 => asked(&app, "").send(),
            1 => asked(&app, "").bearer("lk_prod_nonsense").send(),
            _ => asked(&app, "").bearer(&stranger()).send(),
        };
        assert_eq!(answer.status, 401, "{}", answer.raw);
    }
    assert_eq!(told(&app, "scope=orders:read", &key.secret), pass());
}
