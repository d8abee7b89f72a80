//! A list keeps its place: behind a dialog, after Escape, and after the dialog was sent.

use crate::browser::Browser;
use crate::keys;
use crate::support::App;
use thirtyfour::Key;

const LIST: &str = "/api-keys?q=worker&sort=name";

/// A program with two pages of keys.
fn app() -> App {
    let app = App::set_up();
    for number in 1..=40 {
        keys::create_named(&app, &format!("Worker {number:02}"));
    }
    app
}

fn place(browser: &Browser) -> i64 {
    browser.script("return Math.round(scrollY)", vec![]).as_i64().expect("a number")
}

/// Scrolls the list so that its last row is visible, and returns the id of that row and the place.
fn scroll(browser: &Browser) -> (String, i64) {
    browser.goto(LIST);
    let script = "
        const row = document.querySelector('table.keys tbody tr:last-child');
        scrollTo({ top: row.getBoundingClientRect().top - 300, behavior: 'instant' });
        return row.id";
    let id = browser.script(script, vec![]).as_str().expect("an id").to_owned();
    let place = place(browser);
    assert!(place > 0, "the list is scrolled");
    (id, place)
}

#[test]
fn the_list_keeps_its_place_behind_a_dialog_and_after_it() {
    let app = app();
    let browser = Browser::signed_in(&app);
    let (id, before) = scroll(&browser);
    let edit = format!("#{id} .act[href*='/edit']");
    browser.follow(&edit);
    browser.wait_until("the same place behind the dialog", |b| place(b) == before);
    browser.navigate_by(|b| b.press_key(&Key::Escape));
    assert_eq!(browser.address(), format!("{LIST}#{id}"));
    browser.wait_until("the same place after Escape", |b| place(b) == before);
    browser.press_key(&Key::Tab);
    assert!(
        browser.script("return document.activeElement.closest('tr')?.id", vec![]) == id.as_str(),
        "the next Tab is in the row"
    );
    browser.follow(&edit);
    browser.fill("#notes", "Runs at night");
    browser.follow("dialog .btn-primary");
    assert_eq!(browser.address(), format!("{LIST}#{id}"));
    browser.wait_until("the same place after Save", |b| place(b) == before);
    assert!(browser.shows("#notice"));
}

#[test]
fn the_second_page_of_a_list_is_kept_without_javascript() {
    let app = app();
    let browser = Browser::without_javascript(&app);
    browser.sign_in_as_manager(&app);
    browser.goto(LIST);
    browser.follow(".pager a[rel=next]");
    let page = browser.address();
    let rows = browser.texts("table.keys tbody .name a");
    let id = browser.attribute("table.keys tbody tr", "id");
    browser.follow(&format!("#{id} .act[href*='/rotate']"));
    assert_eq!(browser.texts("table.keys tbody .name a"), rows);
    browser.follow("#rotate .btn-primary");
    browser.follow("#secret .dlg-foot a");
    assert_eq!(browser.address(), format!("{page}#{id}"));
}
