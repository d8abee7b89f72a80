//! The decision to disable a key, which is carried out once the key is disabled.

use latchkey::base::clock::MINUTE;

use super::{create_keys, decide, names, progress, start_review};
use crate::api_keys::disable::{disable, enable};
use crate::support::App;

#[test]
fn the_decision_to_disable_a_key_links_to_the_dialog_and_is_done_once_it_is_disabled() {
    let app = App::set_up();
    let [billing, planner] = create_keys(&app, ["Billing worker", "Route planner"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let shown = manager.get(&review);
    let choices = shown.all(&format!("#{billing} label:has([type=radio])"));
    assert_eq!(choices, ["Keep", "Reduce", "Rotate", "Disable", "Revoke"]);
    let decisions = [(&*billing, "disable", "Nobody knows it"), (&*planner, "keep", "")];
    assert_eq!(decide(&manager, &review, &decisions).status, 303);
    let page = manager.get(&review);
    assert_eq!(page.text("#notice"), "2 decisions saved. 1 of them is still to be carried out.");
    assert_eq!(progress(&page), "2 of 2 keys decided");
    assert_eq!(names(&manager.get(&format!("{review}?view=disable"))), ["Billing worker"]);
    let all = manager.get(&format!("{review}?view=all"));
    assert!(all.text(&format!("#{billing}")).contains("Still to be carried out"));
    let href = format!("/api-keys/{billing}/disable?return=%2Fapi-keys%2F{billing}");
    assert!(all.text(&format!("#{billing} a[href='{href}']")).starts_with("Disable"));
    assert_eq!(manager.get(&href).text("#disable-t"), "Disable “Billing worker”?");
    app.advance(MINUTE);
    assert_eq!(disable(&manager, &billing, &[]).status, 303);
    let all = manager.get(&format!("{review}?view=all"));
    let row = all.text(&format!("#{billing}"));
    assert!(row.contains("Carried out 23 November 2026, 12:01 UTC"), "{row}");
    assert!(!all.has(&format!("#{billing} a.btn")));
    assert_eq!(manager.submit(&format!("{review}/finish"), &[]).status, 303);
    let report = manager.get(&format!("{review}/report"));
    let facts: Vec<(String, String)> =
        report.all(".report .facts dt").into_iter().zip(report.all(".report .facts dd")).collect();
    for (label, value) in [("Keep", "1"), ("Disable", "1"), ("To be carried out", "0")] {
        assert!(facts.contains(&(label.into(), value.into())), "{label}: {facts:?}");
    }
    let csv = manager.get(&format!("{review}/report.csv")).body;
    let line = csv.lines().find(|line| line.starts_with(billing.as_str())).expect("the key");
    assert!(line.contains(",disable,Nobody knows it,"), "{line}");
    assert!(line.contains(",carried_out,2026-11-23T12:01:00Z"), "{line}");
}

#[test]
fn a_key_that_was_disabled_before_the_decision_has_nothing_left_to_do_until_it_is_enabled() {
    let app = App::set_up();
    let [billing] = create_keys(&app, ["Billing worker"]);
    let manager = app.super_manager();
    assert_eq!(disable(&manager, &billing, &[]).status, 303);
    app.advance(MINUTE);
    let review = start_review(&manager);
    assert_eq!(names(&manager.get(&review)), ["Billing worker"], "it can be enabled again");
    app.advance(MINUTE);
    assert_eq!(decide(&manager, &review, &[(&billing, "disable", "")]).status, 303);
    let path = format!("{review}?view=all");
    let row = || manager.get(&path).text(&format!("#{billing}"));
    assert!(row().contains("Carried out 23 November 2026, 12:00 UTC"), "{}", row());
    app.advance(MINUTE);
    assert_eq!(enable(&manager, &billing).status, 303);
    assert!(row().contains("Still to be carried out"), "{}", row());
    assert_eq!(disable(&manager, &billing, &[]).status, 303);
    assert!(row().contains("Carried out 23 November 2026, 12:03 UTC"), "{}", row());
}
