//! The page of a leak report with its timeline, usage and notes, and the list of reports.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::members::Permission;

use super::{authorize_status, create_key, create_report, passes, report};
use crate::support::App;

#[test]
fn the_timeline_shows_events_oldest_first() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, _) = create_key(&manager, "Billing worker");
    app.advance(2 * DAY);
    let manager = app.super_manager();
    assert_eq!(manager.edit_key(&id, &[("notes", "Ask Ines")]).status, 303);
    app.advance(DAY);
    let manager = app.super_manager();
    let location = create_report(&manager, &id, &[("since", "2026-11-24"), ("found", "A log")]);
    app.advance(MINUTE);
    let note = manager.submit_from(
        &location,
        &format!("{location}/notes"),
        &[("text", "Log deleted\nby us")],
    );
    assert_eq!((note.status, note.location()), (303, location.as_str()));
    app.advance(MINUTE);
    let closed = manager.submit_from(&location, &format!("{location}/close"), &[]);
    assert_eq!((closed.status, closed.location()), (303, location.as_str()));
    let page = manager.get(&location);
    assert_eq!(page.text("#notice"), "Report closed.");
    assert_eq!(
        page.all(".timeline b").iter().filter(|text| *text != "Notes").collect::<Vec<_>>(),
        [
            "Possibly out from here on",
            "Key edited",
            "Leak reported",
            "Key revoked",
            "Note",
            "Report closed"
        ]
    );
    assert_eq!(page.all(".timeline time")[5], "26 Nov 2026, 12:02");
    assert!(page.text(".timeline").contains("Log deleted by us"));
    assert!(page.text(".title-row").contains("Closed") && !page.has("[action$='/close']"));
    let again = manager.submit_from(&location, &format!("{location}/close"), &[]);
    assert_eq!(manager.get(again.location()).text("#notice"), "This report is closed already.");
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    let page = viewer.get(&location);
    assert_eq!(
        page.all(".timeline b"),
        ["Possibly out from here on", "Leak reported", "Key revoked", "Note", "Report closed"],
        "entries of the activity require permission"
    );
}

#[test]
fn the_page_shows_usage_since_a_day_by_address_and_by_denial() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    assert_eq!(authorize_status(&app, &secret, "orders:read", "203.0.113.7"), 200);
    app.write_usage();
    app.advance(3 * DAY);
    for _ in 0..3 {
        assert_eq!(authorize_status(&app, &secret, "orders:read", "198.51.100.9"), 200);
    }
    assert_eq!(authorize_status(&app, &secret, "reports:delete", "198.51.100.9"), 403);
    assert_eq!(authorize_status(&app, &secret, "orders:read", "203.0.113.7"), 200);
    app.write_usage();
    let manager = app.super_manager();
    let last_four = &id[12..];
    let location = create_report(&manager, &id, &[("since", "2026-11-25"), ("confirm", last_four)]);
    app.advance(MINUTE);
    assert_eq!(authorize_status(&app, &secret, "orders:read", "198.51.100.9"), 401);
    app.write_usage();
    let page = manager.get(&location);
    assert_eq!(page.all(".stats dd"), ["4", "2", "2", "1"], "{}", page.body);
    let rows = page.all("#from tbody tr");
    assert!(rows.iter().any(|row| row.starts_with("198.51.100.9 not seen before")), "{rows:?}");
    assert!(rows.iter().any(|row| row.starts_with("203.0.113.7") && !row.contains("not seen")));
    assert_eq!(page.all("#from tbody .num").concat().len(), 4);
    let denied = page.all("#refused .reason");
    assert_eq!(denied, ["Key revoked", "Scope missing: reports:delete"]);
    assert_eq!(page.all("#reasons dt"), ["Key revoked", "Scope missing"]);
    assert_eq!(page.text("#scopes-asked li code"), "orders:read");
    let page = manager.get(&format!("{location}?since=2026-11-23"));
    assert_eq!(page.all(".stats dd")[0], "5", "since an earlier day");
    assert_eq!(page.attribute("#since", "value").as_deref(), Some("2026-11-23"));
    for date in ["x", "0001-01-01", "9999-12-31", "%00", "2026-13-01"] {
        assert_eq!(manager.get(&format!("{location}?since={date}")).status, 200, "{date}");
    }
}

#[test]
fn a_note_is_validated_and_never_contains_a_secret_key() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    let location = create_report(&manager, &id, &[]);
    let action = format!("{location}/notes");
    let before = app.contents();
    for (text, message) in [
        (" ", "Enter a note".to_owned()),
        (&format!("It was {secret}"), "This is a secret key: it must not be stored".into()),
        (&"x".repeat(2001), "Note must be 2,000 characters or fewer".into()),
    ] {
        let page = manager.submit_from(&location, &action, &[("text", text)]);
        assert_eq!((page.status, page.error_of("text")), (422, message));
        assert_eq!(page.text("h1"), "Leak of Billing worker");
    }
    assert_eq!(app.contents(), before);
    let reader = app.super_manager_with(&[Permission::ViewKeys]);
    assert_eq!(reader.submit_from(&location, &action, &[("text", "x")]).status, 403);
    for path in ["/leaks/leak_00000000000A", "/leaks/x", "/leaks/%FF"] {
        assert_eq!(manager.get(path).status, 404);
        let token = app.token(&manager, path);
        let fields = [("form_token", token.as_str()), ("text", "x")];
        assert_eq!(manager.post(&format!("{path}/notes"), &fields).status, 404);
    }
}

#[test]
fn the_list_is_paged_with_open_reports_first() {
    let app = App::set_up();
    let manager = app.super_manager();
    assert_eq!(manager.get("/leaks").text(".empty h2"), "No leak was reported");
    let (id, secret) = create_key(&manager, "Billing worker");
    let (other, _) = create_key(&manager, "Route planner");
    let mut all = Vec::new();
    for number in 0..30 {
        app.advance(1);
        let key = if number % 2 == 0 { &id } else { &other };
        all.push(create_report(&manager, key, &[("action", "none")]));
    }
    let close =
        |location: &String| manager.submit_from(location, &format!("{location}/close"), &[]);
    for location in all.iter().step_by(3) {
        assert_eq!(close(location).status, 303);
    }
    let first = manager.get("/leaks");
    let (mut rows, mut badges) = (first.all("tbody tr"), first.all("tbody .badge"));
    assert_eq!(rows.len(), 25);
    let next = first.attribute(".pager [rel=next]", "href").expect("a link");
    let second = manager.get(&next);
    rows.extend(second.all("tbody tr"));
    badges.extend(second.all("tbody .badge"));
    assert_eq!(badges, [vec!["Open"; 20], vec!["Closed"; 10]].concat());
    assert!(!second.has(".pager [rel=next]"));
    let mut ids: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| {
            (0..26).filter_map(|n| page.attribute(&format!("tbody tr:nth-child({n}) a"), "href"))
        })
        .collect();
    ids.sort();
    all.sort();
    assert_eq!(ids, all, "each report is listed once");
    let filtered = manager.get(&format!("/leaks?key={other}"));
    assert_eq!(filtered.all("tbody tr").len(), 15);
    assert!(filtered.text(".narrowed").contains(&other));
    assert!(passes(&app, &secret));
    for query in ["after=x", "after=open~1~", "key=x", "after=closed~x~y", "after=open~9~%00"] {
        assert_eq!(manager.get(&format!("/leaks?{query}")).status, 200, "{query}");
    }
}

#[test]
fn everyone_who_can_view_a_key_can_report_a_leak() {
    let app = App::set_up();
    let (id, _) = create_key(&app.super_manager(), "Billing worker");
    let reader = app.super_manager_with(&[Permission::ViewKeys]);
    let page = reader.get(&format!("/api-keys/{id}"));
    assert_eq!(page.text(&format!("[href='/api-keys/{id}/leak']")), "Report a Leak");
    assert!(!page.has("#leaks"));
    let diagnosis = reader.get("/diagnosis");
    assert_eq!(diagnosis.text("[href='/leaks/new']"), "Check Found Text");
    assert_eq!(report(&reader, &id, &[("action", "none")]).status, 303);
}
