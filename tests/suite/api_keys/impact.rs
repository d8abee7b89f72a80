//! Edits that would deny requests which pass now: they are saved only after a question with the
//! numbers.

use latchkey::base::clock::{DAY, HOUR, MINUTE};

use crate::support::{App, Client, Page, replaced};
use crate::usage::record_passes;
use crate::verification::Key;
use crate::verification::wire::Request;

/// The address from which the keys are used.
pub const ADDRESS: &str = "203.0.113.7";
/// Another address from which some keys are used.
const SECOND: &str = "203.0.113.8";
/// An address from which no key is used.
const UNUSED: &str = "198.51.100.9";

/// A program, a super manager, and a key with `fields` that [`ADDRESS`] has just used three times,
/// each time for `scopes`.
pub fn key_in_use(fields: &[(&str, &str)], scopes: &[&str]) -> (App, Client, Key) {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.create_key(fields);
    assert_eq!(page.status, 200, "{}", page.body);
    let key = Key { id: page.key_id(), secret: page.secret() };
    record_passes(&app, &key.id, ADDRESS, scopes, 3);
    (app, manager, key)
}

/// Sends the edit form on `page` again, except for `fields`.
pub fn send_again(manager: &Client, key: &Key, page: &Page, fields: &[(&str, &str)]) -> Page {
    let shown = page.form_fields("#edit form");
    manager.post(&format!("/api-keys/{}/edit", key.id), &replaced(&shown, fields))
}

/// What the form sends to confirm the question on its page; empty without a question.
fn confirmation(page: &Page) -> String {
    page.attribute("#edit input[name=confirmed]", "value").expect("a field")
}

/// Asserts that the page asks before it saves, and returns what the edit would deny.
#[track_caller]
pub fn question(page: &Page) -> Vec<String> {
    assert_eq!(page.status, 422, "{}", page.body);
    assert_eq!(page.text("#impact h3"), "Saving this will deny live traffic");
    assert_eq!(page.text("#edit .dlg-foot .btn-primary"), "Save Anyway");
    assert!(page.errors().is_empty(), "{}", page.body);
    assert_ne!(confirmation(page), "");
    page.all("#impact li")
}

#[track_caller]
pub fn assert_saved(manager: &Client, page: &Page) {
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(manager.get("/api-keys").text("#notice"), "“Billing worker” saved.");
}

/// The line about requests from an address that is not in the new whitelist.
fn lost_requests(denied: u32, of: u32, address: &str) -> String {
    format!(
        "{denied} of {of} requests in the last 30 days came from an address that is not on the list: \
         {address}."
    )
}

/// The line about scopes that requests asked for.
pub fn lost_scope(scope: &str) -> String {
    format!("The key would lose scopes that requests asked for in the last 90 days: {scope}.")
}

fn whitelist(app: &App) -> Vec<String> {
    app.texts("SELECT address AS text FROM api_key_addresses ORDER BY position")
}

/// Whether a request with the key passes from [`ADDRESS`].
fn passes(app: &App, key: &Key) -> bool {
    let request = Request::new(&app.url, "GET", "/v1/authorize").from(ADDRESS);
    request.bearer(&key.secret).send().status == 200
}

#[test]
fn a_whitelist_without_an_address_in_use_is_saved_only_after_a_question() {
    let (app, manager, key) = key_in_use(&[], &[]);
    let before = app.contents();
    let asked = manager.edit_key(&key.id, &[("ip_whitelist", UNUSED), ("notes", "Typed")]);
    assert_eq!(question(&asked), [lost_requests(3, 3, ADDRESS)]);
    assert_eq!(asked.text("#impact button[name=assist][value=\"203.0.113.7\"]"), "Add 203.0.113.7");
    let kept = asked.form_fields("#edit form");
    for (name, value) in [("ip_whitelist", UNUSED), ("notes", "Typed"), ("version", "1")] {
        assert!(kept.contains(&(name.into(), value.into())), "{name} in {kept:?}");
    }
    assert_eq!(app.contents(), before, "nothing is saved before it is confirmed");
    assert!(passes(&app, &key));
    // The second one is a double click.
    for _ in 0..2 {
        let saved = send_again(&manager, &key, &asked, &[]);
        let table = format!("/api-keys#{}", key.id);
        assert_eq!((saved.status, saved.location()), (303, table.as_str()), "{}", saved.body);
    }
    assert_eq!(manager.get("/api-keys").text("#notice"), "“Billing worker” saved.");
    assert_eq!(whitelist(&app), [UNUSED]);
    assert_eq!(app.number("SELECT version FROM api_keys"), 2);
    assert_eq!(app.number("SELECT COUNT(*) FROM activity WHERE event = 'api_key.edited'"), 1);
    assert!(!passes(&app, &key));
}

#[test]
fn the_button_adds_the_address_and_then_nothing_is_asked() {
    let (app, manager, key) = key_in_use(&[], &[]);
    let asked = manager.edit_key(&key.id, &[("ip_whitelist", UNUSED), ("notes", "Typed")]);
    let filled = send_again(&manager, &key, &asked, &[("assist", "seen")]);
    assert_eq!(filled.status, 200, "{}", filled.body);
    assert!(!filled.has("#impact"));
    assert_eq!(confirmation(&filled), "");
    assert_eq!(filled.text("#edit .dlg-foot .btn-primary"), "Save Changes");
    assert_eq!(filled.text("#ip_whitelist"), format!("{UNUSED} {ADDRESS}"));
    assert_eq!(filled.text("#notes"), "Typed");
    assert!(whitelist(&app).is_empty(), "the button saves nothing");
    assert_saved(&manager, &send_again(&manager, &key, &filled, &[]));
    assert_eq!(whitelist(&app), [UNUSED, ADDRESS]);
    assert!(passes(&app, &key));
}

#[test]
fn a_confirmation_is_only_for_what_was_shown() {
    let (app, manager, key) = key_in_use(&[], &[]);
    app.advance(MINUTE);
    record_passes(&app, &key.id, SECOND, &[], 2);
    let before = app.contents();
    let first = manager.edit_key(&key.id, &[("ip_whitelist", SECOND)]);
    assert_eq!(question(&first), [lost_requests(3, 5, ADDRESS)]);
    let second = send_again(&manager, &key, &first, &[("ip_whitelist", ADDRESS)]);
    assert_eq!(question(&second), [lost_requests(2, 5, SECOND)]);
    assert_ne!(confirmation(&first), confirmation(&second));
    for not_shown in ["", "yes", &"0".repeat(64), &confirmation(&first)] {
        let asked = send_again(&manager, &key, &second, &[("confirmed", not_shown)]);
        assert_eq!(question(&asked), question(&second), "{not_shown}");
    }
    assert_eq!(app.contents(), before);
    assert_saved(&manager, &send_again(&manager, &key, &second, &[]));
    assert_eq!(whitelist(&app), [ADDRESS]);
}

#[test]
fn a_confirmation_holds_while_requests_arrive() {
    let (app, manager, key) = key_in_use(&[], &[]);
    app.advance(MINUTE);
    record_passes(&app, &key.id, SECOND, &[], 1);
    let asked = manager.edit_key(&key.id, &[("ip_whitelist", UNUSED)]);
    let lost = question(&asked);
    assert!(lost[0].ends_with("not on the list: 203.0.113.8 and 203.0.113.7."), "{lost:?}");
    assert_eq!(asked.text("#impact button"), "Add the 2 Addresses");
    app.advance(MINUTE);
    record_passes(&app, &key.id, ADDRESS, &[], 1);
    assert_saved(&manager, &send_again(&manager, &key, &asked, &[]));
}

#[test]
fn an_address_that_is_denied_already_is_not_asked_about() {
    let (app, manager, key) = key_in_use(&[], &[]);
    record_passes(&app, &key.id, SECOND, &[], 2);
    assert_eq!(manager.edit_key_confirmed(&key.id, &[("ip_whitelist", ADDRESS)]).status, 303);
    let wider = format!("{ADDRESS}\n{UNUSED}");
    assert_saved(&manager, &manager.edit_key(&key.id, &[("ip_whitelist", &wider)]));
    let asked = manager.edit_key(&key.id, &[("ip_whitelist", UNUSED)]);
    assert!(question(&asked)[0].ends_with("not on the list: 203.0.113.7."), "{}", asked.body);
}

#[test]
fn an_earlier_expiry_of_a_key_in_use_is_saved_only_after_a_question() {
    let (app, manager, key) = key_in_use(&[], &[]);
    let asked = manager.edit_key(&key.id, &[("expires_on", "2027-01-31")]);
    let dates = "The key would expire after 31 January 2027 instead of 21 February 2027.";
    assert_eq!(question(&asked), [format!("{dates} It was last used just now.")]);
    let earlier = send_again(&manager, &key, &asked, &[("expires_on", "2027-01-30")]);
    assert!(question(&earlier)[0].contains("after 30 January 2027"), "{}", earlier.body);
    assert_saved(&manager, &send_again(&manager, &key, &earlier, &[]));
    app.advance(8 * DAY);
    let manager = app.super_manager();
    assert_saved(&manager, &manager.edit_key(&key.id, &[("expires_on", "2027-01-29")]));
}

#[test]
fn a_question_says_on_which_day_the_key_was_last_used() {
    let (app, _, key) = key_in_use(&[], &[]);
    app.advance(3 * DAY);
    let asked = app.super_manager().edit_key(&key.id, &[("expires_on", "2027-01-31")]);
    assert!(question(&asked)[0].ends_with("23 Nov 2026."), "{}", asked.text("#impact"));
}

#[test]
fn one_question_lists_everything_that_an_edit_would_deny() {
    let (app, manager, key) = key_in_use(&[], &["orders:write"]);
    let edit = [("ip_whitelist", UNUSED), ("role", "read-only"), ("expires_on", "2027-01-31")];
    let asked = manager.edit_key(&key.id, &edit);
    let lost = question(&asked);
    assert_eq!(lost.len(), 3, "{lost:?}");
    assert_eq!(lost[0], lost_requests(3, 3, ADDRESS));
    assert_eq!(lost[1], lost_scope("orders:write"));
    assert!(lost[2].starts_with("The key would expire after 31 January 2027"), "{lost:?}");
    let wider = send_again(&manager, &key, &asked, &[("role", "read-and-write")]);
    assert_eq!(question(&wider).len(), 2, "another impact is asked about again");
    assert_saved(&manager, &send_again(&manager, &key, &wider, &[]));
    assert_eq!(whitelist(&app), [UNUSED]);
}

#[test]
fn an_edit_that_denies_no_request_is_saved_without_a_question() {
    let (app, manager, key) = key_in_use(&[], &["orders:read"]);
    let wide = format!("{UNUSED}\n{ADDRESS}");
    for edit in [
        ("ip_whitelist", wide.as_str()),
        ("ip_whitelist", ""),
        ("expires_on", "2027-03-31"),
        ("role", "full-access"),
        ("notes", "Ask Ines"),
    ] {
        assert_saved(&manager, &manager.edit_key(&key.id, &[edit]));
    }
    app.advance(31 * DAY);
    let manager = app.super_manager();
    assert_saved(&manager, &manager.edit_key(&key.id, &[("ip_whitelist", UNUSED)]));
}

#[test]
fn a_key_without_requests_that_pass_is_edited_without_a_question() {
    let edit = [("role", "read-only"), ("ip_whitelist", UNUSED)];
    let app = App::set_up();
    let manager = app.super_manager();
    let never_used = manager.key_named("Billing worker");
    let earlier = [&edit[..], &[("expires_on", "2027-01-31")]].concat();
    assert_saved(&manager, &manager.edit_key(&never_used, &earlier));
    let today = [("lifetime", "date"), ("expires_on", "2026-11-23")];
    let (app, _, expired) = key_in_use(&today, &["orders:write"]);
    app.advance(12 * HOUR);
    let manager = app.super_manager();
    assert_saved(&manager, &manager.edit_key(&expired.id, &edit));
}

#[test]
fn errors_are_shown_before_the_question() {
    let (app, manager, key) = key_in_use(&[], &[]);
    let before = app.contents();
    let rejected = manager.edit_key(&key.id, &[("name", ""), ("ip_whitelist", UNUSED)]);
    assert_eq!((rejected.status, rejected.errors()), (422, vec!["Enter a key name".to_owned()]));
    assert!(!rejected.has("#impact"));
    assert_eq!(confirmation(&rejected), "");
    let asked = send_again(&manager, &key, &rejected, &[("name", "Billing worker")]);
    assert_eq!(question(&asked), [lost_requests(3, 3, ADDRESS)]);
    assert_eq!(app.contents(), before);
}

#[test]
fn a_change_by_somebody_else_is_a_conflict_before_and_after_the_question() {
    let (app, manager, key) = key_in_use(&[], &[]);
    let opened = manager.get(&format!("/api-keys/{}/edit", key.id));
    let asked = send_again(&manager, &key, &opened, &[("ip_whitelist", UNUSED)]);
    assert_eq!(question(&asked), [lost_requests(3, 3, ADDRESS)]);
    assert_eq!(app.super_manager().edit_key(&key.id, &[("notes", "Theirs")]).status, 303);
    let before = app.contents();
    for stale in [&opened, &asked] {
        let conflict = send_again(&manager, &key, stale, &[("ip_whitelist", UNUSED)]);
        assert_eq!(conflict.status, 409, "{}", conflict.body);
        assert!(conflict.text("#errors").contains("Someone else changed this key"));
        assert!(!conflict.has("#impact"));
        let again = send_again(&manager, &key, &conflict, &[]);
        assert_eq!(question(&again), [lost_requests(3, 3, ADDRESS)], "and then asks");
    }
    assert_eq!(app.contents(), before);
}
