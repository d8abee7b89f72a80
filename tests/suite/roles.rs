//! Roles: create, edit and delete them. An edit shows which scopes keys lose before it is saved.

use latchkey::domain::api_keys::Draft;

use crate::support::{App, Client, Page, replaced, usual_draft};

const BILLING: [(&str, &str); 5] = [
    ("name", "Billing"),
    ("description", "Invoice export"),
    ("scopes", "invoices:read"),
    ("scopes", "invoices:write"),
    ("scopes", "orders:read"),
];

/// An organisation with the role Billing, and a super manager.
fn with_billing() -> (App, Client) {
    let app = App::set_up();
    let manager = app.super_manager();
    let answer = manager.submit_from("/roles/new", "/roles", &BILLING);
    assert_eq!((answer.status, answer.location()), (303, "/roles#role-billing"), "{}", answer.body);
    (app, manager)
}

/// Creates a key with the role Billing. With `scopes`, the key has only those.
fn create_key(app: &App, name: &str, scopes: &[&str]) -> String {
    let access = if scopes.is_empty() { "role" } else { "selected" };
    app.key_from(&Draft {
        name: name.into(),
        role: "billing".into(),
        access: access.into(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
        ..usual_draft()
    })
}

/// Submits the edit form of Billing as it is shown, except for `fields`.
fn edit(manager: &Client, fields: &[(&str, &str)]) -> Page {
    let form = manager.get("/roles/billing/edit").form_fields("#edit form");
    manager.post("/roles/billing/edit", &replaced(&form, fields))
}

#[test]
fn a_role_is_created_shown_edited_and_deleted() {
    let (app, manager) = with_billing();
    let page = manager.get("/roles");
    assert_eq!(page.text("#notice"), "“Billing” created.");
    let row = "#role-billing";
    assert_eq!(page.text(&format!("{row} .name")), "BillingInvoice export");
    let chips = page.all(&format!("{row} .chip"));
    assert_eq!(chips, ["orders:read", "invoices:read", "invoices:write"]);
    assert_eq!(page.text(&format!("{row} .num")), "No keys");
    assert_eq!(page.all(&format!("{row} .act")), ["Edit", "Duplicate", "Delete"]);
    let create = manager.get("/api-keys/new");
    assert!(create.has("#role option[value=billing]"), "keys can have it");
    let saved =
        edit(&manager, &[("name", "Invoicing"), ("description", ""), ("scopes", "reports:read")]);
    assert_eq!((saved.status, saved.location()), (303, "/roles#role-billing"), "{}", saved.body);
    let page = manager.get("/roles");
    assert_eq!(page.text("#notice"), "“Invoicing” saved.");
    assert_eq!(page.text(&format!("{row} .name")), "Invoicing", "the slug does not change");
    assert_eq!(page.all(&format!("{row} .chip")), ["reports:read"]);
    let deleted = manager.submit("/roles/billing/delete", &[]);
    assert_eq!((deleted.status, deleted.location()), (303, "/roles"));
    let page = manager.get("/roles");
    assert_eq!(page.text("#notice"), "“Invoicing” deleted.");
    assert!(!page.has(row));
    assert_eq!(app.count("role_scopes"), 0);
    let events =
        app.texts("SELECT event AS text FROM activity WHERE subject_kind = 'role' ORDER BY number");
    assert_eq!(events, ["role.created", "role.edited", "role.deleted"]);
    let details = &app.texts("SELECT details AS text FROM activity WHERE event = 'role.edited'")[0];
    for part in ["Role Name", "Billing", "Invoicing", "Scopes", "invoices:write", "reports:read"] {
        assert!(details.contains(part), "{part} in {details}");
    }
}

#[test]
fn built_in_roles_are_shown_and_can_be_duplicated() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.get("/roles");
    assert_eq!(page.all(".tag"), ["Built in"; 3]);
    assert_eq!(page.text("#role-full-access .chip"), "All 6 scopes");
    assert!(page.text(".panel-note").starts_with("No custom roles yet."));
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
fn every_role_has_a_page_with_its_scopes_and_keys() {
    let (app, manager) = with_billing();
    let table = manager.get("/roles");
    for slug in ["read-only", "billing"] {
        let link = table.attribute(&format!("#role-{slug} .name a"), "href");
        assert_eq!(link, Some(format!("/roles/{slug}")));
    }
    let page = manager.get("/roles/read-only");
    assert_eq!((page.status, page.text("h1").as_str()), (200, "Read-only"));
    assert_eq!(page.all(".chip"), ["orders:read", "invoices:read", "reports:read"]);
    assert_eq!(page.all(".actions a"), ["Duplicate"]);
    let page = manager.get("/roles/billing");
    assert_eq!(page.all(".actions a"), ["Edit", "Duplicate", "Delete"]);
    assert_eq!(page.all("tbody th"), ["Orders", "Invoices"]);
    assert_eq!(page.text("#role-keys"), "No keys");
    let copy = manager.get("/roles/new?from=billing").form_fields("#new form");
    assert_eq!(copy.iter().filter(|(name, _)| name == "scopes").count(), 3);
    create_key(&app, "Billing worker", &[]);
    let page = manager.get("/roles/billing");
    assert_eq!(page.all(".actions a"), ["Edit", "Duplicate"]);
    assert_eq!(page.text("#role-keys"), "1 key");
    let keys = page.attribute("#role-keys a", "href");
    assert_eq!(keys.as_deref(), Some("/api-keys?role=billing"));
    assert!(page.text("aside").contains("cannot be deleted while keys have it"));
    for slug in ["nothing", "Billing", "%00"] {
        assert_eq!(manager.get(&format!("/roles/{slug}")).status, 404, "{slug}");
    }
}

#[test]
fn slugs_are_unique_and_so_are_names_regardless_of_case() {
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
    assert_eq!(own.status, 303, "a role can keep its own name: {}", own.body);
    assert!(edit(&manager, &[("name", "Billing!")]).error_of("name").starts_with("Another role"));
}

#[test]
fn a_role_needs_at_least_one_scope_and_only_existing_ones() {
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
fn a_role_in_use_cannot_be_deleted_even_if_the_key_was_created_after_the_dialog_opened() {
    let (app, manager) = with_billing();
    let token = manager.get("/roles/billing/delete").form_token();
    let id = create_key(&app, "Late", &[]);
    let before = app.contents();
    let rejected = manager.post("/roles/billing/delete", &[("form_token", &token)]);
    assert_eq!(rejected.status, 422);
    assert!(rejected.text("#errors").starts_with("1 key has this role."), "{}", rejected.body);
    assert!(!rejected.has("#delete .btn-danger"));
    assert_eq!(app.contents(), before);
    assert!(!manager.get("/roles").has("#role-billing [href$='/delete']"));
    assert_eq!(manager.get("/roles").text("#role-billing .num"), "1 key");
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    let page = manager.get("/roles");
    assert_eq!(page.text("#role-billing .num"), "No keys1 revoked");
    let href = page.attribute("#role-billing .num a", "href").expect("a link");
    assert_eq!(manager.get(&href).all("tbody .keyid"), [id.as_str()]);
    let rejected = manager.submit("/roles/billing/delete", &[]);
    assert_eq!(rejected.status, 422);
    assert!(rejected.text("#errors").contains("all of them revoked"), "{}", rejected.body);
    assert!(manager.get(&format!("/api-keys/{id}")).text(".kv").contains("Billing"));
}

#[test]
fn an_edit_that_takes_scopes_from_keys_must_be_confirmed() {
    let (app, manager) = with_billing();
    let whole = create_key(&app, "Whole", &[]);
    let part = create_key(&app, "Part", &["invoices:read"]);
    let emptied = create_key(&app, "Emptied", &["invoices:write"]);
    let revoked = create_key(&app, "Gone", &[]);
    assert_eq!(manager.submit(&format!("/api-keys/{revoked}/revoke"), &[]).status, 303);
    let before = app.contents();
    let less = [("description", "Less"), ("scopes", "invoices:read")];
    let confirmation = edit(&manager, &less);
    assert_eq!(confirmation.status, 422);
    assert_eq!(app.contents(), before, "nothing is saved before the confirmation");
    let lines = ["2 keys lose invoices:write", "1 key loses orders:read"];
    assert_eq!(confirmation.all("#losses li"), lines);
    assert_eq!(confirmation.all("#losses a"), ["Emptied", "Whole", "Emptied"]);
    let named = [&emptied, &whole].map(|id| format!("#losses [href='/api-keys/{id}']"));
    assert!(
        named.iter().all(|link| confirmation.has(link)) && !confirmation.body.contains(&revoked)
    );
    assert!(confirmation.text("#losses strong").starts_with("1 key is left with nothing"));
    assert!(!confirmation.text("#losses").contains("Part"));
    let form = confirmation.form_fields("#edit form");
    assert!(form.contains(&("description".into(), "Less".into())), "the input is kept");
    // Another key that loses a scope was added since, so the list is shown again.
    create_key(&app, "Newcomer", &[]);
    let again = manager.post("/roles/billing/edit", &replaced(&form, &[]));
    assert_eq!(again.status, 422);
    assert_eq!(again.all("#losses a"), ["Emptied", "Newcomer", "Whole", "Emptied"]);
    // A different change than the confirmed one needs its own confirmation.
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
fn an_edit_that_takes_no_scopes_needs_no_confirmation() {
    let (app, manager) = with_billing();
    create_key(&app, "Part", &["invoices:read"]);
    let saved = edit(&manager, &[("scopes", "invoices:read"), ("scopes", "reports:read")]);
    assert_eq!(saved.status, 303, "{}", saved.body);
    let before = app.contents();
    assert_eq!(edit(&manager, &[]).status, 303);
    assert_eq!(app.contents(), before, "saving without a change records nothing");
}

#[test]
fn a_long_list_of_keys_that_lose_scopes_is_shortened() {
    let (app, manager) = with_billing();
    for n in 0..25 {
        create_key(&app, &format!("Worker {n:02}"), &[]);
    }
    let confirmation = edit(&manager, &[("scopes", "invoices:read")]);
    assert_eq!(confirmation.all("#losses a").len(), 10);
    assert!(
        confirmation.text("#losses").contains("and 15 keys more"),
        "{}",
        confirmation.text("#losses")
    );
}

#[test]
fn a_conflicting_edit_shows_the_other_change_and_can_then_be_saved() {
    let (app, first) = with_billing();
    let second = app.super_manager();
    let stale = second.get("/roles/billing/edit").form_fields("#edit form");
    assert_eq!(edit(&first, &[("name", "Invoicing"), ("scopes", "orders:read")]).status, 303);
    let own_change = [("description", "Mine")];
    let before = app.contents();
    let conflict = second.post("/roles/billing/edit", &replaced(&stale, &own_change));
    assert_eq!(conflict.status, 409);
    assert_eq!(app.contents(), before);
    let message = conflict.text("#errors");
    assert!(
        message.contains("Someone else changed this role. Check their changes, then save again")
    );
    assert_eq!(conflict.all("#errors ins"), ["Invoicing", "orders:read"]);
    let form = conflict.form_fields("#edit form");
    assert!(form.contains(&("description".into(), "Mine".into())));
    let saved = second.post("/roles/billing/edit", &replaced(&form, &[]));
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(app.number("SELECT version FROM roles WHERE slug = 'billing'"), 3);
}

#[test]
fn a_form_that_is_submitted_twice_has_one_effect() {
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
        let deleted = manager.post("/roles/billing/delete", &[("form_token", &token)]);
        assert_eq!((deleted.status, deleted.location()), (303, "/roles"));
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM activity WHERE event = 'role.deleted'"), 1);
}

#[test]
fn roles_can_be_filtered_by_scope() {
    let (_app, manager) = with_billing();
    let page = manager.get("/roles?scope=invoices:write");
    assert_eq!(page.all("tbody tr").len(), 3);
    assert!(page.has("#role-billing") && !page.has("#role-read-only"));
    assert!(page.text("#filtered").starts_with("Roles that include invoices:write."));
    for odd in ["%00", "<b>", "orders", "%FF"] {
        assert_eq!(manager.get(&format!("/roles?scope={odd}")).all("tbody tr").len(), 4);
    }
}
