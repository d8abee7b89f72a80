//! Data from earlier versions that accepted secret keys in text, and Full access keys that used
//! introspection. Both are listed with advice, and nothing is changed automatically.

use latchkey::base::clock::DAY;
use latchkey::domain::api_keys::{Environment, SecretKey};

use crate::support::{App, NOW, replaced};

const LIST: &str = "/attention";
const REMOVED: &str = "lk_prod_… (removed)";

fn secret() -> String {
    SecretKey::generate("lk", Environment::Production).expect("random").expose().to_owned()
}

#[test]
fn a_key_with_a_secret_key_in_its_notes_is_listed_until_it_is_edited() {
    let app = App::set_up();
    app.without_reviews();
    let manager = app.super_manager();
    let (secret, id) = (secret(), app.key("Billing worker"));
    app.key("In good order");
    app.sql(&format!("UPDATE api_keys SET notes = 'It is {secret}' WHERE id = '{id}'"));
    app.find_alerts();
    let page = manager.get(LIST);
    let why = page.text(&format!("#{id} .cell-why"));
    assert!(why.starts_with("A secret key is stored in its name or notes"), "{why}");
    assert!(why.contains("rotate the key that it belongs to"), "{why}");
    assert_eq!(page.all("tbody tr:not(.group)").len(), 1);
    let edit = manager.get(&format!("/api-keys/{id}/edit"));
    assert_eq!(edit.text("#notes"), format!("It is {REMOVED}"));
    // Editing another field leaves the notes unchanged.
    assert_eq!(manager.edit_key(&id, &[("name", "Invoicing")]).status, 303);
    let notes = format!("SELECT notes AS text FROM api_keys WHERE id = '{id}'");
    assert_eq!(app.texts(&notes), [format!("It is {secret}")]);
    app.find_alerts();
    assert!(manager.get(LIST).has(&format!("#{id}")));
    let rejected = manager.edit_key(&id, &[("notes", &format!("Still {REMOVED}"))]);
    assert_eq!(rejected.error_of("notes"), "This is a secret key: it must not be stored");
    assert_eq!(manager.edit_key(&id, &[("notes", "In the vault")]).status, 303);
    assert!(!manager.get(LIST).has(&format!("#{id}")), "immediately");
    app.find_alerts();
    assert!(!manager.get(LIST).has(&format!("#{id}")));
    let recorded = app.texts("SELECT details AS text FROM activity").join("\n");
    assert!(recorded.contains(REMOVED) && !recorded.contains(&secret), "{recorded}");
}

#[test]
fn a_stored_secret_key_is_redacted_on_pages_and_in_exports() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (secret, id) = (secret(), app.key("Billing worker"));
    app.sql(&format!("UPDATE api_keys SET name = '{secret}', name_folded = 'x' WHERE id = '{id}'"));
    app.sql(&format!("UPDATE activity SET subject_name = '{secret}', details = '\"{secret}\"'"));
    app.find_alerts();
    let key = format!("/api-keys/{id}");
    let pages = [
        "/api-keys",
        LIST,
        &key,
        &format!("{key}/edit"),
        &format!("{key}/revoke"),
        &format!("{key}/rotate"),
        &format!("/api-keys/new?from={id}"),
        "/activity",
        "/activity/1",
        "/activity/export.csv",
        "/activity/export.jsonl",
        "/alerts",
    ];
    for path in pages {
        let page = manager.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains(&secret[8..]), "{path}");
    }
    assert_eq!(manager.submit(&format!("{key}/revoke"), &[]).status, 303);
    let page = manager.get("/api-keys");
    assert_eq!(page.text("#notice"), format!("“{REMOVED}” revoked."));
    assert_eq!(app.texts("SELECT name AS text FROM api_keys"), [secret]);
}

#[test]
fn other_text_with_a_secret_key_is_listed_with_a_link_to_edit_it() {
    let app = App::set_up();
    app.without_reviews();
    let manager = app.super_manager();
    let secret = secret();
    app.key("In good order");
    let role = [("name", "Billing"), ("scopes", "orders:read")];
    manager.submit_from("/roles/new", "/roles", &role);
    let places = [
        "UPDATE roles SET description = '{}' WHERE slug = 'billing'",
        "UPDATE scopes SET description = '{}' WHERE name = 'orders:read'",
        "UPDATE settings SET organisation = '{}'",
        "UPDATE members SET name = '{}'",
    ];
    for place in places {
        app.sql(&place.replace("{}", &secret));
    }
    app.find_alerts();
    let page = manager.get(LIST);
    let links = ["/settings", "/roles/billing/edit", "/scopes/orders:read/edit", "/members"];
    for link in links {
        assert!(page.has(&format!("#stored-secrets a[href='{link}']")), "{link}: {}", page.body);
    }
    assert_eq!(page.all("#stored-secrets li").len(), 4);
    assert!(!page.body.contains(&secret[8..]));
    let edit = manager.get("/roles/billing/edit").form_fields("#edit form");
    let fields = replaced(&edit, &[("name", "Invoicing")]);
    assert_eq!(manager.post("/roles/billing/edit", &fields).status, 303);
    let description = "SELECT description AS text FROM roles WHERE slug = 'billing'";
    assert_eq!(app.texts(description), [secret.as_str()], "unchanged");
    let edit = manager.get("/roles/billing/edit").form_fields("#edit form");
    let fields = replaced(&edit, &[("description", "Reads orders")]);
    assert_eq!(manager.post("/roles/billing/edit", &fields).status, 303);
    let shown = manager.get("/settings").form_fields("form[action='/settings']");
    let shown = replaced(&shown, &[("session_hours", "6")]);
    assert_eq!(manager.post("/settings", &shown).status, 303);
    assert_eq!(app.texts("SELECT organisation AS text FROM settings"), [secret.as_str()]);
    assert_eq!(manager.submit_from("/account", "/account/edit", &[("name", "Ines")]).status, 303);
    assert_eq!(manager.get(LIST).all("#stored-secrets li").len(), 2);
}

#[test]
fn the_search_covers_more_keys_than_one_batch() {
    let app = App::set_up();
    app.write(|tx, _| {
        let mut settings = latchkey::domain::settings::get(tx)?;
        settings.active_key_limit = 10_000;
        latchkey::domain::settings::save(tx, &settings)
    });
    let last = (0..1003).map(|n| app.key(&format!("Key {n}"))).max().expect("keys");
    app.sql(&format!("UPDATE api_keys SET notes = '{}' WHERE id = '{last}'", secret()));
    app.find_alerts();
    assert_eq!(app.texts("SELECT id AS text FROM stored_secrets"), [last]);
    let completed = app.number("SELECT completed_at FROM stored_secret_search");
    assert_eq!(completed, NOW.millis());
}

#[test]
fn a_full_access_key_that_used_introspection_is_listed_until_its_role_includes_it() {
    let app = App::set_up();
    app.without_reviews();
    let manager = app.super_manager();
    let create = |name: &str| {
        let page = manager.create_key(&[("name", name), ("role", "full-access")]);
        assert_eq!(page.status, 200, "{}", page.body);
        page.key_id()
    };
    let [gateway, old_gateway] = ["Gateway", "Old gateway"].map(create);
    create("Importer");
    let today = NOW.millis() / DAY;
    for (id, day) in [(&gateway, today - 89), (&old_gateway, today - 91)] {
        app.sql(&format!("INSERT INTO usage_scopes VALUES ('{id}', 'latchkey:introspect', {day})"));
    }
    app.find_alerts();
    let page = manager.get(LIST);
    assert_eq!(page.all("tbody tr:not(.group)").len(), 1, "{}", page.body);
    let why = page.text(&format!("#{gateway} .cell-why"));
    assert!(why.contains("Give it a role with latchkey:introspect"), "{why}");
    let role = [("name", "Introspection"), ("scopes", "latchkey:introspect")];
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
    assert_eq!(manager.edit_key(&gateway, &[("role", "introspection")]).status, 303);
    assert!(!manager.get(LIST).has(&format!("#{gateway}")));
}

#[test]
fn a_full_access_role_from_an_earlier_version_is_updated_at_startup_and_recorded_once() {
    let app = App::set_up();
    app.sql(
        "UPDATE roles SET description = 'Every scope, also those added later.' \
         WHERE slug = 'full-access'",
    );
    for _ in 0..2 {
        app.write(latchkey::domain::roles::update_built_in);
    }
    let description = "SELECT description AS text FROM roles WHERE slug = 'full-access'";
    assert_eq!(app.texts(description), ["Every scope of your API, also those added later."]);
    let recorded =
        app.texts("SELECT subject_name AS text FROM activity WHERE event = 'role.edited'");
    assert_eq!(recorded, ["Full access"]);
}
