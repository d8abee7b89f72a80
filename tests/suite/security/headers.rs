//! The security headers of every response.

use crate::support::{App, Page};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                   img-src 'self'; connect-src 'none'; form-action 'self'; base-uri 'none'; \
                   frame-ancestors 'none'";

fn assert_security_headers(page: &Page, what: &str) {
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
    // Assets are no documents.
    let is_asset = page.header("cache-control").ends_with("immutable");
    for feature in ["camera", "geolocation", "microphone", "payment", "usb"] {
        let is_off = policy.contains(&format!("{feature}=()"));
        assert!(is_off || is_asset, "{feature} in {policy} of {what}");
    }
    for feature in ["publickey-credentials-create", "publickey-credentials-get"] {
        let is_own = policy.contains(&format!("{feature}=(self)"));
        assert!(is_own || is_asset, "{feature} in {policy} of {what}");
    }
    for name in ["server", "x-powered-by"] {
        assert_eq!(page.header(name), "", "{name} of {what}");
    }
}

/// One response of every kind.
fn responses(app: &App) -> Vec<(&'static str, Page)> {
    let (manager, visitor) = (app.super_manager(), app.anonymous());
    let unprivileged = app.super_manager_with(&[]);
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
        ("the sign-in page", visitor.get("/sign-in")),
        ("a redirect", visitor.get("/api-keys")),
        ("a forbidden page", unprivileged.get("/api-keys")),
        ("the activity", manager.get("/activity")),
        ("an export", manager.get("/activity/export.csv")),
        ("no page", manager.get("/nowhere")),
        ("no route", manager.get("/a/b/c/d")),
        ("a wrong method", manager.any("DELETE", "/api-keys")),
        ("another site's form", foreign),
        ("too much", huge),
        ("an unreadable form", unreadable),
        ("health", visitor.get("/healthz")),
        ("readiness", visitor.get("/readyz")),
    ]
}

#[test]
fn every_response_has_security_headers_and_no_page_is_cached() {
    let app = App::set_up();
    for (what, page) in responses(&app) {
        assert_security_headers(&page, what);
        assert_eq!(page.header("cache-control"), "no-store", "{what}");
        assert_eq!(page.header("strict-transport-security"), "", "{what}: plain http");
    }
}

#[test]
fn assets_have_security_headers_and_are_cached_permanently() {
    let app = App::set_up();
    let client = app.anonymous();
    let page = client.get("/sign-in");
    let assets = ["link[rel=stylesheet]", "link[rel=icon]", "link[rel=preload]"]
        .map(|selector| page.attribute(selector, "href").expect("a link"));
    for path in assets.iter().chain([&page.attribute("script", "src").expect("a script")]) {
        let asset = client.get(path);
        assert_eq!(asset.status, 200, "{path}");
        assert_security_headers(&asset, path);
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
        assert_security_headers(&again, path);
    }
    for path in ["/assets/none.css", "/assets/..%2f..%2fCargo.toml", "/assets/%00", "/assets/"] {
        let missing = client.get(path);
        assert_eq!(missing.status, 404, "{path}");
        assert_security_headers(&missing, path);
        assert_eq!(missing.header("cache-control"), "no-store");
    }
}

#[test]
fn over_https_every_response_has_hsts_and_cookies_are_secure() {
    let app = App::with_public_url(Some("https://keys.example.com")).with_organisation();
    for (what, page) in responses(&app) {
        assert_security_headers(&page, what);
        let hsts = page.header("strict-transport-security");
        assert_eq!(hsts, "max-age=63072000; includeSubDomains", "{what}");
        for cookie in page.set_cookies() {
            assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
        }
    }
}

#[test]
fn responses_to_failures_below_the_pages_have_security_headers_too() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.sql("ALTER TABLE sessions RENAME TO gone");
    let page = manager.get("/api-keys");
    app.sql("ALTER TABLE gone RENAME TO sessions");
    assert_eq!(page.status, 503);
    assert_security_headers(&page, "a session that cannot be read");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("retry-after"), "1");
    assert_eq!(page.text("h1"), "Latchkey cannot reach its database");
    app.sql("ALTER TABLE api_keys RENAME TO gone");
    let page = manager.get("/api-keys");
    app.sql("ALTER TABLE gone RENAME TO api_keys");
    assert_eq!(page.status, 500);
    assert_security_headers(&page, "a server error");
    assert_eq!(manager.get("/api-keys").status, 200);
}

#[test]
fn a_page_with_a_secret_is_not_compressed_and_other_pages_are() {
    let app = App::set_up();
    let manager = app.super_manager();
    let send = |request: reqwest::blocking::RequestBuilder| {
        manager.send(request.header("accept-encoding", "br, gzip"))
    };
    let table = send(manager.http().get(format!("{}/api-keys", app.url)));
    assert_eq!(table.header("content-encoding"), "br");
    let token = manager.get("/api-keys/new").form_token();
    let fields = crate::support::key_fields(&[("form_token", token.as_str())]);
    let request = manager.request("/api-keys").header("sec-fetch-site", "same-origin");
    let page = send(request.body(crate::support::encoded(&fields)));
    assert!(page.secret().starts_with("lk_prod_"), "{}", page.body);
    assert!(matches!(page.header("content-encoding"), "" | "identity"));
}
