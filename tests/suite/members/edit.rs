//! Changing the role and the permissions of a member.

use latchkey::domain::members::Permission;

use super::{
    INES, MANAGE, TOMAS, VIEW, accept, app_with_ines, code, confirm_step, edit, events, id_of,
    invite, link, permissions_of,
};
use crate::support::App;

#[test]
fn an_edit_takes_effect_on_the_next_request() {
    let (app, ines) = app_with_ines();
    let id = app.member(TOMAS, true, &[Permission::ViewKeys, Permission::CreateKeys]).id;
    let tomas = app.signed_in(TOMAS);
    assert!(tomas.get("/api-keys").has("#create"));
    let response = edit(&ines, id.as_str(), &[("permissions", VIEW)]);
    assert_eq!(response.location(), format!("/members#{}", id.as_str()));
    assert_eq!(ines.get("/members").text("#notice"), "“Ines Okafor” saved.");
    assert!(!tomas.get("/api-keys").has("#create"));
    assert_eq!(tomas.get("/api-keys/new").status, 403);
    let extra = [("super_manager", ""), ("name", "Mallory"), ("email", "mallory@example.com")];
    assert_eq!(edit(&ines, id.as_str(), &extra).status, 303);
    assert_eq!(app.number("SELECT COUNT(*) FROM members WHERE name = 'Mallory'"), 0);
    assert_eq!(super::id_of(&app, TOMAS), id.as_str());
    let page = tomas.get("/api-keys");
    assert_eq!(page.status, 403);
    assert_eq!(page.text("h1"), "You need the super manager role to see this page.");
    assert!(page.text("main").contains("Ask Ines Okafor."), "{}", page.body);
    assert!(page.has("#me") && page.has(r#"main a[href="/account"]"#));
    assert_eq!(tomas.get("/account").status, 200);
    assert_eq!(permissions_of(&app, id.as_str()), [""; 0]);
    let details =
        "SELECT details AS text FROM activity WHERE event = 'member.edited' ORDER BY number";
    let recorded: serde_json::Value = serde_json::from_str(&app.texts(details)[0]).expect("JSON");
    assert_eq!(recorded["changes"][0]["from"], "api.key.view, api.key.create");
    assert_eq!(recorded["changes"][0]["to"], VIEW);
}

#[test]
fn a_change_of_permissions_gives_the_session_a_new_key() {
    let (app, ines) = app_with_ines();
    let id = app.member(TOMAS, true, &[Permission::ViewKeys]).id;
    let tomas = app.signed_in(TOMAS);
    let (stolen, before) = (tomas.copy(), tomas.cookie("latchkey"));
    assert_eq!(tomas.get("/api-keys").status, 200);
    assert_eq!(tomas.cookie("latchkey"), before);
    let fields = [("permissions", VIEW), ("permissions", "activity.view")];
    assert_eq!(edit(&ines, id.as_str(), &fields).status, 303);
    let token = {
        let page = tomas.get("/api-keys");
        assert_eq!(page.status, 200);
        page.form_token()
    };
    assert_ne!(tomas.cookie("latchkey"), before);
    assert_eq!(stolen.get("/api-keys").status, 303, "the old session key no longer works");
    assert_eq!(
        tomas.post("/preferences/theme", &[("form_token", &token), ("theme", "dark")]).status,
        303
    );
    assert_eq!(app.count("sessions"), 2);
}

#[test]
fn two_editors_do_not_overwrite_each_other() {
    let (app, ines) = app_with_ines();
    let other = app.super_manager();
    let id = app.member(TOMAS, true, &[]).id;
    let path = format!("/members/{}/edit", id.as_str());
    let shown = other.get(&path).form_fields("#edit form");
    assert_eq!(edit(&ines, id.as_str(), &[("permissions", VIEW)]).status, 303);
    let mut stale: Vec<(&str, &str)> =
        shown.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    stale.push(("permissions", "activity.view"));
    let response = other.post(&path, &stale);
    assert_eq!(response.status, 409);
    assert!(response.text("#errors").contains("Someone else changed this member."));
    assert!(response.text("#errors .changes").contains(VIEW));
    assert!(
        response.has("input[value='activity.view'][checked]"),
        "the form keeps what was ticked"
    );
    let resubmitted = response.form_fields("#edit form");
    let resubmitted: Vec<(&str, &str)> =
        resubmitted.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(other.post(&path, &resubmitted).status, 303);
    assert_eq!(permissions_of(&app, id.as_str()), ["activity.view"]);
    for version in ["", "x", "-1e9", "99999999999999999999"] {
        assert_eq!(edit(&ines, id.as_str(), &[("version", version)]).status, 422, "{version}");
    }
}

#[test]
fn a_repeated_edit_is_saved_once_and_an_unchanged_one_is_not_recorded() {
    let (app, ines) = app_with_ines();
    let id = app.member(TOMAS, true, &[]).id;
    let path = format!("/members/{}/edit", id.as_str());
    let token = ines.get(&path).form_token();
    let fields = [
        ("form_token", token.as_str()),
        ("version", "1"),
        ("super_manager", "yes"),
        ("permissions", VIEW),
    ];
    for _ in 0..2 {
        assert_eq!(ines.post(&path, &fields).status, 303);
    }
    let before = events(&app);
    assert_eq!(edit(&ines, id.as_str(), &[]).status, 303);
    assert_eq!(events(&app), before);
    assert_eq!(before.iter().filter(|event| *event == "member.edited").count(), 1);
}

#[test]
fn nobody_can_grant_or_remove_a_permission_they_do_not_have() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let manager = app.super_manager_with(&[Permission::ManageMembers, Permission::ViewKeys]);
    let id = app.member(TOMAS, true, &[Permission::ViewKeys, Permission::ViewActivity]).id;
    let id = id.as_str();
    let dialog = manager.get(&format!("/members/{id}/edit"));
    assert_eq!(dialog.all("input[name=permissions][disabled]").len(), 6);
    assert!(dialog.has("input[value='activity.view'][disabled][checked]"));
    assert!(dialog.text("#permissions").contains("You do not have this permission."));
    for permission in Permission::ALL {
        let fields = [("permissions", permission.as_str())];
        let response = edit(&manager, id, &fields);
        let is_own = matches!(permission, Permission::ManageMembers | Permission::ViewKeys);
        let is_unchanged = permission == Permission::ViewActivity;
        assert_eq!(response.status, if is_own || is_unchanged { 303 } else { 422 }, "{permission}");
        assert!(permissions_of(&app, id).contains(&"activity.view".to_owned()), "{permission}");
    }
    let own = app.texts(
        "SELECT id AS text FROM members WHERE email NOT IN \
         ('ines@meridianfreight.example', 'tomas@meridianfreight.example')",
    );
    let response =
        edit(&manager, &own[0], &[("permissions", MANAGE), ("permissions", "settings.manage")]);
    assert_eq!(response.status, 422, "nobody can grant themselves permissions");
    assert_eq!(permissions_of(&app, &own[0]), [VIEW, MANAGE]);
    // Permissions stored for a member without the role are not restored with the role.
    let dormant = app.member("noor@meridianfreight.example", false, &Permission::ALL).id;
    let fields = [("super_manager", "yes"), ("permissions", VIEW)];
    let response = edit(&manager, dormant.as_str(), &fields);
    assert_eq!(response.status, 303);
    assert_eq!(permissions_of(&app, dormant.as_str()), [VIEW]);
}

/// If the links still worked, a manager with few permissions who saw one could gain more.
#[test]
fn links_stop_working_when_their_member_gains_permissions() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let ines = app.signed_in(INES);
    let lesser = app.super_manager_with(&[Permission::ManageMembers]);
    let invitation = link(&app, &invite(&lesser, TOMAS, &[]));
    let id = id_of(&app, TOMAS);
    let active = app.member("noor@meridianfreight.example", true, &[]).id;
    let reset = link(&app, &confirm_step(&app, &lesser, active.as_str(), "reset-password"));
    let all: Vec<_> = Permission::ALL.iter().map(|p| ("permissions", p.as_str())).collect();
    let promotion = [&[("super_manager", "yes")], &all[..]].concat();
    assert_eq!(edit(&ines, active.as_str(), &promotion).status, 303);
    assert_eq!(app.anonymous().get(&reset).status, 404);
    assert_eq!(edit(&ines, &id, &promotion).status, 303);
    assert!(ines.get("/members").text("#notice").contains("no longer works: make a new one"));
    assert_eq!(accept(&app, &invitation, &[]).1.status, 422);
    let table = lesser.get("/members");
    for step in ["invite", "reset-password"] {
        assert!(!table.has(&format!("a[href='/members/{id}/{step}']")), "{step} is not offered");
        assert!(
            !lesser
                .get(&format!("/members/{}/edit", active.as_str()))
                .has(&format!("a[href$='/{step}']"))
        );
    }
    for (id, step) in [(id.as_str(), "invite"), (active.as_str(), "reset-password")] {
        let response = confirm_step(&app, &lesser, id, step);
        assert_eq!(response.status, 403, "{step}");
        assert!(
            response.text("h1").contains("has permissions that you do not have"),
            "{}",
            response.body
        );
        assert!(!response.body.contains("code="));
    }
    let again = link(&app, &confirm_step(&app, &ines, &id, "invite"));
    assert!(!code(&again).is_empty());
    assert_eq!(accept(&app, &again, &[]).1.status, 303);
}
