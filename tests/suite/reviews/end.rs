//! Finishing or cancelling a review.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::api_keys::Draft;

use super::{create_keys, decide, progress, start_review};
use crate::support::{App, usual_draft};

#[test]
fn a_review_can_be_finished_only_when_every_active_key_has_a_decision() {
    let app = App::set_up();
    let [billing, planner] = create_keys(&app, ["Billing worker", "Route planner"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    assert_eq!(decide(&manager, &review, &[(&billing, "rotate", "")]).status, 303);
    let path = format!("{review}/finish");
    let dialog = manager.get(&path);
    assert_eq!(
        dialog.text("#ask-text"),
        "1 key still needs a decision before the review can be finished."
    );
    let rejected = manager.submit(&path, &[]);
    assert_eq!(
        (rejected.status, rejected.errors()),
        (422, vec!["1 key still needs a decision".into()])
    );
    assert_eq!(decide(&manager, &review, &[(&planner, "keep", "")]).status, 303);
    let page = manager.get(&review);
    assert_eq!(page.text(".empty h2"), "Every key is decided");
    let dialog = manager.get(&path);
    assert_eq!(
        dialog.text("#ask-text"),
        "1 decision is still to be carried out. The report lists it as open until it is."
    );
    app.advance(MINUTE);
    let done = manager.submit(&path, &[]);
    assert_eq!((done.status, done.location()), (303, format!("{review}/report").as_str()));
    let report = manager.get(done.location());
    assert_eq!(report.text("#notice"), "Review finished.");
    assert!(
        report
            .text(".report .facts")
            .contains("Finished23 November 2026, 12:01 UTC, by Ines Okafor")
            || report.text(".report .facts").contains("Finished 23 November 2026"),
        "{}",
        report.text(".facts")
    );
    let page = manager.get(&format!("{review}?view=all"));
    assert!(
        page.text(".page-head").contains("Finished by Ines Okafor on 23 November 2026, 12:01 UTC.")
    );
    assert!(!page.has("[type=radio]") && !page.has("[href$='/finish']"));
    for step in ["finish", "cancel"] {
        let late = manager.get(&format!("{review}/{step}"));
        assert_eq!((late.status, late.location()), (303, review.as_str()));
        let late = app.post_with_token(&manager, &format!("{review}/{step}"), &[]);
        assert_eq!((late.status, late.location()), (303, review.as_str()));
        assert_eq!(manager.get(&review).text("#notice"), "This review has already ended.");
    }
    let decision = format!("decision_{planner}");
    let late = manager.submit(&review, &[(&decision, "revoke")]);
    assert_eq!(late.status, 303);
    let page = manager.get(&review);
    assert_eq!(page.text("#notice"), "This review has ended. Nothing was saved.");
    let activity = manager.get("/activity");
    assert_eq!(
        activity.all(".what")[0],
        "Finished the Review of 23 November 2026, 1 decision still to be carried out"
    );
}

#[test]
fn a_key_that_is_no_longer_active_needs_no_decision() {
    let app = App::set_up();
    let [gone] = create_keys(&app, ["Gone"]);
    app.key_from(&Draft {
        name: "Short".into(),
        lifetime: "date".into(),
        expires_on: "2026-11-24".into(),
        ..usual_draft()
    });
    let [billing] = create_keys(&app, ["Billing worker"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    assert_eq!(manager.submit(&format!("/api-keys/{gone}/revoke"), &[]).status, 303);
    app.advance(2 * DAY);
    let manager = app.super_manager();
    let page = manager.get(&review);
    assert_eq!(progress(&page), "0 of 1 key decided");
    assert!(
        page.text(".review-progress").contains("2 keys are no longer active and need no decision.")
    );
    let all = manager.get(&format!("{review}?view=all"));
    assert_eq!(all.all(".review-item .badge"), ["No longer active", "No longer active"]);
    assert!(!all.has(&format!("[name=decision_{gone}]")));
    assert_eq!(decide(&manager, &review, &[(&billing, "keep", "")]).status, 303);
    let dialog = manager.get(&format!("{review}/finish"));
    assert!(dialog.text("#ask-text").starts_with("Every decision was carried out."));
    assert_eq!(manager.submit(&format!("{review}/finish"), &[]).status, 303);
    let report = manager.get(&format!("{review}/report"));
    assert!(
        report.text(".report .facts").contains("2, no decision needed"),
        "{}",
        report.text(".report .facts")
    );
}

#[test]
fn a_review_can_be_cancelled_and_another_one_started() {
    let app = App::set_up();
    create_keys(&app, ["Billing worker"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let dialog = manager.get(&format!("{review}/cancel"));
    assert_eq!(dialog.text("#ask-t"), "Cancel the Review?");
    assert!(dialog.has(".app[inert]"));
    let done = manager.submit(&format!("{review}/cancel"), &[]);
    assert_eq!((done.status, done.location()), (303, "/reviews"));
    let list = manager.get("/reviews");
    assert_eq!(list.text("#notice"), "Review of 23 November 2026 cancelled.");
    assert_eq!(list.text("tbody .badge"), "Cancelled");
    app.advance(MINUTE);
    let next = start_review(&manager);
    assert_ne!(next, review);
    assert_eq!(manager.get("/reviews").all("tbody .badge"), ["Open", "Cancelled"]);
    let empty_app = App::set_up();
    let manager = empty_app.super_manager();
    let rejected = manager.submit("/reviews", &[]);
    assert_eq!((rejected.status, rejected.location()), (303, "/reviews"));
    assert_eq!(manager.get("/reviews").text("#notice"), "There is no active key to review.");
}
