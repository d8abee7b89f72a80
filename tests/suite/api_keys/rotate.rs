//! Rotating a key: both secrets work during the overlap, then only the new one.

use latchkey::base::clock::{DAY, HOUR, MINUTE};
use latchkey::domain::members::Permission;

use crate::support::{App, Client, Page};

/// Authorizes a request as a gateway does, and returns the status and the code of a denial.
fn authorize(app: &App, secret: &str) -> (u16, String) {
    let client = app.anonymous();
    let url = format!("{}/v1/authorize", app.url);
    let response =
        client.http().get(url).bearer_auth(secret).header("x-forwarded-for", "203.0.113.7");
    let response = response.send().expect("a response");
    let status = response.status().as_u16();
    let body: serde_json::Value =
        serde_json::from_str(&response.text().expect("a body")).unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

fn passes(app: &App, secret: &str) -> bool {
    authorize(app, secret) == (200, String::new())
}

/// Submits the dialog with `fields`, and with usual values for the others.
fn rotate(manager: &Client, id: &str, fields: &[(&str, &str)]) -> Page {
    let path = format!("/api-keys/{id}/rotate");
    let defaults = [("overlap", "7d"), ("lifetime", "90")];
    let defaults =
        defaults.iter().filter(|(name, _)| !fields.iter().any(|(other, _)| other == name));
    let all: Vec<_> = fields.iter().chain(defaults).copied().collect();
    manager.submit(&path, &all)
}

fn create_key(manager: &Client, fields: &[(&str, &str)]) -> (String, String) {
    let page = manager.create_key(fields);
    assert_eq!(page.status, 200, "{}", page.body);
    (page.key_id(), page.secret())
}

const SUPERSEDED: (u16, &str) = (401, "secret_superseded");

#[test]
fn a_rotation_creates_a_new_secret_and_the_old_one_works_until_the_overlap_ends() {
    for (overlap, length) in [("24h", DAY), ("7d", 7 * DAY), ("14d", 14 * DAY), ("now", 0)] {
        let app = App::set_up();
        let manager = app.super_manager();
        let (id, old) = create_key(&manager, &[("notes", "Ask Ines")]);
        let page = rotate(&manager, &id, &[("overlap", overlap), ("lifetime", "180")]);
        assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
        assert_eq!(page.text("#secret-t"), "Save your secret key");
        assert_eq!(page.key_id(), id, "the Key ID does not change");
        let new = page.secret();
        assert!(new.starts_with("lk_prod_") && new != old);
        assert_eq!(page.attribute("[data-replace]", "href"), Some(format!("/api-keys#{id}")));
        assert!(passes(&app, &new), "{overlap}");
        if length > 0 {
            app.advance(length - 1);
            assert!(passes(&app, &old), "{overlap}");
            app.advance(1);
        }
        let (status, code) = authorize(&app, &old);
        assert_eq!((status, code.as_str()), SUPERSEDED, "{overlap}");
        assert!(passes(&app, &new));
        let shown = app.super_manager().get(&format!("/api-keys/{id}"));
        assert!(shown.text(".kv").contains("22 May 2027"), "the new expiry");
        assert_eq!(shown.text(".prose"), "Ask Ines");
        assert_eq!(shown.all(".log td.what")[..2], ["Rotated", "Created"]);
        assert!(!shown.body.contains(&new) && !shown.has("#overlap"));
    }
}

#[test]
fn the_old_secret_never_outlives_its_own_expiry() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, &[("lifetime", "date"), ("expires_on", "2026-11-26")]);
    let dialog = manager.get(&format!("/api-keys/{id}/rotate"));
    assert_eq!(
        dialog.all("#rotate .tiles-4 label"),
        [
            "In 24 hours24 Nov, 12:00",
            "In 7 days27 Nov, 00:00",
            "In 14 days27 Nov, 00:00",
            "Nowif it leaked"
        ]
    );
    let page = rotate(&manager, &id, &[("overlap", "14d"), ("lifetime", "365")]);
    let new = page.secret();
    app.advance(3 * DAY + 12 * HOUR - 1);
    assert!(passes(&app, &old));
    app.advance(1);
    assert_eq!(authorize(&app, &old).0, 401);
    assert!(passes(&app, &new));
}

#[test]
fn the_key_page_shows_both_secrets_during_the_overlap_and_can_end_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, &[]);
    assert!(passes(&app, &old));
    app.write_usage();
    app.advance(20 * MINUTE);
    let new = rotate(&manager, &id, &[]).secret();
    let path = format!("/api-keys/{id}");
    let page = manager.get(&path);
    assert!(page.text("#overlap").starts_with("This key has two secrets until 30 Nov, 12:20."));
    assert_eq!(
        page.all("#overlap dd"),
        [
            "23 Nov, 12:20",
            "Never",
            "No requests",
            "23 Nov, 12:00",
            "20 min ago, from 203.0.113.7",
            "1 request"
        ]
    );
    assert!(passes(&app, &new) && passes(&app, &new) && passes(&app, &old));
    app.write_usage();
    app.advance(3 * MINUTE);
    let page = manager.get(&path);
    let facts = page.all("#overlap dd");
    assert_eq!(facts[1..3], ["3 min ago, from 203.0.113.7", "2 requests"]);
    assert_eq!(facts[4..6], ["3 min ago, from 203.0.113.7", "2 requests"]);
    assert_eq!(page.text("#overlap .btn"), "Stop the Old Secret Now");
    let stop = page.attribute("#overlap .btn", "href").expect("a link");
    let dialog = manager.get(&stop);
    assert!(dialog.text("#stop .notice").contains("Applications that still use the old secret"));
    assert!(dialog.text("#stop .facts").contains("3 min ago, from 203.0.113.7"));
    let response = manager.submit(&stop, &[]);
    assert_eq!((response.status, response.location()), (303, path.as_str()));
    let (status, code) = authorize(&app, &old);
    assert_eq!((status, code.as_str()), SUPERSEDED, "immediately");
    assert!(passes(&app, &new));
    let page = manager.get(&path);
    assert_eq!(page.text("#notice"), "The old secret of “Billing worker” stopped working.");
    assert!(!page.has("#overlap"));
    assert_eq!(page.all(".log td.what")[0], "Old secret stopped");
    let again = app.post_with_token(&manager, &stop, &[]);
    assert_eq!(again.status, 303);
    let page = manager.get(&path);
    assert_eq!(page.text("#notice"), "This key has no old secret that still works.");
}

#[test]
fn an_old_secret_is_safe_to_stop_once_the_new_one_is_used_and_it_is_idle_for_a_week() {
    let app = App::set_up();
    let (id, old) = create_key(&app.super_manager(), &[]);
    assert!(passes(&app, &old));
    app.write_usage();
    let new = rotate(&app.super_manager(), &id, &[("overlap", "14d")]).secret();
    let safety_text =
        |app: &App| app.super_manager().get(&format!("/api-keys/{id}")).text("#overlap");
    app.advance(7 * DAY);
    assert!(safety_text(&app).contains("The new secret has not been used yet."));
    assert!(passes(&app, &new));
    app.write_usage();
    assert!(safety_text(&app).contains("It is safe to stop the old secret: the new one is in use"));
    let dialog = app.super_manager().get(&format!("/api-keys/{id}/stop-old-secret"));
    assert!(dialog.text("#stop .notice").starts_with("It is safe to stop the old secret"));
    assert!(passes(&app, &old));
    app.write_usage();
    assert!(!safety_text(&app).contains("It is safe"), "the old secret is in use");
}

#[test]
fn an_old_secret_of_a_key_with_long_pauses_is_idle_for_longer_before_it_is_safe_to_stop() {
    let app = App::set_up();
    let (id, old) = create_key(&app.super_manager(), &[]);
    for _ in 0..2 {
        assert!(passes(&app, &old));
        app.write_usage();
        app.advance(9 * DAY);
    }
    let new = rotate(&app.super_manager(), &id, &[("overlap", "14d")]).secret();
    assert!(passes(&app, &new));
    app.write_usage();
    let is_safe = || {
        let page = app.super_manager().get(&format!("/api-keys/{id}"));
        page.text("#overlap").contains("It is safe")
    };
    app.advance(8 * DAY);
    assert!(!is_safe(), "the key paused for nine days before");
    app.advance(3 * DAY);
    assert!(is_safe());
}

#[test]
fn a_key_has_at_most_two_working_secrets() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, first) = create_key(&manager, &[]);
    app.advance(MINUTE);
    let second = rotate(&manager, &id, &[]).secret();
    assert!(passes(&app, &second) && passes(&app, &first));
    app.write_usage();
    app.advance(MINUTE);
    let dialog = manager.get(&format!("/api-keys/{id}/rotate"));
    assert_eq!(
        dialog.text("#rotate .notice"),
        "A key has at most two working secrets: the one made on 23 Nov, 12:00, last used 1 min ago, \
         stops at once."
    );
    let third = rotate(&manager, &id, &[]).secret();
    assert_eq!(authorize(&app, &first).1, "secret_superseded");
    assert!(passes(&app, &second) && passes(&app, &third));
}

#[test]
fn a_rotation_whose_response_was_lost_can_be_repeated() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, in_use) = create_key(&manager, &[]);
    assert!(passes(&app, &in_use));
    app.write_usage();
    app.advance(MINUTE);
    let lost = rotate(&manager, &id, &[]).secret();
    app.advance(MINUTE);
    let dialog = manager.get(&format!("/api-keys/{id}/rotate"));
    assert_eq!(
        dialog.text("#rotate .notice"),
        "The secret made on 23 Nov, 12:01 was never used and stops at once. The previous one keeps working."
    );
    let new = rotate(&manager, &id, &[]).secret();
    assert_eq!(authorize(&app, &lost).1, "secret_superseded");
    assert!(passes(&app, &in_use) && passes(&app, &new), "no client lost access");
}

#[test]
fn submitting_the_form_twice_rotates_once_and_shows_the_secret_once() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, _) = create_key(&manager, &[]);
    let path = format!("/api-keys/{id}/rotate");
    let token = manager.get(&path).form_token();
    let fields = [("form_token", token.as_str()), ("overlap", "7d"), ("lifetime", "90")];
    let first = manager.post(&path, &fields);
    assert_eq!(first.status, 200);
    let second = manager.post(&path, &fields);
    assert_eq!((second.status, second.location()), (303, format!("/api-keys/{id}").as_str()));
    let shown = manager.get(second.location());
    assert_eq!(
        shown.text("#notice"),
        "This secret key has already been shown. If you did not save it, rotate the key."
    );
    assert_eq!(app.count("api_key_secrets"), 2);
}

#[test]
fn of_two_concurrent_rotations_one_succeeds_and_the_other_gets_a_conflict() {
    let app = App::set_up();
    let (one, other) = (app.super_manager(), app.super_manager());
    let (id, old) = create_key(&one, &[]);
    let path = format!("/api-keys/{id}/rotate");
    let forms = [&one, &other].map(|manager| manager.get(&path).form_fields("#rotate form"));
    let send = |manager: &Client, form: &[(String, String)]| {
        let fields: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        manager.post(&path, &fields)
    };
    let pages = std::thread::scope(|scope| {
        let first = scope.spawn(|| send(&one, &forms[0]));
        let second = scope.spawn(|| send(&other, &forms[1]));
        [first.join().expect("sent"), second.join().expect("sent")]
    });
    let mut statuses = pages.each_ref().map(|page| page.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let conflict = pages.iter().find(|page| page.status == 409).expect("a conflict");
    assert!(conflict.errors()[0].starts_with("Someone else changed or rotated this key."));
    assert!(!conflict.has("#secret-key"));
    assert_eq!(app.count("api_key_secrets"), 2);
    assert!(passes(&app, &old));
    // A form without a version that was opened before the other rotation.
    let token = other.get(&path).form_token();
    app.advance(1000);
    assert_eq!(rotate(&one, &id, &[]).status, 200);
    let stale = [("form_token", token.as_str()), ("overlap", "now"), ("lifetime", "90")];
    assert_eq!(other.post(&path, &stale).status, 409);
}

#[test]
fn invalid_input_is_reported_and_kept_and_rotates_nothing() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, old) = create_key(&manager, &[]);
    let before = app.contents();
    for (fields, field, message) in [
        (&[("overlap", "1y")][..], "overlap", "Choose when the old secret stops"),
        (&[("lifetime", "")], "lifetime", "Enter an expiry date"),
        (&[("lifetime", "date")], "expires_on", "Enter an expiry date"),
        (
            &[("lifetime", "date"), ("expires_on", "2026-11-22")],
            "expires_on",
            "Expiry date must be in the future",
        ),
        (
            &[("lifetime", "date"), ("expires_on", "2028-01-01")],
            "expires_on",
            "Expiry date must be 23 November 2027 or earlier",
        ),
    ] {
        let page = rotate(&manager, &id, fields);
        assert_eq!((page.status, page.error_of(field).as_str()), (422, message), "{fields:?}");
        assert!(page.text("title").starts_with("Error: "));
    }
    let page = rotate(&manager, &id, &[("overlap", "24h"), ("lifetime", "date")]);
    assert_eq!(page.attribute("[name=overlap][checked]", "value").as_deref(), Some("24h"));
    assert_eq!(app.contents(), before);
    assert!(passes(&app, &old));
    assert_eq!(manager.get("/api-keys/key_000000000000/rotate").status, 404);
}

#[test]
fn rotation_reactivates_an_expired_key_but_never_a_revoked_one() {
    let app = App::set_up();
    let (id, old) = create_key(&app.super_manager(), &[("lifetime", "30")]);
    app.advance(31 * DAY);
    assert_eq!(authorize(&app, &old).1, "key_expired");
    let manager = app.super_manager();
    let dialog = manager.get(&format!("/api-keys/{id}/rotate"));
    assert!(dialog.text("#rotate").contains("The old secret has expired and stays so."));
    let edit = manager.get(&format!("/api-keys/{id}/edit"));
    assert!(edit.body.contains(&format!("<a href=\"/api-keys/{id}/rotate\">rotate it</a>")));
    let new = rotate(&manager, &id, &[("overlap", "14d")]).secret();
    assert!(passes(&app, &new));
    assert_eq!(authorize(&app, &old), (401, "secret_superseded".to_owned()));
    app.sql("UPDATE api_keys SET revoked_at = 1");
    let before = app.contents();
    let path = format!("/api-keys/{id}/rotate");
    assert_eq!(manager.get(&path).status, 303);
    let fields = [("overlap", "7d"), ("lifetime", "90")];
    assert_eq!(app.post_with_token(&manager, &path, &fields).status, 303);
    let page = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(page.text("#notice"), "This key was revoked. It can no longer be rotated.");
    assert!(!page.body.contains(&format!("/api-keys/{id}/rotate")));
    assert_eq!(app.contents(), before);
}

#[test]
fn rotating_an_expired_key_counts_against_the_limit() {
    let app = App::set_up();
    let (id, _) = create_key(&app.super_manager(), &[("lifetime", "30")]);
    app.advance(31 * DAY);
    app.sql("UPDATE settings SET active_key_limit = 1");
    app.key("Another");
    let page = rotate(&app.super_manager(), &id, &[]);
    assert_eq!(page.status, 422);
    assert_eq!(
        page.errors(),
        ["You have reached the limit of 1 keys. Revoke one you no longer use"]
    );
    assert_eq!(app.count("api_key_secrets"), 2);
}

#[test]
fn rotation_requires_permission_to_edit() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    let page = viewer.get(&format!("/api-keys/{id}"));
    assert!(!page.body.contains("/rotate"));
    assert_eq!(viewer.get(&format!("/api-keys/{id}/rotate")).status, 403);
}

#[test]
fn rotation_clears_a_due_rotation_and_editing_the_date_affects_only_the_new_secret() {
    let app = App::set_up();
    let (id, old) = create_key(&app.super_manager(), &[("lifetime", "180")]);
    assert!(passes(&app, &old));
    app.write_usage();
    app.advance(91 * DAY);
    let badge = |app: &App| app.super_manager().get(&format!("/api-keys/{id}")).text(".badge");
    assert_eq!(badge(&app), "Rotation due");
    let manager = app.super_manager();
    let new = rotate(&manager, &id, &[("lifetime", "365")]).secret();
    assert_eq!(badge(&app), "Active");
    assert_eq!(manager.edit_key(&id, &[("expires_on", "2027-03-01")]).status, 303);
    app.advance(6 * DAY);
    assert!(passes(&app, &old) && passes(&app, &new));
    app.advance(2 * DAY);
    assert_eq!(authorize(&app, &old).1, "secret_superseded");
    assert_eq!(authorize(&app, &new).1, "key_expired");
}
