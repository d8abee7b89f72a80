//! Scopes that keys gain when they are added, because the built-in role of the keys includes them.

use latchkey::domain::api_keys::Draft;
use latchkey::domain::members::Permission;

use crate::support::{App, Client, Page, replaced, usual_draft};

const DAY: i64 = 24 * 60 * 60 * 1000;

const DOCUMENT: &str = r#"{"openapi":"3.0.3","paths":{"/drivers":{"get":{},"post":{}},
    "/route-planning":{"get":{},"post":{}}}}"#;

fn key(app: &App, name: &str, role: &str) -> String {
    app.key_from(&Draft { name: name.into(), role: role.into(), ..usual_draft() })
}

/// One key with Read-only, two with Read and write and one with Full access, and keys that gain
/// nothing.
fn keys(app: &App) -> Client {
    app.key_from(&Draft { name: "Expired".into(), lifetime: "30".into(), ..usual_draft() });
    app.advance(31 * DAY);
    key(app, "Reads", "read-only");
    key(app, "Writes", "read-and-write");
    key(app, "Writes too", "read-and-write");
    key(app, "Does everything", "full-access");
    app.key_from(&Draft {
        name: "Selected".into(),
        access: "selected".into(),
        scopes: vec!["orders:read".into()],
        ..usual_draft()
    });
    let manager = app.super_manager();
    let revoked = app.key("Revoked");
    assert_eq!(manager.submit(&format!("/api-keys/{revoked}/revoke"), &[]).status, 303);
    manager
}

fn preview(manager: &Client) -> Page {
    let page = manager.submit("/scopes/import", &[("document", DOCUMENT)]);
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

fn add(manager: &Client, form: &Page, operation: &str) -> Page {
    let fields = form.form_fields("#new form");
    let typed = [("resource", "drivers"), ("operation", operation)];
    manager.post("/scopes", &replaced(&fields, &typed))
}

#[test]
fn a_disabled_key_counts_because_it_may_be_enabled_again() {
    let app = App::set_up();
    let manager = app.super_manager();
    let disabled = app.key("Disabled");
    let reason = [("reason", "The partner is on holiday"), ("until", "1h")];
    assert_eq!(manager.submit(&format!("/api-keys/{disabled}/disable"), &reason).status, 303);
    assert!(manager.get("/scopes/new").text("#gains p").contains("1 key read access"));
}

#[test]
fn the_form_says_how_many_keys_gain_a_scope_and_links_to_them() {
    let app = App::set_up();
    let manager = keys(&app);
    let form = manager.get("/scopes/new");
    assert_eq!(
        form.text("#gains p"),
        "Adding this scope gives 4 keys read access, 3 keys write access or 1 key any other access \
         immediately, because their built-in role includes every such scope. \
         See the keys with Read-only, Read and write, Full access."
    );
    for role in ["read-only", "read-and-write", "full-access"] {
        assert!(form.has(&format!("#gains a[href='/api-keys?role={role}']")), "{role}");
    }
    let added = add(&manager, &form, "read");
    assert_eq!(added.status, 303, "no further click is needed: {}", added.body);
    assert_eq!(
        manager.get("/scopes").text("#notice"),
        "drivers:read added. 4 keys can now read drivers."
    );
    assert_eq!(add(&manager, &manager.get("/scopes/new"), "track").status, 303);
    assert_eq!(
        manager.get("/scopes").text("#notice"),
        "drivers:track added. 1 key can now use drivers:track."
    );
}

#[test]
fn a_scope_that_keys_gain_is_not_added_before_their_number_was_shown() {
    let app = App::set_up();
    let manager = keys(&app);
    let form = manager.get("/scopes/new");
    key(&app, "Reads too", "read-only");
    let before = app.contents();
    let unseen = [("resource", "drivers"), ("operation", "read"), ("description", "All drivers")];
    for answer in [
        manager.submit_from("/scopes/new", "/scopes", &unseen),
        add(&manager, &form, "read"),
        manager.submit_from(
            "/scopes/new",
            "/scopes",
            &[&unseen[..], &[("confirmed", "x")]].concat(),
        ),
    ] {
        assert_eq!(answer.status, 422);
        let asked = "Check the number of keys, then add again. Adding this scope gives 5 keys read";
        assert!(answer.text("#gains[autofocus] p").starts_with(asked), "{}", answer.body);
        assert_eq!(answer.attribute("#resource", "value").as_deref(), Some("drivers"));
    }
    assert_eq!(app.contents(), before);
    let answer = add(&manager, &form, "read");
    let fields = answer.form_fields("#new form");
    assert_eq!(manager.post("/scopes", &replaced(&fields, &[])).status, 303);
}

#[test]
fn a_scope_that_no_key_gains_is_added_without_a_question() {
    let app = App::set_up();
    let manager = app.super_manager();
    assert!(!manager.get("/scopes/new").has("#gains"));
    key(&app, "Reads", "read-only");
    let fields = [("resource", "drivers"), ("operation", "write")];
    assert_eq!(manager.submit_from("/scopes/new", "/scopes", &fields).status, 303);
    assert_eq!(manager.get("/scopes").text("#notice"), "drivers:write added.");
}

#[test]
fn the_preview_says_how_many_keys_gain_scopes_and_selects_only_read_scopes() {
    let app = App::set_up();
    let manager = keys(&app);
    let page = preview(&manager);
    let text = page.text("#gains p");
    assert!(
        text.starts_with(
            "Adding these gives 4 keys read access and 3 keys write access immediately, because \
             their built-in role includes every read or write scope. Only read scopes are selected."
        ),
        "{text}"
    );
    assert!(page.has("#gains a[href='/api-keys?role=read-and-write']"));
    let fields = page.form_fields("#preview form");
    let selected: Vec<_> = fields.iter().filter(|(name, _)| name == "scopes").collect();
    assert_eq!(selected.len(), 2);
    assert!(selected.iter().all(|(_, scope)| scope.ends_with(":read")), "{selected:?}");
    let mut all = replaced(&fields, &[]);
    all.extend([("scopes", "drivers:write"), ("scopes", "route-planning:write")]);
    let added = manager.post("/scopes/import/confirm", &all);
    assert_eq!(added.status, 303, "no further click is needed: {}", added.body);
    assert_eq!(
        manager.get("/scopes").text("#notice"),
        "4 scopes added. 4 keys can now read drivers and route-planning; 3 can write them."
    );
}

#[test]
fn an_import_that_keys_gain_is_not_made_before_their_number_was_shown() {
    let app = App::set_up();
    let manager = keys(&app);
    let fields = preview(&manager).form_fields("#preview form");
    key(&app, "Writes as well", "read-and-write");
    let before = app.contents();
    for confirmed in [None, Some(""), Some("x")] {
        let changed: Vec<_> = confirmed.map(|text| ("confirmed", text)).into_iter().collect();
        let answer = manager.post("/scopes/import/confirm", &replaced(&fields, &changed));
        assert_eq!(answer.status, 422);
        let asked = "Check the number of keys, then add again. Adding these gives 5 keys read";
        assert!(answer.text("#gains[autofocus] p").starts_with(asked), "{}", answer.body);
        assert_eq!(app.contents(), before);
        let again = answer.form_fields("#preview form");
        let of = |fields: &[(String, String)]| {
            let scopes = fields.iter().filter(|(name, _)| name == "scopes");
            scopes.map(|(_, scope)| scope.clone()).collect::<Vec<_>>()
        };
        assert_eq!(of(&again), of(&fields), "the selection is kept");
    }
    let answer = manager.post("/scopes/import/confirm", &replaced(&fields, &[]));
    let again = answer.form_fields("#preview form");
    assert_eq!(manager.post("/scopes/import/confirm", &replaced(&again, &[])).status, 303);
    assert_eq!(
        manager.get("/scopes").text("#notice"),
        "2 scopes added. 5 keys can now read drivers and route-planning."
    );
}

#[test]
fn viewers_who_may_not_view_keys_see_how_many_gain_a_scope_without_links() {
    let app = App::set_up();
    keys(&app);
    let manager = app.super_manager_with(&[Permission::ManageRoles]);
    let form = manager.get("/scopes/new");
    assert!(form.text("#gains p").contains("4 keys read access"), "{}", form.body);
    assert!(!form.has("#gains a"));
}
