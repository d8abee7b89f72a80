//! Setting up Latchkey, which works once, with the code of the printed link.

use latchkey::base::clock::HOUR;

use crate::support::{App, Client, PASSWORD, Page, replaced};

const DEFAULTS: [(&str, &str); 5] = [
    ("organisation", "Meridian Freight"),
    ("resources", "Orders\n\n  invoices \r\norders\nproof-of-delivery"),
    ("name", "Ines Okafor"),
    ("email", "ines@meridianfreight.example"),
    ("password", PASSWORD),
];

fn finish(client: &Client, code: &str, fields: &[(&str, &str)]) -> Page {
    let defaults =
        DEFAULTS.into_iter().filter(|(name, _)| !fields.iter().any(|(other, _)| other == name));
    let all: Vec<(&str, &str)> =
        defaults.chain([("code", code)]).chain(fields.iter().copied()).collect();
    client.submit("/set-up", &all)
}

#[test]
fn the_printed_link_sets_up_an_organisation_with_scopes_roles_and_a_super_manager() {
    let app = App::new();
    let code = app.set_up_code();
    let visitor = app.anonymous();
    let page = visitor.get(&format!("/set-up?code={code}"));
    assert_eq!(page.status, 200);
    assert_eq!(page.attribute("#code", "value").as_deref(), Some(code.as_str()));
    let done = finish(&visitor, &code, &[]);
    assert_eq!((done.status, done.location()), (303, "/api-keys"), "{}", done.body);
    let table = visitor.get("/api-keys");
    assert_eq!(table.text(".empty h2"), "No API keys yet");
    assert!(table.has("#create"));
    assert_eq!(
        table.text("#notice"),
        "Welcome to Latchkey, Ines Okafor. You are signed in as ines@meridianfreight.example, the \
         first super manager."
    );
    assert_eq!(table.text(".org"), "Meridian Freight");
    let form = visitor.get("/api-keys/new");
    let offered = form.all("input[name=scopes] + .sr");
    let expected = [
        "orders:read",
        "orders:write",
        "invoices:read",
        "invoices:write",
        "proof-of-delivery:read",
        "proof-of-delivery:write",
        "latchkey:introspect",
    ];
    assert_eq!(offered, expected);
    let roles = form.all("#role option");
    assert_eq!(roles, ["Choose a role", "Read-only", "Read and write", "Full access"]);
    let slugs = app.texts("SELECT slug AS text FROM roles ORDER BY position");
    assert_eq!(slugs, ["read-only", "read-and-write", "full-access"]);
    assert_eq!(app.count("members WHERE last_signed_in_at IS NULL"), 0);
    let members = app.texts(
        "SELECT email || CAST(super_manager = true AS TEXT) || (SELECT COUNT(*) FROM \
         member_permissions) AS text FROM members",
    );
    assert_eq!(members.len(), 1);
    assert!(members[0].starts_with("ines@meridianfreight.example") && members[0].ends_with('8'));
    assert_eq!(
        app.texts("SELECT event AS text FROM activity ORDER BY number")
            .iter()
            .filter(|event| *event == "organisation.set_up")
            .count(),
        1
    );
}

#[test]
fn built_in_roles_allow_the_scopes_of_the_resources() {
    let app = App::new();
    let visitor = app.anonymous();
    assert_eq!(
        finish(&visitor, &app.set_up_code(), &[("resources", "orders\nreports")]).status,
        303
    );
    for (role, scopes) in [
        ("read-only", "orders:read reports:read"),
        ("read-and-write", "orders:read orders:write reports:read reports:write"),
        ("full-access", "orders:read orders:write reports:read reports:write"),
    ] {
        let id = visitor.create_key(&[("name", role), ("role", role)]).key_id();
        let page = visitor.get(&format!("/api-keys/{id}"));
        assert_eq!(page.all(".chip").join(" "), scopes);
    }
}

#[test]
fn a_code_works_once_and_the_page_is_gone_after_set_up() {
    let app = App::new();
    let (code, spare) = (app.set_up_code(), app.set_up_code());
    let visitor = app.anonymous();
    let token = visitor.get("/set-up").form_token();
    assert_eq!(finish(&app.anonymous(), &code, &[]).status, 303);
    for code in [&code, &spare] {
        let page = visitor.get(&format!("/set-up?code={code}"));
        assert_eq!((page.status, page.text("h1").as_str()), (404, "Page not found"));
        let fields = [&DEFAULTS[..], &[("code", code), ("form_token", &token)]].concat();
        let before = app.contents();
        assert_eq!(visitor.post("/set-up", &fields).status, 404);
        assert_eq!(app.contents(), before);
    }
}

#[test]
fn a_code_works_for_one_hour() {
    let app = App::new();
    let code = app.set_up_code();
    app.advance(HOUR);
    let before = app.contents();
    let page = finish(&app.anonymous(), &code, &[]);
    assert_eq!(page.status, 422);
    let wrong = "This set-up code is wrong or has expired. Start Latchkey again to get a new one";
    assert_eq!(page.errors(), [wrong]);
    assert_eq!(page.error_of("code"), wrong);
    assert_eq!(app.contents(), before);
    app.advance(-1);
    assert_eq!(finish(&app.anonymous(), &code, &[]).status, 303);
}

#[test]
fn set_up_needs_the_right_code() {
    let app = App::new();
    let code = app.set_up_code();
    let mut other = code.clone();
    let last = if other.pop() == Some('a') { 'b' } else { 'a' };
    other.push(last);
    let before = app.contents();
    for wrong in ["", "x", other.as_str(), &code.to_lowercase(), &"0".repeat(22)] {
        if wrong == code {
            continue;
        }
        let page = finish(&app.anonymous(), wrong, &[]);
        assert_eq!(page.status, 422, "{wrong}");
        assert!(!page.error_of("code").is_empty());
        assert!(!page.body.contains(PASSWORD));
    }
    assert_eq!(app.contents(), before);
    assert!(!app.everything().iter().any(|row| row.contains(&code)), "only its hash is stored");
    // Spaces around the code, as when it is copied from a terminal, are ignored.
    assert_eq!(finish(&app.anonymous(), &format!(" {code} "), &[]).status, 303);
}

#[test]
fn all_errors_are_shown_at_once_and_the_input_is_kept() {
    let app = App::new();
    let visitor = app.anonymous();
    let code = app.set_up_code();
    let page = visitor.submit(
        "/set-up",
        &[
            ("code", ""),
            ("organisation", "M\u{202e}eridian"),
            ("resources", "orders\nSales Orders"),
            ("name", ""),
            ("email", "ines at home"),
            ("password", "hunter2hunter2"),
        ],
    );
    assert_eq!(page.status, 422);
    let errors = [
        "Enter the set-up code",
        "The organisation's name must not contain control or invisible characters",
        "Line 2: “Sales Orders” is not a resource name. Use letters, digits and hyphens, as in sales-orders",
        "Enter a name",
        "Enter an email address like name@example.com",
        "This password is too easy to guess. Three or four random words work well",
    ];
    assert_eq!(page.errors(), errors);
    for (field, message) in
        ["code", "organisation", "resources", "name", "email", "password"].iter().zip(errors)
    {
        assert_eq!(page.error_of(field), message, "{field}");
        assert_eq!(page.attribute(&format!("#{field}"), "aria-invalid").as_deref(), Some("true"));
        let described =
            page.attribute(&format!("#{field}"), "aria-describedby").expect("described");
        assert!(described.split(' ').any(|id| id == format!("{field}-error")), "{field}");
    }
    assert_eq!(page.text("#errors h2"), "There is a problem");
    assert!(page.text("title").starts_with("Error: "));
    assert_eq!(page.attribute("#email", "value").as_deref(), Some("ines at home"));
    assert_eq!(page.text("#resources"), "orders Sales Orders");
    assert!(!page.body.contains("hunter2"), "a password is never echoed");
    let missing = visitor.submit("/set-up", &[]);
    assert_eq!(missing.status, 422);
    assert_eq!(missing.errors().len(), 5, "{:?}", missing.errors());
    assert_eq!(app.count("members"), 0);
    assert_eq!(finish(&visitor, &code, &[]).status, 303, "the code was not used up");
}

#[test]
fn only_one_of_two_simultaneous_set_ups_succeeds() {
    let app = App::new();
    let codes = [app.set_up_code(), app.set_up_code()];
    let clients = [app.anonymous(), app.anonymous()];
    let tokens = [0, 1].map(|n| clients[n].get("/set-up").form_token());
    let emails = ["first@example.com", "second@example.com"];
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..2)
            .map(|n| {
                let (client, token, code) = (&clients[n], &tokens[n], &codes[n]);
                let fields = [
                    ("form_token", token.as_str()),
                    ("code", code),
                    ("organisation", "Meridian"),
                    ("resources", "orders"),
                    ("name", "Ines"),
                    ("email", emails[n]),
                    ("password", PASSWORD),
                ];
                scope.spawn(move || client.post("/set-up", &fields).status)
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404]);
    assert_eq!(app.count("members"), 1);
    assert_eq!(app.count("roles"), 3);
    assert_eq!(app.number("SELECT COUNT(*) FROM activity WHERE event = 'organisation.set_up'"), 1);
}

#[test]
fn guessing_codes_is_throttled() {
    let app = App::new();
    let visitor = app.anonymous();
    let statuses: Vec<u16> =
        (0..25).map(|_| finish(&visitor, "0000000000000000000000", &[]).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 20);
    assert_eq!(statuses[20..], [429; 5]);
    let page = finish(&visitor, "0000000000000000000000", &[]);
    assert_eq!(page.header("retry-after"), "3");
    assert_eq!(page.text("h1"), "Too many attempts");
    assert!(app.sign_in_service.hasher.done() <= 20);
    assert_eq!(
        finish(&app.anonymous(), &app.set_up_code(), &[]).status,
        303,
        "other addresses are not throttled"
    );
}

#[test]
fn a_missing_or_wrong_code_is_reported_before_the_form_is_filled_in() {
    let app = App::new();
    let visitor = app.anonymous();
    let missing = visitor.get("/set-up");
    assert_eq!((missing.status, missing.errors().len()), (200, 0));
    assert!(missing.text("#notice").starts_with("Open the set-up link in the server log"));
    let code = app.set_up_code();
    let right = visitor.get(&format!("/set-up?code={code}"));
    assert!(!right.has("#notice") && !right.has("#errors"), "{}", right.body);
    let before = app.contents();
    app.advance(HOUR);
    for wrong in [code.as_str(), "0000000000000000000000"] {
        let page = visitor.get(&format!("/set-up?code={wrong}"));
        assert_eq!(page.status, 200);
        let message =
            "This set-up code is wrong or has expired. Start Latchkey again to get a new one";
        assert_eq!(page.error_of("code"), message);
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn the_resources_of_the_api_can_be_added_later() {
    let app = App::new();
    let visitor = app.anonymous();
    let code = app.set_up_code();
    let form = visitor.get(&format!("/set-up?code={code}"));
    assert_eq!(form.text("label[for=resources]"), "Resources in your API (optional)");
    let done = finish(&visitor, &code, &[("resources", " \n")]);
    assert_eq!((done.status, done.location()), (303, "/api-keys"), "{:?}", done.errors());
    assert_eq!(app.texts("SELECT name AS text FROM scopes"), ["latchkey:introspect"]);
    let key = visitor.create_key(&[("role", "read-only")]);
    assert_eq!(key.status, 200, "{}", key.body);
    let form = visitor.get("/scopes/new").form_fields("dialog form");
    let fields = [("resource", "orders"), ("operation", "read"), ("description", "")];
    let added = visitor.post("/scopes", &replaced(&form, &fields));
    assert_eq!(added.status, 303, "{:?}", added.errors());
    let page = visitor.get(&format!("/api-keys/{}", key.key_id()));
    assert_eq!(page.all(".chip"), ["orders:read"]);
}
