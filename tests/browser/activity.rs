//! The activity page: filtered by keyboard, without JavaScript, and on a phone.

use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

#[test]
fn the_activity_is_filtered_and_read_without_javascript() {
    let app = App::set_up();
    let id = keys::create_named(&app, "Billing worker");
    let browser = Browser::without_javascript(&app);
    browser.goto("/sign-in");
    browser.sign_in_as_manager(&app);
    browser.goto("/activity");
    browser.fill("#q", "billing");
    browser.click("#filter-event option[value='api_key.created']");
    browser.click("#filter-period option[value='all']");
    browser.follow(".filters button");
    assert_eq!(browser.address(), "/activity?q=billing&event=api_key.created&person=&period=all");
    assert_eq!(browser.texts(".log .ev"), ["Key created"]);
    assert!(browser.is_selected("#filter-period option[value='all']"));
    browser.follow(".log .act");
    assert_eq!(browser.text("h1"), "Key created");
    browser.follow(".what a");
    assert_eq!(browser.address(), format!("/api-keys/{id}"));
    browser.follow("a[href^='/activity?key=']");
    assert_eq!(browser.text(".narrowed code"), id);
    browser.follow(".narrowed a");
    assert_eq!(browser.address(), "/activity?period=all");
}

#[test]
fn the_activity_is_filtered_by_keyboard() {
    let app = App::set_up();
    keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.goto("/activity");
    browser.focus("#q");
    browser.press("nothing like it");
    browser.navigate_by(Browser::press_enter);
    assert!(browser.shows(".empty"));
    browser.focus(".empty .btn");
    browser.navigate_by(Browser::press_enter);
    browser.focus("#filter-event");
    browser.press("K");
    for stop in ["#filter-person", "#filter-period", ".filters button"] {
        browser.press_key(&Key::Tab);
        assert!(browser.has_focus(stop), "{stop}");
    }
    browser.navigate_by(Browser::press_enter);
    assert_eq!(browser.texts(".log .ev"), ["Key created"]);
}

#[test]
fn on_a_phone_each_entry_is_a_card_with_its_event_before_its_time() {
    let app = App::set_up();
    keys::create_named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.resize(390);
    browser.goto("/activity");
    let is_card = "
        const [event, time, what] = ['.cell-ev', '.cell-time', '.what'].map((cell) =>
          document.querySelector(`.log ${cell}`).getBoundingClientRect());
        return event.right <= time.left && what.top >= event.bottom
          && document.documentElement.scrollWidth <= innerWidth;";
    assert_eq!(browser.script(is_card, vec![]), true);
}
