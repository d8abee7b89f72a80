//! Denied requests of a member are recorded in the activity, with one entry per hour.

use latchkey::base::clock::{HOUR, MINUTE};
use latchkey::domain::members::Permission;

use crate::support::App;

const NOOR: &str = "noor@meridianfreight.example";

fn entries(app: &App) -> Vec<serde_json::Value> {
    let query =
        "SELECT details AS text FROM activity WHERE event = 'access.denied' ORDER BY number";
    app.texts(query).iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

fn end_the_hour(app: &App) {
    app.advance(HOUR + MINUTE);
    app.purge();
}

#[test]
fn repeated_denials_of_a_member_are_one_entry_per_hour_with_the_missing_permissions() {
    let app = App::set_up();
    let member = app.member(NOOR, false, &[]);
    let noor = app.signed_in(NOOR);
    let before = app.count("activity");
    for path in ["/members", "/members/new", "/members", "/settings"] {
        assert_eq!(noor.get(path).status, 403, "{path}");
    }
    assert_eq!(app.count("activity"), before, "nothing is recorded before the hour ends");
    end_the_hour(&app);
    let expected = serde_json::json!({
        "began_at": crate::support::NOW.millis(),
        "ended_at": crate::support::NOW.plus(HOUR).millis(),
        "denials": 4,
        "permissions": ["member.manage: 3", "settings.manage: 1"],
    });
    assert_eq!(entries(&app), [expected]);
    let subject =
        app.texts("SELECT subject_id AS text FROM activity WHERE event = 'access.denied'");
    assert_eq!(subject, [member.id.as_str()]);
    let page = app.super_manager().get("/activity?event=access");
    let sentence = "Denied Ines Okafor access 4 times between 12:00 and 13:00 \
                (member.manage: 3, settings.manage: 1)";
    assert_eq!(page.text(".log .what"), sentence);
}

#[test]
fn a_single_denial_and_other_failed_requests_are_not_recorded() {
    let app = App::set_up();
    app.member(NOOR, false, &[]);
    let noor = app.signed_in(NOOR);
    assert_eq!(noor.get("/members").status, 403);
    for _ in 0..3 {
        assert_eq!(app.anonymous().get("/members").status, 303);
        assert_eq!(noor.post("/account/edit", &[("form_token", "stale")]).status, 403);
        let request = noor.request("/account/edit").header("sec-fetch-site", "cross-site");
        assert_eq!(noor.send(request.body("name=x")).status, 403);
    }
    assert_eq!(app.number("SELECT SUM(count) FROM activity_tallies"), 1);
    end_the_hour(&app);
    assert_eq!(entries(&app), [serde_json::Value::Null; 0]);
}

#[test]
fn denials_by_a_handler_are_counted_like_those_by_a_gate() {
    let app = App::set_up();
    let manager = app.super_manager_with(&[Permission::ViewKeys]);
    let id = app.key("Billing worker");
    for action in ["revoke", "rotate"] {
        let path = format!("/api-keys/{id}/leak");
        assert_eq!(manager.submit(&path, &[("action", action)]).status, 403, "{action}");
    }
    end_the_hour(&app);
    let permissions = serde_json::json!(["api.key.delete: 1", "api.key.update: 1"]);
    assert_eq!(entries(&app)[0]["permissions"], permissions);
}

#[test]
fn a_request_is_denied_even_if_the_denial_cannot_be_counted() {
    let app = App::set_up();
    app.member(NOOR, false, &[]);
    let noor = app.signed_in(NOOR);
    app.sql("ALTER TABLE activity_tallies RENAME TO gone");
    let page = noor.get("/members");
    assert_eq!(page.status, 403);
    assert_eq!(page.text("h1"), "You need the super manager role to see this page.");
}
