//! `/usage/denials`: the denied requests, their filters and their pages.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::usage::Outcome;

use super::record_denial;
use crate::support::App;

#[test]
fn denials_are_filtered_by_key_reason_and_period() {
    let app = App::set_up();
    let (one, other) = (app.key("One"), app.key("Other"));
    record_denial(&app, Some(&one), "192.0.2.1", (Outcome::KeyExpired, ""), "/old");
    app.advance(40 * DAY);
    record_denial(&app, Some(&one), "192.0.2.1", (Outcome::ScopeMissing, "orders:write"), "/a");
    record_denial(&app, Some(&other), "192.0.2.1", (Outcome::ScopeMissing, "orders:read"), "/b");
    let id = record_denial(&app, None, "192.0.2.1", (Outcome::InvalidKey, ""), "/c");
    let manager = app.super_manager();
    let lines = |query: &str| {
        let page = manager.get(&format!("/usage/denials{query}"));
        assert_eq!(page.status, 200, "{query}");
        let mut lines = page.all("tbody td[data-label=Request]");
        lines.sort();
        lines
    };
    assert_eq!(lines(""), ["GET /a", "GET /b", "GET /c"]);
    assert_eq!(lines("?period=90d").len(), 4);
    assert_eq!(lines("?reason=scope_missing"), ["GET /a", "GET /b"]);
    assert_eq!(lines(&format!("?key={one}")), ["GET /a"]);
    assert_eq!(lines(&format!("?key={one}&period=90d&reason=key_expired")), ["GET /old"]);
    assert_eq!(lines("?key=none"), ["GET /c"]);
    assert_eq!(lines("?key=nonsense&reason=pass&period=1y&after=x").len(), 3);
    let page = manager.get("/usage/denials?key=none");
    assert_eq!(page.attribute(".reason", "href"), Some(format!("/diagnosis?q={id}")));
    assert_eq!(page.attribute("#filter-key", "value").as_deref(), Some("none"));
    let empty = manager.get("/usage/denials?reason=missing_key");
    assert_eq!(empty.text(".empty h2"), "No denied requests match these filters");
    assert_eq!(manager.get("/usage/denials?period=24h").status, 200);
}

#[test]
fn paging_forwards_and_back_skips_nothing() {
    let app = App::set_up();
    let id = app.key("One");
    for number in 0..60 {
        app.advance(if number % 3 == 0 { MINUTE } else { 0 });
        let path = format!("/{number}");
        record_denial(&app, Some(&id), "192.0.2.1", (Outcome::KeyRevoked, ""), &path);
    }
    let manager = app.super_manager();
    let mut seen = Vec::new();
    let mut page = manager.get("/usage/denials");
    assert!(page.attribute("a[rel=prev]", "href").is_none());
    loop {
        seen.extend(page.all("tbody td[data-label=Request]"));
        let Some(href) = page.attribute("a[rel=next]", "href") else { break };
        page = manager.get(&href);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 60);
    let back = page.attribute("a[rel=prev]", "href").expect("a link to newer ones");
    let back = manager.get(&back);
    assert_eq!(back.all("tbody tr").len(), 25);
    let first = manager.get(&back.attribute("a[rel=prev]", "href").expect("a link to newer ones"));
    assert_eq!(first.all("tbody tr"), manager.get("/usage/denials").all("tbody tr"));
}
