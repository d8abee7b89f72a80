//! The account page: a member's own name, password and sessions.

mod sessions;

use latchkey::base::clock::{HOUR, MINUTE};
use latchkey::domain::members::{self, Email, MemberName, NewMember, Permission};

use crate::support::{App, Client, PASSWORD, PASSWORD_HASH, Page};

const INES: &str = "ines@meridianfreight.example";
const TOMAS: &str = "tomas@meridianfreight.example";
const NEW: &str = "lantern orbit cabbage velvet";

fn set_up() -> (App, Client) {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let ines = app.signed_in(INES);
    (app, ines)
}

fn send(client: &Client, action: &str, fields: &[(&str, &str)]) -> Page {
    client.submit_from("/account", &format!("/account/{action}"), fields)
}

fn is_signed_in(client: &Client) -> bool {
    client.get("/account").status == 200
}

fn try_sign_in(app: &App, password: &str) -> u16 {
    app.anonymous().submit("/sign-in", &[("email", INES), ("password", password)]).status
}

/// The references in the forms that end a session.
fn references(page: &Page) -> Vec<String> {
    let forms = page.all("input[name=session]").len();
    let rest = page.body.split(r#"name="session" value=""#).skip(1);
    let values: Vec<_> =
        rest.map(|rest| rest.split('"').next().expect("a value").to_owned()).collect();
    assert_eq!(values.len(), forms);
    values
}

#[test]
fn every_signed_in_member_has_an_account_page() {
    let (app, ines) = set_up();
    app.member(TOMAS, false, &[]);
    let tomas = app.signed_in(TOMAS);
    for (client, address, email) in [
        (&ines, "This is your sign-in address. It cannot be changed.", INES),
        (&tomas, "To change it, ask Ines Okafor for a new invitation.", TOMAS),
    ] {
        let page = client.get("/account");
        assert_eq!((page.status, page.text("h1").as_str()), (200, "Account settings"));
        assert!(page.has("#me a[href='/account']"), "the account menu links to it");
        assert!(page.has("#name") && page.has("#current_password") && page.has("main .theme"));
        assert!(page.text("main").contains(address));
        let username = page.attribute("[autocomplete=username]:not([type])", "value");
        assert_eq!(username.as_deref(), Some(email), "for password managers");
    }
    assert_eq!(app.anonymous().get("/account").location(), "/sign-in?next=%2Faccount");
}

#[test]
fn members_can_change_only_their_own_name() {
    let (app, ines) = set_up();
    app.member(TOMAS, false, &[]);
    let tomas = app.signed_in(TOMAS);
    let extra = [
        ("super_manager", "yes"),
        ("permissions", "member.manage"),
        ("email", "other@example.com"),
        ("member_id", "mem_0"),
        ("id", "mem_0"),
    ];
    let fields = [&[("name", " Tomas Lind ")], &extra[..]].concat();
    let answer = send(&tomas, "edit", &fields);
    assert_eq!((answer.status, answer.location()), (303, "/account"));
    let page = tomas.get("/account");
    assert_eq!(page.text("#notice"), "Your name was saved.");
    assert_eq!(page.attribute("#name", "value").as_deref(), Some("Tomas Lind"));
    assert_eq!(tomas.get("/members").status, 403);
    assert_eq!(
        app.texts("SELECT name || ' ' || email AS text FROM members ORDER BY email"),
        [format!("Ines Okafor {INES}"), format!("Tomas Lind {TOMAS}"),]
    );
    assert_eq!(app.count("member_permissions"), 8);
    let before = app.contents();
    for name in ["", " ", "a\u{202e}b", "a\0b", &"x".repeat(81)] {
        let answer = send(&ines, "edit", &[("name", name)]);
        assert_eq!(answer.status, 422, "{name:?}");
        assert!(!answer.error_of("name").is_empty());
    }
    assert_eq!(send(&ines, "edit", &[("name", "Ines Okafor")]).status, 303);
    assert_eq!(app.contents(), before, "saving the same name changes nothing");
    let markup = "<script>alert(1)</script>";
    assert_eq!(send(&ines, "edit", &[("name", markup)]).status, 303);
    for path in ["/account", "/members", "/api-keys"] {
        assert!(!ines.get(path).body.contains("<script>alert"), "{path}");
    }
}

#[test]
fn a_password_change_needs_the_current_password_and_ends_other_sessions() {
    let (app, ines) = set_up();
    let (elsewhere, copy) = (app.signed_in(INES), ines.copy());
    let extra = [("super_manager", "yes"), ("email", TOMAS), ("member_id", "mem_0")];
    let fields = [&[("current_password", PASSWORD), ("password", NEW)], &extra[..]].concat();
    let before = ines.cookie("latchkey");
    let answer = send(&ines, "password", &fields);
    assert_eq!((answer.status, answer.location()), (303, "/account"), "{}", answer.body);
    assert!(is_signed_in(&ines) && !is_signed_in(&elsewhere));
    assert_ne!(ines.cookie("latchkey"), before);
    assert!(!is_signed_in(&copy), "the old session cookie no longer works");
    assert_eq!((try_sign_in(&app, PASSWORD), try_sign_in(&app, NEW)), (422, 303));
    let query = "SELECT event AS text FROM activity WHERE event = 'member.password_changed'";
    assert_eq!(app.texts(query).len(), 1);
    assert!(!app.everything().iter().any(|row| row.contains(NEW) || row.contains(PASSWORD)));
}

#[test]
fn a_wrong_or_weak_password_changes_nothing() {
    let (app, ines) = set_up();
    let other = app.signed_in(INES);
    for (current, new, field) in [
        ("wrong", NEW, "current_password"),
        ("", NEW, "current_password"),
        (PASSWORD, "", "password"),
        (PASSWORD, "short", "password"),
        (PASSWORD, INES, "password"),
        (PASSWORD, &"y".repeat(257), "password"),
    ] {
        let answer = send(&ines, "password", &[("current_password", current), ("password", new)]);
        assert_eq!(answer.status, 422, "{field}");
        assert!(!answer.error_of(field).is_empty(), "{field}: {}", answer.body);
        assert!(answer.text("title").starts_with("Error: "));
        assert!(!answer.body.contains(PASSWORD) && !answer.body.contains(NEW));
    }
    assert!(is_signed_in(&other));
    assert_eq!(try_sign_in(&app, PASSWORD), 303);
}

#[test]
fn wrong_current_passwords_are_throttled_like_sign_ins() {
    let (app, ines) = set_up();
    let fields = [("current_password", "wrong"), ("password", NEW)];
    let before = app.sign_in_service.hasher.done();
    let statuses: Vec<u16> = (0..8).map(|_| send(&ines, "password", &fields).status).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429, 429, 429]);
    assert_eq!(app.sign_in_service.hasher.done() - before, 5);
    let answer = send(&ines, "password", &[("current_password", PASSWORD), ("password", NEW)]);
    assert_eq!((answer.status, answer.header("retry-after")), (429, "1"));
    app.advance(MINUTE);
    let answer = send(&ines, "password", &[("current_password", PASSWORD), ("password", NEW)]);
    assert_eq!(answer.status, 303);
}

#[test]
fn submitting_the_password_form_twice_changes_the_password_once() {
    let (app, ines) = set_up();
    let token = ines.get("/account").form_token();
    let fields = [("current_password", PASSWORD), ("password", NEW), ("form_token", &token)];
    assert_eq!(ines.post("/account/password", &fields).status, 303);
    let answer = ines.post("/account/password", &fields);
    assert_eq!((answer.status, answer.location()), (303, "/account"));
    assert_eq!(try_sign_in(&app, NEW), 303);
}

#[test]
fn sessions_are_listed_by_device_and_can_be_ended_one_by_one() {
    let (app, ines) = set_up();
    let phone = app.anonymous();
    let token = phone.get("/sign-in").form_token();
    let fields = [("email", INES), ("password", PASSWORD), ("form_token", token.as_str())];
    let request = phone.request("/sign-in").header("sec-fetch-site", "same-origin");
    let request = request
        .header("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Safari/604.1")
        .body(crate::support::encoded(&fields));
    assert_eq!(phone.send(request).status, 303);
    app.advance(5 * MINUTE);
    let page = ines.get("/account");
    let rows = page.all("table.sessions tbody tr");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().any(|row| row.contains("This session")));
    let other = rows.iter().find(|row| row.contains("Safari on iPhone")).expect("the phone");
    assert!(other.contains("198.") && other.contains("5 min ago"), "{other}");
    let other_sessions = references(&page);
    assert_eq!(other_sessions.len(), 1, "the current session cannot be ended here");
    assert!(!app.texts("SELECT id_hash AS text FROM sessions").contains(&other_sessions[0]));
    assert_eq!(send(&ines, "sessions/end", &[("session", &other_sessions[0])]).status, 303);
    assert_eq!(ines.get("/account").text("#notice"), "The session has ended.");
    assert!(!is_signed_in(&phone) && is_signed_in(&ines));
    assert_eq!(
        app.texts("SELECT event AS text FROM activity WHERE event LIKE 'session.e%'"),
        ["session.ended"]
    );
}

#[test]
fn members_cannot_end_the_sessions_of_others() {
    let (app, ines) = set_up();
    app.member(TOMAS, true, &Permission::ALL);
    let tomas = [app.signed_in(TOMAS), app.signed_in(TOMAS)];
    let references_of_tomas = references(&tomas[0].get("/account"));
    let hashes = app.texts("SELECT id_hash AS text FROM sessions");
    let cookie = tomas[1].cookie("latchkey").expect("a cookie");
    let mut attempts: Vec<&str> = vec!["", "x", "%", "'; --", cookie.as_str()];
    attempts.extend(references_of_tomas.iter().chain(&hashes).map(String::as_str));
    for reference in attempts {
        let answer = send(&ines, "sessions/end", &[("session", reference), ("member_id", "x")]);
        assert_eq!((answer.status, answer.location()), (303, "/account"), "{reference}");
        let notice = ines.get("/account").text("#notice");
        assert_eq!(notice, "You have no such session. It may have ended already.");
    }
    assert_eq!(send(&ines, "sessions/end-others", &[]).status, 303);
    assert_eq!(ines.get("/account").text("#notice"), "You have no other session.");
    assert!(tomas.iter().all(is_signed_in) && is_signed_in(&ines));
}

#[test]
fn all_other_sessions_can_be_ended_at_once() {
    let (app, ines) = set_up();
    let others = [app.signed_in(INES), app.signed_in(INES)];
    let answer = send(&ines, "sessions/end-others", &[]);
    assert_eq!(answer.status, 303);
    assert_eq!(ines.get("/account").text("#notice"), "Your 2 other sessions have ended.");
    assert!(is_signed_in(&ines) && !others.iter().any(is_signed_in));
    assert!(!ines.get("/account").has("form[action$='end-others']"));
    app.advance(13 * HOUR);
    assert!(!is_signed_in(&ines));
}

#[test]
fn nobody_is_told_to_ask_themselves() {
    let (app, ines) = set_up();
    let address = ines.get("/account").text("main");
    assert!(address.contains("This is your sign-in address. It cannot be changed."), "{address}");
    app.write(|tx, context| {
        let tomas = NewMember {
            name: MemberName::parse("Tomas Lind").expect("a name"),
            email: Email::parse(TOMAS).expect("an address"),
            password_hash: Some(PASSWORD_HASH.trim().to_owned()),
            super_manager: true,
            permissions: [Permission::ManageMembers].into_iter().collect(),
        };
        members::add(tx, &tomas, context)
    });
    let address = ines.get("/account").text("main");
    assert!(address.contains("To change it, ask Tomas Lind for a new invitation."), "{address}");
    let denied = app.signed_in(TOMAS).get("/api-keys");
    assert_eq!(denied.status, 403);
    assert!(
        denied.text("main").contains("Ask Ines Okafor for the permission api.key.view."),
        "{}",
        denied.body
    );
}
