//! The key page: figures, charts, denied requests, addresses and the first use.

use latchkey::base::clock::{DAY, HOUR, MINUTE};
use latchkey::domain::members::Permission;
use latchkey::domain::usage::Outcome;

use super::{record_denial, record_passes};
use crate::support::{App, Page};

/// The labels and values of the figures above the charts.
fn figures(page: &Page) -> Vec<(String, String)> {
    page.all(".stats dt").into_iter().zip(page.all(".stats dd")).collect()
}

fn figure(page: &Page, label: &str) -> String {
    let found = figures(page).into_iter().find(|(name, _)| name == label);
    found.map_or_else(|| panic!("no {label}: {}", page.body), |(_, value)| value)
}

#[test]
fn every_period_shows_its_allowed_and_denied_requests() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let address = (Outcome::AddressNotAllowed, "");
    // 80 days, 20 days, three days and an hour ago, and today at noon.
    for (count, wait) in [(80, 60 * DAY), (20, 17 * DAY), (3, 3 * DAY - HOUR), (2, HOUR), (1, 0)] {
        record_passes(&app, &id, "203.0.113.7", &["orders:read"], count);
        record_denial(&app, Some(&id), "192.0.2.9", address, "/orders");
        app.advance(wait);
    }
    let manager = app.super_manager();
    for (period, allowed, denied, bars) in [
        ("24h", "3", "2", 24),
        ("7d", "6", "3", 6 * 24 + 13),
        ("30d", "26", "4", 30),
        ("90d", "106", "5", 90),
    ] {
        let page = manager.get(&format!("/api-keys/{id}?period={period}"));
        assert_eq!(page.status, 200);
        assert_eq!(
            (figure(&page, "Allowed"), figure(&page, "Denied")),
            (allowed.into(), denied.into())
        );
        assert!(page.has(".bars g rect.b") && page.has(".bars-s g rect.d"), "{period}");
        assert_eq!(page.all(".bars g rect[fill='url(#so-far-b)']").len(), 1, "{period}");
        assert_eq!(page.all(".datatable tbody tr").len(), bars, "{period}");
        let current = page.attribute("nav[aria-label=Period] [aria-current]", "href");
        assert_eq!(current, Some(format!("/api-keys/{id}?period={period}")));
    }
    let page = manager.get(&format!("/api-keys/{id}"));
    assert!(page.all(".datatable tr").contains(&"22 Jan201".to_owned()), "{:?}", page.all("tr"));
    let names = page.all(".slots p");
    assert!(names.contains(&"22 Jan20 allowed1 denied".to_owned()), "{names:?}");
    assert_eq!(names.last().map(String::as_str), Some("11 Feb, so far3 allowed2 denied"));
    let label = page.attribute(".slots > :last-child input", "aria-label");
    assert_eq!(label.as_deref(), Some("11 Feb, so far: 3 allowed, 2 denied"));
    let day = page.attribute(".slots > :last-child a", "href").expect("a link to the denials");
    assert_eq!(day, format!("/usage/denials?key={id}&day=2027-02-11"));
    assert_eq!(manager.get(&day).text("td[data-label=Requests]"), "2");
    let summary = page.attribute(".bars-s", "aria-label").expect("a summary");
    assert_eq!(
        summary,
        "Denied requests per day from 13 January 2027 to 11 February 2027: 4 in all, at most 2, on \
         11 February 2027."
    );
}

#[test]
fn a_key_without_requests_in_the_period_has_no_chart_but_its_last_use() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let path = format!("/api-keys/{id}");
    let text = |period: &str| {
        let page = app.super_manager().get(&format!("{path}?period={period}"));
        let text = page.text("[aria-labelledby=usage-t] > p");
        (page.has(".chart"), text)
    };
    let never = "No requests in the last 30 days. This key has never been used.";
    assert_eq!(text("30d"), (false, never.into()));
    record_passes(&app, &id, "203.0.113.7", &[], 1);
    app.advance(40 * DAY);
    let last = "No requests in the last 30 days. Last used 23 November 2026.";
    assert_eq!(text("30d"), (false, last.into()));
    assert_eq!(text("90d"), (true, String::new()));
    let page = app.super_manager().get(&path);
    assert_eq!(page.text("#usage-t"), "Usage in the last 30 days");
    assert_eq!(page.text("#seen-t"), "Addresses seen in the last 100 days");
}

#[test]
fn an_unused_key_waits_for_its_first_request_and_then_shows_its_address() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.create_key(&[("name", "Billing worker")]).key_id();
    let path = format!("/api-keys/{id}");
    let page = manager.get(&path);
    assert!(page.text("#first-use").starts_with("Waiting for the first request…"));
    assert_eq!(page.attribute("#first-use a", "href").as_deref(), Some(path.as_str()));
    assert_eq!(page.attribute("#first-use", "data-refresh").as_deref(), Some("5"));
    assert_eq!(
        (figure(&page, "Allowed"), figure(&page, "Last used")),
        ("0".into(), "Never".into())
    );
    let dialog = manager.get(&format!("{path}/edit?return=%2Fapi-keys%2F{id}"));
    assert!(dialog.has("#first-use"), "the page behind a dialog is the same");
    app.advance(20 * MINUTE);
    let later = manager.get(&path);
    assert!(later.has("#first-use"));
    assert_eq!(
        later.attribute("#first-use", "data-refresh"),
        None,
        "the page stops refreshing after a while"
    );
    record_passes(&app, &id, "203.0.113.7", &[], 1);
    app.advance(12_000);
    assert_eq!(
        manager.get(&path).text("#first-use"),
        "The key is in use. The first request came 12 sec ago, from 203.0.113.7."
    );
    app.advance(2 * HOUR);
    assert!(
        !app.super_manager().get(&path).has("#first-use"),
        "the message disappears after a while"
    );
    let expired = app.key("Expired");
    app.sql("UPDATE api_keys SET expires_at = 1");
    assert!(!app.super_manager().get(&format!("/api-keys/{expired}")).has("#first-use"));
}

#[test]
fn denied_requests_are_listed_by_reason_with_advice() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.create_key(&[
        ("name", "Billing worker"),
        ("role", "read-and-write"),
        ("access", "selected"),
        ("scopes", "orders:read"),
        ("ip_whitelist", "198.51.100.7"),
    ]);
    let id = page.key_id();
    let deny = |from: &str, why: (Outcome, &str), path: &str| {
        app.advance(MINUTE);
        record_denial(&app, Some(&id), from, why, path)
    };
    deny("198.51.100.77", (Outcome::AddressNotAllowed, ""), "/v1/invoices");
    deny("198.51.100.7", (Outcome::ScopeMissing, "orders:write"), "/v1/orders");
    deny("198.51.100.7", (Outcome::ScopeMissing, "no:scope"), "/v1/customers");
    let last = deny("198.51.100.78", (Outcome::AddressNotAllowed, ""), "/v1/invoices/7");
    app.advance(DAY);
    let path = format!("/api-keys/{id}");
    let page = app.super_manager().get(&path);
    let rows = page.all("[aria-labelledby=denied-t] tbody tr");
    assert_eq!(rows.len(), 4, "one for each reason and address");
    assert_eq!(
        page.all(".denials .reason + span"),
        [
            "Add it to the IP whitelist if it is yours",
            "The role does not include this scope",
            "Add the scope if the application needs it",
            "Add it to the IP whitelist if it is yours",
        ]
    );
    let href = |selector: &str| page.attribute(selector, "href").expect("a link");
    assert_eq!(href(".denials li a"), format!("/diagnosis?q={last}"));
    assert_eq!(page.all(".act"), ["Add 198.51.100.78", "Add orders:write", "Add 198.51.100.77"]);
    assert_eq!(
        href(".act"),
        format!("{path}/edit?return=%2Fapi-keys%2F{id}&add_address=198.51.100.78")
    );
    assert_eq!(page.text("#denied-t + a"), "View all denied requests");
    assert_eq!(href("#denied-t + a"), format!("/usage/denials?key={id}&period=30d"));
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    let viewer_page = viewer.get(&path);
    assert_eq!(viewer_page.all("[aria-labelledby=denied-t] tbody tr").len(), 4);
    assert!(!viewer_page.has(".act"), "a member who cannot edit keys is offered no edit");
}

#[test]
fn any_request_line_is_truncated_and_escaped() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let path = format!("/<script>alert(1)</script>\u{1b}[31m\r\n{}", "x/".repeat(4000));
    record_denial(&app, Some(&id), "192.0.2.9", (Outcome::KeyRevoked, ""), &path);
    let manager = app.super_manager();
    for page_path in [format!("/api-keys/{id}"), "/usage/denials".into()] {
        let page = manager.get(&page_path);
        assert!(!page.body.contains("<script>alert"), "{page_path}");
        assert!(page.body.contains("&#60;script&#62;alert"), "{page_path}: {}", page.body);
        assert!(!page.body.contains('\u{1b}') && !page.body.contains(&"x/".repeat(101)));
    }
}

#[test]
fn addresses_are_listed_with_first_and_last_use_and_count() {
    let app = App::set_up();
    let manager = app.super_manager();
    let list = ("ip_whitelist", "203.0.113.7\n203.0.113.8\n2001:db8::1");
    let id = manager.create_key(&[("name", "Billing worker"), list]).key_id();
    record_passes(&app, &id, "203.0.113.7", &[], 2);
    app.advance(2 * DAY);
    record_passes(&app, &id, "203.0.113.7", &[], 3);
    record_passes(&app, &id, "203.0.113.8", &[], 1);
    app.advance(2 * MINUTE);
    let manager = app.super_manager();
    let page = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(
        page.all("[aria-labelledby=seen-t] tbody tr"),
        ["203.0.113.723 Nov, 12:002 min ago5", "203.0.113.8Today, 12:002 min ago1"]
    );
    assert_eq!(
        page.all(".iplist li"),
        ["203.0.113.72 min ago", "203.0.113.82 min ago", "2001:db8::1Never seen"]
    );
    assert_eq!(figure(&page, "Addresses seen"), "2");
    assert_eq!(figure(&manager.get(&format!("/api-keys/{id}?period=24h")), "Addresses seen"), "2");
}

#[test]
fn of_ten_thousand_addresses_a_hundred_are_stored_and_a_few_are_shown() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Mobile app");
    for part in 0..320_u32 {
        for number in 0..32_u32 {
            let address = std::net::Ipv4Addr::from_bits(0x0A00_0000 + part * 32 + number);
            let now = app.site.clock.now();
            app.usage.pass(super::secret(&id), Some(address.into()), std::iter::empty(), now);
        }
        app.advance(1000);
        if part % 20 == 0 || part > 300 {
            app.write_usage();
        }
    }
    app.write_usage();
    assert_eq!(app.count("usage_addresses"), 100);
    let page = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(
        (figure(&page, "Allowed"), figure(&page, "Addresses seen")),
        ("10,240".into(), "100+".into())
    );
    assert_eq!(page.all("[aria-labelledby=seen-t] tbody tr").len(), 5);
    assert_eq!(page.text("#seen-t + a"), "View all 100 addresses");
    let all = manager.get(&format!("/api-keys/{id}/addresses"));
    assert_eq!((all.status, all.all("tbody tr").len()), (200, 100));
    assert_eq!(manager.get("/api-keys/key_000000000000/addresses").status, 404);
}

#[test]
fn scopes_of_the_role_that_the_key_lacks_are_shown_separately() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager
        .create_key(&[("role", "read-only"), ("access", "selected"), ("scopes", "orders:read")])
        .key_id();
    let page = manager.get(&format!("/api-keys/{id}"));
    assert_eq!(page.all(".chip"), ["orders:read"]);
    assert_eq!(page.all(".chip-off"), ["invoices:read", "reports:read"]);
    assert_eq!(page.text(".more summary"), "2 more in the role");
}

#[test]
fn a_clock_that_was_ahead_and_is_set_back_breaks_nothing() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    app.advance(3 * DAY);
    record_passes(&app, &id, "203.0.113.7", &[], 4);
    app.advance(-3 * DAY);
    record_passes(&app, &id, "203.0.113.7", &[], 1);
    let page = manager.get(&format!("/api-keys/{id}?period=24h"));
    assert_eq!(
        figure(&page, "Allowed"),
        "1",
        "requests in the future are not in the last 24 hours"
    );
    assert_eq!(figure(&page, "Last used"), "Just now");
    assert_eq!(manager.get("/usage").status, 200);
}
