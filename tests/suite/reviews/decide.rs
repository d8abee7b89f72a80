//! Starting a review and deciding on its keys, also concurrently.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::api_keys::Draft;
use latchkey::domain::members::Permission;

use super::{create_keys, decide, names, progress, start_review, submit};
use crate::support::{App, usual_draft};

#[test]
fn a_review_lists_exactly_the_keys_that_are_active_when_it_starts() {
    let app = App::set_up();
    let [_, revoked, _] = create_keys(&app, ["Billing worker", "Gone", "Route planner"]);
    app.key_from(&Draft {
        name: "Short".into(),
        lifetime: "date".into(),
        expires_on: "2026-11-24".into(),
        ..usual_draft()
    });
    let manager = app.super_manager();
    assert_eq!(manager.submit(&format!("/api-keys/{revoked}/revoke"), &[]).status, 303);
    app.advance(2 * DAY);
    let manager = app.super_manager();
    let empty = manager.get("/reviews");
    assert_eq!(empty.text(".empty h2"), "No review yet");
    let review = start_review(&manager);
    app.advance(MINUTE);
    app.key("Made later");
    let page = manager.get(&review);
    assert_eq!(page.text("h1"), "Review of 25 November 2026");
    assert_eq!(page.text("#notice"), "Review started. Decide on each key, and save as you go.");
    assert_eq!(names(&page), ["Billing worker", "Route planner"]);
    assert_eq!(progress(&page), "0 of 2 keys decided");
    assert!(page.has("progress[max='2'][value='0']"));
    let facts = page.text(".review-item .facts");
    for fact in ["Read and write, 6 scopes", "Never", "23 Nov 2026", "21 Feb 2027", "Any address"] {
        assert!(facts.contains(fact), "{fact}: {facts}");
    }
    let list = manager.get("/reviews");
    assert_eq!(list.text("tbody .name"), "Review of 25 November 2026");
    assert!(list.text("tbody tr").contains("0 of 2 keys decided"));
    assert!(!list.has("form[action='/reviews']"), "only one review can be open");
}

#[test]
fn decisions_are_saved_with_author_and_time_and_recorded_in_the_activity() {
    let app = App::set_up();
    let [billing, gone, planner, worker] =
        create_keys(&app, ["Billing worker", "Gone", "Route planner", "Worker"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let before = app.contents_except("review");
    let saved = decide(
        &manager,
        &review,
        &[
            (&billing, "keep", "Runs every night"),
            (&gone, "revoke", ""),
            (&planner, "reduce", "Reads only"),
        ],
    );
    assert_eq!(saved.status, 303, "{}", saved.body);
    let page = manager.get(saved.location());
    assert_eq!(page.text("#notice"), "3 decisions saved. 2 of them are still to be carried out.");
    assert_eq!(progress(&page), "3 of 4 keys decided");
    let shown = manager.get(&review);
    assert_eq!(names(&shown), ["Worker"], "undecided keys are shown first");
    let all = manager.get(&format!("{review}?view=all"));
    let row = |id: &str| all.text(&format!("#{id}"));
    assert!(row(&billing).contains("Decided by Ines Okafor on 23 November 2026, 12:00 UTC."));
    assert_eq!(
        all.attribute(&format!("#note_{billing}"), "value").as_deref(),
        Some("Runs every night")
    );
    for (id, link, label) in [(&gone, "revoke", "Revoke"), (&planner, "edit", "Edit")] {
        assert!(row(id).contains("Still to be carried out"));
        let href = format!("#{id} a[href='/api-keys/{id}/{link}?return=%2Fapi-keys%2F{id}']");
        assert!(all.text(&href).starts_with(label));
    }
    assert!(!all.has(&format!("#{worker} .badge")) && !all.has(&format!("#{billing} .badge")));
    assert_eq!(names(&manager.get(&format!("{review}?view=revoke"))), ["Gone"]);
    let details = app.texts("SELECT details AS text FROM activity WHERE event = 'review.decided'");
    assert_eq!(details.len(), 1, "one entry per save");
    assert!(
        details[0].contains("Keep: Runs every night") && details[0].contains("Reduce: Reads only")
    );
    let activity = manager.get("/activity");
    assert_eq!(activity.all(".what")[0], "Decided on 3 keys of the Review of 23 November 2026");
    let now = app.contents_except("review");
    assert_eq!(now.len(), before.len() + 1, "no key was changed");
    let again = decide(&manager, &review, &[]);
    let page = manager.get(again.location());
    assert_eq!(page.text("#notice"), "Nothing was filled in, so nothing was saved.");
    assert_eq!(
        app.texts("SELECT event AS text FROM activity WHERE event = 'review.decided'").len(),
        1
    );
}

#[test]
fn a_key_shows_whether_its_decision_was_carried_out() {
    let app = App::set_up();
    let [gone, planner, worker] = create_keys(&app, ["Gone", "Route planner", "Worker"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let decisions = [(&*gone, "revoke", ""), (&*planner, "reduce", ""), (&*worker, "rotate", "")];
    assert_eq!(decide(&manager, &review, &decisions).status, 303);
    app.advance(MINUTE);
    assert_eq!(manager.submit(&format!("/api-keys/{gone}/revoke"), &[]).status, 303);
    assert_eq!(manager.edit_key(&planner, &[("role", "read-only")]).status, 303);
    let rotate = [("overlap", "7d"), ("lifetime", "90")];
    assert_eq!(manager.submit(&format!("/api-keys/{worker}/rotate"), &rotate).status, 200);
    let page = manager.get(&format!("{review}?view=all"));
    for id in [gone, planner, worker] {
        let row = page.text(&format!("#{id}"));
        assert!(row.contains("Carried out 23 November 2026, 12:01 UTC"), "{row}");
        assert!(!page.has(&format!("#{id} a.btn")));
    }
}

#[test]
fn a_conflicting_decision_is_reported_and_no_input_is_lost() {
    let app = App::set_up();
    let [billing, planner] = create_keys(&app, ["Billing worker", "Route planner"]);
    let (one, other) = (app.super_manager(), app.super_manager());
    let review = start_review(&one);
    let shown = other.get(&review).form_fields("form.review");
    assert_eq!(decide(&one, &review, &[(&billing, "keep", "Ours")]).status, 303);
    app.advance(MINUTE);
    let late = [(&*billing, "revoke", "Not ours"), (&*planner, "rotate", "Old")];
    let page = submit(&other, &review, &shown, &late);
    assert_eq!(page.status, 409, "{}", page.body);
    assert_eq!(
        page.errors(),
        [
            "Ines Okafor has already decided on “Billing worker”: keep. Your decision was not saved. Save \
          again to replace theirs"
        ]
    );
    assert_eq!(names(&page), ["Billing worker"], "the other decision was saved");
    let kept = page.form_fields("form.review");
    assert!(kept.contains(&(format!("decision_{billing}"), "revoke".into())), "{kept:?}");
    assert!(kept.contains(&(format!("note_{billing}"), "Not ours".into())));
    let decisions = "SELECT decision AS text FROM review_items ORDER BY name_sort";
    assert_eq!(app.texts(decisions), ["keep", "rotate"]);
    let fields: Vec<_> = kept.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        other.post(&review, &fields).status,
        303,
        "saving again replaces the other decision"
    );
    assert_eq!(app.texts(decisions), ["revoke", "rotate"]);
    assert_eq!(app.number("SELECT decided FROM reviews"), 2, "each key counts once");
    let same = submit(
        &one,
        &review,
        &one.get(&format!("{review}?view=all")).form_fields("form.review"),
        &[],
    );
    assert_eq!(same.status, 303);
}

#[test]
fn an_invalid_decision_or_note_is_reported_and_nothing_is_saved() {
    let app = App::set_up();
    let [billing, planner] = create_keys(&app, ["Billing worker", "Route planner"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let before = app.contents();
    let long = "x".repeat(501);
    for (decision, note, message) in [
        ("keep", long.as_str(), "Note must be 500 characters or fewer"),
        ("", "Why", "Choose keep, reduce, rotate, disable or revoke"),
        ("sell", "", "Choose keep, reduce, rotate, disable or revoke"),
    ] {
        let page =
            decide(&manager, &review, &[(&billing, decision, note), (&planner, "keep", "Mine")]);
        assert_eq!((page.status, page.errors().len()), (422, 1));
        assert_eq!(page.error_of(&format!("note_{billing}")), message);
        let kept = page.form_fields("form.review");
        assert!(kept.contains(&(format!("note_{planner}"), "Mine".into())), "{kept:?}");
    }
    assert_eq!(app.contents(), before);
    for id in ["review_00000000000A", "x", "%FF"] {
        assert_eq!(manager.get(&format!("/reviews/{id}")).status, 404);
    }
}

#[test]
fn of_two_concurrent_starts_one_succeeds_and_the_other_is_redirected_with_a_notice() {
    let app = App::set_up();
    app.key("Billing worker");
    let (one, other) = (app.super_manager(), app.super_manager());
    let tokens = [&one, &other].map(|manager| manager.get("/reviews").form_token());
    let submit = |manager: &crate::support::Client, token: &str| {
        manager.post("/reviews", &[("form_token", token)])
    };
    let pages = std::thread::scope(|scope| {
        let first = scope.spawn(|| submit(&one, &tokens[0]));
        let second = scope.spawn(|| submit(&other, &tokens[1]));
        [first.join().expect("sent"), second.join().expect("sent")]
    });
    assert_eq!(pages[0].location(), pages[1].location());
    assert_eq!((app.count("reviews"), app.count("review_items")), (1, 1));
    let notices = [&one, &other].map(|manager| manager.get(pages[0].location()).text("#notice"));
    assert_eq!(notices.iter().filter(|n| n.starts_with("Review started.")).count(), 1);
    let expected =
        "Ines Okafor started this review on 23 November 2026, 12:00 UTC. One is open at a time.";
    assert!(notices.iter().any(|notice| notice == expected), "{notices:?}");
    let twice = submit(&one, &tokens[0]);
    assert_eq!((twice.status, twice.location()), (303, "/reviews"));
}

#[test]
fn many_keys_are_listed_in_pages() {
    let app = App::set_up();
    app.sql("UPDATE settings SET active_key_limit = 5000");
    app.write(|tx, context| {
        for number in 0..1_030 {
            let draft = Draft { name: format!("Key {number:04}"), ..usual_draft() };
            latchkey::domain::api_keys::create(
                tx,
                latchkey::domain::api_keys::KeyId::random()?,
                &draft,
                context,
            )?;
        }
        Ok(())
    });
    let manager = app.super_manager();
    let review = start_review(&manager);
    let page = manager.get(&review);
    assert_eq!(progress(&page), "0 of 1,030 keys decided");
    let first = names(&page);
    assert_eq!((first.len(), first[0].as_str(), first[24].as_str()), (25, "Key 0000", "Key 0024"));
    let next = page.attribute(".pager [rel=next]", "href").expect("a link");
    let page = manager.get(&next);
    assert_eq!(names(&page)[0], "Key 0025");
    let back = page.attribute(".pager [rel=prev]", "href").expect("a link");
    assert_eq!(names(&manager.get(&back)), first);
    for query in
        ["view=x", "after=x", "after=key_0123456789AB~%00", "before=~", "view=all&before=%FF"]
    {
        assert_eq!(manager.get(&format!("{review}?{query}")).status, 200, "{query}");
    }
    let csv = manager.get(&format!("{review}/report.csv"));
    assert_eq!(csv.body.lines().count(), 1_031);
    let report = manager.get(&format!("{review}/report"));
    assert_eq!(report.all(".report-keys tbody tr").len(), 1_000);
    assert!(
        report.text("#keys-t + span").contains("30 more are in the CSV"),
        "{}",
        report.text("#keys-t + span")
    );
}

#[test]
fn an_interrupted_listing_can_be_continued() {
    let app = App::set_up();
    create_keys(&app, ["Billing worker", "Route planner"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    app.sql("DELETE FROM review_items; UPDATE reviews SET listed_to = '', total = 0");
    let page = manager.get(&review);
    assert_eq!(page.text("#listing .btn"), "Continue Listing");
    let finish = manager.submit(&format!("{review}/finish"), &[]);
    assert_eq!(finish.status, 422);
    assert!(finish.errors()[0].starts_with("The keys are still being listed."));
    let resumed = manager.submit_from(&review, "/reviews", &[]);
    assert_eq!((resumed.status, resumed.location()), (303, review.as_str()));
    let page = manager.get(&review);
    assert_eq!(progress(&page), "0 of 2 keys decided");
    assert!(!page.has("#listing"));
}

#[test]
fn a_member_who_can_only_view_keys_sees_decisions_but_no_controls() {
    let app = App::set_up();
    let [billing] = create_keys(&app, ["Billing worker"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let reader = app.super_manager_with(&[Permission::ViewKeys]);
    assert!(
        !reader
            .get(&review)
            .has("[type=radio], .review-save, [href$='/finish'], [href$='/cancel']")
    );
    assert_eq!(decide(&manager, &review, &[(&billing, "revoke", "Gone")]).status, 303);
    let page = reader.get(&format!("{review}?view=all"));
    let decision = page.text(".review-decision");
    assert!(decision.starts_with("RevokeGone Decided by Ines Okafor"), "{decision}");
    assert!(!page.has(".review-item a.btn"), "the reader cannot carry it out");
    assert!(!reader.get("/reviews").has("form[action='/reviews']"));
    let editor = app.super_manager_with(&[Permission::UpdateKeys]);
    let page = editor.get(&format!("{review}/finish"));
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("Billing worker"), "keys require permission to view them");
}
