//! Keeping at once all keys that are in use and have no wide role.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::api_keys::Draft;
use latchkey::domain::members::Permission;

use super::{create_keys, decide, names, progress, start_review};
use crate::api_keys::disable::disable;
use crate::support::{App, replaced, usual_draft};
use crate::usage::record_passes;

/// Creates a key that can only read, and returns its Key ID.
fn reader(app: &App, name: &str) -> String {
    let (name, role) = (name.to_owned(), "read-only".to_owned());
    app.key_from(&Draft { name, role, ..usual_draft() })
}

#[test]
fn all_keys_in_use_without_a_wide_role_are_kept_at_once_and_can_be_decided_again() {
    let app = App::set_up();
    let idle = reader(&app, "Idle");
    record_passes(&app, &idle, "203.0.113.7", &[], 1);
    app.advance(31 * DAY);
    let [wide] = create_keys(&app, ["Wide"]);
    let [billing, planner, disabled, decided] =
        ["Billing", "Planner", "Disabled", "Decided"].map(|name| reader(&app, name));
    reader(&app, "Never used");
    for id in [&wide, &billing, &planner, &disabled, &decided] {
        record_passes(&app, id, "203.0.113.7", &[], 1);
    }
    let manager = app.super_manager();
    let confirm = [("confirm", &disabled[disabled.len() - 4..])];
    assert_eq!(disable(&manager, &disabled, &confirm).status, 303);
    let review = start_review(&manager);
    assert_eq!(decide(&manager, &review, &[(&decided, "rotate", "")]).status, 303);
    let keep = format!("{review}/keep");
    assert_eq!(manager.get(&review).text(&format!("a[href='{keep}']")), "Keep 2 Keys");
    assert!(!manager.get(&format!("{review}?view=all")).has("#keepable"));
    let dialog = manager.get(&keep);
    assert_eq!(dialog.text("#keep-t"), "Keep 2 Keys?");
    assert_eq!(dialog.all("#kept li"), ["Billing", "Planner"]);
    assert!(dialog.text("#keep").contains("until the review is finished"));
    let shown = dialog.form_fields("#keep form");
    let with_note = |note| replaced(&shown, &[("note", note)]);
    let long = "x".repeat(501);
    let invalid = manager.post(&keep, &with_note(&long));
    assert_eq!(invalid.status, 422);
    assert_eq!(invalid.error_of("note"), "Note must be 500 characters or fewer");
    let form = invalid.form_fields("#keep form");
    let saved = manager.post(&keep, &replaced(&form, &[("note", "Checked with the teams")]));
    assert_eq!((saved.status, saved.location()), (303, review.as_str()));
    let page = manager.get(&review);
    assert_eq!(page.text("#notice"), "2 decisions saved.");
    assert_eq!(progress(&page), "3 of 7 keys decided");
    assert_eq!(names(&page), ["Disabled", "Idle", "Never used", "Wide"]);
    assert!(!page.has("#keepable"));
    assert_eq!(names(&manager.get(&format!("{review}?view=keep"))), ["Billing", "Planner"]);
    let entries = app.texts("SELECT details AS text FROM activity WHERE event = 'review.decided'");
    assert_eq!(entries.len(), 2, "the kept keys share one entry");
    assert_eq!(entries[1].matches("Keep: Checked with the teams").count(), 2, "{}", entries[1]);
    app.advance(MINUTE);
    assert_eq!(decide(&manager, &review, &[(&billing, "revoke", "")]).status, 303);
    assert_eq!(names(&manager.get(&format!("{review}?view=keep"))), ["Planner"]);
    let late = manager.get(&keep);
    assert_eq!((late.status, late.location()), (303, review.as_str()));
}

#[test]
fn a_key_that_the_dialog_did_not_show_is_not_kept() {
    let app = App::set_up();
    let [billing, planner] = ["Billing", "Planner"].map(|name| reader(&app, name));
    record_passes(&app, &billing, "203.0.113.7", &[], 1);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let keep = format!("{review}/keep");
    let shown = manager.get(&keep).form_fields("#keep form");
    record_passes(&app, &planner, "203.0.113.7", &[], 1);
    assert_eq!(manager.post(&keep, &replaced(&shown, &[])).status, 303);
    assert_eq!(names(&manager.get(&format!("{review}?view=keep"))), ["Billing"]);
    let editor = app.super_manager_with(&[Permission::UpdateKeys]);
    let denied = editor.get(&keep);
    assert_eq!((denied.status, denied.location()), (303, review.as_str()));
    assert!(!editor.get(&review).body.contains("Planner"));
}

#[test]
fn finishing_is_offered_only_when_no_key_is_left() {
    let app = App::set_up();
    let [billing, planner] = create_keys(&app, ["Billing worker", "Route planner"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let page = manager.get(&review);
    assert_eq!(page.text("#left"), "2 left");
    assert!(!page.has("[href$='/finish']"));
    let decisions = [(&*billing, "keep", ""), (&*planner, "keep", "")];
    assert_eq!(decide(&manager, &review, &decisions).status, 303);
    let page = manager.get(&review);
    assert!(!page.has("#left"));
    assert_eq!(page.text(".page-head [href$='/finish']"), "Finish Review");
    assert_eq!(page.text(".empty [href$='/finish']"), "Finish Review");
    assert_eq!(manager.submit(&format!("{review}/finish"), &[]).status, 303);
    let late = manager.get(&format!("{review}/keep"));
    assert_eq!((late.status, late.location()), (303, review.as_str()));
    assert_eq!(manager.get(&review).text("#notice"), "This review has already ended.");
}

#[test]
fn a_form_that_came_back_with_input_is_marked_as_not_saved() {
    let app = App::set_up();
    let [billing] = create_keys(&app, ["Billing worker"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let unsaved = |page: &crate::support::Page| page.attribute("form.review", "data-unsaved");
    assert_eq!(unsaved(&manager.get(&review)).as_deref(), Some("false"));
    let rejected = decide(&manager, &review, &[(&billing, "", "Why")]);
    assert_eq!((rejected.status, unsaved(&rejected).as_deref()), (422, Some("true")));
}
