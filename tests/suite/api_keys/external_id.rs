//! The external id of a key, which only one key that is not revoked can have.

use crate::support::{App, Client, Page, key_fields, replaced};
use crate::verification::Key;

fn create(client: &Client, name: &str, external_id: &str) -> Page {
    client.create_key(&[("name", name), ("external_id", external_id)])
}

#[test]
fn an_external_id_is_free_again_after_its_key_is_revoked() {
    const TAKEN: &str = "The key “Billing” already has this external ID";
    let app = App::set_up();
    let manager = app.super_manager();
    let billing = create(&manager, "Billing", "crm-1").key_id();
    let payroll = create(&manager, "Payroll", "crm-2").key_id();
    for name in ["No external id", "None either"] {
        assert_eq!(create(&manager, name, "").status, 200, "{name}");
    }
    let before = app.contents();
    let rejected = create(&manager, "Invoices", " crm-1 ");
    assert_eq!((rejected.status, rejected.error_of("external_id").as_str()), (422, TAKEN));
    assert_eq!(rejected.errors(), [TAKEN]);
    assert!(rejected.has("#new details.more[open]"));
    let rejected = manager.edit_key(&payroll, &[("external_id", "crm-1")]);
    assert_eq!((rejected.status, rejected.error_of("external_id").as_str()), (422, TAKEN));
    assert!(rejected.form_fields("#edit form").contains(&("external_id".into(), "crm-1".into())));
    let with_other_errors = [("name", "Payroll"), ("external_id", "crm-1"), ("owner", "none")];
    let rejected = manager.create_key(&with_other_errors);
    for field in ["name", "external_id", "owner"] {
        assert!(!rejected.error_of(field).is_empty(), "{field}: {}", rejected.body);
    }
    assert_eq!(app.contents(), before);
    let kept = manager.edit_key(&billing, &[("notes", "Ask Ines")]);
    assert_eq!(kept.status, 303, "a key can keep its external ID: {}", kept.body);
    app.sql("UPDATE api_keys SET expires_at = 1");
    assert_eq!(create(&manager, "Invoices", "crm-1").status, 422, "an expired key still holds it");
    assert_eq!(manager.submit(&format!("/api-keys/{billing}/revoke"), &[]).status, 303);
    assert_eq!(create(&manager, "Invoices", "crm-1").status, 200);
    assert_eq!(create(&manager, "Orders", "crm-1").status, 422);
    let count = app.count("api_keys WHERE external_id = 'crm-1'");
    assert_eq!(count, 2, "the revoked key keeps its own");
}

#[test]
fn concurrent_requests_create_one_key_per_external_id() {
    let app = App::set_up();
    let managers: Vec<_> = (0..4).map(|_| app.super_manager()).collect();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = managers
            .iter()
            .zip(["Billing", "Invoices", "Orders", "Payroll"])
            .map(|(manager, name)| {
                let token = manager.get("/api-keys/new").form_token();
                scope.spawn(move || {
                    let fields = key_fields(&[
                        ("name", name),
                        ("external_id", "crm-1"),
                        ("form_token", &token),
                    ]);
                    manager.post("/api-keys", &fields).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a response")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422, 422, 422]);
    assert_eq!(app.count("api_keys"), 1);
}

#[test]
fn a_duplicate_has_the_same_owner_and_labels_but_no_external_id() {
    let app = App::set_up();
    let manager = app.super_manager();
    let labels = ("labels", "region=eu\nteam=billing");
    let key = Key::new(&manager, &[("owner", "cus_42"), ("external_id", "crm-1"), labels]);
    let form = manager.get(&format!("/api-keys/new?from={}", key.id));
    assert!(form.has("#new details.more[open]"));
    let fields = form.form_fields("#new form");
    for (name, value) in [("owner", "cus_42"), ("external_id", ""), labels] {
        assert!(fields.contains(&(name.into(), value.into())), "{name} in {fields:?}");
    }
    let created = manager.post("/api-keys", &replaced(&fields, &[]));
    assert_eq!(created.status, 200, "{}", created.body);
    let stored = "SELECT external_id || '|' || owner AS text FROM api_keys ORDER BY external_id";
    assert_eq!(app.texts(stored), ["|cus_42", "crm-1|cus_42"]);
    assert_eq!(app.count("api_key_labels"), 4);
}
