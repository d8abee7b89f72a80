//! Containing a member who may be compromised, and the keys that they created or saw.

use latchkey::base::clock::DAY;
use latchkey::domain::members::Permission;

use super::{INES, TOMAS, app_with_ines, confirm_step, events, id_of, is_signed_in, link, row};
use crate::support::{App, Client, PASSWORD_HASH, Page, replaced};

const EDITOR: [Permission; 3] =
    [Permission::ViewKeys, Permission::CreateKeys, Permission::UpdateKeys];
const ROTATION: [(&str, &str); 2] = [("overlap", "now"), ("lifetime", "90")];

/// The names of the keys on the page of a member's keys.
fn names(page: &Page) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.body);
    page.all("table th.name a")
}

/// Why the page lists a key.
fn why(page: &Page, key: &str) -> String {
    page.text(&format!("tr#{key} [data-label=Why]"))
}

fn keys_of(id: &str) -> String {
    format!("/members/{id}/keys")
}

fn rotate(client: &Client, key: &str, overlap: &str) {
    let fields = [("overlap", overlap), ("lifetime", "90")];
    assert_eq!(client.submit(&format!("/api-keys/{key}/rotate"), &fields).status, 200);
}

#[test]
fn containing_ends_all_access_and_leads_to_the_keys_to_check() {
    let (app, ines) = app_with_ines();
    let id = app.member(TOMAS, true, &EDITOR).id;
    let id = id.as_str();
    let reset = link(&app, &confirm_step(&app, &ines, id, "reset-password"));
    app.sql(&format!("UPDATE members SET password_hash = '{}'", PASSWORD_HASH.trim()));
    let tomas = app.signed_in(TOMAS);
    let (created, other) = (tomas.key_named("Route planner"), app.key("Billing worker"));
    app.key("Depot");
    rotate(&tomas, &other, "7d");
    let table = ines.get("/members");
    let contain = |member: &str| format!("a[href='/members/{member}/contain']");
    assert!(table.has(&contain(id)) && !table.has(&contain(&id_of(&app, INES))));
    let dialog = ines.get(&format!("/members/{id}/contain"));
    assert_eq!(dialog.text("dialog h2"), "Contain “Ines Okafor”?");
    assert_eq!(dialog.all("#contain dd"), [TOMAS, "1", "1", "2"]);
    let before = events(&app).len();
    let response = confirm_step(&app, &ines, id, "contain");
    assert_eq!((response.status, response.location()), (303, keys_of(id).as_str()));
    assert!(!is_signed_in(&tomas));
    assert_eq!(app.anonymous().get(&reset).status, 404);
    let page = ines.get(&keys_of(id));
    assert_eq!(page.text("h1"), "Keys that Ines Okafor created or saw");
    let notice = "“Ines Okafor” contained: they are signed out and disabled.";
    assert_eq!(page.text("#notice"), notice);
    let mut listed = names(&page);
    listed.sort();
    assert_eq!(listed, ["Billing worker", "Route planner"]);
    assert!(why(&page, &created).starts_with("Created"), "{}", why(&page, &created));
    assert!(why(&page, &other).starts_with("Rotated"), "{}", why(&page, &other));
    assert_eq!(events(&app)[before..], ["member.disabled", "member.contained"]);
    let details = "SELECT details AS text FROM activity WHERE event = 'member.contained'";
    assert_eq!(app.texts(details), [r#"{"keys":2}"#]);
    let activity = ines.get("/activity").text("table");
    assert!(activity.contains("Contained Ines Okafor, with 2 keys to check"), "{activity}");
    let table = ines.get("/members");
    assert!(row(&table, id).contains("Disabled") && !table.has(&contain(id)));
    assert!(table.has(&format!("a[href='{}']", keys_of(id))));
    assert_eq!(confirm_step(&app, &ines, id, "contain").status, 303);
    assert_eq!(ines.get("/members").text("#notice"), "“Ines Okafor” is disabled.");
    assert_eq!(events(&app).len(), before + 2, "containing again changes nothing");
}

#[test]
fn every_way_to_see_a_secret_is_listed_for_ninety_days() {
    let (app, ines) = app_with_ines();
    let id = app.member(TOMAS, true, &EDITOR).id;
    let tomas = app.signed_in(TOMAS);
    let created = tomas.key_named("Route planner");
    let [rotated, bulk, leaked, revoked] =
        ["Rotated", "Bulk", "Leaked", "Revoked"].map(|name| app.key(name));
    rotate(&tomas, &rotated, "now");
    rotate(&tomas, &revoked, "now");
    let path = format!("/api-keys/bulk/rotate?keys={bulk}");
    let fields = [&[("keys", bulk.as_str())], &ROTATION[..]].concat();
    assert_eq!(tomas.submit(&path, &fields).status, 200);
    let path = format!("/api-keys/{leaked}/leak");
    let shown = tomas.get(&path).form_fields("dialog form");
    assert_eq!(tomas.post(&path, &replaced(&shown, &[("action", "rotate")])).status, 200);
    assert_eq!(ines.submit(&format!("/api-keys/{revoked}/revoke"), &[]).status, 303);
    let mut listed = names(&ines.get(&keys_of(id.as_str())));
    listed.sort();
    assert_eq!(listed, ["Bulk", "Leaked", "Rotated", "Route planner"]);
    app.advance(DAY);
    let ines = app.signed_in(INES);
    rotate(&ines, &created, "7d");
    rotate(&ines, &rotated, "now");
    let page = ines.get(&keys_of(id.as_str()));
    let replaced = "Its secret key was replaced since then";
    assert!(!why(&page, &created).contains(replaced), "the old secret still works");
    assert!(why(&page, &rotated).contains(replaced), "{}", why(&page, &rotated));
    assert!(!why(&page, &bulk).contains(replaced));
    app.advance(90 * DAY);
    let page = app.signed_in(INES).get(&keys_of(id.as_str()));
    assert_eq!(names(&page), ["Route planner"]);
    assert!(why(&page, &created).contains(replaced), "the overlap has ended");
}

#[test]
fn selected_keys_are_disabled_rotated_and_revoked_and_dialogs_lead_back() {
    let (app, ines) = app_with_ines();
    let id = app.member(TOMAS, true, &EDITOR).id;
    let tomas = app.signed_in(TOMAS);
    let [first, second] = ["Route planner", "Payroll"].map(|name| tomas.key_named(name));
    let page = ines.get(&keys_of(id.as_str()));
    let back = keys_of(id.as_str());
    assert_eq!(page.form_fields("form.work"), [("return".to_owned(), back.clone())]);
    assert_eq!(page.all(".with-selected .btn"), ["Disable", "Rotate", "Revoke"]);
    let open = |verb: &str, key: &str| format!("/api-keys/bulk/{verb}?return={back}&keys={key}");
    let dialog = ines.get(&open("disable", &first));
    assert_eq!(dialog.attribute("dialog .x", "href").as_deref(), Some(back.as_str()));
    assert_eq!(names(&dialog).len(), 2, "the page is shown under the dialog");
    let keys = |key| [("keys", key), ("return", back.as_str())];
    let disable = [&keys(&first)[..], &[("reason", "Contained"), ("until", "14d")]].concat();
    let done = ines.submit(&open("disable", &first), &disable);
    assert_eq!((done.status, done.location()), (303, back.as_str()), "{}", done.body);
    let page = ines.get(&back);
    assert_eq!(page.text("#notice"), "“Route planner” disabled.");
    assert!(page.text(&format!("tr#{first}")).contains("Disabled"));
    let rotated = ines.submit(&open("rotate", &second), &[&keys(&second)[..], &ROTATION].concat());
    assert_eq!(rotated.status, 200);
    assert_eq!(rotated.attribute(".dlg-foot a", "href").as_deref(), Some(back.as_str()));
    let done = ines.submit(&open("revoke", &second), &keys(&second));
    assert_eq!((done.status, done.location()), (303, back.as_str()));
    assert_eq!(names(&ines.get(&back)), ["Route planner"]);
    let none = ines.get(&format!("/api-keys/bulk/revoke?return={back}"));
    assert_eq!(none.location(), back);
    assert_eq!(ines.get(&back).text("#notice"), "Select at least one key.");
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    let page = viewer.get(&back);
    assert!(!page.has("input[name=keys]") && !page.has(".with-selected") && !page.has(".crumb"));
}

#[test]
fn a_long_list_has_pages_and_an_empty_one_says_so() {
    let (app, ines) = app_with_ines();
    let id = app.member(TOMAS, false, &[]).id;
    let empty = ines.get(&keys_of(id.as_str()));
    assert_eq!(empty.text(".empty h2"), "No keys to check");
    for number in 0..30 {
        app.key(&format!("Worker {number:02}"));
        app.advance(1);
    }
    app.sql(&format!("UPDATE api_keys SET created_by = '{}'", id.as_str()));
    let first = ines.get(&keys_of(id.as_str()));
    assert_eq!((names(&first).len(), names(&first)[0].as_str()), (25, "Worker 29"));
    assert_eq!(first.text(".foot p"), "1–25 of 30");
    let next = first.attribute(".pager a[rel=next]", "href").expect("a next page");
    let second = ines.get(&next);
    assert_eq!(names(&second).len(), 5);
    assert_eq!(second.form_fields("form.work"), [("return".to_owned(), next)]);
}

#[test]
fn nobody_contains_themselves_or_a_member_who_holds_more() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let (id, ines) = (id_of(&app, INES), app.signed_in(INES));
    let lesser = app.super_manager_with(&[Permission::ManageMembers]);
    let own = confirm_step(&app, &ines, &id, "contain");
    assert_eq!(own.status, 403);
    assert!(own.text("h1").starts_with("You cannot contain yourself."), "{}", own.text("h1"));
    assert!(!lesser.get("/members").has(&format!("a[href='/members/{id}/contain']")));
    let beyond = confirm_step(&app, &lesser, &id, "contain");
    assert_eq!(beyond.status, 403);
    assert!(beyond.text("h1").starts_with("Ines Okafor has permissions that you do not have"));
    assert!(is_signed_in(&ines));
    // Somebody who may not view keys does not see which ones they are.
    let other = app.member(TOMAS, false, &[]).id;
    let dialog = lesser.get(&format!("/members/{}/contain", other.as_str()));
    assert!(dialog.text("#contain").contains("Someone who may view keys then sees the keys"));
    let done = confirm_step(&app, &lesser, other.as_str(), "contain");
    assert_eq!(done.location(), format!("/members#{}", other.as_str()));
    assert!(!lesser.get("/members").has("a[href$='/keys']"));
    assert_eq!(lesser.get(&keys_of(other.as_str())).status, 403);
}
