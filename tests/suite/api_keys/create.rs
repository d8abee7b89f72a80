//! Creating a key: the required fields, the validation errors and their messages.

use std::collections::BTreeSet;

use crate::support::{App, key_fields};

#[test]
fn a_name_and_a_role_are_enough_and_the_new_key_is_listed_first() {
    let app = App::set_up();
    let manager = app.super_manager();
    manager.key_named("An older one");
    app.advance(1000);
    let form = manager.get("/api-keys/new");
    let defaults = form.form_fields("#new form");
    let chosen = [("name", "Route planner – production"), ("role", "read-only")];
    let page = manager.post("/api-keys", &crate::support::replaced(&defaults, &chosen));
    assert_eq!(page.status, 200, "{}", page.body);
    let table = manager.get("/api-keys");
    assert_eq!(table.text("#notice"), "“Route planner – production” created.");
    assert_eq!(manager.get("/api-keys").text("#notice"), "", "the notice is shown once");
    let rows = table.all("table.keys tbody tr");
    assert_eq!(rows.len(), 2);
    let row = format!(
        "Route planner – production Production {} Read-only 23 Nov 2026 Never \
                       21 Feb 2027 Never used Edit Rotate Disable Revoke",
        page.key_id()
    );
    assert_eq!(rows[0].replace("EditRotateDisableRevoke", "Edit Rotate Disable Revoke"), row);
    let path = format!("#{} a.act", page.key_id());
    assert_eq!(table.all(&path), ["Edit", "Rotate", "Disable", "Revoke"]);
}

#[test]
fn the_form_has_every_field_with_its_label_hint_and_default() {
    let app = App::set_up();
    let page = app.super_manager().get("/api-keys/new");
    assert_eq!(page.text("#new-t"), "Create New Key");
    assert_eq!(page.text("dialog .btn-primary"), "Create");
    assert_eq!(page.text(".dlg-foot .btn-secondary"), "Cancel");
    for label in ["Key Name", "Role", "IP whitelist (optional)", "Notes (optional)"] {
        assert!(page.all("dialog label").iter().any(|text| text == label), "{label}");
    }
    let legends = page.all("dialog legend");
    assert_eq!(legends, ["Environment", "Expiration", "Scopes"]);
    let radios = |name: &str| page.all(&format!("label:has(input[name={name}])"));
    assert_eq!(radios("environment"), ["Production", "Staging", "Development"]);
    assert_eq!(
        radios("lifetime"),
        [
            "30 days23 Dec 2026",
            "90 days21 Feb 2027",
            "180 days22 May 2027",
            "1 year23 Nov 2027",
            "Pick a dateup to 1 year"
        ]
    );
    let fields = page.form_fields("#new form");
    let value = |name: &str| {
        fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    };
    assert_eq!(value("environment"), Some("production"));
    assert_eq!(value("lifetime"), Some("90"));
    assert_eq!(value("access"), Some("role"));
    assert_eq!(value("scopes"), None);
    assert_eq!(page.attribute("#expires_on", "max").as_deref(), Some("2027-11-23"));
    assert_eq!(page.attribute("#expires_on", "min").as_deref(), Some("2026-11-23"));
    assert!(page.has(".app[inert]") && page.has("dialog[open]"));
}

/// The fields to send, the invalid field, and the expected error message.
pub(super) type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);

const CASES: &[Case] = &[
    (&[("name", "")], "name", "Enter a key name"),
    (&[("name", "   ")], "name", "Enter a key name"),
    (&[("name", "LONG")], "name", "Key name must be 80 characters or fewer"),
    (
        &[("name", "a\u{202e}b")],
        "name",
        "Key name must not contain control or invisible characters",
    ),
    (&[("name", "Route planner")], "name", "Another key is already called “Route planner”"),
    (&[("name", " ROUTE planner ")], "name", "Another key is already called “ROUTE planner”"),
    (&[("environment", "")], "environment", "Choose an environment"),
    (&[("environment", "Production")], "environment", "Choose an environment"),
    (&[("role", "")], "role", "Choose a role"),
    (&[("role", "owner")], "role", "Choose a role"),
    (&[("role", "role_read-only")], "role", "Choose a role"),
    (&[("lifetime", "")], "lifetime", "Enter an expiry date"),
    (&[("lifetime", "366")], "lifetime", "Enter an expiry date"),
    (&[("lifetime", "-90")], "lifetime", "Enter an expiry date"),
    (&[("lifetime", "date")], "expires_on", "Enter an expiry date"),
    (&[("lifetime", "date"), ("expires_on", "31.12.2026")], "expires_on", "Enter an expiry date"),
    (&[("lifetime", "date"), ("expires_on", "2027-02-29")], "expires_on", "Enter an expiry date"),
    (
        &[("lifetime", "date"), ("expires_on", "2026-11-22")],
        "expires_on",
        "Expiry date must be in the future",
    ),
    (
        &[("lifetime", "date"), ("expires_on", "2027-11-24")],
        "expires_on",
        "Expiry date must be 23 November 2027 or earlier",
    ),
    (
        &[("lifetime", "date"), ("expires_on", "9999-12-31")],
        "expires_on",
        "Expiry date must be 23 November 2027 or earlier",
    ),
    (&[("access", "selected")], "scopes", "Choose at least one scope"),
    (
        &[("access", "selected"), ("scopes", "")],
        "scopes",
        "The role “Read and write” does not include",
    ),
    (
        &[("access", "selected"), ("scopes", "nothing:here")],
        "scopes",
        "The role “Read and write” does not include nothing:here",
    ),
    (
        &[
            ("role", "read-only"),
            ("access", "selected"),
            ("scopes", "orders:read"),
            ("scopes", "invoices:write"),
        ],
        "scopes",
        "The role “Read-only” does not include invoices:write",
    ),
    (
        &[("access", "selected"), ("scopes", "latchkey:introspect")],
        "scopes",
        "The role “Read and write” does not include latchkey:introspect",
    ),
    (
        &[("access", "everything")],
        "scopes",
        "Choose everything the role allows, or only some scopes",
    ),
    (
        &[("ip_whitelist", "203.0.113.7\n203.0.113.0/24")],
        "ip_whitelist",
        "Line 2: “203.0.113.0/24” is a range. Enter one address per line",
    ),
    (
        &[("ip_whitelist", "\n\n10.0.0.300")],
        "ip_whitelist",
        "Line 3: “10.0.0.300” is not an IPv4 or IPv6 address",
    ),
    (&[("notes", "LONG")], "notes", "Notes must be 2,000 characters or fewer"),
    (&[("notes", "a\0b")], "notes", "Notes must not contain control or invisible characters"),
];

#[test]
fn every_error_appears_in_the_summary_and_at_its_field() {
    let app = App::set_up();
    let manager = app.super_manager();
    manager.key_named("Route planner");
    let long_name = "é".repeat(81);
    let long_notes = "n".repeat(2001);
    let before = app.contents();
    for (fields, field, message) in CASES {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| match (*name, *value) {
                ("name", "LONG") => ("name", long_name.as_str()),
                ("notes", "LONG") => ("notes", long_notes.as_str()),
                other => other,
            })
            .collect();
        let page = manager.create_key(&fields);
        assert_eq!(page.status, 422, "{fields:?}");
        assert_eq!(page.errors(), [*message], "{fields:?}");
        assert_eq!(page.error_of(field), *message, "{fields:?}");
        assert_eq!(page.text("#errors h3"), "There is a problem");
        assert_eq!(page.text("title"), "Error: Create New Key – Meridian Freight – Latchkey");
        let link = page.attribute("#errors a", "href").expect("a link to the field");
        assert_eq!(link, format!("#{field}"));
        assert!(page.has(&link), "{link} has no target");
        assert!(!page.has("#secret-key"));
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn all_errors_are_shown_together_in_field_order() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.submit_from(
        "/api-keys/new",
        "/api-keys",
        &[("access", "selected"), ("ip_whitelist", "a\nb"), ("notes", "\u{1}")],
    );
    let errors = [
        "Enter a key name",
        "Choose an environment",
        "Choose a role",
        "Enter an expiry date",
        "Choose at least one scope",
        "Line 1: “a” is not an IPv4 or IPv6 address",
        "Line 2: “b” is not an IPv4 or IPv6 address",
        "Notes must not contain control or invisible characters",
    ];
    assert_eq!(page.errors(), errors);
    assert_eq!(app.count("api_keys"), 0);
}

#[test]
fn input_is_kept_when_validation_fails() {
    let app = App::set_up();
    let manager = app.super_manager();
    let sent = [
        ("name", "Route <planner> & \"friends\""),
        ("environment", "staging"),
        ("role", "full-access"),
        ("lifetime", "date"),
        ("expires_on", "2026-12-24"),
        ("access", "selected"),
        ("scopes", "orders:read"),
        ("scopes", "reports:read"),
        ("ip_whitelist", "203.0.113.7\nnonsense"),
        ("notes", "First line\n\n  Second line"),
        ("form_token", "x"),
    ];
    let page = manager.create_key(&sent[..10]);
    assert_eq!(page.status, 422);
    let kept = page.form_fields("#new form");
    for (name, value) in &sent[..10] {
        let field = ((*name).to_owned(), (*value).to_owned());
        assert!(kept.contains(&field), "{field:?} in {kept:?}");
    }
    let corrected = crate::support::replaced(&kept, &[("ip_whitelist", "203.0.113.7")]);
    assert_eq!(manager.post("/api-keys", &corrected).status, 200, "the corrected form is accepted");
    let scopes = app.texts("SELECT scope AS text FROM api_key_scopes ORDER BY 1");
    assert_eq!(scopes, ["orders:read", "reports:read"]);
}

#[test]
fn names_can_have_eighty_characters_in_any_language() {
    let app = App::set_up();
    let manager = app.super_manager();
    let longest = "ü".repeat(80);
    for name in ["東京の注文", "👩‍💻", "O'Neil; DROP TABLE", "a", &longest, "<i>x</i>", "{{ 7*7 }}"]
    {
        let page = manager.create_key(&[("name", name)]);
        assert_eq!(page.status, 200, "{name}: {}", page.body);
        let shown = manager.get(&format!("/api-keys/{}", page.key_id()));
        assert_eq!(shown.text("h1"), name);
    }
    let spaced = manager.create_key(&[("name", "  Trimmed  ")]);
    assert_eq!(manager.get(&format!("/api-keys/{}", spaced.key_id())).text("h1"), "Trimmed");
}

#[test]
fn names_are_unique_regardless_of_case_and_unicode_form_until_the_key_is_revoked() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("Café Straße");
    for same in ["café straße", "CAFÉ Straße", "Cafe\u{301} Straße", "Ｃafé Straße"] {
        let page = manager.create_key(&[("name", same)]);
        assert_eq!(page.status, 422, "{same}");
        assert_eq!(page.error_of("name"), format!("Another key is already called “{same}”"));
    }
    app.sql("UPDATE api_keys SET expires_at = 1");
    assert_eq!(
        manager.create_key(&[("name", "Café Straße")]).status,
        422,
        "an expired key still holds its name"
    );
    manager.submit(&format!("/api-keys/{id}/revoke"), &[]);
    assert_eq!(manager.create_key(&[("name", "CAFÉ straße")]).status, 200);
    assert_eq!(manager.create_key(&[("name", "Café Straße")]).status, 422);
}

#[test]
fn concurrent_requests_create_one_key_per_name() {
    let app = App::set_up();
    let managers: Vec<_> = (0..4).map(|_| app.super_manager()).collect();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = managers
            .iter()
            .zip(["Billing", "BILLING", "billing", "bILLING"])
            .map(|(manager, name)| {
                let token = manager.get("/api-keys/new").form_token();
                scope.spawn(move || {
                    let fields = key_fields(&[("name", name), ("form_token", &token)]);
                    manager.post("/api-keys", &fields).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a response")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422, 422, 422]);
    assert_eq!((app.count("api_keys"), app.count("api_key_secrets")), (1, 1));
}

#[test]
fn selected_scopes_narrow_the_role_and_never_widen_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    let narrowed = manager.create_key(&[
        ("name", "Narrow"),
        ("role", "full-access"),
        ("access", "selected"),
        ("scopes", "orders:write"),
        ("scopes", "invoices:read"),
        ("scopes", "orders:write"),
    ]);
    assert_eq!(narrowed.status, 200, "{}", narrowed.body);
    let page = manager.get(&format!("/api-keys/{}", narrowed.key_id()));
    assert_eq!(page.all(".chip"), ["invoices:read", "orders:write"]);
    let ticked = manager.create_key(&[("name", "Ticked"), ("scopes", "orders:read")]);
    let page = manager.get(&format!("/api-keys/{}", ticked.key_id()));
    assert_eq!(page.all(".chip").len(), 6, "“Everything the role allows” was chosen");
    let unstated =
        manager.create_key(&[("name", "Silent"), ("access", ""), ("scopes", "orders:read")]);
    let page = manager.get(&format!("/api-keys/{}", unstated.key_id()));
    assert_eq!(page.all(".chip"), ["orders:read"], "scopes narrow the key even if access is empty");
}

#[test]
fn key_ids_are_well_formed_and_unique() {
    let app = App::set_up();
    let manager = app.super_manager();
    let ids: BTreeSet<String> = (0..10).map(|n| manager.key_named(&format!("Key {n}"))).collect();
    assert_eq!(ids.len(), 10);
    for id in ids {
        let digits = id.strip_prefix("key_").expect("the prefix");
        assert_eq!(digits.len(), 12);
        assert!(digits.chars().all(|c| "0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(c)), "{id}");
    }
}

#[test]
fn duplicating_a_key_fills_in_the_form() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager
        .create_key(&[
            ("name", "Route planner"),
            ("environment", "staging"),
            ("role", "full-access"),
            ("lifetime", "365"),
            ("access", "selected"),
            ("scopes", "orders:read"),
            ("ip_whitelist", "203.0.113.7\n2001:db8::7"),
            ("notes", "Ask Ines"),
        ])
        .key_id();
    let page = format!("/api-keys/{id}");
    let link = manager.get(&page).attribute("#duplicate-key", "href").expect("a link");
    assert_eq!(link, format!("/api-keys/new?return=%2Fapi-keys%2F{id}&from={id}"));
    let fields = manager.get(&link).form_fields("#new form");
    for (name, value) in [
        ("name", "Route planner (copy)"),
        ("environment", "staging"),
        ("role", "full-access"),
        ("lifetime", "90"),
        ("access", "selected"),
        ("scopes", "orders:read"),
        ("ip_whitelist", "203.0.113.7\n2001:db8::7"),
        ("notes", "Ask Ines"),
        ("expires_on", ""),
        ("return", &page),
    ] {
        assert!(fields.contains(&(name.into(), value.into())), "{name} in {fields:?}");
    }
    let created = manager.post("/api-keys", &crate::support::replaced(&fields, &[]));
    assert_eq!(created.status, 200);
    assert_ne!(created.key_id(), id);
    assert!(created.secret().starts_with("lk_stag_"));
    manager.submit(&format!("/api-keys/{id}/revoke"), &[]);
    let revoked = manager.get(&format!("/api-keys/new?from={id}"));
    assert_eq!(revoked.attribute("#name", "value").as_deref(), Some("Route planner (copy)"));
    for unknown in ["key_00000000000A", "x", ""] {
        let page = manager.get(&format!("/api-keys/new?from={unknown}"));
        assert_eq!(page.attribute("#name", "value").as_deref(), Some(""), "{unknown}");
    }
    let long = manager.key_named(&"x".repeat(80));
    let page = manager.get(&format!("/api-keys/new?from={long}"));
    let name = page.attribute("#name", "value").expect("a name");
    assert_eq!(name, format!("{} (copy)", "x".repeat(73)));
}
