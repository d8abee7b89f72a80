//! There is always at least one member who can manage members.

use latchkey::domain::members::{self, MemberId, Permission};

use super::{
    INES, MANAGE, TOMAS, VIEW, app_with_ines, confirm_step, edit, events, id_of, invite,
    is_signed_in,
};
use crate::support::{App, Client, Page};

const ERROR: &str =
    "Ines Okafor is the last member who can manage members. Let somebody else manage them first";

/// How many members can sign in and manage members.
fn managers(app: &App) -> usize {
    let nobody = MemberId::random().expect("random");
    app.read(|c| members::managers_except(c, &nobody)).len()
}

fn assert_rejected(app: &App, response: &Page, case: &str) {
    assert_eq!(response.status, 422, "{case}: {}", response.body);
    assert_eq!(response.errors(), [ERROR], "{case}");
    let managers = "SELECT COUNT(*) FROM members AS m JOIN member_permissions AS p ON p.member_id = m.id \
                    WHERE m.super_manager AND m.disabled_at IS NULL AND m.password_hash IS NOT NULL \
                    AND p.permission = 'member.manage'";
    let managers = managers.replace("m.super_manager AND", "m.super_manager = true AND");
    assert_eq!(app.number(&managers), 1, "{case}");
}

/// Checks that the last manager cannot lose that position in any way.
fn assert_cannot_be_removed(app: &App, client: &Client, id: &str) {
    for step in ["disable", "delete"] {
        assert_rejected(app, &confirm_step(app, client, id, step), step);
    }
    assert_rejected(app, &edit(client, id, &[("super_manager", "")]), "demoted");
    assert_rejected(app, &edit(client, id, &[("permissions", VIEW)]), "without the permission");
}

#[test]
fn the_last_manager_cannot_be_removed_even_by_themselves() {
    let (app, ines) = app_with_ines();
    let id = id_of(&app, INES);
    assert_cannot_be_removed(&app, &ines, &id);
    // Members who are invited or disabled do not count, nor do those without a password, the role
    // or the permission.
    invite(&ines, "a@example.com", &[("super_manager", "yes"), ("permissions", MANAGE)]);
    app.member("b@example.com", false, &Permission::ALL);
    app.member("c@example.com", true, &[Permission::ViewKeys]);
    let disabled = app.member("d@example.com", true, &Permission::ALL).id;
    assert_eq!(confirm_step(&app, &ines, disabled.as_str(), "disable").status, 303);
    let reset = app.member("e@example.com", true, &Permission::ALL).id;
    assert_eq!(confirm_step(&app, &ines, reset.as_str(), "reset-password").status, 200);
    let before = app.contents();
    assert_cannot_be_removed(&app, &ines, &id);
    assert_eq!(app.contents(), before);
    assert!(is_signed_in(&ines));
}

#[test]
fn a_manager_can_be_removed_once_there_is_another() {
    for step in ["disable", "delete"] {
        let (app, ines) = app_with_ines();
        app.member(TOMAS, true, &[Permission::ManageMembers]);
        assert_eq!(confirm_step(&app, &ines, &id_of(&app, INES), step).status, 303, "{step}");
        assert!(!is_signed_in(&ines), "{step}");
        assert_eq!(app.signed_in(TOMAS).get("/members").status, 200);
    }
    let (app, ines) = app_with_ines();
    app.member(TOMAS, true, &[Permission::ManageMembers]);
    assert_eq!(edit(&ines, &id_of(&app, INES), &[("super_manager", "")]).status, 303);
    assert_eq!(ines.get("/members").status, 403);
}

/// Two managers concurrently remove each other, or themselves; one of them must remain.
#[test]
fn concurrent_requests_never_remove_both_managers() {
    let app = App::set_up();
    for (step, is_own) in [
        ("disable", false),
        ("contain", false),
        ("delete", false),
        ("delete", true),
        ("reset-password", false),
        ("edit", true),
        ("edit", false),
    ] {
        for _ in 0..3 {
            race(&app, step, is_own);
        }
    }
}

fn race(app: &App, step: &str, is_own: bool) {
    app.sql("DELETE FROM members");
    let ids = [INES, TOMAS].map(|email| app.member(email, true, &Permission::ALL).id);
    let clients = [INES, TOMAS].map(|email| app.signed_in(email));
    let paths = [0, 1].map(|index| {
        let target = if is_own { index } else { 1 - index };
        format!("/members/{}/{step}", ids[target].as_str())
    });
    let tokens = [0, 1].map(|index| clients[index].get(&paths[index]).form_token());
    let before = events(app).len();
    let statuses = std::thread::scope(|scope| {
        let threads = [0, 1].map(|index| {
            let (client, path, token) = (&clients[index], &paths[index], &tokens[index]);
            scope.spawn(move || {
                let fields = [
                    ("form_token", token.as_str()),
                    ("version", "1"),
                    ("super_manager", "yes"),
                    ("permissions", VIEW),
                ];
                client.post(path, &fields).status
            })
        });
        threads.map(|thread| thread.join().expect("a response"))
    });
    let case = format!("{step}, own: {is_own}: {statuses:?}");
    assert!(statuses.iter().all(|status| *status < 500), "{case}");
    assert_eq!(managers(app), 1, "{case}");
    // Containing also disables.
    let recorded = if step == "contain" { 2 } else { 1 };
    assert_eq!(events(app).len() - before, recorded, "{case}");
}
