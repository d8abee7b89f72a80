//! Every error that a person can see is a styled page that says what to do next.

use crate::support::{App, Page, encoded, key_fields};

fn assert_is_page(page: &Page, status: u16, title: &str, advice: &str) {
    assert_eq!(page.status, status, "{}", page.body);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{status}");
    assert_eq!(page.text("h1"), title, "{status}");
    assert_eq!(page.text("title"), format!("{title} – Latchkey"), "{status}");
    assert!(page.text(".lead").contains(advice), "{status}: {}", page.text(".lead"));
    assert!(
        page.has("link[rel=stylesheet]") && page.has(".brand"),
        "{status}: the page is not styled"
    );
    assert_eq!(page.attribute("main a.btn", "href").as_deref(), Some("/api-keys"), "{status}");
    assert!(page.text("footer").starts_with(&format!("Error {status}")), "{status}");
}

#[test]
fn errors_of_an_address_or_a_permission_are_explained() {
    let app = App::set_up();
    let manager = app.super_manager();
    let missing = "You need permission to view API keys.";
    app.member("noor@example.com", false, &[]);
    let role = "You need the super manager role to see this page.";
    for (client, title, ask) in [
        (app.super_manager_with(&[]), missing, "Ask Ines Okafor for the permission api.key.view."),
        (app.signed_in("noor@example.com"), role, "Ask Ines Okafor."),
    ] {
        let page = client.get("/api-keys");
        assert_eq!((page.status, page.text("h1").as_str()), (403, title));
        assert_eq!(page.text("title"), format!("{title} – Meridian Freight – Latchkey"));
        assert_eq!(page.text("main p"), ask);
        assert!(page.has("#me a[href='/account']") && page.has("main a[href='/account']"));
    }
    let start = "Check the address, or start from API Keys.";
    for path in
        ["/nowhere", "/api-keys/key_00000000000A", "/api-keys/x/y/z", "/assets/none.css", "/set-up"]
    {
        assert_is_page(&manager.get(path), 404, "Page not found", start);
    }
    let page = manager.any("DELETE", "/api-keys");
    let back = "Go back and use the buttons on the page.";
    assert_is_page(&page, 405, "This page cannot be used that way", back);
    assert_eq!(page.header("allow"), "GET, HEAD, POST");
}

#[test]
fn a_rejected_form_says_that_nothing_was_changed() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    let nothing = "Nothing was changed.";
    let huge = format!("form_token={token}&name={}", "x".repeat(1 << 20));
    assert_is_page(&manager.post_body("/api-keys", huge), 413, "This is too much to send", nothing);
    let broken = format!("form_token={token}&name=%");
    let title = "This form could not be read";
    assert_is_page(&manager.post_body("/api-keys", broken), 422, title, nothing);
    let stale = manager.post("/api-keys", &key_fields(&[("form_token", "stale")]));
    assert_is_page(&stale, 403, "This form is no longer valid", nothing);
    let body = encoded(&key_fields(&[("form_token", &token)]));
    let foreign = manager.send(manager.request("/api-keys").body(body));
    assert_is_page(&foreign, 403, "This request came from another site", nothing);
    assert_eq!(app.count("api_keys"), 0);
}

#[test]
fn a_throttled_visitor_sees_how_long_to_wait() {
    let app = App::set_up();
    let visitor = app.anonymous();
    visitor.get("/sign-in");
    let token = app.token(&visitor, "/reset-password");
    let fields = [("form_token", token.as_str()), ("code", "x"), ("password", "x")];
    let mut page = visitor.post("/reset-password", &fields);
    for _ in 0..20 {
        page = visitor.post("/reset-password", &fields);
    }
    assert_is_page(&page, 429, "Too many attempts", "Too many attempts. Try again in 3 seconds");
    assert_eq!(page.header("retry-after"), "3");
}

#[test]
fn an_internal_error_shows_its_request_id_and_no_internals() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.sql("ALTER TABLE api_keys RENAME TO gone");
    let page = manager.get("/api-keys");
    assert_is_page(&page, 500, "Latchkey could not do this. Nothing was changed.", "Try again.");
    assert_eq!(page.text("footer code").len(), 36, "the request's id: {}", page.text("footer"));
    for internal in ["api_keys", "table", "SELECT", "diesel", "src/"] {
        let body = page.body.replace("/api-keys", "");
        assert!(!body.contains(internal), "the page shows {internal}");
    }
    app.sql("ALTER TABLE gone RENAME TO api_keys");
    assert_eq!(manager.get("/api-keys").status, 200);
}

#[test]
fn error_pages_keep_the_theme_and_do_not_name_the_organisation() {
    let app = App::set_up();
    let visitor = app.anonymous();
    visitor.set_cookie("latchkey-theme", "dark");
    let page = visitor.get("/nowhere");
    assert_eq!(page.attribute("html", "data-theme").as_deref(), Some("dark"));
    assert!(!page.body.contains("Meridian"), "the page shows the name of the organisation");
    visitor.set_cookie("latchkey-theme", "\"><script>");
    assert_eq!(visitor.get("/nowhere").attribute("html", "data-theme"), None);
}

#[test]
fn a_malformed_address_is_not_an_internal_error() {
    let app = App::set_up();
    let manager = app.super_manager();
    for path in [
        "/%",
        "/%zz",
        "/api-keys/%",
        "/api-keys?q=%",
        "/api-keys?%ff=%fe&&&=",
        "/api-keys//",
        "//",
        "/?",
        "/api-keys/new?from=%",
    ] {
        let page = manager.get(path);
        assert!(matches!(page.status, 200 | 303 | 400 | 404), "{path}: {}", page.status);
    }
    let long = format!("/api-keys?q={}", "x".repeat(20_000));
    assert!(matches!(manager.get(&long).status, 200 | 414 | 431), "a long address");
}
