//! Edits that would take scopes from a key in use: they are saved only after a question.

use latchkey::base::clock::DAY;

use super::impact::{ADDRESS, assert_saved, key_in_use, lost_scope, question, send_again};
use crate::usage::record_passes;

/// An edit after which the key has one scope.
const NARROWED: [(&str, &str); 2] = [("access", "selected"), ("scopes", "orders:read")];

#[test]
fn scopes_that_requests_asked_for_are_taken_only_after_a_question() {
    let (app, manager, key) = key_in_use(&[], &["orders:read", "invoices:read"]);
    let before = app.contents();
    let asked = manager.edit_key(&key.id, &NARROWED);
    assert_eq!(question(&asked), [lost_scope("invoices:read")]);
    assert!(!asked.has("#impact button"), "there is no address to add");
    assert_eq!(app.contents(), before);
    let used = [&NARROWED[..], &[("scopes", "invoices:read")]].concat();
    assert_saved(&manager, &manager.edit_key(&key.id, &used));
    assert_eq!(app.count("api_key_scopes"), 2, "no request asked for the other scopes");
    assert_saved(&manager, &manager.edit_key_confirmed(&key.id, &NARROWED));
    assert_eq!(app.texts("SELECT scope AS text FROM api_key_scopes"), ["orders:read"]);
}

#[test]
fn a_scope_that_no_request_asked_for_in_90_days_is_taken_without_a_question() {
    let year = [("lifetime", "365")];
    let (app, _, key) = key_in_use(&year, &["orders:read", "invoices:read"]);
    app.advance(90 * DAY);
    record_passes(&app, &key.id, ADDRESS, &["orders:read"], 1);
    let asked = app.super_manager().edit_key(&key.id, &NARROWED);
    assert_eq!(question(&asked), [lost_scope("invoices:read")]);
    app.advance(2 * DAY);
    let manager = app.super_manager();
    assert_saved(&manager, &manager.edit_key(&key.id, &NARROWED));
}

#[test]
fn any_scope_of_a_key_in_use_is_asked_about_if_its_requests_name_none() {
    let (app, manager, key) = key_in_use(&[], &[]);
    let asked = manager.edit_key(&key.id, &NARROWED);
    assert_eq!(
        question(&asked),
        ["The key would lose invoices:read, invoices:write, orders:write, reports:read, \
          reports:write. Its requests do not say which scope they need, so it may need them."]
    );
    app.advance(8 * DAY);
    let manager = app.super_manager();
    assert_saved(&manager, &manager.edit_key(&key.id, &NARROWED));
}

#[test]
fn a_role_without_a_scope_that_requests_asked_for_is_given_only_after_a_question() {
    let (_app, manager, key) = key_in_use(&[], &["orders:read", "orders:write"]);
    let asked = manager.edit_key(&key.id, &[("role", "read-only")]);
    assert_eq!(question(&asked), [lost_scope("orders:write")]);
    assert_saved(&manager, &send_again(&manager, &key, &asked, &[]));
    assert!(manager.get(&format!("/api-keys/{}", key.id)).text(".kv").contains("Read-only"));
    let (_other, manager, reader) = key_in_use(&[], &["orders:read"]);
    assert_saved(&manager, &manager.edit_key(&reader.id, &[("role", "read-only")]));
}
