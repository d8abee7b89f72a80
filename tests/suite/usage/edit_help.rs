//! Suggestions to remove unused scopes, and help with the IP whitelist.

use latchkey::base::clock::{DAY, HOUR};

use super::record_passes;
use crate::support::{App, Client, Page};

fn selected_scopes(page: &Page) -> Vec<String> {
    let fields = page.form_fields("#edit form").into_iter();
    fields.filter(|(name, _)| name == "scopes").map(|(_, value)| value).collect()
}

fn whitelist(page: &Page) -> String {
    let fields = page.form_fields("#edit form").into_iter();
    fields.filter(|(name, _)| name == "ip_whitelist").map(|(_, value)| value).collect()
}

/// Submits the edit form with a button that does not save.
fn submit_assist(manager: &Client, id: &str, assist: &str, fields: &[(&str, &str)]) -> Page {
    let path = format!("/api-keys/{id}/edit");
    let form = manager.get(&path).form_fields("#edit form");
    let mut all: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    all.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
    all.extend(fields);
    all.push(("assist", assist));
    manager.post(&path, &all)
}

#[test]
fn an_unused_scope_is_listed_with_a_link_to_the_edit_form_without_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.create_key(&[("role", "read-only"), ("lifetime", "365")]).key_id();
    let path = format!("/api-keys/{id}");
    record_passes(&app, &id, "203.0.113.7", &["orders:read", "invoices:read"], 1);
    assert!(!manager.get(&path).has("#unasked"), "too early to suggest anything");
    app.advance(20 * DAY);
    record_passes(&app, &id, "203.0.113.7", &["orders:read"], 1);
    let page = app.super_manager().get(&path);
    assert_eq!(
        page.text("#unasked"),
        "Never asked for since the key was created:reports:readEdit without it, reports:read"
    );
    app.advance(85 * DAY);
    record_passes(&app, &id, "203.0.113.7", &["orders:read"], 1);
    let manager = app.super_manager();
    let page = manager.get(&path);
    assert!(page.text("#unasked").starts_with("Never asked for in 90 days:"));
    assert_eq!(page.all("#unasked code"), ["invoices:read", "reports:read"]);
    let href = page.attribute("#unasked li a", "href").expect("a link");
    let edit = manager.get(&href);
    assert_eq!(edit.attribute("[name=access][checked]", "value").as_deref(), Some("selected"));
    assert_eq!(selected_scopes(&edit), ["orders:read", "reports:read"]);
    let all = page.attribute("#unasked p + ul + p a", "href").expect("a link");
    assert_eq!(selected_scopes(&manager.get(&all)), ["orders:read"]);
    assert_eq!(app.count("api_key_scopes"), 0, "nothing was saved");
}

#[test]
fn a_scope_is_filled_in_only_if_the_role_includes_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    let narrowed = [("role", "read-only"), ("access", "selected"), ("scopes", "orders:read")];
    let id = manager.create_key(&narrowed).key_id();
    let with = |scope: &str| {
        selected_scopes(
            &manager.get(&format!("/api-keys/{id}/edit?return=/api-keys/{id}&add_scope={scope}")),
        )
    };
    assert_eq!(with("invoices:read"), ["orders:read", "invoices:read"]);
    assert_eq!(with("orders:write"), ["orders:read"], "the role does not include it");
    assert_eq!(with("%3Cscript%3E"), ["orders:read"]);
}

#[test]
fn the_page_explains_why_it_has_no_suggestions_if_requests_name_no_scope() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    app.advance(20 * DAY);
    record_passes(&app, &id, "203.0.113.7", &[], 1);
    let page = app.super_manager().get(&format!("/api-keys/{id}"));
    assert!(page.body.contains("Requests do not name the scope that they need"));
    assert!(!page.has("#unasked"));
}

#[test]
fn known_addresses_are_filled_in_and_the_whitelist_is_checked_before_it_is_saved() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.create_key(&[("name", "Billing worker"), ("lifetime", "365")]).key_id();
    record_passes(&app, &id, "192.0.2.1", &[], 9);
    app.advance(31 * DAY);
    record_passes(&app, &id, "203.0.113.7", &[], 1_201);
    app.advance(HOUR);
    record_passes(&app, &id, "203.0.113.8", &[], 3);
    let manager = {
        drop(manager);
        app.super_manager()
    };
    let path = format!("/api-keys/{id}/edit");
    let link = format!("{path}?return=%2Fapi-keys%2F{id}&fill=seen");
    let page = manager.get(&format!("/api-keys/{id}"));
    assert!(page.body.contains(&link.replace('&', "&amp;")), "the key page links to it");
    let filled = manager.get(&link);
    assert_eq!(whitelist(&filled), "203.0.113.8\n203.0.113.7");
    assert_eq!(
        filled.text("#ip_whitelist-check"),
        "This list would have denied none of 1,204 requests in the last 30 days."
    );
    let typed = [("ip_whitelist", "203.0.113.7"), ("notes", "Typed"), ("name", "")];
    let checked = submit_assist(&manager, &id, "check", &typed);
    assert_eq!(checked.status, 200);
    assert_eq!(
        checked.text("#ip_whitelist-check"),
        "This list would have denied 3 of 1,204 requests in the last 30 days, from 203.0.113.8."
    );
    assert!(checked.errors().is_empty(), "only the whitelist is checked");
    assert_eq!(checked.text("#notes"), "Typed", "the form keeps what was typed");
    let seen =
        submit_assist(&manager, &id, "seen", &[("ip_whitelist", "203.0.113.7\n 2001:DB8::1")]);
    assert_eq!(whitelist(&seen), "203.0.113.7\n 2001:DB8::1\n203.0.113.8");
    assert_eq!(app.count("api_key_addresses"), 0, "nothing was saved");
    let asked = manager.edit_key(&id, &[("ip_whitelist", "203.0.113.7")]);
    assert_eq!(asked.status, 422);
    assert_eq!(
        asked.all("#impact li"),
        ["3 of 1,204 requests in the last 30 days came from an address that is not on the list: \
          203.0.113.8."]
    );
    assert_eq!(app.count("api_key_addresses"), 0, "nothing is saved before it is confirmed");
    let saved = manager.edit_key_confirmed(&id, &[("ip_whitelist", "203.0.113.7")]);
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(manager.get("/api-keys").text("#notice"), "“Billing worker” saved.");
    let again = manager.edit_key(&id, &[("ip_whitelist", "203.0.113.7"), ("notes", "New")]);
    assert_eq!(again.status, 303);
    assert_eq!(manager.get("/api-keys").text("#notice"), "“Billing worker” saved.");
}

#[test]
fn an_address_is_filled_in_once_and_only_if_it_is_valid() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.create_key(&[("ip_whitelist", "203.0.113.7")]).key_id();
    let with = |address: &str| {
        whitelist(
            &manager
                .get(&format!("/api-keys/{id}/edit?return=/api-keys/{id}&add_address={address}")),
        )
    };
    assert_eq!(with("198.51.100.77"), "203.0.113.7\n198.51.100.77");
    assert_eq!(with("%3A%3Affff%3A203.0.113.7"), "203.0.113.7");
    for junk in ["", "x", "203.0.113.0%2F24", "%3Cscript%3E"] {
        assert_eq!(with(junk), "203.0.113.7", "{junk}");
    }
}

#[test]
fn a_button_that_does_not_save_keeps_the_version_so_that_a_conflict_is_still_detected() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.create_key(&[("name", "Billing worker")]).key_id();
    let path = format!("/api-keys/{id}/edit");
    let form = manager.get(&path).form_fields("#edit form");
    let other = app.super_manager();
    assert_eq!(other.edit_key(&id, &[("notes", "Theirs")]).status, 303);
    let mut fields: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.push(("assist", "check"));
    let checked = manager.post(&path, &fields);
    assert_eq!(checked.status, 200);
    let fields = checked.form_fields("#edit form");
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(manager.post(&path, &fields).status, 409);
}
