//! Changing what a member may do.

use latchkey::domain::members::Permission;

use super::{
    INES, MANAGE, TOMAS, VIEW, accept, code, edit, events, held, house, id_of, invite, link, take,
};
use crate::support::App;

#[test]
fn an_edit_counts_from_the_next_request_on() {
    let (app, ines) = house();
    let id = app.member(TOMAS, true, &[Permission::ViewKeys, Permission::CreateKeys]).id;
    let tomas = app.signed_in(TOMAS);
    assert!(tomas.get("/api-keys").has("#create"));
    let answer = edit(&ines, id.as_str(), &[("permissions", VIEW)]);
    assert_eq!(answer.location(), format!("/members#{}", id.as_str()));
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
    assert_eq!(held(&app, id.as_str()), [""; 0]);
    let details =
        "SELECT details AS text FROM activity WHERE event = 'member.edited' ORDER BY number";
    let recorded: serde_json::Value = serde_json::from_str(&app.texts(details)[0]).expect("JSON");
    assert_eq!(recorded["changes"][0]["from"], "api.key.view, api.key.create");
    assert_eq!(recorded["changes"][0]["to"], VIEW);
}

#[test]
fn a_change_of_privilege_gives_the_session_a_new_key() {
    let (app, ines) = house();
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
    assert_eq!(stolen.get("/api-keys").status, 303, "the old key opens nothing");
    assert_eq!(
        tomas.post("/preferences/theme", &[("form_token", &token), ("theme", "dark")]).status,
        303
    );
    assert_eq!(app.count("sessions"), 2);
}

#[test]
fn two_editors_do_not_overwrite_each_other() {
    let (app, ines) = house();
    let other = app.super_manager();
    let id = app.member(TOMAS, true, &[]).id;
    let path = format!("/members/{}/edit", id.as_str());
    let shown = other.get(&path).form_fields("#edit form");
    assert_eq!(edit(&ines, id.as_str(), &[("permissions", VIEW)]).status, 303);
    let mut stale: Vec<(&str, &str)> =
        shown.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    stale.push(("permissions", "activity.view"));
    let answer = other.post(&path, &stale);
    assert_eq!(answer.status, 409);
    assert!(answer.text("#errors").contains("Someone else changed this member."));
    assert!(answer.text("#errors .changes").contains(VIEW));
    assert!(answer.has("input[value='activity.view'][checked]"), "what was ticked stays");
    let knowing = answer.form_fields("#edit form");
    let knowing: Vec<(&str, &str)> =
        knowing.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(other.post(&path, &knowing).status, 303);
    assert_eq!(held(&app, id.as_str()), ["activity.view"]);
    for version in ["", "x", "-1e9", "99999999999999999999"] {
        assert_eq!(edit(&ines, id.as_str(), &[("version", version)]).status, 422, "{version}");
    }
}

#[test]
fn sending_an_edit_twice_or_unchanged_does_it_once_or_not_at_all() {
    let (app, ines) = house();
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
fn nobody_gives_or_takes_what_they_do_not_hold() {
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
        let answer = edit(&manager, id, &fields);
        let is_own = matches!(permission, Permission::ManageMembers | Permission::ViewKeys);
        let stays = permission == Permission::ViewActivity;
        assert_eq!(answer.status, if is_own || stays { 303 } else { 422 }, "{permission}");
        assert!(held(&app, id).contains(&"activity.view".to_owned()), "{permission}");
    }
    let own = app.texts(
        "SELECT id AS text FROM members WHERE email NOT IN \
         ('ines@meridianfreight.example', 'tomas@meridianfreight.example')",
    );
    let answer =
        edit(&manager, &own[0], &[("permissions", MANAGE), ("permissions", "settings.manage")]);
    assert_eq!(answer.status, 422, "nobody raises themselves");
    assert_eq!(held(&app, &own[0]), [VIEW, MANAGE]);
    // Rows of permissions that lie dormant without the role do not wake with it.
    let dormant = app.member("noor@meridianfreight.example", false, &Permission::ALL).id;
    let answer = edit(&manager, dormant.as_str(), &[("super_manager", "yes")]);
    assert_eq!(answer.status, 303);
    assert_eq!(held(&app, dormant.as_str()), [""; 0]);
}

/// Whoever was shown a link for somebody who was less comes to no more by it.
#[test]
fn links_stop_when_their_member_is_raised() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let ines = app.signed_in(INES);
    let lesser = app.super_manager_with(&[Permission::ManageMembers]);
    let invitation = link(&app, &invite(&lesser, TOMAS, &[]));
    let id = id_of(&app, TOMAS);
    let active = app.member("noor@meridianfreight.example", true, &[]).id;
    let reset = link(&app, &take(&app, &lesser, active.as_str(), "reset-password"));
    let all: Vec<_> = Permission::ALL.iter().map(|p| ("permissions", p.as_str())).collect();
    let raised = [&[("super_manager", "yes")], &all[..]].concat();
    assert_eq!(edit(&ines, active.as_str(), &raised).status, 303);
    assert_eq!(app.anonymous().get(&reset).status, 404);
    assert_eq!(edit(&ines, &id, &raised).status, 303);
    assert!(ines.get("/members").text("#notice").contains("no longer works: make a new one"));
    assert_eq!(accept(&app, &invitation, &[]).1.status, 422);
    let table = lesser.get("/members");
    for step in ["invite", "reset-password"] {
        assert!(!table.has(&format!("a[href='/members/{id}/{step}']")), "{step} is not drawn");
        assert!(
            !lesser
                .get(&format!("/members/{}/edit", active.as_str()))
                .has(&format!("a[href$='/{step}']"))
        );
    }
    for (id, step) in [(id.as_str(), "invite"), (active.as_str(), "reset-password")] {
        let answer = take(&app, &lesser, id, step);
        assert_eq!(answer.status, 403, "{step}");
        assert!(
            answer.text("h1").contains("has permissions that you do not have"),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("code="));
    }
    let again = link(&app, &take(&app, &ines, &id, "invite"));
    assert!(!code(&again).is_empty());
    assert_eq!(accept(&app, &again, &[]).1.status, 303);
}
