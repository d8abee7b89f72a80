//! The rotation of the master key: what goes on working, what ends, and what can no longer be forged.

mod nodes;

use diesel::prelude::*;
use diesel::sql_types::Binary;
use latchkey::base::error::Error;
use latchkey::base::keyring::Keyring;
use latchkey::base::progress::Unwatched;
use latchkey::domain::activity::{self, Context};
use latchkey::domain::api_keys::{SecretKey, former_proof};
use latchkey::domain::master_key::{self, Node, Rotated};
use latchkey::domain::members::Permission;
use latchkey::domain::webhooks::{self, EndpointId};
use latchkey::domain::{mail, settings, sso};

use crate::sso::turn_on;
use crate::support::provider::{CLIENT_SECRET, Provider};
use crate::support::{App, PASSWORD};
use crate::verification::wire::{Request, Response};
use crate::verification::{CLIENT, Key, assert_denied, assert_pass, code, outcome};
use crate::webhooks::webhook;

const INES: &str = "ines@meridianfreight.example";

fn new_master_key() -> Keyring {
    Keyring::from_bytes(&[43; 32])
}

fn rotate(app: &App, to: &Keyring) -> Rotated {
    app.write(|tx, context| master_key::rotate(tx, to, context, &mut Unwatched))
}

fn try_rotate(app: &App, to: &Keyring) -> String {
    let context = Context::command_line(app.site.keyring.clone(), app.site.clock.now());
    let db = &app.site.db;
    let rotated =
        db.write_blocking(|tx| master_key::rotate(tx, to, &context, &mut Unwatched)).map(drop);
    rotated.expect_err("a refusal").to_string()
}

/// A node on the same database that was started after the rotation, with the new master key.
fn renewed(app: &App, to: &Keyring) -> App {
    let keyring = app.read(|c| settings::master_key::with_former(c, to));
    app.second_node_under(keyring)
}

fn authorize(app: &App, secret: &str) -> Response {
    Request::new(&app.url, "GET", "/v1/authorize").from(CLIENT).bearer(secret).send()
}

#[test]
fn secret_keys_from_before_pass_and_can_be_rotated_until_the_old_pepper_is_ended() {
    let app = App::set_up();
    let manager = app.super_manager();
    let [kept, forgotten] = [(); 2].map(|()| Key::new(&manager, &[]));
    assert_eq!(rotate(&app, &new_master_key()), Rotated { keys: 2, recovery_codes: 0 });

    let after = renewed(&app, &new_master_key());
    assert_eq!(manager.get("/api-keys").status, 303, "everyone is signed out");
    let manager = after.super_manager();
    for key in [&kept, &forgotten] {
        assert_pass(&authorize(&after, &key.secret));
        assert_pass(&authorize(&after, &key.secret));
        // A node that has not noticed the rotation yet still decides correctly.
        assert_pass(&authorize(&app, &key.secret));
    }
    after.find_alerts();
    let listed = |key: &Key| {
        let why = manager.get("/attention").all(&format!("#{} .cell-why strong", key.id));
        why == ["Secret from before the master key was rotated"]
    };
    assert!(listed(&kept) && listed(&forgotten));

    let rotated = manager.submit_from(
        &format!("/api-keys/{}/rotate", kept.id),
        &format!("/api-keys/{}/rotate", kept.id),
        &[("overlap", "now"), ("lifetime", "90")],
    );
    let new_secret = rotated.secret();
    assert_pass(&authorize(&after, &new_secret));
    assert!(!listed(&kept) && listed(&forgotten));

    after.write(|tx, context| {
        assert_eq!(master_key::end_old_pepper(tx, context)?, 1);
        Ok(())
    });
    let last = renewed(&app, &new_master_key());
    for node in [&after, &last] {
        assert_pass(&authorize(node, &new_secret));
        assert_denied(&authorize(node, &forgotten.secret));
    }
    assert!(manager.get(&format!("/api-keys/{}", forgotten.id)).body.contains("Revoked"));
    let entries = "SELECT event AS text FROM activity ORDER BY number DESC LIMIT 2";
    assert_eq!(app.texts(entries), ["master_key.old_pepper_ended", "api_key.revoked"]);
    let verified = activity::verify(&last.site.db, &last.site.keyring).expect("read");
    assert!(verified.is_ok(), "{verified:?}");
}

/// The number of a secret that somebody with access to the database adds.
const FORGED: i64 = 77;

fn plant(app: &App, digest: &[u8; 32], generation: i32, proof: &str) {
    let insert = format!(
        "INSERT INTO api_key_secrets (digest, key_id, pepper_version, created_at, expires_at, \
         number, last_used_at, former_proof) SELECT $1, key_id, {generation}, created_at, \
         expires_at, {FORGED}, 0, {proof} FROM api_key_secrets WHERE number = 1"
    );
    app.write(|tx, _| {
        diesel::sql_query(insert).bind::<Binary, _>(digest.as_slice()).execute(&mut **tx)?;
        Ok(())
    });
}

#[test]
fn nobody_who_knows_the_old_master_key_can_plant_a_secret_key() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &[]);
    rotate(&app, &new_master_key());
    let after = renewed(&app, &new_master_key());
    let forged = key.forged(10, "stolenmasterkey");
    let secret = SecretKey::parse(&forged).expect("well formed");
    let digest = secret.digest(&app.site.keyring);
    let stolen_proof = "(SELECT former_proof FROM api_key_secrets WHERE number = 1)";
    for (generation, proof) in [(1, "NULL"), (1, stolen_proof), (2, "NULL"), (2, stolen_proof)] {
        plant(&app, &digest, generation, proof);
        let response = authorize(&after, &forged);
        assert_eq!(outcome(&response), code(401, "invalid_key"), "{generation} {proof}");
        app.sql(&format!("DELETE FROM api_key_secrets WHERE number = {FORGED}"));
    }
    // What the rotation did for secret keys that were there is what is missing.
    plant(&app, &digest, 1, "NULL");
    let proof = former_proof(&after.site.keyring, &digest);
    app.write(|tx, _| {
        diesel::sql_query("UPDATE api_key_secrets SET former_proof = $1 WHERE number = 77")
            .bind::<Binary, _>(proof)
            .execute(&mut **tx)?;
        Ok(())
    });
    assert_pass(&authorize(&after, &forged));
    assert_pass(&authorize(&after, &key.secret));
}

#[derive(QueryableByName)]
struct SigningSecrets {
    #[diesel(sql_type = Binary)]
    secret: Vec<u8>,
    #[diesel(sql_type = Binary)]
    old_secret: Vec<u8>,
}

#[test]
fn what_was_encrypted_can_be_read_under_the_new_master_key() {
    let provider = Provider::start();
    let app = App::set_up();
    let member = app.member(INES, true, &Permission::ALL);
    let authenticator = app.enrol(&member);
    turn_on(&app, &provider, |_| {});
    let webhook = webhook(&app, "http://127.0.0.1:1/hook");
    let draft = mail::Draft {
        host: "localhost".into(),
        port: "587".into(),
        security: "starttls".into(),
        username: "latchkey".into(),
        password: zeroize::Zeroizing::new("anchor 7 lantern".into()),
        sender: "latchkey@meridianfreight.example".into(),
    };
    app.write(|tx, context| mail::change(tx, &draft, &[], false, context).map(drop));
    let endpoint = EndpointId::parse(&webhook).expect("an ID");
    app.write(|tx, context| webhooks::replace_secret(tx, &endpoint, context).map(drop));
    let label = format!("webhook signing secret {webhook}");
    let signing_secrets = |keyring: &Keyring| {
        let query = "SELECT secret, old_secret FROM webhook_endpoints";
        let row: SigningSecrets = app.read(|c| Ok(diesel::sql_query(query).get_result(c)?));
        [row.secret, row.old_secret]
            .map(|sealed| keyring.unseal(&label, &sealed).expect("readable").to_vec())
    };
    let before = signing_secrets(&app.site.keyring);

    let to = new_master_key();
    assert_eq!(rotate(&app, &to).recovery_codes, 1);
    let after = renewed(&app, &to);
    let keyring = after.site.keyring.clone();
    let server = after.read(|c| mail::server(c, &keyring)).expect("a mail server");
    assert_eq!(server.password.expect("a password").as_str(), "anchor 7 lantern");
    let stored = after.read(|c| sso::provider(c, &keyring)).expect("a provider");
    assert_eq!(stored.client_secret.as_str(), CLIENT_SECRET);
    assert_eq!(signing_secrets(&keyring), before);
    let client = after.anonymous();
    client.submit("/sign-in", &[("email", INES), ("password", PASSWORD)]);
    let page = client.submit("/sign-in/code", &[("code", &after.code_of(&authenticator))]);
    assert_eq!((page.status, page.location()), (303, "/api-keys"), "{}", page.body);
    assert!(app.texts("SELECT code_hash AS text FROM member_recovery_codes").is_empty());
}

/// Binary columns hold what was made with a master key. Each must be carried over by a rotation or
/// not depend on the master key; a new one needs a decision.
#[test]
fn every_binary_column_survives_a_rotation_or_ends_with_it() {
    const KNOWN: [&str; 13] = [
        "activity.hash: verified under the key of its time",
        "activity_head.hash: that of the newest entry",
        "activity_head.seal: made again",
        "api_key_secrets.digest: under the pepper of its time",
        "api_key_secrets.former_proof: made again",
        "former_master_keys.activity_key: encrypted again",
        "former_master_keys.pepper: encrypted again, or ended",
        "mail_outbox.sealed: given up with its link",
        "mail_server.password: encrypted again",
        "member_totp.secret: encrypted again",
        "sso_provider.client_secret: encrypted again",
        "webhook_endpoints.old_secret: encrypted again",
        "webhook_endpoints.secret: encrypted again",
    ];
    let known = KNOWN.iter().filter_map(|line| line.split_once(':')).map(|(column, _)| column);
    let mut binary: Vec<String> = crate::copies::declared()
        .into_iter()
        .flat_map(|(table, columns)| {
            let binary = columns.into_iter().filter(|(_, kind)| kind == "Binary");
            binary.map(move |(column, _)| format!("{table}.{column}"))
        })
        .collect();
    binary.sort();
    assert_eq!(binary, known.collect::<Vec<_>>());
}

#[test]
fn the_activity_goes_on_and_nothing_is_recorded_under_the_old_master_key() {
    let app = App::set_up();
    let mut node = app.second_node();
    for step in 1..=3_u8 {
        let to = Keyring::from_bytes(&[43 + step; 32]);
        rotate(&node, &to);
        let next = renewed(&app, &to);
        assert_eq!(next.site.keyring.generation(), i32::from(step) + 1);
        next.key(&format!("Key {step}"));
        let verified = activity::verify(&next.site.db, &next.site.keyring).expect("read");
        assert!(verified.is_ok(), "{verified:?}");
        let context = Context::command_line(node.site.keyring.clone(), node.site.clock.now());
        let entry = activity::Entry::about(activity::Event::SettingsChanged, settings::subject());
        let refused = node.site.db.write_blocking(|tx| activity::record(tx, &context, &entry));
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        next.write(|tx, context| master_key::end_old_pepper(tx, context).map(drop));
        node = next;
    }
    // A changed entry is found, whichever master key it was recorded under.
    for number in [2, app.number("SELECT MAX(number) - 1 FROM activity")] {
        let before = format!("SELECT details AS text FROM activity WHERE number = {number}");
        let before = app.texts(&before).remove(0);
        app.sql(&format!("UPDATE activity SET details = '{{}}x' WHERE number = {number}"));
        let verified = activity::verify(&node.site.db, &node.site.keyring).expect("read");
        assert_eq!(verified, Err(activity::Broken::Changed(number)));
        let before = before.replace('\'', "''");
        app.sql(&format!("UPDATE activity SET details = '{before}' WHERE number = {number}"));
    }
}

#[test]
fn a_rotation_is_refused_while_a_node_lacks_the_new_master_key_or_an_older_pepper_is_in_use() {
    let app = App::set_up();
    let manager = app.super_manager();
    Key::new(&manager, &[]);
    let to = new_master_key();
    let node = |id: &str, keys: &[&Keyring]| Node {
        id: id.into(),
        name: format!("node {id}"),
        master_keys: keys
            .iter()
            .map(|key| settings::fingerprint(key))
            .collect::<Vec<_>>()
            .join(" "),
        seen_at: app.site.clock.now(),
    };
    let old = &app.site.keyring;
    let nodes = [node("a", &[old]), node("b", &[old, &to]), node("c", &[old])];
    app.write(|tx, _| nodes.iter().try_for_each(|node| master_key::report(tx, node)));
    let before = app.contents();
    let refusal = try_rotate(&app, &to);
    assert!(refusal.contains("of node a and node c."), "{refusal}");
    assert_eq!(app.contents(), before, "nothing was changed");
    app.write(|tx, _| master_key::leave(tx, "a"));
    app.write(|tx, _| master_key::report(tx, &node("c", &[old, &to])));
    rotate(&app, &to);

    let after = renewed(&app, &to);
    let third = Keyring::from_bytes(&[44; 32]);
    app.write(|tx, _| ["b", "c"].iter().try_for_each(|id| master_key::leave(tx, id)));
    let refusal = try_rotate(&after, &third);
    assert!(refusal.starts_with("1 active key still"), "{refusal}");
    after.write(master_key::end_old_pepper);
    rotate(&after, &third);
}
