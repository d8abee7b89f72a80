//! Roles: create, edit, delete; what an edit takes from keys is said before it is saved.

use latchkey::domain::api_keys::Draft;

use crate::support::{App, Client, Page, replaced, usual_draft};

const BILLING: [(&str, &str); 5] = [
    ("name", "Billing"),
    ("description", "Invoice export"),
    ("scopes", "invoices:read"),
    ("scopes", "invoices:write"),
    ("scopes", "orders:read"),
];

/// Creates the role Billing.
fn with_billing() -> (App, Client) {
    let app = App::set_up();
    let manager = app.super_manager();
    let answer = manager.submit_from("/roles/new", "/roles", &BILLING);
    assert_eq!((answer.status, answer.location()), (303, "/roles#role-billing"), "{}", answer.body);
    (app, manager)
}

/// Adds a key with the role, with only `scopes` unless there are none.
fn key(app: &App, name: &str, scopes: &[&str]) -> String {
    let access = if scopes.is_empty() { "role" } else { "selected" };
    app.key_of(&Draft {
        name: name.into(),
        role: "billing".into(),
        access: access.into(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
        ..usual_draft()
    })
}

/// Sends the edit form of Billing as it stands, but for `fields`.
fn edit(manager: &Client, fields: &[(&str, &str)]) -> Page {
    let shown = manager.get("/roles/billing/edit").form_fields("#edit form");
    manager.post("/roles/billing/edit", &replaced(&shown, fields))
}

#[test]
fn a_role_is_created_seen_edited_and_deleted() {
    let (app, manager) = with_billing();
    let page = manager.get("/roles");
    assert_eq!(page.text("#notice"), "“Billing” created.");
    let row = "#role-billing";
    assert_eq!(page.text(&format!("{row} .name")), "BillingInvoice export");
    let chips = page.all(&format!("{row} .chip"));
    assert_eq!(chips, ["orders:read", "invoices:read", "invoices:write"]);
    assert_eq!(page.text(&format!("{row} .num")), "No keys");
    assert_eq!(page.all(&format!("{row} .act")), ["Edit", "Delete"]);
    let create = manager.get("/api-keys/new");
    assert!(create.has("#role option[value=billing]"), "keys can have it");
    let saved =
        edit(&manager, &[("name", "Invoicing"), ("description", ""), ("scopes", "reports:read")]);
    assert_eq!((saved.status, saved.location()), (303, "/roles#role-billing"), "{}", saved.body);
    let page = manager.get("/roles");
    assert_eq!(page.text("#notice"), "“Invoicing” saved.");
    assert_eq!(page.text(&format!("{row} .name")), "Invoicing", "its slug stays");
    assert_eq!(page.all(&format!("{row} .chip")), ["reports:read"]);
    let gone = manager.submit("/roles/billing/delete", &[]);
    assert_eq!((gone.status, gone.location()), (303, "/roles"));
    let page = manager.get("/roles");
    assert_eq!(page.text("#notice"), "“Invoicing” deleted.");
    assert!(!page.has(row));
    assert_eq!(app.count("role_scopes"), 0);
    let events =
        app.texts("SELECT event AS text FROM activity WHERE subject_kind = 'role' ORDER BY number");
    assert_eq!(events, ["role.created", "role.edited", "role.deleted"]);
    let told = &app.texts("SELECT details AS text FROM activity WHERE event = 'role.edited'")[0];
    for part in ["Role Name", "Billing", "Invoicing", "Scopes", "invoices:write", "reports:read"] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn built_in_roles_are_shown_and_can_be_duplicated() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.get("/roles");
    assert_eq!(page.all(".tag"), ["Built in"; 3]);
    assert_eq!(page.text("#role-full-access .chip"), "All 6 scopes");
    assert!(page.text(".panel-note").starts_with("There are no roles of your own yet."));
    assert!(!page.has("[href$='/edit']") && !page.has("[href$='/delete']"));
    let href = page.attribute("#role-read-only .act", "href").expect("a link");
    let form = manager.get(&href).form_fields("#new form");
    let ticked: Vec<_> =
        form.iter().filter(|(name, _)| name == "scopes").map(|(_, v)| v.as_str()).collect();
    assert_eq!(ticked, ["orders:read", "invoices:read", "reports:read"]);
    let answer = manager.post("/roles", &replaced(&form, &[("name", "Auditor")]));
    assert_eq!(answer.location(), "/roles#role-auditor", "{}", answer.body);
}

#[test]
fn slugs_are_unique_and_names_too_without_regard_to_case() {
    let (_app, manager) = with_billing();
    let create = |name: &str| {
        manager.submit_from("/roles/new", "/roles", &[("name", name), ("scopes", "orders:read")])
    };
    assert_eq!(create("Billing!").location(), "/roles#role-billing-2");
    assert_eq!(create("Read only").location(), "/roles#role-read-only-2");
    assert_eq!(create("New").location(), "/roles#role-new-2");
    for taken in ["BILLING", " billing ", "full ACCESS", "Read-only"] {
        let answer = create(taken);
        assert_eq!(answer.status, 422);
        assert!(answer.error_of("name").starts_with("Another role is already called"), "{taken}");
    }
    let own = edit(&manager, &[("name", "BILLING")]);
    assert_eq!(own.status, 303, "its own name: {}", own.body);
    assert!(edit(&manager, &[("name", "Billing!")]).error_of("name").starts_with("Another role"));
}

#[test]
fn a_role_holds_scopes_that_exist_and_at_least_one() {
    let (app, manager) = with_billing();
    let before = app.contents();
    for (scope, message) in [
        ("", "There is no scope “”. Choose from the list"),
        ("orders:fly", "There is no scope “orders:fly”. Choose from the list"),
        ("*", "There is no scope “*”. Choose from the list"),
    ] {
        let fields = [("name", "Other"), ("scopes", "orders:read"), ("scopes", scope)];
        let created = manager.submit_from("/roles/new", "/roles", &fields);
        for answer in [created, edit(&manager, &fields)] {
            assert_eq!((answer.status, answer.error_of("scopes").as_str()), (422, message));
        }
    }
    let none = manager.submit_from("/roles/new", "/roles", &[("name", "Other")]);
    assert_eq!(none.errors(), ["Choose at least one scope"]);
    assert_eq!(app.contents(), before);
}

#[test]
fn a_role_that_any_key_has_cannot_be_deleted_also_when_the_key_comes_between() {
    let (app, manager) = with_billing();
    let token = manager.get("/roles/billing/delete").form_token();
    let id = key(&app, "Late", &[]);
    let before = app.contents();
    let refused = manager.post("/roles/billing/delete", &[("form_token", &token)]);
    assert_eq!(refused.status, 422);
    assert!(refused.text("#errors").starts_with("1 key has this role."), "{}", refused.body);
    assert!(!refused.has("#delete .btn-danger"));
    assert_eq!(app.contents(), before);
    assert!(!manager.get("/roles").has("#role-billing [href$='/delete']"));
    assert_eq!(manager.get("/roles").text("#role-billing .num"), "1 key");
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    let page = manager.get("/roles");
    assert_eq!(page.text("#role-billing .num"), "No keys1 revoked");
    let href = page.attribute("#role-billing .num a", "href").expect("a link");
    assert_eq!(manager.get(&href).all("tbody .keyid"), [id.as_str()]);
    let refused = manager.submit("/roles/billing/delete", &[]);
    assert_eq!(refused.status, 422);
    assert!(refused.text("#errors").contains("all of them revoked"), "{}", refused.body);
    assert!(manager.get(&format!("/api-keys/{id}")).text(".kv").contains("Billing"));
}

#[test]
fn what_an_edit_takes_from_keys_is_said_and_confirmed() {
    let (app, manager) = with_billing();
    let whole = key(&app, "Whole", &[]);
    let part = key(&app, "Part", &["invoices:read"]);
    let emptied = key(&app, "Emptied", &["invoices:write"]);
    let gone = key(&app, "Gone", &[]);
    assert_eq!(manager.submit(&format!("/api-keys/{gone}/revoke"), &[]).status, 303);
    let before = app.contents();
    let less = [("description", "Less"), ("scopes", "invoices:read")];
    let asked = edit(&manager, &less);
    assert_eq!(asked.status, 422);
    assert_eq!(app.contents(), before, "nothing yet");
    let lines = ["2 keys lose invoices:write", "1 key loses orders:read"];
    assert_eq!(asked.all("#losses li"), lines);
    assert_eq!(asked.all("#losses a"), ["Emptied", "Whole", "Emptied"]);
    let named = [&emptied, &whole].map(|id| format!("#losses [href='/api-keys/{id}']"));
    assert!(named.iter().all(|link| asked.has(link)) && !asked.body.contains(&gone));
    assert!(asked.text("#losses strong").starts_with("1 key is left with nothing"));
    assert!(!asked.text("#losses").contains("Part"));
    let form = asked.form_fields("#edit form");
    assert!(form.contains(&("description".into(), "Less".into())), "input is kept");
    // Meanwhile somebody adds a key that would lose a scope as well: it is shown first.
    key(&app, "Newcomer", &[]);
    let again = manager.post("/roles/billing/edit", &replaced(&form, &[]));
    assert_eq!(again.status, 422);
    assert_eq!(again.all("#losses a"), ["Emptied", "Newcomer", "Whole", "Emptied"]);
    // Another change than the one that was confirmed is asked about, too.
    let form = again.form_fields("#edit form");
    let other = manager.post("/roles/billing/edit", &replaced(&form, &[("scopes", "orders:read")]));
    assert_eq!(other.status, 422);
    assert!(other.text("#losses").contains("invoices:read"));
    for _ in 0..2 {
        let saved = manager.post("/roles/billing/edit", &replaced(&form, &[]));
        assert_eq!(
            (saved.status, saved.location()),
            (303, "/roles#role-billing"),
            "{}",
            saved.body
        );
    }
    assert_eq!(app.texts("SELECT scope AS text FROM role_scopes"), ["invoices:read"]);
    assert_eq!(app.number("SELECT version FROM roles WHERE slug = 'billing'"), 2);
    let shown = manager.get(&format!("/api-keys/{emptied}"));
    assert!(!shown.has("#scopes-t ~ * .chip") && shown.body.contains("None. The role no longer"));
    assert_eq!(manager.get(&format!("/api-keys/{part}")).all(".chip"), ["invoices:read"]);
}

#[test]
fn nothing_is_asked_where_no_key_loses_anything() {
    let (app, manager) = with_billing();
    key(&app, "Part", &["invoices:read"]);
    let saved = edit(&manager, &[("scopes", "invoices:read"), ("scopes", "reports:read")]);
    assert_eq!(saved.status, 303, "{}", saved.body);
    let before = app.contents();
    assert_eq!(edit(&manager, &[]).status, 303);
    assert_eq!(app.contents(), before, "saving without a change records nothing");
}

#[test]
fn long_lists_of_what_is_lost_are_bounded() {
    let (app, manager) = with_billing();
    for n in 0..25 {
        key(&app, &format!("Worker {n:02}"), &[]);
    }
    let asked = edit(&manager, &[("scopes", "invoices:read")]);
    assert_eq!(asked.all("#losses a").len(), 10);
    assert!(asked.text("#losses").contains("and 15 keys more"), "{}", asked.text("#losses"));
}

#[test]
fn the_second_of_two_editors_sees_the_first_one_s_change_and_can_save_after_it() {
    let (app, first) = with_billing();
    let second = app.super_manager();
    let stale = second.get("/roles/billing/edit").form_fields("#edit form");
    assert_eq!(edit(&first, &[("name", "Invoicing"), ("scopes", "orders:read")]).status, 303);
    let mine = [("description", "Mine")];
    let before = app.contents();
    let refused = second.post("/roles/billing/edit", &replaced(&stale, &mine));
    assert_eq!(refused.status, 409);
    assert_eq!(app.contents(), before);
    let said = refused.text("#errors");
    assert!(said.contains("Someone else changed this role. Check their changes, then save again"));
    assert_eq!(refused.all("#errors ins"), ["Invoicing", "orders:read"]);
    let kept = refused.form_fields("#edit form");
    assert!(kept.contains(&("description".into(), "Mine".into())));
    let saved = second.post("/roles/billing/edit", &replaced(&kept, &[]));
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(app.number("SELECT version FROM roles WHERE slug = 'billing'"), 3);
}

#[test]
fn a_form_that_was_sent_does_nothing_the_second_time() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/roles/new").form_token();
    let fields = [&[("form_token", token.as_str())], &BILLING[..]].concat();
    assert_eq!(manager.post("/roles", &fields).status, 303);
    let again = manager.post("/roles", &fields);
    assert_eq!((again.status, again.location()), (303, "/roles"));
    assert_eq!(app.number("SELECT COUNT(*) FROM roles WHERE coverage = 'chosen'"), 1);
    let token = manager.get("/roles/billing/delete").form_token();
    for _ in 0..2 {
        let gone = manager.post("/roles/billing/delete", &[("form_token", &token)]);
        assert_eq!((gone.status, gone.location()), (303, "/roles"));
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM activity WHERE event = 'role.deleted'"), 1);
}

#[test]
fn roles_that_include_a_scope_can_be_shown_alone() {
    let (_app, manager) = with_billing();
    let page = manager.get("/roles?scope=invoices:write");
    assert_eq!(page.all("tbody tr").len(), 3);
    assert!(page.has("#role-billing") && !page.has("#role-read-only"));
    assert!(page.text("#filtered").starts_with("Roles that include invoices:write."));
    for odd in ["%00", "<b>", "orders", "%FF"] {
        assert_eq!(manager.get(&format!("/roles?scope={odd}")).all("tbody tr").len(), 4);
    }
}
