//! `/v1/ext-authz/…`: the question is in the path, before the client's own path.

use super::wire::{Request, Response};
use super::{
    CLIENT, Key, assert_denied, assert_pass, assert_problem, authorize_request, code, outcome,
    pass, unknown_secret,
};
use crate::support::App;

fn request(app: &App, rest: &str) -> Request {
    Request::new(&app.url, "GET", &format!("/v1/ext-authz/{rest}")).from(CLIENT)
}

/// The outcome when a gateway asks with this question and path whether a secret key passes.
fn ask(app: &App, rest: &str, secret: &str) -> (u16, String) {
    let response = request(app, rest).bearer(secret).send();
    match response.status {
        200 => assert_pass(&response),
        503 => assert_problem(&response),
        _ => assert_denied(&response),
    }
    outcome(&response)
}

#[test]
fn the_question_in_the_path_decides_as_it_does_in_the_query() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("role", "read-only")]);
    for (question, expected) in [
        ("-", pass()),
        ("scope=orders:read", pass()),
        ("scope=orders:read&environment=production", pass()),
        ("scope%3Dorders%3Aread%26environment%3Dproduction", pass()),
        ("scope=orders:read%20reports:read", pass()),
        ("scope=orders:read+reports:read", pass()),
        ("scope=orders:write", code(403, "scope_missing")),
        ("scope=orders:read&environment=staging", code(403, "environment_mismatch")),
    ] {
        for path in ["/", "/orders/1", "/orders/1?page=2&scope=x", "//", "/a%2fb", "/%c3%a9;x"] {
            let outcome = ask(&app, &format!("{question}{path}"), &key.secret);
            assert_eq!(outcome, expected, "{question}{path}");
        }
    }
    assert_eq!(ask(&app, "-/x", &unknown_secret()), code(401, "invalid_key"));
    assert_eq!(outcome(&request(&app, "-/x").send()), code(401, "missing_key"));
}

#[test]
fn a_hostile_path_leaves_the_question_as_configured_or_passes_nothing() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("role", "read-only")]);
    let long = format!("/{}", "a".repeat(8_000));
    for path in [
        "//",
        "/%2f",
        "/%3fscope=orders:read",
        "/?scope=orders:read",
        "/..",
        "/../-/admin",
        "/../scope=orders:read/x",
        "/%2e%2e/-/admin",
        "/.%2e/-/admin",
        "/..%2f-/admin",
        "/..;/-/admin",
        "/..%5c-/admin",
        "/;scope=orders:read",
        "/&scope=orders:read",
        "/x#/-/y",
        "/v1/ext-authz/-/x",
        "/-/x",
        "/scope=orders:read/x",
        "/%00",
        &long,
    ] {
        let denied = ask(&app, &format!("scope=orders:write{path}"), &key.secret);
        let is_expected = [code(403, "scope_missing"), code(503, "unavailable")].contains(&denied);
        assert!(is_expected, "{path}: {denied:?}");
        let any = ask(&app, &format!("-{path}"), &key.secret);
        assert!([pass(), code(503, "unavailable")].contains(&any), "{path}: {any:?}");
    }
    // What is not HTTP is not a question either.
    for path in ["/\0", "/a b/c"] {
        let response = request(&app, &format!("-{path}")).bearer(&key.secret).try_send();
        assert!(response.is_none_or(|response| response.status == 400), "{path:?}");
    }
}

#[test]
fn an_invalid_question_is_answered_503_whatever_the_key() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for rest in [
        "",
        "-",
        "/",
        "/orders",
        "-?x=/",
        "scope=orders:read",
        "scope=orders:read?/x",
        "orders:read/x",
        "scope=/x",
        "page=2/x",
        "scope=orders:read&scope=orders:read/x",
        "scope=orders%2fread/x",
        "scope=orders%3fread/x",
        "scope=orders%23read/x",
        "scope=orders%5cread/x",
        "scope=orders%00read/x",
        "scope=%ff/x",
        "lifetime=2/x",
        "-/..",
        "-/%2e/x",
    ] {
        assert_eq!(ask(&app, rest, &key.secret), code(503, "unavailable"), "{rest}");
        let response = request(&app, rest).send();
        assert_eq!(outcome(&response), code(503, "unavailable"), "{rest}");
    }
    let response = Request::new(&app.url, "GET", "/v1/ext-authz").bearer(&key.secret).send();
    assert_eq!(outcome(&response), code(503, "unavailable"));
}

#[test]
fn any_method_and_any_body_get_the_same_decision() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        let ask =
            || Request::new(&app.url, method, "/v1/ext-authz/scope=orders:read/x").from(CLIENT);
        let response = ask().bearer(&key.secret).body("scope=x").send();
        assert_eq!(response.status, 200, "{method}");
        let expecting = ask().bearer(&key.secret).header("Expect", "100-continue");
        assert_eq!(expecting.header("Content-Length", "5").send().status, 200, "{method}");
        assert_eq!(ask().send().status, 401, "{method}");
    }
}

#[test]
fn a_denial_names_the_request_in_the_path_and_ignores_the_clients_headers() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[("role", "read-only")]);
    let target = "/v1/ext-authz/scope=orders:write/orders/42?page=2";
    let denied = Request::new(&app.url, "DELETE", target)
        .from(CLIENT)
        .header("X-Original-URI", "/elsewhere")
        .header("X-Original-Method", "GET")
        .header("X-Forwarded-Uri", "/elsewhere")
        .bearer(&key.secret)
        .send();
    assert_eq!(outcome(&denied), code(403, "scope_missing"));
    app.write_usage();
    let id = denied.json()["request_id"].as_str().expect("an id").to_owned();
    let page = manager.get(&format!("/diagnosis?q={id}"));
    assert!(page.body.contains("DELETE /orders/42"), "{}", page.body);
    assert!(!page.body.contains("/elsewhere"), "{}", page.body);
}

#[test]
fn the_clients_address_is_the_one_that_the_gateway_reports() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[("ip_whitelist", CLIENT)]);
    assert_eq!(ask(&app, "-/x", &key.secret), pass());
    let ask = || Request::new(&app.url, "GET", "/v1/ext-authz/-/x").bearer(&key.secret);
    assert_eq!(outcome(&ask().send()), code(403, "address_not_allowed"));
    let elsewhere = ask().from("198.51.100.77").send();
    assert_eq!(outcome(&elsewhere), code(403, "address_not_allowed"));
}

#[test]
fn other_paths_of_programs_are_problems_and_never_pages() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let get = |target: &str| -> Response {
        Request::new(&app.url, "GET", target).from(CLIENT).bearer(&key.secret).send()
    };
    for target in ["/v1/", "/v1/keys", "/v1/ext-authzx/-/x", "/v1/introspect/", "/v1/authorize/x"] {
        let response = get(target);
        assert_eq!(response.status, 404, "{target}");
        assert_eq!(response.header("content-type"), "application/problem+json", "{target}");
        let detail = response.json()["detail"].as_str().unwrap_or_default().to_owned();
        let is_named = detail.contains("/v1/ext-authz/-");
        assert_eq!(is_named, target.starts_with("/v1/authorize/"), "{target}: {detail}");
    }
}

#[test]
fn a_pass_says_when_the_key_expires_if_the_gateway_asks() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[("lifetime", "30")]);
    let lifetime = |secret: &str| {
        let response = authorize_request(&app, "lifetime=1").bearer(secret).send();
        assert_eq!(response.status, 200, "{}", response.raw);
        ["latchkey-key-expires", "deprecation", "sunset"]
            .map(|name| response.header(name).to_owned())
    };
    let [expires, deprecation, sunset] = lifetime(&key.secret);
    assert_eq!(expires, "2026-12-24T00:00:00Z");
    assert_eq!((deprecation.as_str(), sunset.as_str()), ("", ""));
    let rotate = format!("/api-keys/{}/rotate", key.id);
    let rotated = manager.submit(&rotate, &[("overlap", "24h"), ("lifetime", "90")]);
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    let [_, deprecation, sunset] = lifetime(&key.secret);
    let end = deprecation.strip_prefix('@').and_then(|seconds| seconds.parse::<i64>().ok());
    assert_eq!(end, Some(crate::support::NOW.millis() / 1000 + 86_400));
    assert!(sunset.ends_with(" GMT") && sunset.starts_with("Tue, 24 Nov 2026"), "{sunset}");
    let [_, deprecation, sunset] = lifetime(&rotated.secret());
    assert_eq!((deprecation.as_str(), sunset.as_str()), ("", ""));
}
