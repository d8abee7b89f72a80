//! The owner, the external id and the labels of a key: what the forms accept, where they are shown,
//! and what APIs and webhooks receive.

use serde_json::{Value, json};

use crate::support::{App, Client, replaced};
use crate::verification::Key;
use crate::verification::wire::{Request, Response};

/// The address of the gateway's client.
const CLIENT: &str = "203.0.113.7";
const OWNED: [(&str, &str); 3] =
    [("owner", "cus_42"), ("external_id", "crm:42/key-1"), ("labels", "region=eu\nteam=billing")];

/// The response to a gateway about a request with `secret`, which passes.
fn authorize(app: &App, secret: &str) -> Response {
    let request = Request::new(&app.url, "GET", "/v1/authorize").from(CLIENT);
    let response = request.bearer(secret).send();
    assert_eq!(response.status, 200, "{}", response.raw);
    response
}

fn introspect(app: &App, service: &Key, secret: &str) -> Value {
    let request = Request::new(&app.url, "POST", "/v1/introspect").from(CLIENT);
    request.bearer(&service.secret).form(&[("token", secret)]).send().json()
}

/// Saves the setting "Send labels to APIs": `1` turns it on.
fn send_labels(manager: &Client, value: &str) {
    let form = manager.get("/settings").form_fields("form[action='/settings']");
    let page = manager.post("/settings", &replaced(&form, &[("sends_labels", value)]));
    assert_eq!(page.status, 303, "{}", page.body);
}

/// `count` labels whose values have `length` characters.
fn labels(count: usize, length: usize) -> String {
    let lines: Vec<_> = (0..count).map(|n| format!("l{n}={}", "v".repeat(length))).collect();
    lines.join("\n")
}

#[test]
fn a_new_key_has_what_was_typed_and_its_page_links_to_keys_that_have_it_in_common() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (owned, plain) = (Key::new(&manager, &OWNED), Key::new(&manager, &[]));
    let stored = "SELECT owner || ' ' || external_id AS text FROM api_keys WHERE owner <> ''";
    assert_eq!(app.texts(stored), ["cus_42 crm:42/key-1"]);
    let stored = "SELECT key_id || ' ' || name || ' ' || value AS text FROM api_key_labels";
    let expected = ["region eu", "team billing"].map(|label| format!("{} {label}", owned.id));
    assert_eq!(app.texts(&format!("{stored} ORDER BY name")), expected);
    let page = manager.get(&format!("/api-keys/{}", owned.id));
    let facts: Vec<(String, String)> =
        page.all(".kv dt").into_iter().zip(page.all(".kv dd")).collect();
    for (label, value) in [
        ("Owner", "cus_42"),
        ("External ID", "crm:42/key-1"),
        ("Label", "region=eu"),
        ("Label", "team=billing"),
    ] {
        assert!(facts.contains(&(label.into(), value.into())), "{label} in {facts:?}");
    }
    assert_eq!(page.text(".kv a[href='/api-keys?owner=cus_42']"), "cus_42");
    assert_eq!(page.text(".kv a[href='/api-keys?label=team%3Dbilling']"), "team=billing");
    let page = manager.get(&format!("/api-keys/{}", plain.id));
    for label in ["Owner", "External ID", "Label"] {
        assert!(!page.all(".kv dt").iter().any(|other| other == label), "{label}");
    }
    let table = manager.get("/api-keys");
    assert_eq!(table.text(&format!("#{} th .owner", owned.id)), "cus_42");
    assert!(!table.has(&format!("#{} th .owner", plain.id)));
}

#[test]
fn an_api_receives_the_owner_of_a_key_or_none_and_a_change_applies_to_the_next_request() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (owned, plain) = (Key::new(&manager, &OWNED), Key::new(&manager, &[]));
    let service = Key::introspecting(&manager, &[]);
    let assert_owner = |key: &Key, owner: &str| {
        // The second request is answered from the cache.
        for _ in 0..2 {
            assert_eq!(authorize(&app, &key.secret).header("latchkey-owner"), owner);
            assert_eq!(introspect(&app, &service, &key.secret)["latchkey_owner"], owner);
        }
    };
    assert_owner(&owned, "cus_42");
    assert_owner(&plain, "none");
    let longest = "aZ09._:@/-".repeat(8);
    for owner in ["cus_43", &longest, ""] {
        assert_eq!(manager.edit_key(&owned.id, &[("owner", owner)]).status, 303);
        assert_owner(&owned, if owner.is_empty() { "none" } else { owner });
    }
    assert_eq!(manager.edit_key(&plain.id, &[("owner", " cus_42 ")]).status, 303);
    assert_owner(&plain, "cus_42");
}

#[test]
fn labels_are_sent_only_while_the_setting_is_on() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (owned, plain) = (Key::new(&manager, &OWNED), Key::new(&manager, &[]));
    let service = Key::introspecting(&manager, &[]);
    let sent = |key: &Key| {
        let response = authorize(&app, &key.secret);
        let is_sent = response.names().contains("latchkey-labels");
        let header = is_sent.then(|| response.header("latchkey-labels").to_owned());
        (header, introspect(&app, &service, &key.secret).get("latchkey_labels").cloned())
    };
    // Using the keys first puts them into the cache.
    for _ in 0..3 {
        assert_eq!(sent(&owned), (None, None));
        assert_eq!(sent(&plain), (None, None));
    }
    for _ in 0..2 {
        send_labels(&manager, "1");
        assert!(manager.get("/settings").has("input[name=sends_labels][checked]"));
        let header = r#"region="eu", team="billing""#.to_owned();
        let labels = json!({ "region": "eu", "team": "billing" });
        assert_eq!(sent(&owned), (Some(header), Some(labels)));
        assert_eq!(sent(&plain), (None, None));
        send_labels(&manager, "");
        assert!(!manager.get("/settings").has("input[name=sends_labels][checked]"));
        assert_eq!(sent(&owned), (None, None));
    }
    send_labels(&manager, "1");
    assert_eq!(manager.edit_key(&owned.id, &[("labels", "tier=a=b c\nnote=")]).status, 303);
    let header = r#"note="", tier="a=b c""#.to_owned();
    assert_eq!(sent(&owned), (Some(header), Some(json!({ "note": "", "tier": "a=b c" }))));
    assert_eq!(manager.edit_key(&owned.id, &[("labels", "")]).status, 303);
    assert_eq!(sent(&owned), (None, None));
}

#[test]
fn the_section_more_is_closed_until_a_field_in_it_has_a_value_or_an_error() {
    let app = App::set_up();
    let manager = app.super_manager();
    let new = manager.get("/api-keys/new");
    assert_eq!(new.text("#new details.more summary"), "More");
    let fields = ["Owner (optional)", "External ID (optional)", "Labels (optional)"];
    assert_eq!(new.all("#new details.more label"), fields);
    assert!(!new.has("#new details.more[open]"));
    let is_open = |more: &[(&str, &str)]| {
        let page = manager.create_key(&[&[("name", "")][..], more].concat());
        assert_eq!(page.status, 422, "{more:?}");
        page.has("#new details.more[open]")
    };
    assert!(!is_open(&[]));
    for field in OWNED {
        assert!(is_open(&[field]), "{field:?}");
    }
    for field in [("owner", "none"), ("external_id", "two words"), ("labels", "team")] {
        assert!(is_open(&[field]), "{field:?}");
    }
    for (fields, expected) in [(&[][..], false), (&OWNED, true)] {
        let key = Key::new(&manager, fields);
        let edit = manager.get(&format!("/api-keys/{}/edit", key.id));
        assert_eq!(edit.has("#edit details.more[open]"), expected, "{fields:?}");
    }
}

#[test]
fn an_invalid_value_is_rejected_at_its_field_and_everything_typed_is_kept() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (long_owner, long_id) = ("a".repeat(81), "a".repeat(121));
    let (many, large) = (labels(17, 1), labels(10, 100));
    let not_one_word = "can contain only letters from a to z, digits and . _ : @ / -";
    let before = app.contents();
    for (field, value, message) in [
        ("owner", long_owner.as_str(), "Owner must be 80 characters or fewer"),
        ("owner", "none", "“none” means that a key has no owner"),
        ("owner", "NONE", "“none” means that a key has no owner"),
        ("owner", "two words", not_one_word),
        ("owner", "a\u{e9}", not_one_word),
        ("external_id", &long_id, "External ID must be 120 characters or fewer"),
        ("external_id", "a,b", not_one_word),
        ("labels", "team", "Line 1: “team” has no value"),
        ("labels", "a=b\nTeam=billing", "Line 2: The name in “Team=billing” must start with"),
        ("labels", "team=\"billing\"", "The value of team can contain only printable ASCII"),
        ("labels", "a=1\na=2", "Line 2: The label a is there twice"),
        ("labels", &many, "Enter 16 labels or fewer"),
        ("labels", &large, "bytes together as a header"),
    ] {
        let mut typed: Vec<(&str, &str)> = OWNED.to_vec();
        typed.retain(|(name, _)| *name != field);
        typed.extend([("name", "Route planner"), ("notes", "Ask Ines"), (field, value)]);
        let page = manager.create_key(&typed);
        assert_eq!(page.status, 422, "{field} {value}");
        let error = page.error_of(field);
        assert!(error.contains(message), "{field} {value}: {error}");
        assert_eq!(page.errors(), [error]);
        assert_eq!(page.attribute("#errors a", "href"), Some(format!("#{field}")));
        let kept = page.form_fields("#new form");
        for (name, value) in typed {
            assert!(kept.contains(&(name.into(), value.into())), "{name}={value} in {kept:?}");
        }
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn sixteen_labels_are_accepted_up_to_1024_bytes_as_a_header() {
    let app = App::set_up();
    let manager = app.super_manager();
    send_labels(&manager, "1");
    // As a header, each label is three characters longer, and there are two between two labels.
    let longest = format!("{}={}", "n".repeat(40), "v".repeat(100));
    let typed = |last: usize| {
        let others = (1..=15).map(|n| (n, if n == 15 { last } else { 50 }));
        let others = others.map(|(n, length)| format!("l{n:02}={}", "v".repeat(length)));
        std::iter::once(longest.clone()).chain(others).collect::<Vec<_>>().join("\n")
    };
    let key = Key::new(&manager, &[("labels", &typed(61))]);
    let response = authorize(&app, &key.secret);
    let header = response.header("latchkey-labels");
    assert_eq!((header.len(), header.split(", ").count()), (1024, 16));
    let rejected = manager.create_key(&[("name", "Larger"), ("labels", &typed(62))]);
    assert_eq!(rejected.status, 422);
    assert!(rejected.error_of("labels").contains("bytes together as a header"));
    assert_eq!((app.count("api_keys"), app.count("api_key_labels")), (1, 16));
}

#[test]
fn the_activity_lists_the_changes_of_an_edit() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = Key::new(&manager, &OWNED);
    let edit = [("owner", "cus_43"), ("external_id", ""), ("labels", "team=billing\nregion=us")];
    assert_eq!(manager.edit_key(&key.id, &edit).status, 303);
    let details = app.texts("SELECT details AS text FROM activity ORDER BY number DESC LIMIT 1");
    let details: Value = serde_json::from_str(&details[0]).expect("JSON");
    assert_eq!(
        details["changes"],
        json!([
            { "field": "Owner", "from": "cus_42", "to": "cus_43" },
            { "field": "External ID", "from": "crm:42/key-1", "to": "" },
            {
                "field": "Labels",
                "from": "region=eu, team=billing",
                "to": "region=us, team=billing",
            },
        ])
    );
    let page = manager.get(&format!("/api-keys/{}", key.id));
    assert_eq!(page.all(".log .changes b"), ["Owner", "External ID", "Labels"]);
    let removed = ["cus_42", "crm:42/key-1", "region=eu, team=billing"];
    assert_eq!(page.all(".log .changes del"), removed);
    assert_eq!(page.all(".log .changes ins"), ["cus_43", "nothing", "region=us, team=billing"]);
    // Labels have no order.
    let before = app.contents();
    let edit = [("labels", "region=us\r\n\r\n team = billing ")];
    assert_eq!(manager.edit_key(&key.id, &edit).status, 303);
    assert_eq!(app.contents(), before);
}

#[test]
fn webhooks_and_the_file_of_usage_say_whose_key_it_is() {
    let app = App::set_up();
    let manager = app.super_manager();
    crate::webhooks::webhook(&app, "https://receiver.example/");
    Key::new(&manager, &[("owner", "-acme"), ("external_id", "@7"), ("labels", "team=billing")]);
    app.find_alerts();
    let messages = app.texts("SELECT body AS text FROM webhook_messages");
    let message: Value = serde_json::from_str(&messages[0]).expect("JSON");
    let key = &message["data"]["key"];
    assert_eq!((messages.len(), &message["type"]), (1, &json!("api_key.created")));
    assert_eq!([&key["owner"], &key["external_id"]], ["-acme", "@7"]);
    assert_eq!(key["labels"], json!({ "team": "billing" }));
    let file = manager.get("/usage/export.csv").body;
    let mut rows = csv::Reader::from_reader(file.as_bytes());
    let end = |row: &csv::StringRecord| {
        row.iter().skip(row.len() - 2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(end(rows.headers().expect("columns")), ["owner", "external_id"]);
    let row = rows.records().next().expect("a row").expect("a row");
    assert_eq!(end(&row), ["'-acme", "'@7"], "neither is a formula");
}
