//! Changes to keys, roles and scopes take effect from the next request on.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use latchkey::base::clock::DAY;
use latchkey::domain::api_keys::{Environment, SecretKey};
use latchkey::domain::roles::{self, Role};
use latchkey::domain::scopes::{self, Resource};

use super::{Key, READ_AND_WRITE, authorize, authorize_request, code, pass, run_sql};
use crate::support::{App, NOW, replaced};

#[test]
fn a_revoked_key_does_not_pass_after_the_response_to_its_revocation() {
    let app = App::set_up();
    let manager = app.super_manager();
    let mut late = 0;
    for _ in 0..25 {
        let key = Key::new(&manager, &[]);
        // Using the key first puts it into every cache.
        for _ in 0..3 {
            assert_eq!(authorize(&app, "", &key.secret), pass());
        }
        key.revoke(&manager);
        late += u32::from(authorize(&app, "", &key.secret) != code(401, "key_revoked"));
    }
    assert_eq!(late, 0, "requests passed after the revocation");
}

#[test]
fn no_request_that_starts_after_the_response_passes_under_load() {
    const CALLERS: usize = 4;
    let app = App::set_up();
    let manager = app.super_manager();
    for _ in 0..5 {
        let key = Key::new(&manager, &[]);
        let (is_revoked, late, early) =
            (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
        let started = Barrier::new(CALLERS + 1);
        std::thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    let request = authorize_request(&app, "").bearer(&key.secret);
                    let first = request.send().status;
                    started.wait();
                    assert_eq!(first, 200);
                    let mut sent_after = 0;
                    while sent_after < 20 {
                        let was_revoked = is_revoked.load(Ordering::SeqCst);
                        let passed = request.send().status == 200;
                        late.fetch_add(u32::from(passed && was_revoked), Ordering::SeqCst);
                        early.fetch_add(u32::from(passed && !was_revoked), Ordering::SeqCst);
                        sent_after += u32::from(was_revoked);
                    }
                });
            }
            started.wait();
            key.revoke(&manager);
            is_revoked.store(true, Ordering::SeqCst);
        });
        assert_eq!(
            late.into_inner(),
            0,
            "requests passed too late, after {} in time",
            early.into_inner()
        );
    }
}

#[test]
fn revoking_one_key_does_not_affect_others() {
    let app = App::set_up();
    let manager = app.super_manager();
    let keys: Vec<Key> = (0..4).map(|_| Key::new(&manager, &[])).collect();
    keys[1].revoke(&manager);
    let outcomes: Vec<u16> = keys.iter().map(|key| authorize(&app, "", &key.secret).0).collect();
    assert_eq!(outcomes, [200, 401, 200, 200]);
}

#[test]
fn a_key_expires_at_the_exact_millisecond_and_never_passes_again() {
    let app = App::set_up();
    let manager = app.super_manager();
    let date = [("lifetime", "date"), ("expires_on", "2026-12-02")];
    let [read, unread] = [(); 2].map(|()| Key::new(&manager, &date));
    let revoked = Key::new(&manager, &date);
    revoked.revoke(&manager);
    assert_eq!(authorize(&app, "", &read.secret), pass());
    // A key expires at the end of the day in UTC, here 2026-12-03T00:00:00Z.
    app.advance(1_796_256_000_000 - NOW.millis() - 1);
    assert_eq!(authorize(&app, "", &read.secret), pass());
    app.advance(1);
    for key in [&read, &unread] {
        assert_eq!(authorize(&app, "", &key.secret), code(401, "key_expired"));
        assert_eq!(
            authorize(&app, "scope=a:b&environment=x", &key.secret),
            code(401, "key_expired")
        );
    }
    assert_eq!(authorize(&app, "", &revoked.secret), code(401, "key_revoked"));
    // Editing the key does not help either. It needs a new secret key.
    let manager = app.super_manager();
    let edit = format!("/api-keys/{}/edit", read.id);
    let version = manager.get(&edit).attribute("#edit input[name=version]", "value");
    let fields = [
        ("name", "Once more"),
        ("role", "read-and-write"),
        ("access", "role"),
        ("expires_on", "2027-01-31"),
        ("version", version.as_deref().expect("a version")),
    ];
    let page = manager.submit(&edit, &fields);
    assert_ne!(page.status, 500, "{}", page.body);
    assert_eq!(authorize(&app, "", &read.secret), code(401, "key_expired"));
    app.advance(400 * DAY);
    assert_eq!(authorize(&app, "", &read.secret), code(401, "key_expired"));
}

#[test]
fn an_earlier_expiry_date_takes_effect_immediately() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[("lifetime", "90")]);
    app.advance(2 * DAY);
    assert_eq!(authorize(&app, "", &key.secret), pass());
    let manager = app.super_manager();
    key.edit(&manager, &[("expires_on", "2026-11-25")]);
    assert_eq!(authorize(&app, "", &key.secret), pass());
    app.advance(DAY / 2 - 1);
    assert_eq!(authorize(&app, "", &key.secret), pass());
    app.advance(1);
    assert_eq!(authorize(&app, "", &key.secret), code(401, "key_expired"));
}

#[test]
fn selected_scopes_narrow_a_key_within_its_role() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[("access", "selected"), ("scopes", "orders:write")]);
    let scopes = |query: &str| {
        let response = authorize_request(&app, query).bearer(&key.secret).send();
        (response.status, response.header("latchkey-scopes").to_owned())
    };
    assert_eq!(scopes("scope=orders:write"), (200, "orders:write".into()));
    assert_eq!(scopes("scope=orders:read").0, 403);
    key.edit(
        &manager,
        &[("access", "selected"), ("scopes", "orders:read"), ("scopes", "reports:read")],
    );
    assert_eq!(scopes("scope=orders:read"), (200, "orders:read reports:read".into()));
    assert_eq!(scopes("scope=orders:write").0, 403);
    key.edit(&manager, &[]);
    assert_eq!(scopes("scope=orders:write"), (200, READ_AND_WRITE.into()));
    key.edit(&manager, &[("role", "read-only")]);
    assert_eq!(scopes(""), (200, "invoices:read orders:read reports:read".into()));
    assert_eq!(scopes("scope=orders:write").0, 403);
    let response = authorize_request(&app, "").bearer(&key.secret).send();
    assert_eq!(response.header("latchkey-role"), "read-only");
}

#[test]
fn selected_scopes_outside_the_role_are_ignored() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(
        &manager,
        &[("role", "read-only"), ("access", "selected"), ("scopes", "orders:read")],
    );
    // The form does not allow this, so the test writes it to the database.
    run_sql(&app, &format!("INSERT INTO api_key_scopes VALUES ('{}', 'orders:write')", key.id));
    run_sql(
        &app,
        &format!("INSERT INTO api_key_scopes VALUES ('{}', 'latchkey:introspect')", key.id),
    );
    assert_eq!(authorize(&app, "scope=orders:write", &key.secret), code(403, "scope_missing"));
    let response = authorize_request(&app, "").bearer(&key.secret).send();
    assert_eq!(response.header("latchkey-scopes"), "orders:read");
}

#[test]
fn a_scope_removed_from_a_role_is_removed_from_its_keys() {
    let app = App::set_up();
    let manager = app.super_manager();
    let scopes: BTreeSet<String> =
        ["invoices:read", "orders:read", "orders:write"].map(str::to_owned).into();
    let role = Role::custom("role_billing", "billing", "Billing", "", scopes);
    app.write(|tx, context| roles::add(tx, &role, context.now));
    let all = Key::new(&manager, &[("role", "billing")]);
    let chosen = Key::new(
        &manager,
        &[
            ("role", "billing"),
            ("access", "selected"),
            ("scopes", "orders:write"),
            ("scopes", "orders:read"),
        ],
    );
    run_sql(&app, "DELETE FROM role_scopes WHERE scope = 'orders:write'");
    for (key, left) in [(&all, "invoices:read orders:read"), (&chosen, "orders:read")] {
        assert_eq!(authorize(&app, "scope=orders:write", &key.secret), code(403, "scope_missing"));
        let response = authorize_request(&app, "scope=orders:read").bearer(&key.secret).send();
        assert_eq!(response.header("latchkey-scopes"), left);
        assert_eq!(response.header("latchkey-role"), "billing");
    }
}

#[test]
fn an_edit_of_a_role_takes_effect_with_the_next_request() {
    let app = App::set_up();
    let manager = app.super_manager();
    let role = [("name", "Billing"), ("scopes", "orders:read"), ("scopes", "orders:write")];
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
    let [all, chosen] =
        [&[("access", "role")][..], &[("access", "selected"), ("scopes", "orders:write")]]
            .map(|access| Key::new(&manager, &[&[("role", "billing")], access].concat()));
    // Using the keys first puts them into every cache.
    for _ in 0..3 {
        for key in [&all, &chosen] {
            assert_eq!(authorize(&app, "scope=orders:write", &key.secret), pass());
        }
    }
    let mut form = manager.get("/roles/billing/edit").form_fields("#edit form");
    form.retain(|(_, value)| value != "orders:write");
    let preview = manager.post("/roles/billing/edit", &replaced(&form, &[]));
    assert_eq!(preview.status, 422);
    assert_eq!(authorize(&app, "scope=orders:write", &all.secret), pass(), "nothing is saved yet");
    let form = preview.form_fields("#edit form");
    assert_eq!(manager.post("/roles/billing/edit", &replaced(&form, &[])).status, 303);
    for key in [&all, &chosen] {
        assert_eq!(authorize(&app, "scope=orders:write", &key.secret), code(403, "scope_missing"));
    }
    assert_eq!(status_and_scopes(&app, &all), (200, "orders:read".to_owned()));
    assert_eq!(status_and_scopes(&app, &chosen), (200, String::new()), "no scope is left");
}

/// The status and the scopes in the response to a gateway.
fn status_and_scopes(app: &App, key: &Key) -> (u16, String) {
    let response = authorize_request(app, "").bearer(&key.secret).send();
    (response.status, response.header("latchkey-scopes").to_owned())
}

#[test]
fn the_deletion_of_a_scope_takes_effect_with_the_next_request() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[("role", "full-access")]);
    assert_eq!(authorize(&app, "scope=orders:write", &key.secret), pass());
    assert_eq!(manager.submit("/scopes/orders:write/delete", &[]).status, 303);
    assert_eq!(authorize(&app, "scope=orders:write", &key.secret), code(403, "scope_missing"));
    let scope = [("resource", "orders"), ("operation", "write")];
    let form = manager.get("/scopes/new").form_fields("#new form");
    assert_eq!(manager.post("/scopes", &replaced(&form, &scope)).status, 303);
    assert_eq!(authorize(&app, "scope=orders:write", &key.secret), pass());
}

#[test]
fn a_new_scope_is_immediately_in_the_roles_that_cover_all_scopes() {
    let app = App::set_up();
    let manager = app.super_manager();
    let [full, both, read] = ["full-access", "read-and-write", "read-only"]
        .map(|role| Key::new(&manager, &[("role", role)]));
    let outcomes =
        |query: &str| [&full, &both, &read].map(|key| authorize(&app, query, &key.secret).0);
    assert_eq!(outcomes("scope=shipments:read"), [403; 3]);
    let resources = Resource::parse_lines("shipments").expect("a resource");
    app.write(|tx, context| scopes::add_resources(tx, &resources, context));
    assert_eq!(outcomes("scope=shipments:read"), [200; 3]);
    assert_eq!(outcomes("scope=shipments:write"), [200, 200, 403]);
    assert_eq!(
        outcomes("scope=latchkey:introspect"),
        [403; 3],
        "the built-in scope is not included"
    );
}

#[test]
fn an_edit_of_the_ip_whitelist_takes_effect_immediately() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[]);
    assert_eq!(authorize(&app, "", &key.secret), pass());
    key.edit(&manager, &[("ip_whitelist", "198.51.100.77")]);
    assert_eq!(authorize(&app, "", &key.secret), code(403, "address_not_allowed"));
    key.edit(&manager, &[("ip_whitelist", "198.51.100.77\n203.0.113.7")]);
    assert_eq!(authorize(&app, "", &key.secret), pass());
    key.edit(&manager, &[("ip_whitelist", "198.51.100.77")]);
    assert_eq!(authorize(&app, "", &key.secret), code(403, "address_not_allowed"));
    key.edit(&manager, &[("ip_whitelist", "")]);
    assert_eq!(authorize(&app, "", &key.secret), pass());
}

/// Adds a secret to a key, as a rotation does.
pub(super) fn second_secret(app: &App, key: &Key, expires_at: i64) -> String {
    let secret = SecretKey::generate("lk", Environment::Production).expect("random");
    let digest = secret.digest(&app.site.keyring);
    let insert = "INSERT INTO api_key_secrets \
        SELECT $1, key_id, pepper_version, created_at, $2, NULL, number + 1, 0, NULL, NULL FROM api_key_secrets \
        WHERE key_id = $3";
    app.write(|tx, _| {
        diesel::sql_query(insert)
            .bind::<Binary, _>(digest)
            .bind::<BigInt, _>(expires_at)
            .bind::<Text, _>(&key.id)
            .execute(&mut **tx)?;
        Ok(())
    });
    secret.expose().to_owned()
}

#[test]
fn a_superseded_secret_works_until_its_end_and_the_new_one_longer() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[]);
    let end = NOW.millis() + DAY;
    let only = format!("WHERE key_id = '{}'", key.id);
    run_sql(&app, &format!("UPDATE api_key_secrets SET superseded_at = {end} {only}"));
    let new = second_secret(&app, &key, NOW.millis() + 30 * DAY);
    for secret in [&key.secret, &new] {
        let response = authorize_request(&app, "").bearer(secret).send();
        assert_eq!(response.status, 200, "{}", response.raw);
        assert_eq!(response.header("latchkey-key-id"), key.id);
    }
    app.advance(DAY - 1);
    assert_eq!(authorize(&app, "", &key.secret), pass());
    app.advance(1);
    assert_eq!(authorize(&app, "", &key.secret), code(401, "secret_superseded"));
    assert_eq!(authorize(&app, "", &new), pass());
    app.advance(29 * DAY);
    assert_eq!(authorize(&app, "", &key.secret), code(401, "secret_superseded"));
    assert_eq!(
        authorize(&app, "", &new),
        code(401, "key_expired"),
        "a secret can expire before its key"
    );
}

#[test]
fn revoking_a_key_ends_all_of_its_secrets() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[]);
    let new = second_secret(&app, &key, NOW.millis() + 30 * DAY);
    for secret in [&key.secret, &new] {
        assert_eq!(authorize(&app, "", secret), pass());
    }
    key.revoke(&manager);
    for secret in [&key.secret, &new] {
        assert_eq!(authorize(&app, "", secret), code(401, "key_revoked"));
    }
}
