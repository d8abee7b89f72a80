//! The report of a review, as a page to print and as a CSV file.

use latchkey::base::clock::{DAY, MINUTE};

use super::{create_keys, decide, start_review};
use crate::support::App;

#[test]
fn the_report_shows_each_decision_with_its_author_time_and_outcome() {
    let app = App::set_up();
    let [billing, gone, planner] = create_keys(&app, ["Billing worker", "Gone", "Route planner"]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let decisions = [
        (&*billing, "keep", "Runs every night"),
        (&*gone, "revoke", "Nobody knows it"),
        (&*planner, "rotate", "Old"),
    ];
    assert_eq!(decide(&manager, &review, &decisions).status, 303);
    let open = manager.get(&format!("{review}/report"));
    assert!(open.text("#unfinished").starts_with("This review is not finished."));
    app.advance(MINUTE);
    assert_eq!(manager.submit(&format!("/api-keys/{gone}/revoke"), &[]).status, 303);
    assert_eq!(manager.submit(&format!("{review}/finish"), &[]).status, 303);
    let page = manager.get(&format!("{review}/report"));
    assert!(!page.has("#unfinished"));
    assert_eq!(page.all(".on-paper th[scope=row]"), ["Reviewed by", "Approved by"]);
    assert_eq!(page.all(".on-paper th[scope=col]"), ["Name", "Date", "Signature"]);
    let facts: Vec<(String, String)> =
        page.all(".report .facts dt").into_iter().zip(page.all(".report .facts dd")).collect();
    for (label, value) in [
        ("Organisation", "Meridian Freight"),
        ("Period", "Up to 23 November 2026; there was no review before"),
        ("Started", "23 November 2026, 12:00 UTC, by Ines Okafor"),
        ("Finished", "23 November 2026, 12:01 UTC, by Ines Okafor"),
        ("Keys reviewed", "3"),
        ("Keep", "1"),
        ("Reduce", "0"),
        ("Rotate", "1"),
        ("Disable", "0"),
        ("Revoke", "1"),
        ("No longer active", "0, no decision needed"),
        ("To be carried out", "1"),
    ] {
        assert!(facts.contains(&(label.into(), value.into())), "{label}: {facts:?}");
    }
    let rows = page.all(".report-keys tbody tr");
    for (row, parts) in rows.iter().zip([
        ["Keep", "Runs every night", "23 Nov 2026 by Ines Okafor", "Nothing to carry out"],
        ["Revoke", "Nobody knows it", "23 Nov 2026 by Ines Okafor", "Carried out 23 Nov 2026"],
        ["Rotate", "Old", "23 Nov 2026 by Ines Okafor", "Still to be carried out"],
    ]) {
        assert!(parts.iter().all(|part| row.contains(part)), "{parts:?}: {row}");
    }
    app.advance(DAY);
    let manager = app.super_manager();
    let rotate = [("overlap", "7d"), ("lifetime", "90")];
    assert_eq!(manager.submit(&format!("/api-keys/{planner}/rotate"), &rotate).status, 200);
    let page = manager.get(&format!("{review}/report"));
    assert!(
        page.all(".report-keys tbody tr")[2].contains("Carried out 24 Nov 2026"),
        "the report is updated after the review is finished"
    );
    app.advance(DAY);
    let manager = app.super_manager();
    let next = start_review(&manager);
    let page = manager.get(&format!("{next}/report"));
    assert!(page.text(".report .facts").contains("23 November 2026 to 25 November 2026"));
}

#[test]
fn the_csv_file_lists_every_key_and_no_cell_is_a_formula() {
    let app = App::set_up();
    let [evil, gone] = create_keys(&app, ["=HYPERLINK(\"x\")", "Gone, \"really\""]);
    let manager = app.super_manager();
    let review = start_review(&manager);
    let decisions = [(&*evil, "keep", "+1 for it"), (&*gone, "revoke", "")];
    assert_eq!(decide(&manager, &review, &decisions).status, 303);
    app.advance(MINUTE);
    assert_eq!(manager.submit(&format!("/api-keys/{gone}/revoke"), &[]).status, 303);
    let file = manager.get(&format!("{review}/report.csv"));
    assert_eq!(file.status, 200);
    assert!(file.header("content-type").starts_with("text/csv"));
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"latchkey-review-2026-11-23.csv\""
    );
    let lines: Vec<&str> = file.body.split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}key_id,name,environment,role,scopes,created_at,"));
    assert_eq!(
        lines[1],
        format!(
            "{evil},\"'=HYPERLINK(\"\"x\"\")\",production,Read and write,6,2026-11-23T12:00:00Z,\
             2027-02-22T00:00:00Z,,keep,'+1 for it,Ines Okafor,2026-11-23T12:00:00Z,kept,"
        )
    );
    assert!(lines[2].starts_with(&format!("{gone},\"Gone, \"\"really\"\"\",")));
    assert!(
        lines[2].ends_with(
            ",revoke,,Ines Okafor,2026-11-23T12:00:00Z,carried_out,2026-11-23T12:01:00Z"
        )
    );
    assert_eq!(manager.get("/reviews/review_00000000000A/report.csv").status, 404);
    assert_eq!(manager.any("HEAD", &format!("{review}/report.csv")).body, "");
}
