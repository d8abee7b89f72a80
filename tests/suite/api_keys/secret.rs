//! The secret key: its format, and that it is shown only once.

use std::collections::BTreeSet;

use crate::support::{App, key_fields};

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// CRC-32 (ISO-HDLC), computed bit by bit from its definition and independently of the program.
fn crc32(text: &str) -> u32 {
    !text.bytes().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    })
}

fn base62(digits: &str) -> u64 {
    digits.bytes().fold(0, |value, digit| {
        value * 62 + BASE62.iter().position(|known| *known == digit).expect("base62") as u64
    })
}

#[test]
fn a_secret_key_contains_its_environment_and_checksum() {
    assert_eq!(crc32("123456789"), 0xCBF4_3926, "the algorithm's published check value");
    let app = App::set_up();
    let manager = app.super_manager();
    let mut seen = BTreeSet::new();
    for (environment, prefix) in
        [("production", "lk_prod_"), ("staging", "lk_stag_"), ("development", "lk_dev_")]
    {
        for n in 0..3 {
            let name = format!("{environment} {n}");
            let page = manager.create_key(&[("name", &name), ("environment", environment)]);
            let secret = page.secret();
            let rest = secret.strip_prefix(prefix).expect(&secret);
            assert_eq!(rest.len(), 43 + 6, "{secret}");
            assert!(rest.bytes().all(|byte| BASE62.contains(&byte)), "{secret}");
            let (body, checksum) = secret.split_at(secret.len() - 6);
            assert_eq!(base62(checksum), u64::from(crc32(body)), "{secret}");
            assert!(seen.insert(rest[..43].to_owned()), "{secret} was generated twice");
        }
    }
}

#[test]
fn new_secret_keys_start_with_the_prefix_of_the_organisation() {
    let app = App::set_up();
    app.sql("UPDATE settings SET secret_prefix = 'acme2'");
    assert!(app.super_manager().create_key(&[]).secret().starts_with("acme2_prod_"));
}

#[test]
fn the_reveal_explains_how_to_keep_the_secret_and_is_not_cached() {
    let app = App::set_up();
    let page = app.super_manager().create_key(&[("name", "Route planner")]);
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.text("#secret-t"), "Save your secret key");
    let description = "This is the only time it is shown. It cannot be retrieved later.";
    assert_eq!(page.text("#secret-d"), description);
    assert_eq!(
        page.text("dialog .notice"),
        "Keep it in a password manager, environment variable or secrets manager. Never commit it \
         to version control, and never share it by email or chat."
    );
    assert!(page.text("dialog dl").contains("21 February 2027"));
    assert_eq!(page.text("dialog .btn-secondary"), "I have copied it");
    assert_eq!(page.text("dialog [data-copy=secret-key]"), "Copy Secret Key");
    assert_eq!(page.text(".dlg-foot p"), "You won't see this secret key again.");
    assert!(page.has("[data-copy=try-it]") && page.text("#try-it").starts_with("curl -i "));
    assert!(page.has("dialog a[href='/get-started'][target=_blank]"));
    assert_eq!(page.body.matches(&page.secret()).count(), 1, "the secret is on the page once");
    assert!(
        !page
            .headers
            .values()
            .any(|value| value.to_str().is_ok_and(|v| v.contains(&page.secret())))
    );
}

#[test]
fn a_secret_key_is_in_no_database_table_and_on_no_later_page() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.create_key(&[("notes", "Ask Ines")]);
    let (id, secret) = (page.key_id(), page.secret());
    let random = &secret["lk_prod_".len()..][..43];
    let in_hex = latchkey::base::keyring::hex(random.as_bytes());
    for row in app.everything() {
        let lower = row.to_ascii_lowercase();
        assert!(!row.contains(random) && !lower.contains(&in_hex), "{row}");
        assert!(!row.contains(&random[..12]) && !row.contains(&random[31..]), "{row}");
    }
    let edit = manager.edit_key(&id, &[("name", "Renamed")]);
    assert_eq!(edit.status, 303);
    for path in [
        "/api-keys".to_owned(),
        format!("/api-keys/{id}"),
        format!("/api-keys/{id}/edit"),
        format!("/api-keys/{id}/revoke"),
        format!("/api-keys/new?from={id}"),
    ] {
        assert!(!manager.get(&path).body.contains(&random[..12]), "{path}");
    }
    assert!(!app.everything().iter().any(|row| row.contains(random)));
}

#[test]
fn the_stored_digest_is_the_hmac_of_the_whole_secret_key() {
    use latchkey::base::keyring::{Purpose, hex};
    let app = App::set_up();
    let secret = app.super_manager().create_key(&[]).secret();
    let digest = hex(&app.site.keyring.mac(Purpose::Pepper, &[secret.as_bytes()]));
    let rows = app.everything();
    let row = rows.iter().find(|row| row.to_ascii_lowercase().contains(&digest));
    assert!(row.is_some(), "the digest is stored");
}

#[test]
fn submitting_the_form_again_creates_no_second_key_and_shows_no_secret() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    let fields = key_fields(&[("form_token", &token)]);
    let first = manager.post("/api-keys", &fields);
    assert_eq!(first.status, 200);
    let before = app.contents();
    for n in 0..3 {
        let name = format!("Another {n}");
        let repeated = [fields.clone(), key_fields(&[("form_token", &token), ("name", &name)])];
        for fields in repeated {
            let second = manager.post("/api-keys", &fields);
            let page = format!("/api-keys/{}", first.key_id());
            assert_eq!((second.status, second.location()), (303, page.as_str()));
            let shown = manager.get(second.location());
            assert_eq!(
                shown.text("#notice"),
                "This secret key has already been shown. If you did not save it, rotate the key."
            );
            assert!(!shown.body.contains(&first.secret()));
            assert!(!shown.has("#secret-key"));
        }
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn a_rejected_form_can_be_submitted_again() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    let wrong = key_fields(&[("form_token", &token), ("name", "")]);
    assert_eq!(manager.post("/api-keys", &wrong).status, 422);
    let right = key_fields(&[("form_token", &token)]);
    assert_eq!(manager.post("/api-keys", &right).status, 200, "as after going back from an error");
    assert_eq!(manager.post("/api-keys", &right).status, 303);
    assert_eq!(app.count("api_keys"), 1);
}

#[test]
fn of_two_concurrent_submits_one_creates_the_key_and_the_other_redirects_to_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    for round in 0..5 {
        let token = manager.get("/api-keys/new").form_token();
        let names = [format!("Round {round}"), format!("Round {round}")];
        let pages: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = names
                .iter()
                .map(|name| {
                    let fields = key_fields(&[("name", name), ("form_token", &token)]);
                    let manager = &manager;
                    scope.spawn(move || manager.post("/api-keys", &fields))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("a response")).collect()
        });
        let created: Vec<_> = pages.iter().filter(|page| page.status == 200).collect();
        let redirected: Vec<_> = pages.iter().filter(|page| page.status == 303).collect();
        assert_eq!((created.len(), redirected.len()), (1, 1), "round {round}");
        assert_eq!(redirected[0].location(), format!("/api-keys/{}", created[0].key_id()));
        assert_eq!((app.count("api_keys"), app.count("api_key_secrets")), (round + 1, round + 1));
    }
}

#[test]
fn reloading_after_the_reveal_shows_no_secret() {
    let app = App::set_up();
    let manager = app.super_manager();
    let secret = manager.create_key(&[]).secret();
    for path in ["/api-keys", "/api-keys/new", "/"] {
        let page = manager.get(path);
        assert!(!page.has("#secret-key") && !page.body.contains(&secret), "{path}");
    }
}

#[test]
fn the_reveal_of_a_new_key_leads_to_its_page_which_waits_for_the_first_request() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.create_key(&[("name", "Billing worker")]);
    let location = page.attribute("[data-replace]", "href").expect("a link");
    assert_eq!(location, format!("/api-keys/{}", page.key_id()));
    let shown = manager.get(&location);
    assert_eq!(shown.text("#notice"), "“Billing worker” created.");
    assert!(shown.text("#first-use").starts_with("Waiting for the first request…"));
    assert!(shown.has("#first-use a[href='/get-started']"));
}
