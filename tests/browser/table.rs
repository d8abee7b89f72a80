//! The table of keys: views, search, filters, sorting and pagination.

use latchkey::base::clock::{DAY, HOUR};

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

fn names(browser: &Browser) -> Vec<String> {
    browser.texts("tbody .name a")
}

#[test]
fn paging_goes_through_all_keys_and_back() {
    let app = App::set_up();
    for number in 1..=30 {
        keys::create_named(&app, &format!("Worker {number:02}"));
        app.advance(1000);
    }
    let browser = Browser::signed_in(&app);
    assert_eq!(names(&browser).len(), 25);
    assert_eq!(names(&browser)[0], "Worker 30");
    assert_eq!(browser.text(".foot .num"), "1–25 of 30 keys. You can create 70 more.");
    assert!(!browser.shows("[rel='prev']"));
    browser.follow("[rel='next']");
    assert_eq!(names(&browser), ["Worker 05", "Worker 04", "Worker 03", "Worker 02", "Worker 01"]);
    assert!(browser.text(".foot .num").starts_with("26–30 of 30 keys."));
    assert!(!browser.shows("[rel='next']"));
    browser.follow("[rel='prev']");
    assert_eq!(names(&browser)[0], "Worker 30");
    browser.follow(".col-name a");
    assert_eq!(names(&browser)[0], "Worker 01");
    assert_eq!(browser.attribute(".col-name", "aria-sort"), "ascending");
    browser.follow(".col-name a");
    assert_eq!(names(&browser)[0], "Worker 30");
    assert_eq!(browser.attribute(".col-name", "aria-sort"), "descending");
    browser.follow("[rel='next']");
    assert_eq!(names(&browser)[0], "Worker 05");
}

#[test]
fn search_and_filters_narrow_the_table_until_they_are_cleared() {
    let app = App::set_up();
    keys::create_named(&app, "Billing worker");
    let mut staging = keys::draft("Billing worker – staging");
    staging.environment = "staging".into();
    staging.role = "read-only".into();
    let id = keys::create(&app, &staging);
    keys::create_named(&app, "Warehouse sync");
    let browser = Browser::signed_in(&app);
    browser.fill("#q", "BILLING");
    browser.navigate_by(Browser::press_enter);
    assert_eq!(names(&browser).len(), 2);
    browser.click("#filter-environment option[value='staging']");
    browser.click("#filter-role option[value='read-only']");
    browser.follow(".filters button");
    assert_eq!(names(&browser), ["Billing worker – staging"]);
    assert_eq!(browser.value("#q"), "BILLING");
    browser.fill("#q", &id.to_lowercase());
    browser.follow(".filters button");
    assert_eq!(names(&browser), ["Billing worker – staging"]);
    browser.fill("#q", "X <b>");
    browser.follow(".filters button");
    assert_eq!(browser.text(".empty h2"), "No keys match “X <b>” with these filters");
    browser.follow(".empty .btn");
    assert_eq!(browser.address(), "/api-keys");
    assert_eq!(names(&browser).len(), 3);
}

#[test]
fn views_show_the_keys_that_their_tabs_count() {
    let app = App::set_up();
    let mut short = keys::draft("Expires first");
    short.lifetime = "30".into();
    keys::create(&app, &short);
    app.advance(20 * DAY);
    let fresh = keys::create_named(&app, "In use");
    keys::record_use(&app, &fresh, HOUR);
    let browser = Browser::signed_in(&app);
    let tabs = ["All 2", "Disabled 0", "Expired 0", "Revoked 0"];
    assert_eq!(browser.texts(".tabs a"), tabs);
    assert_eq!(browser.texts("tbody .badge"), ["Active", "Expires in 10 days"]);
    assert_eq!(browser.text(&format!("#{fresh} [data-label='Last used']")), "1 hour ago");
    browser.follow(".tabs a:nth-child(2)");
    assert_eq!(browser.text(".empty h2"), "No disabled keys");
    browser.follow(".tabs a:nth-child(3)");
    assert_eq!(browser.text(".empty h2"), "No expired keys");
    app.advance(11 * DAY);
    browser.sign_in("ines@meridianfreight.example");
    browser.goto("/api-keys?view=expired");
    assert_eq!(names(&browser), ["Expires first"]);
    assert_eq!(browser.text(".badge"), "Expired");
}

#[test]
fn nothing_needs_attention_when_all_is_well() {
    let app = App::set_up();
    let id = keys::create_named(&app, "In use");
    keys::record_use(&app, &id, 0);
    let browser = Browser::signed_in(&app);
    browser.follow(".nav a[href='/attention']");
    assert_eq!(browser.text(".empty h2"), "Nothing needs attention");
}
