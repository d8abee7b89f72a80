//! The size of the API Keys page: of its HTML, of a first visit and of later ones.

use std::collections::BTreeMap;

use latchkey::base::clock::HOUR;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

/// The largest size of the HTML of the API Keys page with Brotli, in bytes.
const HTML: usize = 6 * 1024;
/// The largest size of a later visit, including headers, in bytes.
const LATER_VISIT: f64 = 7.0 * 1024.0;
/// The largest size of a first visit, including headers, in bytes.
const FIRST_VISIT: f64 = 50.0 * 1024.0;
const REQUESTS: usize = 7;

/// An organisation with a full page of keys in every environment.
fn full_page() -> App {
    let app = App::set_up();
    let environments = ["production", "staging", "development"];
    for number in 0..25 {
        let mut draft = keys::draft(&format!("Billing worker {number} – production"));
        draft.environment = environments[number % 3].into();
        draft.role = if number % 2 == 0 { "read-only" } else { "full-access" }.into();
        let id = keys::create(&app, &draft);
        keys::record_use(&app, &id, 0);
        app.advance(86_399_000);
    }
    app
}

#[test]
fn the_html_is_small_with_brotli() {
    let app = full_page();
    let manager = app.super_manager();
    let cookie = manager.session();
    let request = manager.http().get(format!("{}/api-keys", app.url)).header("cookie", cookie);
    let answer = request.header("accept-encoding", "br").send().expect("an answer");
    assert_eq!(answer.headers()["content-encoding"], "br");
    let size = answer.bytes().expect("a body").len();
    assert!((1000..=HTML).contains(&size), "{size} bytes");
    assert_eq!(manager.get("/api-keys").all("tbody tr").len(), 25);
}

#[test]
fn the_page_of_a_key_in_use_is_small() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker – production");
    for hour in 0..90 * 24 {
        let key = latchkey::domain::api_keys::KeyId::parse(&id).expect("a Key ID");
        let at = app.site.clock.now().plus(-hour * HOUR);
        // Irregular counts, which compress badly.
        for _ in 0..(hour * 7919) % 97 {
            let secret = latchkey::domain::usage::Secret { key_id: key, number: 1 };
            app.usage.pass(secret, None, std::iter::empty(), at);
        }
    }
    app.write_usage();
    let manager = app.super_manager();
    let cookie = manager.session();
    for (period, most) in [("24h", HTML), ("30d", HTML), ("90d", HTML), ("7d", 8 * 1024)] {
        let url = format!("{}/api-keys/{id}?period={period}", app.url);
        let request = manager.http().get(url).header("cookie", &cookie);
        let answer = request.header("accept-encoding", "br").send().expect("an answer");
        let size = answer.bytes().expect("a body").len();
        assert!((1000..=most).contains(&size), "{period}: {size} bytes");
    }
}

#[test]
fn a_first_visit_is_small_and_a_later_one_smaller() {
    let app = full_page();
    let browser = Browser::signed_in(&app);
    browser.devtools("Network.clearBrowserCache", json!({}));
    let first = visit(&browser);
    assert!(first.len() <= REQUESTS, "{first:#?}");
    let cost: f64 = first.values().sum();
    assert!((10_000.0..=FIRST_VISIT).contains(&cost), "{cost} bytes: {first:#?}");
    let second = visit(&browser);
    let cost: f64 = second.values().sum();
    assert!((1000.0..=LATER_VISIT).contains(&cost), "{cost} bytes: {second:#?}");
}

/// Opens the page, and returns the bytes that each request transferred.
fn visit(browser: &Browser) -> BTreeMap<String, f64> {
    browser.goto("about:blank");
    browser.events();
    browser.goto("/api-keys");
    browser.wait_until("fonts", |b| b.script("return document.fonts.status", vec![]) == "loaded");
    let events = browser.events();
    let of = |method: &str| -> Vec<Value> {
        let named = events.iter().filter(|event| event["method"] == method);
        named.map(|event| event["params"].clone()).collect()
    };
    let mut addresses = BTreeMap::new();
    for sent in of("Network.requestWillBeSent") {
        let url = sent["request"]["url"].as_str().unwrap_or_default().to_owned();
        if url.starts_with(browser.origin()) {
            addresses.insert(sent["requestId"].to_string(), url);
        }
    }
    let mut cost: BTreeMap<String, f64> =
        addresses.values().map(|url| (url.clone(), 0.0)).collect();
    for finished in of("Network.loadingFinished") {
        if let Some(url) = addresses.get(&finished["requestId"].to_string()) {
            let bytes = finished["encodedDataLength"].as_f64().unwrap_or_default();
            *cost.entry(url.clone()).or_default() += bytes;
        }
    }
    cost
}

#[test]
fn assets_are_immutable() {
    let app = App::set_up();
    let visitor = app.anonymous();
    let page = visitor.get("/sign-in");
    let addresses: Vec<_> =
        page.body.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert!(addresses.len() >= 4, "{addresses:?}");
    for address in addresses {
        let address = address.split('#').next().expect("a path");
        let asset = visitor.get(address);
        assert_eq!(asset.status, 200, "{address}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        let tag = asset.header("etag");
        assert!(tag.starts_with('"'), "{tag}");
        let request = visitor.http().get(format!("{}{address}", app.url));
        let again = request.header("if-none-match", tag).send().expect("an answer");
        assert_eq!(again.status().as_u16(), 304, "{address}");
        assert!(again.bytes().expect("no body").is_empty());
    }
}
