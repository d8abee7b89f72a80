//! Passkeys: adding, renaming and removing them.

mod sign_in;
mod two_step;

use std::fs;
use std::process::Stdio;

use diesel::connection::SimpleConnection as _;
use latchkey::base::clock::MINUTE;
use latchkey::db::Db;
use latchkey::domain::members::{Member, Permission};
use serde_json::Value;

use crate::support::authenticator::{replaced, send};
use crate::support::{App, Authenticator, Client, PASSKEY_ORIGIN, PASSWORD, Page, Shell};

const INES: &str = "ines@meridianfreight.example";
const TOMAS: &str = "tomas@meridianfreight.example";
const PAGE: &str = "/account/two-step";
const ADD: &str = "/account/two-step/passkeys";
const WRONG: &str = "The passkey could not be checked. Try again";

/// A program with two members, and the first one's client.
fn set_up() -> (App, Member, Client) {
    let app = App::with_public_url(Some(PASSKEY_ORIGIN)).with_organisation();
    let ines = app.member(INES, true, &Permission::ALL);
    app.member(TOMAS, true, &Permission::ALL);
    let client = app.signed_in(INES);
    (app, ines, client)
}

fn names(client: &Client) -> Vec<String> {
    client.get(PAGE).all(".passkeys th.name bdi")
}

fn options(page: &Page) -> Value {
    let options = page.attribute("#add-a-passkey [name=attestation]", "data-options");
    serde_json::from_str(&options.expect("options")).expect("JSON")
}

/// The path of a form about the only passkey.
fn path(app: &App, form: &str) -> String {
    let id = app.texts("SELECT id AS text FROM member_passkeys").pop().expect("a passkey");
    format!("{ADD}/{id}/{form}")
}

#[test]
fn a_member_adds_renames_and_removes_a_passkey() {
    let (app, _, client) = set_up();
    let mut authenticator = Authenticator::new();
    let shown = authenticator.register(&client, "  Work laptop ");
    assert_eq!(shown.text("#recovery-codes-t"), "Save your recovery codes");
    let page = client.get(PAGE);
    assert_eq!(page.text("#notice p"), "The passkey “Work laptop” was added.");
    assert_eq!(page.all(".passkeys td")[..2], ["23 Nov 2026", "Never"]);
    assert_eq!(names(&client), ["Work laptop"]);

    let answer = client.submit(&path(&app, "rename"), &[("name", "Old laptop")]);
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("/account/two-step#psk_"), "{}", answer.location());
    let page = client.get(PAGE);
    assert_eq!(page.text("#notice p"), "The passkey is now named “Old laptop”.");
    assert_eq!(names(&client), ["Old laptop"]);

    let answer = client.submit(&path(&app, "remove"), &[]);
    assert_eq!((answer.status, answer.location()), (303, PAGE));
    let notice = "The passkey “Old laptop” was removed. It no longer signs you in.";
    assert_eq!(client.get(PAGE).text("#notice p"), notice);
    assert!(names(&client).is_empty());

    let sentences = client.get("/activity").all("tbody .ev");
    for label in ["Passkey added", "Passkey renamed", "Passkey removed"] {
        assert!(sentences.iter().any(|shown| shown == label), "{label} in {sentences:?}");
    }
    let activity = client.get("/activity");
    for sentence in [
        "Added the passkey “Work laptop”",
        "Renamed a passkey from “Work laptop” to “Old laptop”",
        "Removed the passkey “Old laptop”",
    ] {
        assert!(activity.text("table").contains(sentence), "{sentence}");
    }
}

#[test]
fn the_browser_is_asked_for_a_passkey_that_verifies_its_owner() {
    let (app, _, client) = set_up();
    let asked = options(&client.get(ADD));
    assert_eq!(asked["rp"]["id"], "keys.meridianfreight.example");
    assert_eq!(asked["user"]["name"], INES);
    assert_eq!(asked["attestation"], "none");
    assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(asked["authenticatorSelection"]["residentKey"], "preferred");
    assert_eq!(asked["excludeCredentials"], serde_json::json!([]));
    let mut authenticator = Authenticator::new();
    authenticator.register(&client, "");
    let excluded = &options(&client.get(ADD))["excludeCredentials"];
    assert_eq!(excluded[0]["id"], authenticator.id().as_str());
    let other = options(&app.signed_in(TOMAS).get(ADD));
    assert_eq!(other["excludeCredentials"], serde_json::json!([]));
    assert_ne!(other["user"]["id"], asked["user"]["id"]);
}

#[test]
fn a_passkey_without_a_name_is_named_after_the_browser() {
    let (_app, _, client) = set_up();
    assert_eq!(Authenticator::new().register(&client, " ").status, 200);
    assert_eq!(names(&client), ["Unknown device"]);
}

#[test]
fn a_name_that_is_not_valid_comes_back() {
    let (app, _, client) = set_up();
    let long = "x".repeat(81);
    for (name, message) in [
        (long.as_str(), "Name must be 80 characters or fewer"),
        ("a\u{202e}b", "Name must not contain control or invisible characters"),
    ] {
        let page = Authenticator::new().register(&client, name);
        assert_eq!((page.status, page.errors()), (422, vec![message.to_owned()]));
        assert_eq!(page.error_of("name"), message);
    }
    assert_eq!(app.count("member_passkeys"), 0);
    Authenticator::new().register(&client, "Laptop");
    for (name, message) in
        [("", "Enter a name"), (long.as_str(), "Name must be 80 characters or fewer")]
    {
        let page = client.submit(&path(&app, "rename"), &[("name", name)]);
        assert_eq!((page.status, page.error_of("name")), (422, message.to_owned()));
        assert_eq!(page.attribute("#name", "value").as_deref(), Some(name));
    }
    assert_eq!(names(&client), ["Laptop"]);
}

#[test]
fn a_passkey_that_does_not_verify_its_owner_is_not_added() {
    let (app, _, client) = set_up();
    let mut authenticator = Authenticator::new();
    authenticator.verifies_user = false;
    let page = authenticator.register(&client, "");
    let message = "This device did not ask for a PIN, a fingerprint or a face. Use another one";
    assert_eq!((page.status, page.errors()), (422, vec![message.to_owned()]));
    assert_eq!(app.count("member_passkeys"), 0);
}

#[test]
fn an_answer_to_another_member_another_form_or_another_site_is_not_accepted() {
    let (app, _, client) = set_up();
    let tomas = app.signed_in(TOMAS);
    let rejected = |client: &Client, fields: &[(String, String)]| {
        let page = send(client, ADD, fields);
        assert_eq!((page.status, page.errors()), (422, vec![WRONG.to_owned()]));
    };
    let of_tomas = Authenticator::new().registration_fields(&tomas, "");
    let token = client.get(ADD).form_token();
    rejected(&client, &replaced(of_tomas.clone(), &[("form_token", &token)]));

    let own = Authenticator::new().registration_fields(&client, "");
    rejected(&client, &replaced(own.clone(), &[("form_token", &token)]));
    for (field, value) in
        [("attestation", "[]"), ("attestation", "{}"), ("attestation_state", "AAAA")]
    {
        rejected(&client, &replaced(own.clone(), &[(field, value)]));
    }
    let mut elsewhere = Authenticator::new();
    elsewhere.origin = "https://keys.meridianfreight.example.evil.example".into();
    rejected(&client, &elsewhere.registration_fields(&client, ""));
    assert_eq!(app.count("member_passkeys"), 0);
    assert_eq!(send(&client, ADD, &own).status, 200, "the form itself is still good");
    assert_eq!(send(&client, ADD, &own).location(), PAGE, "a second submit changes nothing");
    assert_eq!(app.count("member_passkeys"), 1);
}

#[test]
fn an_answer_after_five_minutes_is_too_late() {
    let (app, _, client) = set_up();
    let fields = Authenticator::new().registration_fields(&client, "Laptop");
    app.advance(5 * MINUTE);
    let page = send(&client, ADD, &fields);
    let message = "The page was open for too long. Try again";
    assert_eq!((page.status, page.errors()), (422, vec![message.to_owned()]));
    assert_eq!(page.attribute("#name", "value").as_deref(), Some("Laptop"));
    let fields = Authenticator::new().registration_fields(&client, "Laptop");
    app.advance(5 * MINUTE - 1);
    assert_eq!(send(&client, ADD, &fields).status, 200);
}

#[test]
fn a_passkey_is_added_once() {
    let (app, _, client) = set_up();
    let mut authenticator = Authenticator::new();
    assert_eq!(authenticator.register(&client, "").status, 200);
    for client in [&client, &app.signed_in(TOMAS)] {
        let page = authenticator.register(client, "");
        assert_eq!(page.errors(), ["This passkey was added before"]);
    }
    assert_eq!(app.count("member_passkeys"), 1);
}

#[test]
fn a_member_has_at_most_ten_passkeys() {
    let (app, _, client) = set_up();
    let early = Authenticator::new().registration_fields(&client, "Eleventh");
    for number in 1..=10 {
        let expected = if number == 1 { 200 } else { 303 };
        let page = Authenticator::new().register(&client, &number.to_string());
        assert_eq!(page.status, expected);
    }
    let message = "You have 10 passkeys, the maximum. Remove one first.";
    for answer in [|c: &Client, _: &_| c.get(ADD), |c: &Client, early: &_| send(c, ADD, early)] {
        let answer = answer(&client, &early);
        assert_eq!((answer.status, answer.location()), (303, PAGE));
        assert_eq!(client.get(PAGE).text("#notice p"), message);
    }
    assert_eq!(app.count("member_passkeys"), 10);
}

#[test]
fn nobody_changes_the_passkeys_of_others() {
    let (app, _, client) = set_up();
    Authenticator::new().register(&client, "Laptop");
    let tomas = app.signed_in(TOMAS);
    assert!(names(&tomas).is_empty());
    Authenticator::new().register(&tomas, "Phone");
    let [of_ines, of_tomas] = ["Laptop", "Phone"].map(|name| {
        app.texts(&format!("SELECT id AS text FROM member_passkeys WHERE name = '{name}'"))
            .remove(0)
    });
    for (form, fields) in [("rename", &[("name", "Mine")][..]), ("remove", &[])] {
        let answer = tomas.get(&format!("{ADD}/{of_ines}/{form}"));
        assert_eq!((answer.status, answer.location()), (303, PAGE));
        assert!(tomas.get(PAGE).text("#notice p").starts_with("You have no such passkey."));
        let page = format!("{ADD}/{of_tomas}/{form}");
        let answer = tomas.submit_from(&page, &format!("{ADD}/{of_ines}/{form}"), fields);
        assert_eq!(answer.location(), PAGE);
        let notice = "You have no such passkey. It may have been removed already.";
        assert_eq!(tomas.get(PAGE).text("#notice p"), notice);
    }
    assert_eq!(names(&client), ["Laptop"]);
}

#[test]
fn passkeys_of_a_removed_member_are_removed() {
    let (app, ines, client) = set_up();
    Authenticator::new().register(&client, "Laptop");
    app.sql(&format!("DELETE FROM members WHERE id = '{}'", ines.id.as_str()));
    assert_eq!(app.count("member_passkeys"), 0);
}

#[test]
fn passkeys_of_another_host_are_listed_and_not_offered() {
    let (app, _, client) = set_up();
    let mut authenticator = Authenticator::new();
    let codes = authenticator.register(&client, "Laptop").text("#codes-list");
    let moved = app.second_node_with_public_url("https://new.meridianfreight.example");
    let client = moved.anonymous();
    client.submit("/sign-in", &[("email", INES), ("password", PASSWORD)]);
    assert!(!client.get("/sign-in/code").has("#passkey-form"));
    let code = codes.split_whitespace().next().expect("a code");
    assert_eq!(client.submit("/sign-in/code", &[("code", code)]).status, 303);
    let page = client.get(PAGE);
    let hint = page.text(".passkeys th.name .hint");
    assert_eq!(hint, "Made for keys.meridianfreight.example");
    assert_eq!(options(&client.get(ADD))["excludeCredentials"], serde_json::json!([]));
    assert!(!moved.anonymous().get("/sign-in").has("#passkey-form"));

    // Somebody has a passkey for the new host, so that they are offered again.
    let mut new = Authenticator::new();
    new.origin = "https://new.meridianfreight.example".into();
    assert_eq!(new.register(&client, "").status, 303);
    authenticator.origin = new.origin.clone();
    assert_eq!(authenticator.sign_in(&moved.anonymous()).status, 422);
    assert_eq!(new.sign_in(&moved.anonymous()).status, 303);
    assert_eq!(app.count("member_passkeys"), 2, "nothing was deleted");
}

#[test]
fn passkeys_are_offered_at_a_host_name_of_this_machine() {
    let app = App::at_localhost().with_organisation();
    app.member(INES, true, &Permission::ALL);
    let client = app.signed_in(INES);
    let mut authenticator = Authenticator::new();
    authenticator.origin.clone_from(&app.url);
    assert_eq!(authenticator.register(&client, "").status, 200);
    assert_eq!(authenticator.sign_in(&app.anonymous()).status, 303);
}

#[test]
fn passkeys_are_not_offered_where_browsers_do_not_support_them() {
    for url in ["http://keys.meridianfreight.example", "https://192.0.2.7"] {
        let app = App::with_public_url(Some(url)).with_organisation();
        app.member(INES, true, &Permission::ALL);
        let client = app.signed_in(INES);
        let page = client.get(PAGE);
        assert!(!page.has("#add-passkey"), "{url}");
        assert!(page.text("main").contains("opened over https and at a host name"), "{url}");
        assert!(!app.anonymous().get("/sign-in").has("#passkey-form"), "{url}");
        let answer = client.get(ADD);
        assert_eq!((answer.status, answer.location()), (303, PAGE), "{url}");
        let page = app.anonymous().submit_from("/sign-in", "/sign-in/passkey", &[]);
        let message = "Passkeys cannot be used at this address. Sign in with your password";
        assert_eq!((page.status, page.errors()), (422, vec![message.to_owned()]), "{url}");
    }
}

#[test]
fn a_start_at_another_host_logs_how_many_passkeys_do_not_work() {
    let shell = Shell::new();
    let arguments = ["member", "add", "--email", INES, "--name", "Ines Okafor"];
    let added = shell.run_with_input(&arguments, &[], PASSWORD.as_bytes());
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let db = Db::open(&shell.database.location).expect("a database");
    let passkey = |id, host| {
        format!(
            "INSERT INTO member_passkeys SELECT '{id}', id, '{id}', '', 0, FALSE, '{host}', \
             'Laptop', 1, NULL FROM members;"
        )
    };
    let of_this_host = passkey("psk_1", "127.0.0.1");
    let others = ["psk_2", "psk_3"].map(|id| passkey(id, "keys.old.example"));
    let lines = |shell: &Shell| -> Vec<String> {
        let path = shell.folder.path().join("log");
        let log = Stdio::from(fs::File::create(&path).expect("a log"));
        shell.serve_with_log(log, &[], 1).0.stop();
        let log = fs::read_to_string(path).expect("a log");
        log.lines().filter(|line| line.contains("passkeys")).map(str::to_owned).collect()
    };
    db.write_blocking(|tx| Ok(tx.batch_execute(&of_this_host)?)).expect("written");
    assert!(lines(&shell).is_empty());
    db.write_blocking(|tx| Ok(tx.batch_execute(&others.concat())?)).expect("written");
    let [line] = &*lines(&shell) else { panic!("one line") };
    let expected = "passkeys made for keys.old.example (2) do not work at 127.0.0.1";
    assert!(line.ends_with(expected), "{line}");
}
