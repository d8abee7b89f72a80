//! The last member who can manage members stays one.

use latchkey::members::Permission;

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
        assert_kept(app, &take(client, id, step), step);
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
    assert_eq!(take(&ines, disabled.as_str(), "disable").status, 303);
    let reset = app.member("e@example.com", true, &Permission::ALL).id;
    assert_eq!(take(&ines, reset.as_str(), "reset-password").status, 200);
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
        assert_eq!(take(&ines, &id_of(&app, INES), step).status, 303, "{step}");
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
    for (step, is_own) in [
        ("disable", false),
        ("delete", false),
        ("delete", true),
        ("reset-password", false),
        ("edit", true),
        ("edit", false),
    ] {
        for _ in 0..5 {
            let (app, ines) = house();
            app.member(TOMAS, true, &Permission::ALL);
            let tomas = app.signed_in(TOMAS);
            let ids = [id_of(&app, INES), id_of(&app, TOMAS)];
            let [first, second] = if is_own { [&ids[0], &ids[1]] } else { [&ids[1], &ids[0]] };
            let tokens = [&ines, &tomas].map(|client| client.get("/members").form_token());
            let go = |client: &Client, id: &str, token: &str| {
                let fields = [
                    ("form_token", token),
                    ("version", "1"),
                    ("permissions", VIEW),
                    ("super_manager", "yes"),
                ];
                client.post(&format!("/members/{id}/{step}"), &fields).status
            };
            let statuses = std::thread::scope(|scope| {
                let one = scope.spawn(|| go(&ines, first, &tokens[0]));
                let two = scope.spawn(|| go(&tomas, second, &tokens[1]));
                [one.join().expect("an answer"), two.join().expect("an answer")]
            });
            let is_done = |status: &&u16| matches!(**status, 200 | 303);
            let case = format!("{step}, own: {is_own}: {statuses:?}");
            assert!(statuses.iter().filter(is_done).count() <= 2, "{case}");
            let left = app.read(latchkey::members::managers);
            assert_eq!(left.len(), 1, "{case}");
            let told = events(&app);
            let changes = told.iter().filter(|event| {
                matches!(
                    event.as_str(),
                    "member.disabled"
                        | "member.removed"
                        | "member.edited"
                        | "member.password_reset_started"
                )
            });
            assert_eq!(changes.count(), 1, "{case}");
        }
    }
}
