//! Scopes: add, describe and remove them, and import them from OpenAPI documents.

use std::fmt::Write as _;

use latchkey::domain::api_keys::Draft;

use crate::support::{App, Client, Page, encoded, replaced, usual_draft};

const DOCUMENT: &str = r#"{"openapi":"3.0.3","components":{"securitySchemes":{"oauth":{"type":"oauth2",
    "flows":{"clientCredentials":{"scopes":{"read:pets":"Read your pets","pets.write":"Change pets",
    "orders:read":"Orders","openid":"Who","<b>\u202e:read":"x"}}}}}}}"#;

fn add(manager: &Client, fields: &[(&str, &str)]) -> Page {
    manager.submit_from("/scopes/new", "/scopes", fields)
}

fn row(scope: &str) -> String {
    format!("[id='{scope}']")
}

#[test]
fn a_scope_is_added_described_and_removed() {
    let app = App::set_up();
    let manager = app.super_manager();
    let fields =
        [("resource", " Shipments"), ("operation", "track"), ("description", "Follow them")];
    let added = add(&manager, &fields);
    assert_eq!(
        (added.status, added.location()),
        (303, "/scopes#shipments:track"),
        "{}",
        added.body
    );
    let page = manager.get("/scopes");
    assert_eq!(page.text("#notice"), "shipments:track added.");
    let cells = page.all(&format!("{} td", row("shipments:track")));
    assert_eq!(
        cells,
        ["Follow them", "1", "0", "DescribeRemove"],
        "Full access includes it automatically"
    );
    let create = manager.get("/api-keys/new");
    assert!(create.has(".matrix [value='shipments:track']"), "keys can have it");
    let saved = manager.submit(
        "/scopes/shipments:track/edit",
        &[("description", "Where they are"), ("version", "1")],
    );
    assert_eq!(
        (saved.status, saved.location()),
        (303, "/scopes#shipments:track"),
        "{}",
        saved.body
    );
    let page = manager.get("/scopes");
    assert_eq!(page.text("#notice"), "shipments:track saved.");
    assert!(page.text(&row("shipments:track")).contains("Where they are"));
    let removed = manager.submit("/scopes/shipments:track/delete", &[]);
    assert_eq!((removed.status, removed.location()), (303, "/scopes"));
    let page = manager.get("/scopes");
    assert_eq!(page.text("#notice"), "shipments:track removed.");
    assert!(!page.has(&row("shipments:track")));
    let events = app.texts(
        "SELECT event AS text FROM activity WHERE subject_id = 'shipments:track' ORDER BY number",
    );
    assert_eq!(events, ["scope.added", "scope.edited", "scope.removed"]);
}

#[test]
fn the_table_counts_the_roles_and_keys_of_a_scope_and_can_be_searched() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.key("Follows its role");
    app.key_from(&Draft {
        name: "Selected".into(),
        access: "selected".into(),
        scopes: vec!["orders:read".into()],
        ..usual_draft()
    });
    let revoked = app.key("Revoked");
    assert_eq!(manager.submit(&format!("/api-keys/{revoked}/revoke"), &[]).status, 303);
    let page = manager.get("/scopes");
    assert_eq!(page.all(".group"), ["Orders", "Invoices", "Reports", "Latchkey"]);
    for (scope, roles, keys) in
        [("orders:read", "3", "2"), ("orders:write", "2", "1"), ("latchkey:introspect", "0", "0")]
    {
        assert_eq!(page.all(&format!("{} .num", row(scope))), [roles, keys], "{scope}");
    }
    assert!(!page.has(&format!("{} .act", row("latchkey:introspect"))));
    let href = page.attribute(&format!("{} a", row("orders:write")), "href").expect("a link");
    assert_eq!(manager.get(&href).all("tbody tr").len(), 2);
    let matches = manager.get("/scopes?q=INVOICES");
    assert_eq!(matches.all("tbody code"), ["invoices:read", "invoices:write"]);
    let none = manager.get("/scopes?q=%3Cb%3Enothing%00");
    assert_eq!(none.text(".empty h2"), "No scopes match “<b>nothing”");
}

#[test]
fn the_page_without_scopes_offers_to_add_or_import_some() {
    let app = App::set_up();
    app.sql("DELETE FROM scopes WHERE NOT built_in");
    let page = app.super_manager().get("/scopes");
    assert_eq!(page.text(".empty h2"), "No scopes yet");
    assert!(page.has("#import") && page.has("#create"));
    assert_eq!(page.all("tbody code"), ["latchkey:introspect"]);
}

#[test]
fn errors_of_a_new_scope_are_shown_at_their_fields() {
    let app = App::set_up();
    let manager = app.super_manager();
    let before = app.contents();
    let cases: [(&str, &str, &str, &str); 5] = [
        ("", "read", "resource", "Enter a resource"),
        ("orders", "", "operation", "Enter an operation"),
        ("latchkey", "read", "resource", "“latchkey” is Latchkey’s own. Choose another name"),
        ("Orders", "READ", "operation", "There is a scope orders:read already"),
        (
            "orders",
            "a:b",
            "operation",
            "“a:b” is not an operation. Use letters, digits and hyphens, as in read",
        ),
    ];
    for (resource, operation, field, message) in cases {
        let fields = [("resource", resource), ("operation", operation), ("description", "Kept")];
        let answer = add(&manager, &fields);
        assert_eq!((answer.status, answer.error_of(field).as_str()), (422, message));
        assert_eq!(answer.attribute("#description", "value").as_deref(), Some("Kept"));
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn there_are_at_most_five_hundred_scopes() {
    let app = App::set_up();
    let manager = app.super_manager();
    let scopes: Vec<(String, String)> =
        (0..600).map(|n| (format!("r{n}:read"), format!("r{n}:read Resource {n}"))).collect();
    let token = manager.get("/scopes/import").form_token();
    let mut fields = vec![("form_token", token.as_str())];
    for (name, offer) in &scopes {
        fields.extend([("scopes", name.as_str()), ("proposed", offer.as_str())]);
    }
    let answer = manager.post("/scopes/import/confirm", &fields);
    assert_eq!(answer.status, 422);
    let room = "There can be 500 scopes in all. Choose 493 or fewer of these 600";
    assert_eq!(answer.error_of("scopes"), room);
    fields.truncate(1 + 2 * 493);
    let answer = manager.post("/scopes/import/confirm", &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(app.count("scopes"), 500);
    let full = add(&manager, &[("resource", "one"), ("operation", "more")]);
    assert_eq!(full.errors(), ["There are 500 scopes, which is the most"]);
    assert_eq!(manager.get("/scopes").status, 200);
    assert_eq!(manager.get("/roles").text("#role-read-only .chip:last-child"), "and 456 more");
}

#[test]
fn a_scope_in_use_cannot_be_removed_even_if_the_use_began_after_the_dialog_opened() {
    let app = App::set_up();
    let manager = app.super_manager();
    let form_token = |scope: &str| manager.get(&format!("/scopes/{scope}/delete")).form_token();
    let remove = |scope: &str, token: &str| {
        manager.post(&format!("/scopes/{scope}/delete"), &[("form_token", token)])
    };
    let tokens = (form_token("orders:read"), form_token("invoices:read"));
    let role = [("name", "Auditor"), ("scopes", "orders:read")];
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
    let id = app.key_from(&Draft {
        access: "selected".into(),
        scopes: vec!["invoices:read".into()],
        ..usual_draft()
    });
    let before = app.contents();
    let by_role = remove("orders:read", &tokens.0);
    assert_eq!(by_role.status, 422);
    assert_eq!(by_role.text(".facts"), "RolesAuditor");
    let by_key = remove("invoices:read", &tokens.1);
    assert_eq!(by_key.status, 422);
    assert_eq!(by_key.text(".facts"), "KeysBilling worker");
    assert!(by_key.has(&format!(".facts [href='/api-keys/{id}']")) && !by_key.has(".btn-danger"));
    assert_eq!(app.contents(), before);
    // A revoked key does not prevent the removal, and loses the scope.
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    let page = manager.get("/scopes/invoices:read/delete");
    assert!(page.text("#delete").contains("1 revoked key had selected it."), "{}", page.body);
    assert_eq!(manager.submit("/scopes/invoices:read/delete", &[]).status, 303);
    assert_eq!(manager.get(&format!("/api-keys/{id}")).status, 200);
    assert_eq!(app.count("api_key_scopes"), 0);
}

#[test]
fn the_remove_dialog_counts_keys_that_lose_the_scope_through_built_in_roles() {
    let app = App::set_up();
    let manager = app.super_manager();
    assert!(
        manager.get("/scopes/orders:read/delete").text(".notice").starts_with("No key may use it")
    );
    app.key("One");
    assert!(
        manager
            .get("/scopes/orders:read/delete")
            .text(".notice")
            .starts_with("1 key loses it at once.")
    );
    app.key("Two");
    assert!(
        manager
            .get("/scopes/orders:read/delete")
            .text(".notice")
            .starts_with("2 keys lose it at once.")
    );
}

#[test]
fn a_conflicting_description_shows_the_other_one_and_can_then_be_saved() {
    let app = App::set_up();
    let (first, second) = (app.super_manager(), app.super_manager());
    let path = "/scopes/orders:read/edit";
    let stale = second.get(path).form_fields("#edit form");
    let save = |client: &Client, text: &str| {
        client.post(
            path,
            &replaced(&client.get(path).form_fields("#edit form"), &[("description", text)]),
        )
    };
    assert_eq!(save(&first, "Read orders").status, 303);
    let conflict = second.post(path, &replaced(&stale, &[("description", "Mine")]));
    assert_eq!(conflict.status, 409);
    assert!(conflict.text("#errors").contains("Someone else changed this scope."));
    assert_eq!(conflict.all("#errors ins"), ["Read orders"]);
    let form = conflict.form_fields("#edit form");
    assert_eq!(second.post(path, &replaced(&form, &[])).status, 303);
    assert!(second.get("/scopes").text(&row("orders:read")).contains("Mine"));
    let before = app.contents();
    assert_eq!(save(&first, "Mine").status, 303);
    assert_eq!(app.contents(), before, "saving without a change records nothing");
    for version in ["", "x", "1e9"] {
        let odd = second.submit(path, &[("description", "Odd"), ("version", version)]);
        assert_eq!(odd.errors(), ["This form is out of date. Check the values, then save again"]);
    }
}

#[test]
fn forms_that_are_submitted_twice_have_one_effect() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/scopes/new").form_token();
    let fields = [("form_token", token.as_str()), ("resource", "pets"), ("operation", "read")];
    assert_eq!(manager.post("/scopes", &fields).location(), "/scopes#pets:read");
    assert_eq!(manager.post("/scopes", &fields).location(), "/scopes");
    let token = manager.get("/scopes/pets:read/delete").form_token();
    for _ in 0..2 {
        let removed = manager.post("/scopes/pets:read/delete", &[("form_token", &token)]);
        assert_eq!((removed.status, removed.location()), (303, "/scopes"));
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM activity WHERE event LIKE 'scope.%'"), 2);
}

/// Uploads a file as a browser does.
fn upload(manager: &Client, app: &App, document: &str, file: impl AsRef<[u8]>) -> Page {
    let token = manager.get("/scopes/import").form_token();
    let part = |attributes: &str, value: &[u8]| {
        let head = format!("--b\r\ncontent-disposition: form-data; {attributes}\r\n\r\n");
        [head.as_bytes(), value, b"\r\n"].concat()
    };
    let body = [
        part("name=\"form_token\"", token.as_bytes()),
        part("name=\"document\"", document.as_bytes()),
        part("name=\"upload\"; filename=\"openapi.yaml\"", file.as_ref()),
        b"--b--\r\n".to_vec(),
    ];
    let request = manager.http().post(format!("{}/scopes/import", app.url));
    let request = request.header("content-type", "multipart/form-data; boundary=b");
    manager.send(request.header("sec-fetch-site", "same-origin").body(body.concat()))
}

#[test]
fn scopes_of_a_document_are_previewed_selected_and_added() {
    let app = App::set_up();
    let manager = app.super_manager();
    let pasted = manager.submit("/scopes/import", &[("document", DOCUMENT)]);
    let before = app.contents();
    let preview = upload(&manager, &app, "", DOCUMENT);
    for page in [&pasted, &preview] {
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(page.all(".offers code"), ["pets:read", "pets:write"]);
        assert_eq!(page.all(".offers .faint"), ["for read:pets", "for pets.write"]);
        assert_eq!(page.all("#known .chip"), ["orders:read"]);
        assert_eq!(page.all("#unusable b"), ["<b>:read", "openid"]);
    }
    assert_eq!(app.contents(), before, "a preview adds nothing");
    let fields = preview.form_fields("#preview form");
    let one: Vec<_> = fields.iter().filter(|(_, v)| v != "pets:write").cloned().collect();
    for _ in 0..2 {
        let added = manager.post("/scopes/import/confirm", &replaced(&one, &[]));
        assert_eq!((added.status, added.location()), (303, "/scopes"), "{}", added.body);
    }
    let page = manager.get("/scopes");
    assert_eq!(page.text("#notice"), "1 scope added.");
    assert!(
        page.text(&row("pets:read")).contains("Read your pets") && !page.has(&row("pets:write"))
    );
    let details = app.texts("SELECT details AS text FROM activity WHERE event = 'scopes.imported'");
    assert_eq!(details.len(), 1);
    assert!(details[0].contains("pets:read"));
    let again = manager.submit("/scopes/import", &[("document", DOCUMENT)]);
    let fields = again.form_fields("#preview form");
    assert_eq!(manager.post("/scopes/import/confirm", &replaced(&fields, &[])).status, 303);
    assert_eq!(manager.get("/scopes").text("#notice"), "1 scope added.");
    let nothing = manager.submit("/scopes/import", &[("document", DOCUMENT)]);
    assert_eq!(nothing.text("#nothing"), "There is nothing to add.");
}

#[test]
fn what_the_preview_submits_is_validated_again() {
    let app = App::set_up();
    let manager = app.super_manager();
    let before = app.contents();
    let confirm = |fields: &[(&str, &str)]| {
        manager.submit_from("/scopes/import", "/scopes/import/confirm", fields)
    };
    let none = confirm(&[("proposed", "pets:read Pets")]);
    assert_eq!((none.status, none.error_of("scopes").as_str()), (422, "Choose at least one scope"));
    assert!(none.has(".offers [value='pets:read']:not([checked])"), "the proposal is kept");
    let long = format!("pets:read {}", "x".repeat(201));
    for (offer, chosen) in [
        ("pets:read Pets", "pets:write"),
        ("latchkey:all x", "latchkey:all"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("pets:\u{202e} x", "pets:\u{202e}"),
        ("pets:read a\u{202e}b", "pets:read"),
        ("pets:read a\0b", "pets:read"),
        ("Pets:read x", "Pets:read"),
        ("", ""),
        (&long, "pets:read"),
    ] {
        let answer = confirm(&[("proposed", offer), ("scopes", chosen)]);
        assert_eq!(answer.status, 422, "{offer}");
        assert!(answer.errors()[0].ends_with("cannot be added. Choose from the list"), "{offer}");
        assert!(!answer.body.contains("<script>alert"));
    }
    assert_eq!(app.contents(), before);
    let existing = confirm(&[("proposed", "orders:read Orders"), ("scopes", "orders:read")]);
    assert_eq!(existing.status, 303);
    assert_eq!(
        manager.get("/scopes").text("#notice"),
        "Every one of these scopes is there already."
    );
}

#[test]
fn hostile_documents_are_rejected_with_a_message() {
    let app = App::set_up();
    let manager = app.super_manager();
    let before = app.contents();
    let deep = format!("{{\"openapi\":\"3.0.0\",\"x\":{}", "[".repeat(500_000));
    let mut laughs = "openapi: 3.0.0\na0: &a0 [lol, lol, lol]\n".to_owned();
    for level in 1..60 {
        let alias = format!("*a{}", level - 1);
        let _ = writeln!(laughs, "a{level}: &a{level} [{alias}, {alias}, {alias}]");
    }
    let cases: [(&[u8], &str); 8] = [
        (b"", "Paste a document, or choose a file"),
        (b"{}", "This is not an OpenAPI document"),
        (b"hello", "This is not an OpenAPI document"),
        (b"\xff\xfe{", "The document is not text"),
        (b"openapi: '9'", "OpenAPI “9” cannot be read"),
        (b"openapi: 3.0.0", "The document has no OAuth2 scopes"),
        (deep.as_bytes(), "The document cannot be read as JSON"),
        (laughs.as_bytes(), "The document cannot be read as YAML"),
    ];
    for (document, message) in cases {
        let answer = upload(&manager, &app, "", document);
        assert_eq!(answer.status, 422, "{message}");
        assert!(answer.errors()[0].starts_with(message), "{:?}", answer.errors());
        assert!(answer.text("title").starts_with("Error: "));
    }
    let both = upload(&manager, &app, DOCUMENT, DOCUMENT);
    assert_eq!(both.error_of("document"), "Paste a document or choose a file, not both");
    let pasted = manager.submit("/scopes/import", &[("document", "a: [\u{202e}")]);
    assert_eq!(pasted.status, 422);
    assert_eq!(pasted.text("#document"), "a: [\u{202e}", "the pasted text is kept");
    assert_eq!(app.contents(), before);
}

#[test]
fn a_document_that_is_too_large_is_an_error_at_its_field_that_names_the_limit() {
    let app = App::set_up();
    let manager = app.super_manager();
    let padded = |size: usize| {
        let head = r#"{"openapi":"3.0.0","paths":{"/pets":{"get":{}}},"x":""#;
        format!("{head}{}\"}}", "x".repeat(size - head.len() - 2))
    };
    let largest = upload(&manager, &app, "", padded(8 << 20));
    assert_eq!((largest.status, largest.all(".offers code")), (200, vec!["pets:read".to_owned()]));
    for size in [(8 << 20) + 1, 9 << 20, 12 << 20] {
        let answer = upload(&manager, &app, "", padded(size));
        assert_eq!(answer.status, 413, "{size}");
        assert_eq!(answer.error_of("upload"), "The file must be 8 MB or smaller", "{size}");
        assert!(answer.has("#import-scopes #upload[aria-invalid]"), "the dialog is kept");
    }
    let pasted = upload(&manager, &app, &padded(2 << 20), "");
    assert_eq!(pasted.all(".offers code"), ["pets:read"]);
    let message = "Pasted text must be 2 MB or smaller. Choose a file instead";
    let answer = upload(&manager, &app, &padded((2 << 20) + 1), "");
    assert_eq!((answer.status, answer.error_of("document").as_str()), (413, message));
    let answer = manager.submit("/scopes/import", &[("document", &padded(3 << 20))]);
    assert_eq!((answer.status, answer.error_of("document").as_str()), (413, message));
    let page = manager.get("/scopes/import");
    assert!(page.text("#upload-h").ends_with("up to 8 MB."));
    assert_eq!(page.text("#document-h"), "Up to 2 MB.");
}

#[test]
fn the_preview_counts_what_it_does_not_show_and_names_nothing_twice() {
    let app = App::set_up();
    let manager = app.super_manager();
    let mut declared = String::new();
    for n in 0..60 {
        let _ = write!(declared, "\"odd{n}\":\"\",");
    }
    let flow = format!(r#"{{"scopes":{{{declared}"pets:read":"Pets"}}}}"#);
    let document = format!(
        r#"{{"openapi":"3.0.3","components":{{"securitySchemes":{{"oauth":{{"type":"oauth2",
        "flows":{{"clientCredentials":{flow},"authorizationCode":{flow}}}}}}}}}}}"#
    );
    let page = upload(&manager, &app, "", &document);
    assert_eq!(page.all(".offers code"), ["pets:read"]);
    let unusable = page.all("#unusable b");
    let distinct: std::collections::BTreeSet<_> = unusable.iter().collect();
    assert_eq!((unusable.len(), distinct.len()), (50, 50));
    assert_eq!(page.text("#more-unusable"), "and 10 more");
    assert!(!page.has("#room"), "there is room for the one scope");

    let mut paths = String::new();
    for n in 0..600 {
        let _ = writeln!(paths, "  /Widget{n}Parts: {{ get: {{}} }}");
    }
    let page = upload(&manager, &app, "", format!("openapi: 3.0.0\npaths:\n{paths}"));
    assert_eq!(page.all(".offers code").len(), 500);
    assert_eq!(page.all(".offers code")[0], "widget0-parts:read");
    assert_eq!(
        page.text("#room"),
        "100 more are not shown. There can be 500 scopes in all, so you can add 493 more."
    );
    let fields = page.form_fields("#preview form");
    assert_eq!(fields.iter().filter(|(name, _)| name == "scopes").count(), 493);
    assert_eq!(manager.post("/scopes/import/confirm", &replaced(&fields, &[])).status, 303);
}

#[test]
fn the_preview_says_where_suggested_scopes_come_from() {
    let app = App::set_up();
    let manager = app.super_manager();
    let tags =
        r#"{"openapi":"3.0.0","paths":{"/a":{"get":{"tags":["Sales Orders"]}},"/b":{"put":{}}}}"#;
    let page = upload(&manager, &app, "", tags);
    assert_eq!(page.all(".offers code"), ["b:write", "sales-orders:read"]);
    let sub = page.text("#preview .dlg-head p");
    assert!(sub.starts_with("The document has no usable OAuth2 scopes"), "{sub}");
    assert!(sub.contains("suggested from its tags and paths:"), "{sub}");
    let mixed = r#"{"openapi":"3.0.0","paths":{"/shipments":{"get":{}}},"components":{"securitySchemes":
        {"o":{"type":"oauth2","flows":{"x":{"scopes":{"pets:read":"Pets","root":"All"}}}}}}}"#;
    let page = upload(&manager, &app, "", mixed);
    assert_eq!(page.all(".offers code"), ["pets:read", "shipments:read"]);
    assert_eq!(page.all("#scopes legend"), ["New scopes", "Suggested scopes"]);
    assert!(
        page.has("[value='pets:read'][checked]") && !page.has("[value='shipments:read'][checked]")
    );
    assert_eq!(page.all("#unusable b"), ["root"]);
    let sub = page.text("#preview .dlg-head p");
    assert!(sub.contains("more are suggested from its paths:"), "{sub}");
    let fields = page.form_fields("#preview form");
    assert_eq!(manager.post("/scopes/import/confirm", &replaced(&fields, &[])).status, 303);
    let page = upload(&manager, &app, "", mixed);
    assert_eq!(page.all("#scopes legend"), ["Suggested scopes"]);
    assert!(!page.has(".offers [checked]"), "what is suggested is not selected");
}

#[test]
fn a_scope_in_use_says_by_what_instead_of_offering_its_removal() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.key_from(&Draft {
        access: "selected".into(),
        scopes: vec!["invoices:read".into(), "orders:read".into()],
        ..usual_draft()
    });
    for name in ["Auditor", "Clerk"] {
        let role = [("name", name), ("scopes", "orders:read"), ("scopes", "orders:write")];
        assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
    }
    let page = manager.get("/scopes");
    for (scope, actions) in [
        ("orders:read", ["Describe", "Used by 2 custom roles and keys"]),
        ("orders:write", ["Describe", "Used by 2 custom roles"]),
        ("invoices:read", ["Describe", "Used by keys"]),
        ("invoices:write", ["Describe", "Remove"]),
    ] {
        assert_eq!(page.all(&format!("{} .act", row(scope))), actions, "{scope}");
    }
    assert!(!page.has(".act-danger[href='/scopes/orders:read/delete']"));
}

#[test]
fn other_forms_keep_their_size_limit_and_malformed_uploads_are_rejected() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/scopes/new").form_token();
    let body = encoded(&[("form_token", &token), ("description", &"x".repeat(65 * 1024))]);
    assert_eq!(manager.post_body("/scopes", body.clone()).status, 413);
    assert_eq!(manager.post_body("/roles", body).status, 413);
    let part = |name: &str, value: &str| {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let token_part = || part("form_token", &manager.get("/scopes/import").form_token());
    let end = "--b--\r\n";
    let document_part = part("document", DOCUMENT);
    let cases = [
        (format!("{}{document_part}{end}", token_part()), 200),
        (format!("{document_part}{}{end}", token_part()), 200),
        (format!("{}{document_part}{document_part}{end}", token_part()), 422),
        (format!("{}{document_part}", token_part()), 422),
        (format!("{document_part}{end}"), 403),
        (format!("{}{}{document_part}{end}", token_part(), token_part()), 403),
        (format!("{}{document_part}{end}", part("form_token", "forged")), 403),
        (String::new(), 422),
    ];
    for (body, status) in cases {
        let request = manager.http().post(format!("{}/scopes/import", app.url));
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "multipart/form-data; boundary=b");
        let answer = manager.send(request.body(body.clone()));
        assert_eq!(answer.status, status, "{body}");
    }
    for content_type in ["multipart/form-data", "multipart/mixed; boundary=b", "application/json"] {
        let request = manager.http().post(format!("{}/scopes/import", app.url));
        let request =
            request.header("sec-fetch-site", "same-origin").header("content-type", content_type);
        assert_eq!(
            manager.send(request.body(format!("{document_part}{end}"))).status,
            422,
            "{content_type}"
        );
    }
}
