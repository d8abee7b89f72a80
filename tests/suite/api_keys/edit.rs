//! Editing a key: what can change, what cannot, and concurrent edits.

use super::create::Case;
use crate::support::{App, replaced};

#[test]
fn every_field_of_the_form_can_be_changed() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.create_key(&[("ip_whitelist", "203.0.113.7"), ("notes", "Old")]).key_id();
    app.advance(60_000);
    let path = format!("/api-keys/{id}/edit");
    let form = manager.get(&path);
    assert_eq!(form.text("#edit-t"), "Edit Key");
    assert_eq!(form.text("#edit .btn-primary"), "Save Changes");
    assert_eq!(form.attribute("#name", "value").as_deref(), Some("Billing worker"));
    assert_eq!(form.attribute("#expires_on", "value").as_deref(), Some("2027-02-21"));
    let response = manager.edit_key(
        &id,
        &[
            ("name", "Route planner"),
            ("role", "read-only"),
            ("expires_on", "2027-01-31"),
            ("access", "selected"),
            ("scopes", "orders:read"),
            ("ip_whitelist", "2001:db8::1\n198.51.100.4"),
            ("notes", "New"),
        ],
    );
    assert_eq!(response.status, 303, "{}", response.body);
    assert_eq!(response.location(), format!("/api-keys#{id}"));
    assert_eq!(manager.get("/api-keys").text("#notice"), "“Route planner” saved.");
    let page = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(page.text("h1"), "Route planner");
    assert_eq!(page.all(".chip"), ["orders:read"]);
    assert_eq!(page.all(".iplist li code"), ["2001:db8::1", "198.51.100.4"]);
    assert_eq!(page.text(".prose"), "New");
    assert!(page.text(".kv").contains("31 Jan 2027"));
    assert!(page.text(".kv").contains("Read-only"));
    assert!(page.text(".kv").contains("Last edited"));
    let secret_expiry = app.texts("SELECT CAST(expires_at AS TEXT) AS text FROM api_key_secrets");
    let key_expiry = app.texts("SELECT CAST(expires_at AS TEXT) AS text FROM api_keys");
    assert_eq!(secret_expiry, key_expiry, "the secret expires with its key");
    let changes = page.all("#history-t ~ *, .log .changes li");
    let text = page.text(".log tbody tr");
    for changed in ["Billing worker Route planner", "Read and write Read-only", "Old New"] {
        assert!(text.replace("  ", " ").contains(changed), "{changed} in {text} {changes:?}");
    }
    let widened = manager.edit_key(&id, &[("access", "role"), ("ip_whitelist", "")]);
    assert_eq!(widened.status, 303);
    assert_eq!((app.count("api_key_scopes"), app.count("api_key_addresses")), (0, 0));
}

#[test]
fn environment_key_id_and_secret_never_change_even_when_they_are_posted() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.create_key(&[("environment", "staging")]).key_id();
    let form = manager.get(&format!("/api-keys/{id}/edit"));
    assert!(!form.has("#edit [name=environment]"), "the form has no environment");
    let fixed = "SELECT id || environment || created_at || created_by || secret_created_at AS text \
                 FROM api_keys";
    let digest =
        if crate::support::is_postgres() { "encode(digest, 'hex')" } else { "hex(digest)" };
    let secrets = format!("SELECT {digest} || key_id || created_at AS text FROM api_key_secrets");
    let before = (app.texts(fixed), app.texts(&secrets));
    let other = "key_00000000000A";
    let response = manager.edit_key(
        &id,
        &[
            ("name", "Renamed"),
            ("environment", "production"),
            ("key_id", other),
            ("id", other),
            ("secret", "x"),
            ("lifetime", "30"),
        ],
    );
    assert_eq!(response.status, 303, "{}", response.body);
    assert_eq!((app.texts(fixed), app.texts(&secrets)), before);
    assert_eq!(app.texts("SELECT name AS text FROM api_keys"), ["Renamed"]);
    assert!(manager.get(&format!("/api-keys/{id}")).text(".kv").contains("Staging"));
}

#[test]
fn the_second_of_two_editors_sees_the_first_change_and_can_then_save() {
    let app = App::set_up();
    let (first, second) = (app.super_manager(), app.super_manager());
    app.sql("UPDATE members SET name = 'Noor Haddad' WHERE id = (SELECT MIN(id) FROM members)");
    let id = app.key("Billing worker");
    let path = format!("/api-keys/{id}/edit");
    let stale = second.get(&path).form_fields("#edit form");
    let first_save = first.edit_key(&id, &[("name", "Invoice worker"), ("role", "read-only")]);
    assert_eq!(first_save.status, 303);
    let mine = [("name", "Payments worker"), ("notes", "Mine"), ("ip_whitelist", "203.0.113.7")];
    let before = app.contents();
    let conflict = second.post(&path, &replaced(&stale, &mine));
    assert_eq!(conflict.status, 409);
    assert_eq!(app.contents(), before, "the second edit wrote nothing");
    let errors = conflict.text("#errors");
    assert!(errors.contains("Someone else changed this key. Check their changes, then save again"));
    assert!(errors.contains("changed:"), "{errors}");
    assert_eq!(conflict.all("#errors .changes del"), ["Billing worker", "Read and write"]);
    assert_eq!(conflict.all("#errors .changes ins"), ["Invoice worker", "Read-only"]);
    assert!(conflict.text("title").starts_with("Error: "));
    let kept = conflict.form_fields("#edit form");
    for (name, value) in mine {
        assert!(kept.contains(&(name.into(), value.into())), "{name} in {kept:?}");
    }
    assert!(kept.contains(&("role".into(), "read-and-write".into())), "the second editor's choice");
    assert!(kept.contains(&("version".into(), "2".into())));
    let saved = second.post(&path, &replaced(&kept, &[]));
    assert_eq!(saved.status, 303, "{}", saved.body);
    let page = second.get(&format!("/api-keys/{id}"));
    assert_eq!(page.text("h1"), "Payments worker");
    assert_eq!(page.all(".log tbody tr").len(), 3, "both edits are in the history");
}

#[test]
fn only_one_of_many_concurrent_edits_of_the_same_version_is_saved() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let path = format!("/api-keys/{id}/edit");
    let managers: Vec<_> = (0..5).map(|_| app.super_manager()).collect();
    let shown: Vec<_> =
        managers.iter().map(|manager| manager.get(&path).form_fields("#edit form")).collect();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = managers
            .iter()
            .zip(&shown)
            .enumerate()
            .map(|(n, (manager, shown))| {
                let (path, notes) = (&path, format!("Note {n}"));
                scope.spawn(move || {
                    manager.post(path, &replaced(shown, &[("notes", &notes)])).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a response")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409, 409, 409, 409]);
    assert_eq!(app.number("SELECT version FROM api_keys"), 2);
    assert_eq!(app.number("SELECT COUNT(*) FROM activity WHERE event = 'api_key.edited'"), 1);
}

#[test]
fn saving_without_a_change_records_nothing() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager
        .create_key(&[("ip_whitelist", "::1\n10.0.0.1"), ("notes", "a\r\nb"), ("access", "role")])
        .key_id();
    let before = app.contents();
    assert_eq!(manager.edit_key(&id, &[]).status, 303);
    assert_eq!(app.contents(), before);
}

#[test]
fn submitting_a_saved_form_again_changes_nothing() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let path = format!("/api-keys/{id}/edit?return=/api-keys/{id}");
    let shown = manager.get(&path).form_fields("#edit form");
    let fields = replaced(&shown, &[("notes", "Once")]);
    let path = format!("/api-keys/{id}/edit");
    for _ in 0..2 {
        let response = manager.post(&path, &fields);
        assert_eq!(
            (response.status, response.location()),
            (303, format!("/api-keys/{id}").as_str())
        );
    }
    assert_eq!(app.number("SELECT version FROM api_keys"), 2);
}

#[test]
fn errors_match_the_create_form_and_input_is_kept() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.key("Route planner");
    let id = app.key("Billing worker");
    let cases: &[Case] = &[
        (&[("name", "")], "name", "Enter a key name"),
        (&[("name", "route PLANNER")], "name", "Another key is already called “route PLANNER”"),
        (&[("role", "")], "role", "Choose a role"),
        (&[("expires_on", "")], "expires_on", "Enter an expiry date"),
        (&[("expires_on", "2026-11-22")], "expires_on", "Expiry date must be in the future"),
        (
            &[("expires_on", "2027-11-24")],
            "expires_on",
            "Expiry date must be 23 November 2027 or earlier",
        ),
        (&[("access", "selected")], "scopes", "Choose at least one scope"),
        (
            &[("role", "read-only"), ("access", "selected"), ("scopes", "orders:write")],
            "scopes",
            "The role “Read-only” does not include orders:write",
        ),
        (
            &[("ip_whitelist", "10.0.0.0/8")],
            "ip_whitelist",
            "Line 1: “10.0.0.0/8” is a range. Enter one address per line",
        ),
    ];
    let before = app.contents();
    for (fields, field, message) in cases {
        let page = manager.edit_key(&id, &[fields, &[("notes", "Typed")][..]].concat());
        assert_eq!(page.status, 422, "{fields:?}");
        assert_eq!(page.errors(), [*message]);
        assert_eq!(page.error_of(field), *message);
        let link = page.attribute("#errors a", "href").expect("a link");
        assert!(page.has(&link), "{link} has no target");
        assert!(page.form_fields("#edit form").contains(&("notes".into(), "Typed".into())));
    }
    assert_eq!(app.contents(), before);
    assert_eq!(
        manager.edit_key(&id, &[("name", "BILLING worker")]).status,
        303,
        "a key can keep its name"
    );
}

#[test]
fn an_expired_key_keeps_its_date_but_other_fields_can_be_edited() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    app.sql("UPDATE api_keys SET expires_at = 1795392000000");
    let form = manager.get(&format!("/api-keys/{id}/edit"));
    assert!(
        form.text("#edit .notice").starts_with("This key has expired. Its date cannot be changed;")
    );
    assert!(!form.has("input[name=expires_on]"));
    assert!(form.text("#edit").contains("Expired on 22 November 2026"));
    let rejected = manager.edit_key(&id, &[("expires_on", "2027-01-31")]);
    assert_eq!(rejected.status, 422);
    let error = rejected.error_of("expires_on");
    assert!(error.starts_with("This key has expired. Its date cannot be changed"), "{error}");
    let saved = manager.edit_key(&id, &[("notes", "Kept for the auditors")]);
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(app.number("SELECT expires_at FROM api_keys"), 1_795_392_000_000);
    assert_eq!(manager.get(&format!("/api-keys/{id}")).text(".title-row .badge"), "Expired");
}

#[test]
fn a_date_beyond_a_lowered_maximum_lifetime_can_stay() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.create_key(&[("lifetime", "365")]).key_id();
    app.sql("UPDATE settings SET maximum_lifetime_days = 30");
    assert_eq!(manager.edit_key(&id, &[("notes", "Changed")]).status, 303);
    let rejected = manager.edit_key(&id, &[("expires_on", "2027-11-22")]);
    assert_eq!(rejected.error_of("expires_on"), "Expiry date must be 23 December 2026 or earlier");
}

#[test]
fn a_revoked_key_cannot_be_edited_and_the_page_says_so() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("Billing worker");
    let path = format!("/api-keys/{id}/edit");
    let open = manager.get(&path).form_fields("#edit form");
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    let before = app.contents();
    let key_page = format!("/api-keys/{id}");
    let opened = manager.get(&path);
    assert_eq!((opened.status, opened.location()), (303, key_page.as_str()));
    let notice = "This key was revoked. It can no longer be changed.";
    assert_eq!(manager.get(&key_page).text("#notice"), notice);
    let posted = manager.post(&path, &replaced(&open, &[("name", "Alive again")]));
    assert_eq!((posted.status, posted.location()), (303, key_page.as_str()), "{}", posted.body);
    assert_eq!(manager.get(&key_page).text("#notice"), notice);
    assert_eq!(app.contents(), before);
}

#[test]
fn the_dialog_opens_over_the_page_it_was_opened_from() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("Route planner");
    let over_table = manager.get(&format!("/api-keys/{id}/edit"));
    assert!(over_table.has(".app[inert] table.keys"));
    let close = over_table.attribute("#edit", "data-close").expect("a link that closes the dialog");
    assert_eq!(close, format!("/api-keys#{id}"));
    let over_page = manager.get(&format!("/api-keys/{id}/edit?return=/api-keys/{id}"));
    assert!(over_page.has(".app[inert] .kv") && !over_page.has("table.keys"));
    let unknown = manager.get(&format!("/api-keys/{id}/edit?return=https://evil.example"));
    assert_eq!(unknown.attribute("#edit", "data-close"), Some(close));
}
