//! The table of keys: views and their counts, search, filters and empty states.

use latchkey::base::clock::DAY;
use latchkey::domain::api_keys::Draft;

use crate::support::{App, Client, Page, usual_draft};

fn draft(name: &str, environment: &str, role: &str) -> Draft {
    let text = str::to_owned;
    Draft { name: text(name), environment: text(environment), role: text(role), ..usual_draft() }
}

fn names(page: &Page) -> Vec<String> {
    page.all("table.keys tbody th a, table.work-t tbody th a")
}

fn search(client: &Client, text: &str) -> Page {
    let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    client.get(&format!("/api-keys?sort=name&q={text}"))
}

#[test]
fn the_columns_and_a_row_show_the_details_of_a_key() {
    let app = App::set_up();
    let id = app.key_from(&draft("Route planner", "staging", "read-only"));
    let now = app.site.clock.now().millis();
    app.sql(&format!("UPDATE api_keys SET last_used_at = {}", now - 120_000));
    let page = app.super_manager().get("/api-keys");
    assert_eq!(page.text("h1"), "API Keys");
    let intro = "Give each application its own key, with only the access it needs.";
    assert_eq!(page.text(".page-head p"), intro);
    assert_eq!(
        page.all("table.keys thead th"),
        [
            "Select",
            "Name",
            "Key ID",
            "Role",
            "Created",
            "Last used",
            "Expires",
            "Status",
            "Actions"
        ]
    );
    let cells = page.all(&format!("#{id} > *"));
    let expected = [
        "",
        "Route planner Staging",
        id.as_str(),
        "Read-only",
        "23 Nov 2026",
        "2 min ago",
        "21 Feb 2027",
        "Active",
        "EditRotateDisableRevoke",
    ];
    assert_eq!(cells, expected);
    let link = page.attribute(&format!("#{id} th a"), "href");
    assert_eq!(link, Some(format!("/api-keys/{id}")));
    let labels =
        ["Edit", "Rotate", "Disable", "Revoke"].map(|verb| format!("{verb} Route planner"));
    for (n, label) in labels.into_iter().enumerate() {
        let action = format!("#{id} a.act:nth-of-type({})", n + 1);
        assert_eq!(page.attribute(&action, "aria-label"), Some(label));
    }
}

#[test]
fn views_list_and_count_their_keys() {
    let app = App::set_up();
    let now = app.site.clock.now().millis();
    let make = |name: &str, set: &str| {
        let id = app.key(name);
        app.sql(&format!("UPDATE api_keys SET {set} WHERE id = '{id}'"));
    };
    let far = now + 200 * DAY;
    make("Quiet", &format!("expires_at = {far}, last_used_at = {now}, attention_at = {far}"));
    make("Soon", &format!("expires_at = {}, attention_at = {now}", now + 5 * DAY));
    make("Expired", &format!("expires_at = {now}, attention_at = 1"));
    make("Paused", &format!("disabled_at = 5, expires_at = {far}, attention_at = {far}"));
    make("Paused and expired", "disabled_at = 5, expires_at = 1, attention_at = 1");
    make("Paused and revoked", "disabled_at = 5, revoked_at = 5, attention_at = 1");
    make("Revoked", "revoked_at = 5, attention_at = 1");
    make("Expired and revoked", "expires_at = 1, revoked_at = 5, attention_at = 1");
    let manager = app.super_manager();
    let tabs = manager.get("/api-keys").all(".tabs a");
    assert_eq!(tabs, ["All 5", "Disabled 1", "Expired 2", "Revoked 3"]);
    let all = ["Expired", "Paused", "Paused and expired", "Quiet", "Soon"];
    let first = "1–5 of 5 keys. You can create 97 more.";
    for (view, expected, footer) in [
        ("all", &all[..], first),
        ("disabled", &["Paused"], "1–1 of 1 key."),
        ("expired", &["Expired", "Paused and expired"], "1–2 of 2 keys."),
        ("revoked", &["Expired and revoked", "Paused and revoked", "Revoked"], "1–3 of 3 keys."),
        ("nonsense", &all, first),
    ] {
        let page = manager.get(&format!("/api-keys?view={view}&sort=name"));
        assert_eq!(names(&page), expected, "{view}");
        assert_eq!(page.text(".foot .num"), footer, "{view}");
        assert_eq!(page.all(".tabs a[aria-current=page]").len(), 1, "{view}");
    }
    let page = manager.get("/attention?sort=name");
    assert_eq!(names(&page), ["Soon"]);
    assert_eq!(page.text(".foot .num"), "1–1 of 1");
    assert_eq!(page.text(".section-tabs a[aria-current=page]"), "Keys 1");
}

#[test]
fn a_key_needs_attention_from_the_moment_its_badge_changes() {
    let app = App::set_up();
    app.without_reviews();
    let manager = app.super_manager();
    let create = |name: &str, date: &str, environment: &str| {
        let fields = [
            ("name", name),
            ("environment", environment),
            ("lifetime", "date"),
            ("expires_on", date),
        ];
        assert_eq!(manager.create_key(&fields).status, 200);
    };
    create("Expires", "2026-12-20", "production");
    create("Unused", "2027-11-01", "staging");
    create("Rotates", "2027-11-01", "production");
    let now = app.site.clock.now().millis();
    app.sql(&format!("UPDATE api_keys SET last_used_at = {now} WHERE name = 'Rotates'"));
    // Every write of the row recomputes `attention_at`, so edit the key after its use is set.
    let id = app.texts("SELECT id AS text FROM api_keys WHERE name = 'Rotates'").remove(0);
    assert_eq!(manager.edit_key(&id, &[("notes", "Used")]).status, 303);
    let attention = |app: &App| {
        let page = app.super_manager().get("/attention?sort=name");
        let tab = page.all(".section-tabs a").remove(0);
        let count = names(&page).len();
        assert_eq!(tab, if count == 0 { "Keys".into() } else { format!("Keys {count}") });
        names(&page)
    };
    assert!(attention(&app).is_empty());
    // The badge changes 14 days before the last day starts, on 6 December at 00:00.
    app.advance(12 * DAY + DAY / 2 - 1);
    assert!(attention(&app).is_empty());
    app.advance(1);
    assert_eq!(attention(&app), ["Expires"]);
    app.advance(30 * DAY - (12 * DAY + DAY / 2) - 1);
    assert_eq!(
        attention(&app),
        [""; 0],
        "one has expired, and another is not yet unused for 30 days"
    );
    app.advance(1);
    assert_eq!(attention(&app), ["Unused"]);
    app.advance(60 * DAY);
    assert_eq!(attention(&app), ["Rotates", "Unused"]);
}

#[test]
fn search_finds_parts_of_names_and_key_ids_case_insensitively() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker – Köln");
    app.key("Route planner");
    let (whole, digits) = (id.as_str(), &id[4..]);
    let all = [
        "Billing",
        "BILLING",
        "ling wor",
        "köln",
        "KÖLN",
        "Ko\u{308}ln",
        "–",
        whole,
        digits,
        &whole.to_lowercase(),
        &whole.to_uppercase(),
        &format!(" {whole} "),
        &whole[..9],
        &whole[..15],
        &digits[2..8],
        &digits[2..8].to_lowercase(),
    ]
    .map(str::to_owned);
    for text in all {
        assert_eq!(names(&search(&manager, &text)), ["Billing worker – Köln"], "{text:?}");
    }
    assert_eq!(names(&search(&manager, "key_")).len(), 0, "every Key ID starts with it");
    assert_eq!(names(&search(&manager, "")).len(), 2);
    assert_eq!(names(&search(&manager, "  ")).len(), 2);
    assert_eq!(names(&search(&manager, "Billing  worker")), ["Billing worker – Köln"]);
    for unmatched in ["key_00000000000A", &format!("{whole}0"), "xyzzy"] {
        let page = search(&manager, unmatched);
        assert!(names(&page).is_empty(), "{unmatched}");
        let shown = unmatched.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(page.text(".empty h2"), format!("No keys match “{shown}”"));
        assert_eq!(
            page.text(".empty p"),
            "Check the spelling, or search for part of the name, the owner or an ID."
        );
        assert_eq!(page.text(".empty a"), "Clear Filters");
        assert_eq!(page.attribute("#q", "value").as_deref(), Some(unmatched));
    }
}

#[test]
fn wildcards_are_ordinary_characters_in_a_search() {
    let app = App::set_up();
    let manager = app.super_manager();
    for name in ["100% done", "100 done", "a_b", "axb", "back\\slash", "backslash", "it's", "[x]*"]
    {
        app.key(name);
    }
    for (text, expected) in [
        ("%", &["100% done"][..]),
        ("0%", &["100% done"]),
        ("a_b", &["a_b"]),
        ("\\", &["back\\slash"]),
        ("k\\s", &["back\\slash"]),
        ("'", &["it's"]),
        ("*", &["[x]*"]),
        ("[x]", &["[x]*"]),
        ("%%", &[]),
        ("\\%", &[]),
        ("__", &[]),
        ("key_%", &[]),
        ("key\\_", &[]),
    ] {
        assert_eq!(names(&search(&manager, text)), expected, "{text}");
    }
    assert_eq!(names(&search(&manager, "_")), ["a_b"], "every Key ID contains one");
}

#[test]
fn filters_narrow_by_role_and_environment_and_are_kept() {
    let app = App::set_up();
    for (name, environment, role) in [
        ("Apollo", "production", "read-only"),
        ("Bolivia", "staging", "read-only"),
        ("Cologne", "development", "full-access"),
        ("Dublin", "production", "full-access"),
    ] {
        app.key_from(&draft(name, environment, role));
    }
    let manager = app.super_manager();
    for (query, expected) in [
        ("role=read-only", &["Apollo", "Bolivia"][..]),
        ("environment=production", &["Apollo", "Dublin"]),
        ("role=full-access&environment=production", &["Dublin"]),
        ("role=full-access&environment=production&q=dublin", &["Dublin"]),
        ("role=full-access&environment=production&q=apollo", &[]),
        ("role=read-and-write", &[]),
        ("role=no-such-role", &[]),
        ("role=&environment=&q=", &["Apollo", "Bolivia", "Cologne", "Dublin"]),
        ("environment=nowhere", &["Apollo", "Bolivia", "Cologne", "Dublin"]),
    ] {
        let page = manager.get(&format!("/api-keys?sort=name&{query}"));
        assert_eq!(names(&page), expected, "{query}");
    }
    let page = manager.get("/api-keys?role=read-only&environment=staging&sort=name&view=all");
    assert_eq!(
        page.attribute("#filter-role option[selected]", "value").as_deref(),
        Some("read-only")
    );
    let chosen = page.attribute("#filter-environment option[selected]", "value");
    assert_eq!(chosen.as_deref(), Some("staging"));
    let kept = page.form_fields("form.filters");
    assert!(kept.contains(&("sort".into(), "name".into())), "a search keeps the sort order");
    let tab = page.attribute(".tabs a:nth-of-type(3)", "href").expect("a tab");
    for kept in ["role=read-only", "environment=staging", "sort=name", "view=expired"] {
        assert!(tab.contains(kept), "{kept} in {tab}");
    }
    let none = manager.get("/api-keys?role=read-and-write");
    assert_eq!(none.text(".empty h2"), "No keys match these filters");
}

#[test]
fn an_empty_table_explains_why_it_is_empty() {
    let app = App::set_up();
    let manager = app.super_manager();
    let empty = manager.get("/api-keys");
    assert_eq!(empty.text(".empty h2"), "No API keys yet");
    assert_eq!(
        empty.text(".empty p"),
        "An application needs a key to call your API. Create one for each application, so \
         you can revoke one without affecting the others."
    );
    assert_eq!(empty.text(".empty a"), "Create New Key");
    assert_eq!(empty.text(".steps a[href='/get-started']"), "Protect your API");
    assert!(!empty.has(".tabs"));
    let id = app.key("Billing worker");
    for (path, heading) in [
        ("/attention", "Nothing needs attention"),
        ("/api-keys?view=disabled", "No disabled keys"),
        ("/api-keys?view=expired", "No expired keys"),
        ("/api-keys?view=revoked", "No revoked keys"),
    ] {
        let page = manager.get(path);
        assert_eq!(page.text(".empty h2"), heading);
        assert!(page.has(".tabs"));
    }
    manager.submit(&format!("/api-keys/{id}/revoke"), &[]);
    assert_eq!(manager.get("/api-keys").text(".empty h2"), "Every key is revoked");
}

#[test]
fn head_responds_like_get_without_a_body_and_other_methods_get_an_allow_header() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("Billing worker");
    for (path, allow) in [
        ("/api-keys".to_owned(), "GET, HEAD, POST"),
        ("/api-keys/new".into(), "GET, HEAD"),
        (format!("/api-keys/{id}"), "GET, HEAD"),
        (format!("/api-keys/{id}/edit"), "GET, HEAD, POST"),
        (format!("/api-keys/{id}/disable"), "GET, HEAD, POST"),
        (format!("/api-keys/{id}/revoke"), "GET, HEAD, POST"),
        ("/sign-out".into(), "POST"),
        ("/preferences/theme".into(), "POST"),
        ("/sign-in".into(), "GET, HEAD, POST"),
    ] {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
            let page = manager.any(method, &path);
            assert_eq!(page.status, 405, "{method} {path}");
            assert_eq!(page.header("allow"), allow, "{method} {path}");
            assert_eq!(page.text("h1"), "This page cannot be used that way", "{method} {path}");
        }
        if allow == "POST" {
            assert_eq!(manager.any("HEAD", &path).status, 405, "HEAD {path}");
            assert_eq!(manager.get(&path).status, 405, "GET {path}");
            continue;
        }
        let (get, head) = (manager.get(&path), manager.any("HEAD", &path));
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[test]
fn a_head_request_does_not_consume_the_notice() {
    let app = App::set_up();
    let manager = app.super_manager();
    manager.key_named("Billing worker");
    assert_eq!(manager.any("HEAD", "/api-keys").status, 200);
    assert_eq!(manager.get("/api-keys").text("#notice"), "“Billing worker” created.");
}
