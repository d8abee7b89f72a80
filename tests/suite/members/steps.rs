//! Disabling, enabling and removing members, and resetting their passwords.

use latchkey::domain::members::Permission;

use super::{
    INES, NEW_PASSWORD, TOMAS, app_with_ines, code, confirm_step, events, is_signed_in, link, row,
};
use crate::support::{App, PASSWORD};

#[test]
fn disabling_ends_sessions_and_enabling_does_not_restore_them() {
    let (app, ines) = app_with_ines();
    let id = app.member(TOMAS, true, &[Permission::ViewKeys]).id;
    let tomas = app.signed_in(TOMAS);
    let reset = link(&app, &confirm_step(&app, &ines, id.as_str(), "reset-password"));
    app.sql(&format!(
        "UPDATE members SET password_hash = '{}'",
        crate::support::PASSWORD_HASH.trim()
    ));
    let again = app.signed_in(TOMAS);
    assert!(!is_signed_in(&tomas) && is_signed_in(&again));
    let dialog = ines.get(&format!("/members/{}/disable", id.as_str()));
    assert_eq!((dialog.status, dialog.text("h2").as_str()), (200, "Disable “Ines Okafor”?"));
    assert_eq!(confirm_step(&app, &ines, id.as_str(), "disable").status, 303);
    let table = ines.get("/members");
    assert_eq!(table.text("#notice"), "“Ines Okafor” disabled.");
    assert!(row(&table, id.as_str()).contains("Disabled"));
    assert!(!is_signed_in(&again));
    assert_eq!(app.count("sessions"), 1);
    assert_eq!(app.anonymous().get(&reset).status, 404);
    let visitor = app.anonymous();
    assert_eq!(visitor.submit("/sign-in", &[("email", TOMAS), ("password", PASSWORD)]).status, 422);
    assert_eq!(
        confirm_step(&app, &ines, id.as_str(), "disable").status,
        303,
        "disabling again changes nothing"
    );
    assert_eq!(ines.get("/members").text("#notice"), "“Ines Okafor” is disabled.");
    assert_eq!(confirm_step(&app, &ines, id.as_str(), "enable").status, 303);
    assert!(!is_signed_in(&again));
    assert_eq!(app.anonymous().get(&reset).status, 404);
    assert!(is_signed_in(&app.signed_in(TOMAS)));
    let recorded = events(&app);
    for event in ["member.disabled", "member.enabled"] {
        assert_eq!(recorded.iter().filter(|name| *name == event).count(), 1, "{event}");
    }
}

#[test]
fn removing_a_member_ends_their_sessions_and_keeps_their_activity() {
    let (app, ines) = app_with_ines();
    app.member(TOMAS, true, &[Permission::ViewKeys, Permission::CreateKeys]);
    let tomas = app.signed_in(TOMAS);
    let key = tomas.key_named("Route planner");
    let id = super::id_of(&app, TOMAS);
    let path = format!("/members/{id}/delete");
    let token = ines.get(&path).form_token();
    for _ in 0..2 {
        let response = ines.post(&path, &[("form_token", token.as_str())]);
        assert_eq!((response.status, response.location()), (303, "/members"));
    }
    assert_eq!(ines.get("/members").text("#notice"), "“Ines Okafor” removed.");
    assert!(!is_signed_in(&tomas));
    assert_eq!((app.count("members"), app.count("sessions")), (1, 1));
    let page = ines.get(&format!("/api-keys/{key}"));
    assert_eq!(page.status, 200);
    assert!(page.text("table.log").contains("Ines Okafor"), "{}", page.body);
    let actors =
        app.texts("SELECT actor_name AS text FROM activity WHERE event = 'api_key.created'");
    assert_eq!(actors, ["Ines Okafor"]);
    for path in ["edit", "disable", "enable", "delete", "invite", "withdraw", "reset-password"] {
        assert_eq!(ines.get(&format!("/members/{id}/{path}")).status, 404, "{path}");
        if path != "edit" {
            assert_eq!(confirm_step(&app, &ines, &id, path).status, 404, "{path}");
        }
    }
}

#[test]
fn a_reset_link_is_shown_once_and_sets_a_password() {
    let (app, ines) = app_with_ines();
    let id = app.member(TOMAS, true, &[Permission::ViewKeys]).id;
    let tomas = app.signed_in(TOMAS);
    let path = format!("/members/{}/reset-password", id.as_str());
    let token = ines.get(&path).form_token();
    let fields = [("form_token", token.as_str())];
    let shown = link(&app, &ines.post(&path, &fields));
    assert!(!is_signed_in(&tomas));
    assert_eq!(ines.post(&path, &fields).status, 303);
    assert!(ines.get("/members").text("#notice").starts_with("This link has already been shown."));
    assert_eq!(app.count("one_time_codes"), 1);
    assert!(!app.everything().iter().any(|row| row.contains(code(&shown))));
    let visitor = app.anonymous();
    let fields = [("code", code(&shown)), ("password", NEW_PASSWORD)];
    assert_eq!(visitor.submit_from(&shown, "/reset-password", &fields).status, 303);
    assert!(is_signed_in(&visitor));
}

#[test]
fn nobody_can_reset_or_enable_a_member_with_more_permissions() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let id = super::id_of(&app, INES);
    let lesser = app.super_manager_with(&[Permission::ManageMembers]);
    let ines = app.signed_in(INES);
    assert_eq!(confirm_step(&app, &lesser, &id, "reset-password").status, 403);
    assert!(is_signed_in(&ines));
    assert_eq!(confirm_step(&app, &lesser, &id, "disable").status, 303, "disabling grants nothing");
    assert!(!is_signed_in(&ines));
    assert!(!lesser.get("/members").has(&format!("a[href='/members/{id}/enable']")));
    let response = confirm_step(&app, &lesser, &id, "enable");
    assert_eq!(response.status, 403);
    assert!(
        response
            .text("h1")
            .starts_with("Ines Okafor has permissions that you do not have: api.key.view")
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM members WHERE disabled_at IS NULL"), 1);
}

#[test]
fn members_cannot_reset_their_own_password_by_link() {
    let (app, ines) = app_with_ines();
    app.super_manager();
    let id = super::id_of(&app, INES);
    let response = confirm_step(&app, &ines, &id, "reset-password");
    assert_eq!(response.status, 403);
    assert_eq!(response.text("h1"), "Change your own password in your account settings.");
    assert!(is_signed_in(&ines));
    assert!(!ines.get(&format!("/members/{id}/edit")).has("a[href$='/reset-password']"));
}

#[test]
fn unknown_member_ids_are_not_found() {
    let (app, ines) = app_with_ines();
    for id in [
        "mem_0",
        "mem_0000000000000000",
        "key_00000000000A",
        "%00",
        "..%2f",
        "'%20OR%201=1--",
        &"x".repeat(3000),
    ] {
        for step in [
            "contain",
            "delete",
            "disable",
            "edit",
            "enable",
            "invite",
            "keys",
            "reset-password",
            "withdraw",
        ] {
            let page = ines.get(&format!("/members/{id}/{step}"));
            assert_eq!(page.status, 404, "{id} {step}");
        }
        assert_eq!(confirm_step(&app, &ines, id, "delete").status, 404, "{id}");
    }
}
