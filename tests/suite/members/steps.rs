//! Disabling, enabling, removing, and resetting a password.

use latchkey::domain::members::Permission;

use super::{INES, NEW_PASSWORD, TOMAS, code, events, house, is_in, link, row, take};
use crate::support::{App, PASSWORD};

#[test]
fn disabling_ends_sessions_and_enabling_brings_none_back() {
    let (app, ines) = house();
    let id = app.member(TOMAS, true, &[Permission::ViewKeys]).id;
    let tomas = app.signed_in(TOMAS);
    let reset = link(&app, &take(&app, &ines, id.as_str(), "reset-password"));
    app.sql(&format!(
        "UPDATE members SET password_hash = '{}'",
        crate::support::PASSWORD_HASH.trim()
    ));
    let again = app.signed_in(TOMAS);
    assert!(!is_in(&tomas) && is_in(&again));
    let dialog = ines.get(&format!("/members/{}/disable", id.as_str()));
    assert_eq!((dialog.status, dialog.text("h2").as_str()), (200, "Disable “Ines Okafor”?"));
    assert_eq!(take(&app, &ines, id.as_str(), "disable").status, 303);
    let table = ines.get("/members");
    assert_eq!(table.text("#notice"), "“Ines Okafor” disabled.");
    assert!(row(&table, id.as_str()).contains("Disabled"));
    assert!(!is_in(&again));
    assert_eq!(app.count("sessions"), 1);
    assert_eq!(app.anonymous().get(&reset).status, 404);
    let visitor = app.anonymous();
    assert_eq!(visitor.submit("/sign-in", &[("email", TOMAS), ("password", PASSWORD)]).status, 422);
    assert_eq!(take(&app, &ines, id.as_str(), "disable").status, 303, "nothing happens twice");
    assert_eq!(ines.get("/members").text("#notice"), "“Ines Okafor” is disabled.");
    assert_eq!(take(&app, &ines, id.as_str(), "enable").status, 303);
    assert!(!is_in(&again));
    assert_eq!(app.anonymous().get(&reset).status, 404);
    assert!(is_in(&app.signed_in(TOMAS)));
    let told = events(&app);
    for event in ["member.disabled", "member.enabled"] {
        assert_eq!(told.iter().filter(|name| *name == event).count(), 1, "{event}");
    }
}

#[test]
fn a_removed_member_is_gone_but_not_what_they_did() {
    let (app, ines) = house();
    app.member(TOMAS, true, &[Permission::ViewKeys, Permission::CreateKeys]);
    let tomas = app.signed_in(TOMAS);
    let key = tomas.key_named("Route planner");
    let id = super::id_of(&app, TOMAS);
    let path = format!("/members/{id}/delete");
    let token = ines.get(&path).form_token();
    for _ in 0..2 {
        let answer = ines.post(&path, &[("form_token", token.as_str())]);
        assert_eq!((answer.status, answer.location()), (303, "/members"));
    }
    assert_eq!(ines.get("/members").text("#notice"), "“Ines Okafor” removed.");
    assert!(!is_in(&tomas));
    assert_eq!((app.count("members"), app.count("sessions")), (1, 1));
    let page = ines.get(&format!("/api-keys/{key}"));
    assert_eq!(page.status, 200);
    assert!(page.text("table.log").contains("Ines Okafor"), "{}", page.body);
    let named =
        app.texts("SELECT actor_name AS text FROM activity WHERE event = 'api_key.created'");
    assert_eq!(named, ["Ines Okafor"]);
    for path in ["edit", "disable", "enable", "delete", "invite", "withdraw", "reset-password"] {
        assert_eq!(ines.get(&format!("/members/{id}/{path}")).status, 404, "{path}");
        if path != "edit" {
            assert_eq!(take(&app, &ines, &id, path).status, 404, "{path}");
        }
    }
}

#[test]
fn a_reset_link_is_shown_once_and_sets_a_password() {
    let (app, ines) = house();
    let id = app.member(TOMAS, true, &[Permission::ViewKeys]).id;
    let tomas = app.signed_in(TOMAS);
    let path = format!("/members/{}/reset-password", id.as_str());
    let token = ines.get(&path).form_token();
    let fields = [("form_token", token.as_str())];
    let shown = link(&app, &ines.post(&path, &fields));
    assert!(!is_in(&tomas));
    assert_eq!(ines.post(&path, &fields).status, 303);
    assert!(ines.get("/members").text("#notice").starts_with("This link has already been shown."));
    assert_eq!(app.count("one_time_codes"), 1);
    assert!(!app.everything().iter().any(|row| row.contains(code(&shown))));
    let visitor = app.anonymous();
    let fields = [("code", code(&shown)), ("password", NEW_PASSWORD)];
    assert_eq!(visitor.submit_from(&shown, "/reset-password", &fields).status, 303);
    assert!(is_in(&visitor));
}

#[test]
fn no_way_in_is_given_to_who_holds_more() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let id = super::id_of(&app, INES);
    let lesser = app.super_manager_with(&[Permission::ManageMembers]);
    let ines = app.signed_in(INES);
    assert_eq!(take(&app, &lesser, &id, "reset-password").status, 403);
    assert!(is_in(&ines));
    assert_eq!(take(&app, &lesser, &id, "disable").status, 303, "taking away is not giving");
    assert!(!is_in(&ines));
    assert!(!lesser.get("/members").has(&format!("a[href='/members/{id}/enable']")));
    let answer = take(&app, &lesser, &id, "enable");
    assert_eq!(answer.status, 403);
    assert!(
        answer
            .text("h1")
            .starts_with("Ines Okafor has permissions that you do not have: api.key.view")
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM members WHERE disabled_at IS NULL"), 1);
}

#[test]
fn one_s_own_password_is_not_reset_by_link() {
    let (app, ines) = house();
    app.super_manager();
    let id = super::id_of(&app, INES);
    let answer = take(&app, &ines, &id, "reset-password");
    assert_eq!(answer.status, 403);
    assert_eq!(answer.text("h1"), "Change your own password in your account settings.");
    assert!(is_in(&ines));
    assert!(!ines.get(&format!("/members/{id}/edit")).has("a[href$='/reset-password']"));
}

#[test]
fn ids_of_nobody_are_not_found() {
    let (app, ines) = house();
    for id in [
        "mem_0",
        "mem_0000000000000000",
        "key_00000000000A",
        "%00",
        "..%2f",
        "'%20OR%201=1--",
        &"x".repeat(3000),
    ] {
        for step in ["edit", "disable", "enable", "delete", "invite", "withdraw", "reset-password"]
        {
            let page = ines.get(&format!("/members/{id}/{step}"));
            assert_eq!(page.status, 404, "{id} {step}");
        }
        assert_eq!(take(&app, &ines, id, "delete").status, 404, "{id}");
    }
}
