//! `/usage/denials`: groups of denied requests, their filters, pages and single requests.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::members::Permission;
use latchkey::domain::usage::Outcome;

use super::record_denial;
use crate::support::{App, Page};

const SCOPE: (Outcome, &str) = (Outcome::ScopeMissing, "orders:write");
const ADDRESS: (Outcome, &str) = (Outcome::AddressNotAllowed, "");

/// The reason, the number of requests and the address of each group.
fn groups(page: &Page) -> Vec<String> {
    let [reasons, counts, addresses] =
        [".reason", "td[data-label=Requests]", "td[data-label=From]"].map(|at| page.all(at));
    let all = reasons.iter().zip(&counts).zip(&addresses);
    all.map(|((reason, count), address)| format!("{reason} {count} {address}")).collect()
}

#[test]
fn requests_with_the_same_key_reason_scope_and_address_are_one_group() {
    let app = App::set_up();
    let (one, other) = (app.key("One"), app.key("Other"));
    let from = ["198.51.100.77", "198.51.100.78"];
    for minute in 0..33 {
        record_denial(&app, Some(&one), from[0], ADDRESS, &format!("/{minute}"));
        app.advance(MINUTE);
    }
    record_denial(&app, Some(&one), from[1], ADDRESS, "/");
    record_denial(&app, Some(&other), from[0], ADDRESS, "/");
    record_denial(&app, Some(&one), from[0], SCOPE, "/");
    record_denial(&app, Some(&one), from[0], (Outcome::ScopeMissing, "orders:read"), "/");
    record_denial(&app, None, from[0], (Outcome::InvalidKey, ""), "/");
    let manager = app.super_manager();
    let page = manager.get("/usage/denials");
    let mut found = groups(&page);
    found.sort();
    assert_eq!(
        found,
        [
            "Address not in the IP whitelist 1 198.51.100.77",
            "Address not in the IP whitelist 1 198.51.100.78",
            "Address not in the IP whitelist 33 198.51.100.77",
            "Scope missing: orders:read 1 198.51.100.77",
            "Scope missing: orders:write 1 198.51.100.77",
            "Secret key does not match 1 198.51.100.77",
        ]
    );
    assert_eq!(page.text(".foot p"), "1–6 of 6");
    let page = manager.get(&format!("/usage/denials?key={one}&reason=address_not_allowed"));
    assert_eq!(page.all("tbody td[data-label=Key]"), ["One", "One"]);
    let last = page.all("tbody td[data-label=Last]");
    assert_eq!(last, ["Today, 12:33", "Today, 12:32First Today, 12:00"]);
    let title = page.attribute("tbody td[data-label=Last] time", "title");
    assert_eq!(title.as_deref(), Some("23 November 2026, 12:33:00 UTC"));
}

#[test]
fn a_group_opens_to_its_latest_requests_and_links_to_all_of_them() {
    let app = App::set_up();
    let id = app.key("One");
    let mut ids = Vec::new();
    for number in 0..30 {
        app.advance(MINUTE);
        let path = format!("/{number}");
        ids.push(record_denial(&app, Some(&id), "192.0.2.1", SCOPE, &path));
    }
    app.advance(MINUTE);
    record_denial(&app, Some(&id), "192.0.2.2", SCOPE, "/other");
    let manager = app.super_manager();
    let page = manager.get(&format!("/usage/denials?key={id}"));
    let requests = page.all("tbody tr:last-child details li code");
    assert_eq!(requests, ["GET /29", "GET /28", "GET /27", "GET /26", "GET /25"]);
    let href = page.attribute("tbody tr:last-child li a", "href");
    assert_eq!(href, Some(format!("/diagnosis?q={}", ids[29])));
    let more = page.attribute("tbody tr details > a", "href").expect("a link to the others");
    let page = manager.get(&more);
    assert_eq!((page.status, page.text("h1").as_str()), (200, "Scope missing: orders:write"));
    assert_eq!(page.all(".denials li").len(), 25);
    let page = manager.get(&page.attribute("a[rel=next]", "href").expect("older ones"));
    assert_eq!(page.all(".denials code"), ["GET /4", "GET /3", "GET /2", "GET /1", "GET /0"]);
    assert_eq!(manager.get("/usage/denials/req_0123456789ABCDEF").status, 404);
}

#[test]
fn a_group_offers_what_lets_its_requests_pass() {
    let app = App::set_up();
    let manager = app.super_manager();
    let scopes = [("role", "read-and-write"), ("access", "selected"), ("scopes", "orders:read")];
    let new = |name, more: &[(&str, &str)]| {
        manager.create_key(&[&[("name", name)][..], &scopes[..], more].concat()).key_id()
    };
    let (strict, open) = (new("Strict", &[("ip_whitelist", "198.51.100.7")]), new("Open", &[]));
    let (expired, revoked) = (new("Expired", &[]), new("Revoked", &[]));
    app.sql(&format!("UPDATE api_keys SET expires_at = 1 WHERE id = '{expired}'"));
    app.sql(&format!("UPDATE api_keys SET revoked_at = 1 WHERE id = '{revoked}'"));
    for (id, why) in [
        (&strict, ADDRESS),
        (&strict, SCOPE),
        (&open, ADDRESS),
        (&open, (Outcome::ScopeMissing, "no:scope")),
        (&expired, (Outcome::KeyExpired, "")),
        (&revoked, (Outcome::KeyRevoked, "")),
        (&revoked, SCOPE),
    ] {
        app.advance(MINUTE);
        record_denial(&app, Some(id), "198.51.100.77", why, "/");
    }
    let manager = app.super_manager();
    let page = manager.get("/usage/denials");
    assert_eq!(page.all(".act"), ["Duplicate", "Rotate", "Add orders:write", "Add 198.51.100.77"]);
    let edit = manager.get(&format!("/usage/denials?key={strict}&reason=address_not_allowed"));
    let href = edit.attribute(".act", "href").expect("a link");
    assert_eq!(
        href,
        format!("/api-keys/{strict}/edit?return=%2Fapi-keys%2F{strict}&add_address=198.51.100.77")
    );
    assert!(manager.get(&href).text("#ip_whitelist").contains("198.51.100.77"));
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    assert!(!viewer.get("/usage/denials").has(".act"), "for a member who may not edit keys");
}

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
        let mut lines = page.all("tbody li code");
        lines.sort();
        lines
    };
    assert_eq!(lines(""), ["GET /a", "GET /b", "GET /c"]);
    assert_eq!(lines("?period=90d").len(), 4);
    assert_eq!(lines("?reason=scope_missing"), ["GET /a", "GET /b"]);
    assert_eq!(lines(&format!("?key={one}")), ["GET /a"]);
    assert_eq!(lines(&format!("?key={one}&period=90d&reason=key_expired")), ["GET /old"]);
    assert_eq!(lines("?key=none"), ["GET /c"]);
    assert_eq!(lines("?key=nonsense&reason=pass&period=1y&after=x&day=2026-02-30").len(), 3);
    assert_eq!(lines("?day=2026-11-23"), ["GET /old"]);
    assert_eq!(lines("?day=2026-11-24"), [""; 0]);
    let page = manager.get("/usage/denials?key=none&day=2027-01-02");
    assert_eq!(page.attribute(".denials li a", "href"), Some(format!("/diagnosis?q={id}")));
    assert_eq!(page.attribute("#filter-key", "value").as_deref(), Some("none"));
    assert_eq!(page.attribute("#filter-day", "value").as_deref(), Some("2027-01-02"));
    assert!(page.text(".page-head p").starts_with("Denied on 2 January 2027"));
    let empty = manager.get("/usage/denials?reason=missing_key");
    assert_eq!(empty.text(".empty h2"), "No denied requests match these filters");
    assert_eq!(manager.get("/usage/denials?period=24h").status, 200);
}

#[test]
fn paging_forwards_and_back_skips_no_group() {
    let app = App::set_up();
    let id = app.key("One");
    for number in 0..60 {
        app.advance(if number % 3 == 0 { MINUTE } else { 0 });
        let from = format!("192.0.2.{number}");
        record_denial(&app, Some(&id), &from, (Outcome::KeyRevoked, ""), "/");
    }
    let manager = app.super_manager();
    let mut seen = Vec::new();
    let mut page = manager.get("/usage/denials");
    assert!(page.attribute("a[rel=prev]", "href").is_none());
    loop {
        seen.extend(page.all("tbody td[data-label=From]"));
        let Some(href) = page.attribute("a[rel=next]", "href") else { break };
        page = manager.get(&href);
    }
    assert_eq!(page.text(".foot p"), "51–60 of 60");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 60);
    let back = page.attribute("a[rel=prev]", "href").expect("a link to newer ones");
    let back = manager.get(&back);
    assert_eq!(back.all("tbody tr").len(), 25);
    let first = manager.get(&back.attribute("a[rel=prev]", "href").expect("a link to newer ones"));
    assert_eq!(first.all("tbody tr"), manager.get("/usage/denials").all("tbody tr"));
}

#[test]
fn only_the_newest_twenty_thousand_requests_are_grouped_and_the_page_says_so() {
    let app = App::set_up();
    let id = app.key("One");
    record_denial(&app, Some(&id), "192.0.2.1", SCOPE, "/");
    let now = app.site.clock.now().millis();
    app.sql(&format!(
        "INSERT INTO denials (request_id, reason, detail, address, request_line, at, count) \
         WITH RECURSIVE numbers (n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20010) \
         SELECT 'req_' || n, 'invalid_key', '', \
         CASE WHEN n < 5 THEN '192.0.2.2' ELSE '198.51.100.7' END, '/', {now} - 20010 + n, 1 \
         FROM numbers"
    ));
    let manager = app.super_manager();
    let page = manager.get("/usage/denials");
    let note =
        "Only the newest 20,000 requests are grouped. To see older ones, choose a key or a day.";
    assert_eq!(page.text("#only-newest"), note);
    assert!(groups(&page).iter().all(|group| !group.ends_with("192.0.2.2")), "{}", page.body);
    assert!(!manager.get(&format!("/usage/denials?key={id}")).has("#only-newest"));
    app.sql("DELETE FROM denials WHERE address = '198.51.100.7' AND request_id > 'req_19'");
    let page = manager.get("/usage/denials");
    assert!(!page.has("#only-newest"));
    assert_eq!(groups(&page).len(), 3);
}
