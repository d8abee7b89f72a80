//! Pagination of a member's sessions on the account page.

use std::collections::BTreeSet;

use latchkey::base::clock::MINUTE;

use super::{INES, references, set_up};
use crate::support::Page;

fn link(page: &Page, rel: &str) -> Option<String> {
    page.attribute(&format!("main .pager a[rel={rel}]"), "href")
}

fn rows(page: &Page) -> Vec<String> {
    page.all("table.sessions tbody tr")
}

#[test]
fn paging_through_sessions_and_back_shows_each_session_once() {
    let (app, ines) = set_up();
    for number in 0..59 {
        app.signed_in(INES);
        app.advance(if number % 3 == 0 { MINUTE } else { 0 });
    }
    app.advance(MINUTE);
    let first = ines.get("/account");
    assert_eq!((rows(&first).len(), first.text(".foot p").as_str()), (25, "1–25 of 60"));
    assert!(rows(&first)[0].contains("This session"), "the most recently used session comes first");
    let (mut page, mut seen, mut count) = (ines.get("/account"), BTreeSet::new(), 0);
    loop {
        count += rows(&page).len();
        seen.extend(references(&page));
        let Some(next) = link(&page, "next") else { break };
        page = ines.get(&next);
    }
    assert_eq!((count, seen.len()), (60, 59), "the current session has no button to end it");
    assert_eq!(page.text(".foot p"), "51–60 of 60");
    let hashes = app.texts("SELECT id_hash AS text FROM sessions");
    assert!(!hashes.iter().any(|hash| page.body.contains(hash.as_str())));
    while let Some(before) = link(&page, "prev") {
        page = ines.get(&before);
    }
    assert_eq!(rows(&page), rows(&first));
    assert_eq!(rows(&ines.get("/account?after=x")), rows(&first));
}

#[test]
fn the_page_stays_small_with_twenty_thousand_sessions() {
    let (app, ines) = set_up();
    app.sql(
        "INSERT INTO sessions (id_hash, member_id, state, created_at, last_seen_at, idle_ends_at, ends_at) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000) \
         SELECT 'session ' || n, member_id, state, created_at - n, last_seen_at - n, idle_ends_at, ends_at \
         FROM sessions, numbers",
    );
    let page = ines.get("/account");
    assert_eq!((rows(&page).len(), page.text(".foot p").as_str()), (25, "1–25 of 1,000+"));
    assert!(page.body.len() < 60_000, "{} bytes", page.body.len());
    assert!(page.has("form[action$='end-others']"));
    assert_eq!(rows(&ines.get(&link(&page, "next").expect("a next page"))).len(), 25);
}
