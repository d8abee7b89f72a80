//! The log of what happened: narrowed with the keyboard, without script, on a phone, as a file.

use thirtyfour::Key;

use crate::browser::Browser;
use crate::keys;
use crate::support::App;

#[test]
fn the_log_is_narrowed_and_read_without_script() {
    let app = App::set_up();
    let id = keys::named(&app, "Billing worker");
    let browser = Browser::without_script(&app);
    browser.goto("/sign-in");
    browser.sign_in_as_manager(&app);
    browser.goto("/activity");
    browser.fill("#q", "billing");
    browser.click("#filter-event option[value='api_key.created']");
    browser.click("#filter-period option[value='all']");
    browser.follow(".filters button");
    assert_eq!(browser.address(), "/activity?q=billing&event=api_key.created&person=&period=all");
    assert_eq!(browser.texts(".log .ev"), ["Key created"]);
    assert!(browser.is_chosen("#filter-period option[value='all']"));
    browser.follow(".log .cell-time a");
    assert_eq!(browser.text("h1"), "Key created");
    browser.follow(".what a");
    assert_eq!(browser.address(), format!("/api-keys/{id}"));
    browser.follow("a[href^='/activity?key=']");
    assert_eq!(browser.text(".narrowed code"), id);
    browser.follow(".narrowed a");
    assert_eq!(browser.address(), "/activity?period=all");
}

#[test]
fn the_log_is_narrowed_by_keyboard() {
    let app = App::set_up();
    keys::named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.goto("/activity");
    browser.focus("#q");
    browser.press("nothing like it");
    browser.leading_on(Browser::press_enter);
    assert!(browser.shows(".empty"));
    browser.focus(".empty .btn");
    browser.leading_on(Browser::press_enter);
    browser.focus("#filter-event");
    browser.press("K");
    for stop in ["#filter-person", "#filter-period", ".filters button"] {
        browser.press_key(&Key::Tab);
        assert!(browser.has_focus(stop), "{stop}");
    }
    browser.leading_on(Browser::press_enter);
    assert_eq!(browser.texts(".log .ev"), ["Key created"]);
}

#[test]
fn on_a_phone_each_entry_is_a_card_with_its_event_before_its_time() {
    let app = App::set_up();
    keys::named(&app, "Billing worker");
    let browser = Browser::signed_in(&app);
    browser.resize(390);
    browser.goto("/activity");
    let beside = "
        const [event, time, what] = ['.cell-ev', '.cell-time', '.what'].map((cell) =>
          document.querySelector(`.log ${cell}`).getBoundingClientRect());
        return event.right <= time.left && what.top >= event.bottom
          && document.documentElement.scrollWidth <= innerWidth;";
    assert_eq!(browser.script(beside, vec![]), true);
}
