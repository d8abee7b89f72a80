//! The headers that every answer carries.

use crate::support::{App, Page};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                   img-src 'self'; connect-src 'none'; form-action 'self'; base-uri 'none'; \
                   frame-ancestors 'none'";

fn assert_hardened(page: &Page, what: &str) {
    for (name, value) in [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "same-origin"),
    ] {
        let found: Vec<_> = page.headers.get_all(name).iter().collect();
        assert_eq!(found, [value], "{name} of {what} ({})", page.status);
    }
    let policy = page.header("permissions-policy");
    for feature in ["camera", "geolocation", "microphone", "payment", "usb"] {
        assert!(policy.contains(&format!("{feature}=()")), "{feature} in {policy} of {what}");
    }
    for name in ["server", "x-powered-by"] {
        assert_eq!(page.header(name), "", "{name} of {what}");
    }
}

/// One of every kind of answer.
fn answers(app: &App) -> Vec<(&'static str, Page)> {
    let (manager, nobody) = (app.super_manager(), app.anonymous());
    let powerless = app.super_manager_with(&[]);
    let created = manager.create_key(&[]);
    let invalid = manager.create_key(&[("name", "")]);
    let token = manager.get("/api-keys").form_token();
    let huge =
        manager.post_body("/api-keys", format!("form_token={token}&name={}", "x".repeat(1 << 20)));
    let unreadable = manager.post_body("/api-keys", format!("form_token={token}&name=%zz"));
    let foreign = manager.send(manager.request("/api-keys").body(""));
    vec![
        ("the table", manager.get("/api-keys")),
        ("the secret", created),
        ("an invalid form", invalid),
        ("the sign-in page", nobody.get("/sign-in")),
        ("a redirect", nobody.get("/api-keys")),
        ("a forbidden page", powerless.get("/api-keys")),
        ("the activity", manager.get("/activity")),
        ("an export", manager.get("/activity/export.csv")),
        ("no page", manager.get("/nowhere")),
        ("no route", manager.get("/a/b/c/d")),
        ("a wrong method", manager.any("DELETE", "/api-keys")),
        ("another site's form", foreign),
        ("too much", huge),
        ("an unreadable form", unreadable),
        ("health", nobody.get("/healthz")),
        ("readiness", nobody.get("/readyz")),
    ]
}

#[test]
fn every_answer_is_hardened_and_no_page_is_stored() {
    let app = App::set_up();
    for (what, page) in answers(&app) {
        assert_hardened(&page, what);
        assert_eq!(page.header("cache-control"), "no-store", "{what}");
        assert_eq!(page.header("strict-transport-security"), "", "{what}: plain http");
    }
}

#[test]
fn assets_are_hardened_and_kept_for_good() {
    let app = App::set_up();
    let client = app.anonymous();
    let page = client.get("/sign-in");
    let assets = ["link[rel=stylesheet]", "link[rel=icon]", "link[rel=preload]"]
        .map(|selector| page.attribute(selector, "href").expect("a link"));
    for path in assets.iter().chain([&page.attribute("script", "src").expect("a script")]) {
        let asset = client.get(path);
        assert_eq!(asset.status, 200, "{path}");
        assert_hardened(&asset, path);
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(!asset.header("etag").is_empty());
        assert!(asset.set_cookies().is_empty(), "{path} sets a cookie");
        let again = client.send(
            client
                .http()
                .get(format!("{}{path}", app.url))
                .header("if-none-match", asset.header("etag")),
        );
        assert_eq!(again.status, 304);
        assert_hardened(&again, path);
    }
    for path in ["/assets/none.css", "/assets/..%2f..%2fCargo.toml", "/assets/%00", "/assets/"] {
        let missing = client.get(path);
        assert_eq!(missing.status, 404, "{path}");
        assert_hardened(&missing, path);
        assert_eq!(missing.header("cache-control"), "no-store");
    }
}

#[test]
fn over_https_every_answer_asks_for_https_and_cookies_are_bound_to_it() {
    let app = App::behind(Some("https://keys.example.com")).with_organisation();
    for (what, page) in answers(&app) {
        assert_hardened(&page, what);
        let hsts = page.header("strict-transport-security");
        assert_eq!(hsts, "max-age=63072000; includeSubDomains", "{what}");
        for cookie in page.set_cookies() {
            assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
        }
    }
}

#[test]
fn what_fails_below_the_pages_is_hardened_too() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.sql("ALTER TABLE sessions RENAME TO gone");
    let page = manager.get("/api-keys");
    app.sql("ALTER TABLE gone RENAME TO sessions");
    assert_eq!(page.status, 503);
    assert_hardened(&page, "a session that cannot be read");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("retry-after"), "1");
    assert_eq!(page.text("h1"), "Latchkey cannot reach its database");
    app.sql("ALTER TABLE api_keys RENAME TO gone");
    let page = manager.get("/api-keys");
    app.sql("ALTER TABLE gone RENAME TO api_keys");
    assert_eq!(page.status, 500);
    assert_hardened(&page, "a fault");
    assert_eq!(manager.get("/api-keys").status, 200);
}

#[test]
fn the_secret_s_page_is_not_compressed_and_others_are() {
    let app = App::set_up();
    let manager = app.super_manager();
    let ask = |request: reqwest::blocking::RequestBuilder| {
        manager.send(request.header("accept-encoding", "br, gzip"))
    };
    let table = ask(manager.http().get(format!("{}/api-keys", app.url)));
    assert_eq!(table.header("content-encoding"), "br");
    let token = manager.get("/api-keys/new").form_token();
    let fields = crate::support::key_fields(&[("form_token", token.as_str())]);
    let request = manager.request("/api-keys").header("sec-fetch-site", "same-origin");
    let page = ask(request.body(crate::support::encoded(&fields)));
    assert!(page.secret().starts_with("lk_prod_"), "{}", page.body);
    assert!(matches!(page.header("content-encoding"), "" | "identity"));
}
