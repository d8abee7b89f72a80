//! When a review is due, and how far an open one has progressed.

use latchkey::base::clock::DAY;
use latchkey::domain::reviews::{self, Due};

use super::{create_keys, decide, start_review};
use crate::support::{App, NOW, replaced};

fn due(app: &App) -> Option<Due> {
    let now = app.site.clock.now();
    app.read(|c| reviews::due(c, now))
}

fn set_days(app: &App, days: &str) -> u16 {
    let manager = app.super_manager();
    let shown = manager.get("/settings").form_fields("form[action='/settings']");
    manager.post("/settings", &replaced(&shown, &[("review_days", days)])).status
}

#[test]
fn the_first_review_is_due_a_set_number_of_days_after_the_first_key() {
    let app = App::set_up();
    app.advance(500 * DAY);
    assert_eq!(due(&app), None, "without a key there is nothing to review");
    let app = App::set_up();
    create_keys(&app, ["Billing worker"]);
    app.advance(90 * DAY - 1);
    assert_eq!(due(&app), None);
    app.advance(1);
    assert_eq!(due(&app), Some(Due::Since(NOW.plus(90 * DAY))));
    let page = app.super_manager().get("/reviews");
    assert_eq!(page.text("#due"), "A review is due since 21 February 2027.");
    assert!(page.text(".page-head").contains("Due every 90 days."));
    assert_eq!(set_days(&app, "0"), 303);
    assert_eq!(due(&app), None, "0 means never");
    assert!(app.super_manager().get("/reviews").text(".page-head").contains("Never due by itself"));
    assert_eq!(set_days(&app, "30"), 303);
    assert_eq!(due(&app), Some(Due::Since(NOW.plus(30 * DAY))));
    assert_eq!(set_days(&app, "367"), 422);
}

#[test]
fn an_open_review_reports_its_progress_and_finishing_it_restarts_the_interval() {
    let app = App::set_up();
    let [billing, _] = create_keys(&app, ["Billing worker", "Route planner"]);
    let manager = app.super_manager();
    let cancelled = start_review(&manager);
    assert_eq!(manager.submit(&format!("{cancelled}/cancel"), &[]).status, 303);
    app.advance(90 * DAY - 1);
    assert_eq!(due(&app), None);
    app.advance(1);
    assert!(matches!(due(&app), Some(Due::Since(_))), "a cancelled review does not count");
    let [third] = create_keys(&app, ["Third"]);
    let manager = app.super_manager();
    // The first two keys have expired, so make all of them valid again.
    app.sql("UPDATE api_keys SET expires_at = expires_at + 8640000000");
    let review = start_review(&manager);
    assert_eq!(decide(&manager, &review, &[(&billing, "keep", "")]).status, 303);
    assert_eq!(set_days(&app, "0"), 303);
    let Some(Due::Open(open, progress)) = due(&app) else { panic!("no review is open") };
    assert_eq!((open.total, progress.decided, progress.needed), (3, 1, 3));
    assert_eq!(set_days(&app, "90"), 303);
    let all: Vec<String> = app.texts("SELECT key_id AS text FROM review_items");
    let rest: Vec<_> = all.iter().map(|id| (id.as_str(), "keep", "")).collect();
    assert!(all.contains(&third));
    assert_eq!(decide(&manager, &review, &rest).status, 303);
    assert_eq!(manager.submit(&format!("{review}/finish"), &[]).status, 303);
    let end = app.site.clock.now();
    assert_eq!(due(&app), None);
    app.advance(90 * DAY);
    assert_eq!(due(&app), Some(Due::Since(end.plus(90 * DAY))));
}
