//! Every error that a person can see is a styled page that says what to do next.

use crate::support::{App, Page, encoded, key_fields, replaced};

fn assert_explains(page: &Page, status: u16, title: &str, advice: &str) {
    assert_eq!(page.status, status, "{}", page.body);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{status}");
    assert_eq!(page.text("h1"), title, "{status}");
    let organisation = if page.has(".org") { " – Meridian Freight" } else { "" };
    assert_eq!(page.text("title"), format!("{title}{organisation} – Latchkey"), "{status}");
    assert!(page.text("h1 + p").contains(advice), "{status}: {}", page.text("h1 + p"));
}

/// A page for people without a session.
fn assert_is_page(page: &Page, status: u16, title: &str, advice: &str) {
    assert_explains(page, status, title, advice);
    assert!(
        page.has("link[rel=stylesheet]") && page.has(".brand"),
        "{status}: the page is not styled"
    );
    assert_eq!(page.attribute("main a.btn", "href").as_deref(), Some("/api-keys"), "{status}");
    assert!(page.text("footer").starts_with(&format!("Error {status}")), "{status}");
    assert!(!page.has("#nav"), "{status}: there is nothing to navigate to");
}

/// A page for a member, below the links of every page.
fn assert_is_framed(page: &Page, status: u16, title: &str, advice: &str) {
    assert_explains(page, status, title, advice);
    assert!(page.has("#nav a[href='/api-keys']") && page.has("#me a[href='/account']"), "{status}");
    assert_eq!(page.text(".org"), "Meridian Freight", "{status}");
    assert_eq!(page.attribute("main a.btn", "href").as_deref(), Some("/api-keys"), "{status}");
    assert!(page.text("main p.faint").starts_with(&format!("Error {status}")), "{status}");
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
    let check = "Check the URL, or go to API Keys.";
    for path in ["/nowhere", "/api-keys/x/y/z", "/set-up", "/roles/none/edit", "/members/x/edit"] {
        assert_is_framed(&manager.get(path), 404, "Page not found", check);
    }
    for path in ["/nowhere", "/api-keys/x/y/z", "/set-up"] {
        assert_is_page(&app.anonymous().get(path), 404, "Page not found", check);
    }
    assert_is_page(&manager.get("/assets/none.css"), 404, "Page not found", check);
    let page = manager.any("DELETE", "/api-keys");
    let back = "Go back and use the buttons on the page.";
    assert_is_framed(&page, 405, "This page cannot be used that way", back);
    assert_eq!(page.header("allow"), "GET, HEAD, POST");
}

#[test]
fn a_key_that_does_not_exist_is_named_to_those_who_may_see_keys() {
    let app = App::set_up();
    let manager = app.super_manager();
    let secret = manager.create_key(&[]).secret();
    let cut = format!("{}…", "x".repeat(32));
    for (id, shown) in [
        ("key_00000000000A", "key_00000000000A"),
        ("key_1", "key_1"),
        ("%3Cscript%3Ealert(1)", "<script>alert(1)"),
        (&"x".repeat(3000), &cut),
        (&secret, "lk_prod_… (removed)"),
    ] {
        for rest in ["", "/edit", "/revoke", "/addresses"] {
            let page = manager.get(&format!("/api-keys/{id}{rest}"));
            let title = format!("No key has the ID {shown}");
            assert_is_framed(&page, 404, &title, "Check the URL, or go to API Keys.");
            assert!(!page.body.contains("<script>alert") && !page.body.contains(&secret));
        }
    }
    let fields = key_fields(&[("version", "1")]);
    let posted = app.post_with_token(&manager, "/api-keys/key_00000000000A/edit", &fields);
    assert_eq!(posted.text("h1"), "No key has the ID key_00000000000A");
    let none = app.super_manager_with(&[]);
    let [missing, there] = [&"key_00000000000A".to_owned(), &app.key("Payroll")]
        .map(|id| none.get(&format!("/api-keys/{id}")));
    let without_token = |page: &Page| page.body.replace(&page.form_token(), "");
    assert_eq!((missing.status, there.status), (403, 403));
    assert_eq!(without_token(&missing), without_token(&there));
    let page = none.get("/nowhere");
    assert_eq!(page.attribute("main a.btn", "href").as_deref(), Some("/account"));
}

#[test]
fn a_form_with_an_invalid_token_is_shown_again_with_its_input() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let edit = format!("/api-keys/{id}/edit");
    let shown = manager.get(&edit).form_fields("#edit form");
    let before = app.contents();
    let secret = app.super_manager().create_key(&[("name", "Other")]).secret();
    let notes = format!("Its key is {secret}");
    let fields = [("name", "Night worker"), ("notes", &notes), ("form_token", "stale")];
    let stale = manager.post(&edit, &replaced(&shown, &fields));
    assert_eq!(stale.status, 403);
    assert_eq!(stale.errors(), ["This form is out of date. Check the values, then save again"]);
    assert_eq!(stale.attribute("#name", "value").as_deref(), Some("Night worker"));
    assert_eq!(stale.text("#notes"), "Its key is lk_prod_… (removed)");
    assert!(stale.text("title").starts_with("Error: "));
    assert_eq!(app.count("api_keys"), 2);
    let names = "SELECT name AS text FROM api_keys ORDER BY name";
    assert_eq!(app.texts(names), ["Billing worker", "Other"]);
    assert_ne!(before, app.contents(), "only the other key was created");
    let form = stale.form_fields("#edit form");
    let saved = manager.post(&edit, &replaced(&form, &[("notes", "Its key is gone")]));
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(app.texts(names), ["Night worker", "Other"]);
}

#[test]
fn a_rejected_form_says_that_nothing_was_changed() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    let nothing = "Nothing was changed.";
    let huge = format!("form_token={token}&name={}", "x".repeat(3 << 20));
    for (action, limit) in [
        ("/api-keys", "The limit is 64 KB. Nothing was changed."),
        ("/account/edit", "The limit is 64 KB. Nothing was changed."),
        ("/preferences/theme", "The limit is 16 KB. Nothing was changed."),
    ] {
        let page = manager.post_body(action, huge.clone());
        assert_is_framed(&page, 413, "The text is too long", limit);
    }
    let broken = format!("form_token={token}&name=%");
    let title = "This form could not be read";
    assert_is_framed(&manager.post_body("/api-keys", broken), 422, title, nothing);
    let stale = manager.post("/settings/mail", &[("form_token", "stale")]);
    assert_is_framed(&stale, 403, "This form is no longer valid", nothing);
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
    assert_is_framed(&page, 500, "Latchkey could not do this. Nothing was changed.", "Try again.");
    assert_eq!(page.text("main p.faint code").len(), 36, "the request's id: {}", page.body);
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
