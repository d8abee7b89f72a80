//! The activity: what happened, who did it and from where, in an unbroken chain of hashes.

mod export;
mod page;
pub mod verify;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use latchkey::base::keyring::Purpose;
use latchkey::domain::members::Permission;
use latchkey::domain::sign_in::reset;

use crate::support::{App, PASSWORD, key_fields, replaced};

#[derive(Clone, Debug, PartialEq, QueryableByName)]
struct Entry {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Text)]
    event: String,
    #[diesel(sql_type = Text)]
    actor_kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    actor_id: Option<String>,
    #[diesel(sql_type = Text)]
    actor_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    user_agent: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    request_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    subject_kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    subject_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    subject_name: Option<String>,
    #[diesel(sql_type = Text)]
    details: String,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Binary)]
    seal: Vec<u8>,
}

impl Entry {
    fn details(&self) -> serde_json::Value {
        serde_json::from_str(&self.details).expect("JSON")
    }
}

fn entries(app: &App) -> Vec<Entry> {
    app.read(|c| Ok(diesel::sql_query("SELECT * FROM activity ORDER BY number").load(c)?))
}

/// Adds `count` entries without performing any action.
pub fn add_entries(app: &App, count: usize) {
    use latchkey::domain::activity::{self, Entry, Event};
    app.write(|tx, context| {
        let details = serde_json::json!({ "organisation": "Meridian Freight" });
        let entry = Entry { event: Event::SetUp, subject: None, details };
        (0..count).try_for_each(|_| activity::record(tx, context, &entry))
    });
}

/// Recomputes every hash, and panics if the chain is broken.
fn assert_chained(app: &App) {
    let keyring = &app.site.keyring;
    let mut before = Vec::new();
    for (number, entry) in (1..).zip(entries(app)) {
        assert_eq!(entry.number, number, "a gap");
        let content = serde_json::json!([
            entry.number,
            entry.at,
            entry.event,
            entry.actor_kind,
            entry.actor_id,
            entry.actor_name,
            entry.address,
            entry.user_agent,
            entry.request_id,
            entry.subject_kind,
            entry.subject_id,
            entry.subject_name,
            entry.details,
        ])
        .to_string();
        let hash = keyring.mac(Purpose::Activity, &[b"entry", &before, content.as_bytes()]);
        assert_eq!(entry.hash, hash, "the hash of entry {number} does not match");
        before = entry.hash;
    }
    let heads: Vec<Head> =
        app.read(|c| Ok(diesel::sql_query("SELECT * FROM activity_head").load(c)?));
    assert_eq!(heads.len(), 1);
    let head = &heads[0];
    assert_eq!((head.number, &head.hash), (app.count("activity"), &before));
    let parts: [&[u8]; 3] = [b"head", &head.number.to_be_bytes(), &head.hash];
    assert_eq!(head.seal, keyring.mac(Purpose::Activity, &parts), "the end is not sealed");
}

#[test]
fn every_action_is_recorded_with_its_actor_and_address() {
    const INES: &str = "ines@meridianfreight.example";
    let app = App::new();
    let code = app.set_up_code();
    let client = app.anonymous().calling_from("::ffff:203.0.113.9");
    let fields = [
        ("code", code.as_str()),
        ("organisation", "Meridian Freight"),
        ("resources", "orders"),
        ("name", "Ines Okafor"),
        ("email", INES),
        ("password", PASSWORD),
    ];
    assert_eq!(client.submit("/set-up", &fields).status, 303);
    app.advance(1000);
    let id = client.key_named("Billing worker");
    let edit = [("name", "Route planner"), ("ip_whitelist", "203.0.113.7")];
    assert_eq!(client.edit_key(&id, &edit).status, 303);
    assert_eq!(client.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    assert_eq!(client.submit_from("/api-keys", "/sign-out", &[]).status, 303);
    let wrong = [("email", INES), ("password", "hunter2 hunter2")];
    assert_eq!(client.submit("/sign-in", &wrong).status, 422);
    let right = [("email", INES), ("password", PASSWORD)];
    assert_eq!(client.submit("/sign-in", &right).status, 303);
    let member = app.read(latchkey::domain::members::list).remove(0);
    let reset = app.write(|tx, context| reset::begin(tx, &member.email, context)).1;
    let fields = [("code", reset.as_str()), ("password", "lantern orbit cabbage velvet")];
    let link = format!("/reset-password?code={reset}");
    assert_eq!(client.submit_from(&link, "/reset-password", &fields).status, 303);

    let entries = entries(&app);
    let (member, key) = (member.id.as_str(), id.as_str());
    let recorded: Vec<_> = entries
        .iter()
        .map(|e| (e.event.as_str(), e.actor_kind.as_str(), e.subject_id.as_deref()))
        .collect();
    let expected = [
        ("member.added", "anonymous", Some(member)),
        ("organisation.set_up", "anonymous", Some(member)),
        ("api_key.created", "member", Some(key)),
        ("api_key.edited", "member", Some(key)),
        ("api_key.revoked", "member", Some(key)),
        ("session.signed_out", "member", Some(member)),
        ("session.sign_in_failed", "anonymous", Some(member)),
        ("session.signed_in", "member", Some(member)),
        ("member.password_reset_started", "command_line", Some(member)),
        ("member.password_reset", "member", Some(member)),
    ];
    assert_eq!(recorded, expected);
    for entry in entries.iter().filter(|entry| entry.actor_kind != "command_line") {
        assert_eq!(entry.address.as_deref(), Some("203.0.113.9"), "{entry:?}");
        assert!(entry.request_id.as_deref().is_some_and(|id| id.len() == 36), "{entry:?}");
        let actor = (entry.actor_id.as_deref(), entry.actor_name.as_str());
        match entry.actor_kind.as_str() {
            "member" => assert_eq!(actor, (Some(member), "Ines Okafor")),
            _ => assert_eq!(actor, (None, "Somebody not signed in")),
        }
    }
    assert_eq!(entries[2].at - entries[0].at, 1000);
    assert_eq!(entries[2].subject_name.as_deref(), Some("Billing worker"));
    let edited = entries[3].details();
    assert_eq!(edited["version"], 2);
    assert_eq!(
        edited["changes"],
        serde_json::json!([
            { "field": "Key Name", "from": "Billing worker", "to": "Route planner" },
            { "field": "IP whitelist", "from": "", "to": "203.0.113.7" },
        ])
    );
    assert_eq!(entries[6].details(), serde_json::json!({ "email": INES }));
    for secret in [PASSWORD, "hunter2", "lantern", &code, &reset] {
        assert!(!entries.iter().any(|entry| format!("{entry:?}").contains(secret)), "{secret}");
    }
    assert_chained(&app);
}

#[test]
fn the_user_agent_is_truncated() {
    let app = App::set_up();
    let email = "ines@meridianfreight.example";
    app.member(email, true, &[]);
    let client = app.anonymous();
    let token = client.get("/sign-in").form_token();
    let body =
        crate::support::encoded(&[("form_token", &token), ("email", email), ("password", "x")]);
    let agent = format!("Mozilla/5.0 {}", "x".repeat(500));
    let request = client.request("/sign-in").header("sec-fetch-site", "same-origin");
    client.send(request.header("user-agent", agent).body(body));
    let stored = entries(&app).pop().and_then(|entry| entry.user_agent).expect("an agent");
    assert!(stored.starts_with("Mozilla/5.0 xxx") && stored.chars().count() <= 201, "{stored}");
}

#[test]
fn numbers_have_no_gaps_and_the_chain_is_intact_after_concurrent_writes() {
    let app = App::set_up();
    let managers: Vec<_> = (0..4).map(|_| app.super_manager()).collect();
    let before = app.count("activity");
    std::thread::scope(|scope| {
        for (n, manager) in managers.iter().enumerate() {
            scope.spawn(move || {
                for m in 0..6 {
                    let name = if m % 3 == 2 { "Taken".to_owned() } else { format!("Key {n} {m}") };
                    let page = manager.create_key(&[("name", &name)]);
                    if page.status == 200 && m % 2 == 0 {
                        let path = format!("/api-keys/{}/revoke", page.key_id());
                        assert_eq!(manager.submit(&path, &[]).status, 303);
                    }
                }
            });
        }
    });
    let changes =
        app.count("api_keys") + app.number("SELECT COUNT(*) FROM api_keys WHERE revoked_at > 0");
    assert_eq!(app.count("activity") - before, changes);
    assert_chained(&app);
}

#[test]
fn changed_and_missing_entries_are_detected() {
    let tampered = [
        "UPDATE activity SET actor_name = 'Somebody else' WHERE number = 2",
        "UPDATE activity SET details = '{}' WHERE number = 3",
        "UPDATE activity SET at = at + 1 WHERE number = 1",
        "DELETE FROM activity WHERE number = 2",
        "DELETE FROM activity WHERE number = (SELECT MAX(number) FROM activity)",
        "UPDATE activity_head SET number = number - 1",
    ];
    let app = App::set_up();
    let manager = app.super_manager();
    manager.key_named("Billing worker");
    assert_chained(&app);
    for sql in tampered {
        let check = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut connection = app.database.connect();
            connection.run("BEGIN");
            connection.run(sql);
            connection.run("COMMIT");
            assert_chained(&app);
        }));
        assert!(check.is_err(), "{sql} is not detected");
    }
}

#[test]
fn an_action_that_cannot_be_recorded_does_not_happen() {
    let app = App::set_up();
    app.member("ines@example.com", true, &Permission::ALL);
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let edit = manager.get(&format!("/api-keys/{id}/edit")).form_fields("#edit form");
    let token = manager.get("/api-keys/new").form_token();
    let visitor = app.anonymous();
    let visitor_token = visitor.get("/sign-in").form_token();
    let before = app.everything();
    app.sql("ALTER TABLE activity RENAME TO gone");
    let token = [("form_token", token.as_str())];
    let credentials = |password| {
        [
            ("form_token", visitor_token.as_str()),
            ("email", "ines@example.com"),
            ("password", password),
        ]
    };
    let responses = [
        manager.post("/api-keys", &[&key_fields(&[("name", "Another")])[..], &token].concat()),
        manager.post(&format!("/api-keys/{id}/edit"), &replaced(&edit, &[("name", "Renamed")])),
        app.post_with_token(&manager, &format!("/api-keys/{id}/revoke"), &[]),
        manager.post("/sign-out", &token),
        visitor.post("/sign-in", &credentials(PASSWORD)),
        visitor.post("/sign-in", &credentials("wrong")),
    ];
    app.sql("ALTER TABLE gone RENAME TO activity");
    for (n, page) in responses.iter().enumerate() {
        assert_eq!(page.status, 500, "{n}: {}", page.body);
        assert_eq!(page.text("h1"), "Latchkey could not do this. Nothing was changed.");
        assert!(!page.has("#secret-key"));
    }
    assert_eq!(app.everything(), before);
    assert_eq!(manager.get("/api-keys").status, 200, "still signed in");
    assert_eq!(visitor.get("/api-keys").status, 303, "not signed in");
    let again =
        manager.post("/api-keys", &[&key_fields(&[("name", "Another")])[..], &token].concat());
    assert_eq!(again.status, 200, "the form token was not used up");
    assert_chained(&app);
}

#[test]
fn a_set_up_that_cannot_be_recorded_does_not_happen() {
    let app = App::new();
    let code = app.set_up_code();
    let visitor = app.anonymous();
    let before = app.everything();
    let fields = [
        ("code", code.as_str()),
        ("organisation", "Meridian Freight"),
        ("resources", "orders"),
        ("name", "Ines Okafor"),
        ("email", "ines@example.com"),
        ("password", PASSWORD),
    ];
    app.sql("ALTER TABLE activity RENAME TO gone");
    let failed = visitor.submit("/set-up", &fields);
    app.sql("ALTER TABLE gone RENAME TO activity");
    assert_eq!(failed.status, 500);
    assert_eq!(app.everything(), before);
    assert_eq!(visitor.submit("/set-up", &fields).status, 303);
}
