//! The last member who can manage members stays one.

use latchkey::domain::members::Permission;

use super::{INES, MANAGE, TOMAS, VIEW, edit, events, house, id_of, invite, is_in, take};
use crate::support::{App, Client, Page};

const SAID: &str =
    "Ines Okafor is the last member who can manage members. Let somebody else manage them first";

fn assert_kept(app: &App, answer: &Page, case: &str) {
    assert_eq!(answer.status, 422, "{case}: {}", answer.body);
    assert_eq!(answer.errors(), [SAID], "{case}");
    let managers = "SELECT COUNT(*) FROM members AS m JOIN member_permissions AS p ON p.member_id = m.id \
                    WHERE m.super_manager AND m.disabled_at IS NULL AND m.password_hash IS NOT NULL \
                    AND p.permission = 'member.manage'";
    let managers = managers.replace("m.super_manager AND", "m.super_manager = true AND");
    assert_eq!(app.number(&managers), 1, "{case}");
}

/// Every way to be no manager any more.
fn assert_stays(app: &App, client: &Client, id: &str) {
    for step in ["disable", "delete"] {
        assert_kept(app, &take(app, client, id, step), step);
    }
    assert_kept(app, &edit(client, id, &[("super_manager", "")]), "demoted");
    assert_kept(app, &edit(client, id, &[("permissions", VIEW)]), "without the permission");
}

#[test]
fn the_last_manager_cannot_go_not_even_by_themselves() {
    let (app, ines) = house();
    let id = id_of(&app, INES);
    assert_stays(&app, &ines, &id);
    // Somebody invited, disabled, without a password, the role or the permission does not count.
    invite(&ines, "a@example.com", &[("super_manager", "yes"), ("permissions", MANAGE)]);
    app.member("b@example.com", false, &Permission::ALL);
    app.member("c@example.com", true, &[Permission::ViewKeys]);
    let disabled = app.member("d@example.com", true, &Permission::ALL).id;
    assert_eq!(take(&app, &ines, disabled.as_str(), "disable").status, 303);
    let reset = app.member("e@example.com", true, &Permission::ALL).id;
    assert_eq!(take(&app, &ines, reset.as_str(), "reset-password").status, 200);
    let before = app.contents();
    assert_stays(&app, &ines, &id);
    assert_eq!(app.contents(), before);
    assert!(is_in(&ines));
}

#[test]
fn a_manager_may_go_once_there_is_another() {
    for step in ["disable", "delete"] {
        let (app, ines) = house();
        app.member(TOMAS, true, &[Permission::ManageMembers]);
        assert_eq!(take(&app, &ines, &id_of(&app, INES), step).status, 303, "{step}");
        assert!(!is_in(&ines), "{step}");
        assert_eq!(app.signed_in(TOMAS).get("/members").status, 200);
    }
    let (app, ines) = house();
    app.member(TOMAS, true, &[Permission::ManageMembers]);
    assert_eq!(edit(&ines, &id_of(&app, INES), &[("super_manager", "")]).status, 303);
    assert_eq!(ines.get("/members").status, 403);
}

/// Two managers who each get rid of the other, or of themselves, at once: one of them stays.
#[test]
fn two_requests_at_once_do_not_get_rid_of_both() {
    let app = App::set_up();
    for (step, is_own) in [
        ("disable", false),
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
    let paths = [0, 1].map(|who| {
        let whom = if is_own { who } else { 1 - who };
        format!("/members/{}/{step}", ids[whom].as_str())
    });
    let tokens = [0, 1].map(|who| clients[who].get(&paths[who]).form_token());
    let before = events(app).len();
    let statuses = std::thread::scope(|scope| {
        let threads = [0, 1].map(|who| {
            let (client, path, token) = (&clients[who], &paths[who], &tokens[who]);
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
        threads.map(|thread| thread.join().expect("an answer"))
    });
    let case = format!("{step}, own: {is_own}: {statuses:?}");
    assert!(statuses.iter().all(|status| *status < 500), "{case}");
    assert_eq!(app.read(latchkey::domain::members::managers).len(), 1, "{case}");
    assert_eq!(events(app).len() - before, 1, "{case}");
}
