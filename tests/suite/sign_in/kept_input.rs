//! The input of a dialog that is submitted after the session has ended is shown again after signing
//! in, and only to the same member.

use latchkey::base::clock::{HOUR, MINUTE};
use latchkey::base::secret_scan;
use latchkey::domain::members::Permission;

use crate::support::{App, Client, PASSWORD, Page, encoded, key_fields, replaced};

const INES: &str = "ines@meridianfreight.example";
const TOMAS: &str = "tomas@meridianfreight.example";
const WAITING: &str = "Your session ended. Sign in to return to your changes.";
const RESTORED: &str = "Your session ended. Check your changes, then save again.";

/// A program with two members and a key, and the path of the dialog that edits the key.
fn set_up() -> (App, Client, String) {
    let app = App::set_up();
    for email in [INES, TOMAS] {
        app.member(email, true, &Permission::ALL);
    }
    let edit = format!("/api-keys/{}/edit", app.key("Billing worker"));
    let client = app.signed_in(INES);
    (app, client, edit)
}

/// Opens the edit dialog, and saves it with `fields` after the session has ended.
fn save_late(app: &App, client: &Client, edit: &str, fields: &[(&str, &str)]) -> Page {
    let shown = client.get(edit).form_fields("#edit form");
    app.advance(30 * MINUTE);
    client.post(edit, &replaced(&shown, fields))
}

/// Sends the sign-in form on `page`.
fn sign_in(client: &Client, page: &Page, fields: &[(&str, &str)]) -> Page {
    let usual = [("email", INES), ("password", PASSWORD)];
    let is_given = |name: &str| fields.iter().any(|(given, _)| *given == name);
    let usual = usual.into_iter().filter(|(name, _)| !is_given(name));
    let all: Vec<_> = usual.chain(fields.iter().copied()).collect();
    client.post("/sign-in", &replaced(&page.form_fields("main form"), &all))
}

fn name(page: &Page) -> String {
    page.attribute("#name", "value").unwrap_or_default()
}

fn kept(page: &Page) -> String {
    page.attribute("input[name=kept]", "value").unwrap_or_default()
}

/// Asserts that the form was answered as one whose input is not kept.
fn assert_not_kept(page: &Page, case: &str) {
    assert_eq!(page.status, 303, "{case}");
    assert!(page.location().starts_with("/sign-in?next=%2Fapi-keys"), "{case}");
    assert!(page.location().ends_with("&ended=1"), "{case}: {}", page.location());
}

#[test]
fn an_edit_is_shown_again_to_the_member_who_signs_in_again_and_then_saved() {
    let (app, client, edit) = set_up();
    let before = app.contents();
    let late = save_late(&app, &client, &edit, &[("name", "Night worker"), ("notes", "Runs at 2")]);
    assert_eq!((late.status, late.text("h1").as_str()), (403, "Sign in"));
    assert_eq!(late.text("#notice"), WAITING);
    assert!(!late.body.contains("Night worker"), "the input can be read");
    let entered = sign_in(&client, &late, &[]);
    assert_eq!((entered.status, entered.location()), (303, edit.as_str()));
    let restored = client.get(&edit);
    assert_eq!((restored.status, restored.text("#restored").as_str()), (200, RESTORED));
    assert_eq!(
        (name(&restored).as_str(), restored.text("#notes").as_str()),
        ("Night worker", "Runs at 2")
    );
    assert!(!restored.has("#errors"));
    let key = |app: &App| app.texts("SELECT name AS text FROM api_keys");
    assert_eq!(key(&app), ["Billing worker"], "nothing was saved yet");
    assert!(app.contents().len() > before.len(), "only signing in was recorded");
    let saved = client.post(&edit, &replaced(&restored.form_fields("#edit form"), &[]));
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(key(&app), ["Night worker"]);
    let again = client.get(&edit);
    assert!(!again.has("#restored"), "the input is shown once");
}

#[test]
fn a_form_that_leads_elsewhere_is_shown_again_in_its_own_dialog() {
    let (app, client, _) = set_up();
    let token = client.get("/api-keys/new").form_token();
    app.advance(30 * MINUTE);
    let fields =
        key_fields(&[("form_token", token.as_str()), ("name", "Payroll"), ("lifetime", "30")]);
    let late = client.post("/api-keys", &fields);
    let entered = sign_in(&client, &late, &[]);
    assert_eq!((entered.status, entered.location()), (303, "/api-keys/new"));
    let restored = client.get("/api-keys/new");
    assert_eq!(
        (restored.text("#restored").as_str(), name(&restored).as_str()),
        (RESTORED, "Payroll")
    );
    assert_eq!(app.count("api_keys"), 1);
    let created = client.post("/api-keys", &replaced(&restored.form_fields("#new form"), &[]));
    assert_eq!(created.status, 200, "{}", created.body);
    assert!(!created.secret().is_empty());
}

#[test]
fn another_member_never_sees_the_input() {
    let (app, client, edit) = set_up();
    let late = save_late(&app, &client, &edit, &[("name", "Night worker")]);
    let sealed = kept(&late);
    let entered = sign_in(&client, &late, &[("email", TOMAS)]);
    assert_eq!((entered.status, entered.location()), (303, edit.as_str()), "as without input");
    for page in [client.get(&edit), client.get("/api-keys"), client.get(&edit)] {
        assert!(!page.has("#restored") && !page.body.contains("Night worker"));
    }
    let fields = [("kept", sealed.as_str()), ("next", "/roles")];
    let later = client.post("/sign-in", &fields);
    assert_eq!((later.status, later.location()), (303, "/roles"));
    assert!(!client.get(&edit).has("#restored"));
}

#[test]
fn failed_sign_ins_keep_the_input() {
    let (app, client, edit) = set_up();
    let late = save_late(&app, &client, &edit, &[("name", "Night worker")]);
    let wrong = sign_in(&client, &late, &[("password", "not the password")]);
    assert_eq!((wrong.status, kept(&wrong)), (422, kept(&late)));
    let secret = [("email", app.signed_in(TOMAS).create_key(&[("name", "Other")]).secret())];
    let mistyped = sign_in(&client, &wrong, &[("email", &secret[0].1)]);
    assert_eq!((mistyped.status, kept(&mistyped)), (422, kept(&late)));
    assert_eq!(sign_in(&client, &mistyped, &[]).location(), edit);
    assert_eq!(name(&client.get(&edit)), "Night worker");
}

#[test]
fn input_that_was_changed_or_is_too_old_is_dropped() {
    let (app, client, edit) = set_up();
    let late = save_late(&app, &client, &edit, &[("name", "Night worker")]);
    let sealed = kept(&late);
    let (start, end) = sealed.split_at(sealed.len() / 2);
    let flipped = if start.ends_with('A') { 'B' } else { 'A' };
    let changed = format!("{}{flipped}{end}", &start[..start.len() - 1]);
    let copy = client.copy();
    for wrong in [&changed, start, end, "", "x", "\"><script>", "\u{2603}"] {
        let browser = copy.copy();
        let failed = sign_in(&browser, &late, &[("kept", wrong), ("password", "wrong")]);
        assert!(matches!(failed.status, 422 | 429) && !failed.body.contains("<script>"), "{wrong}");
        app.advance(15 * MINUTE);
        let entered = sign_in(&browser, &late, &[("kept", wrong)]);
        assert_eq!((entered.status, entered.location()), (303, edit.as_str()), "{wrong}");
        assert!(!browser.get(&edit).has("#restored"), "{wrong}");
    }
    app.advance(4 * HOUR - 7 * 15 * MINUTE - 1);
    let browser = copy.copy();
    sign_in(&browser, &late, &[]);
    assert!(browser.get(&edit).has("#restored"), "it is valid for four hours");
    app.advance(1);
    sign_in(&copy, &late, &[]);
    assert!(!copy.get(&edit).has("#restored"));
}

#[test]
fn only_forms_of_the_session_that_ended_are_kept() {
    let (app, client, edit) = set_up();
    let shown = client.get(&edit).form_fields("#edit form");
    let roles = client.get("/roles/new").form_token();
    let other = app.signed_in(INES);
    let of_other = app.token(&other, &edit);
    let signed_out = app.signed_in(INES);
    let own = app.token(&signed_out, &edit);
    let copy = signed_out.copy();
    assert_eq!(signed_out.submit_from("/api-keys", "/sign-out", &[]).status, 303);
    app.advance(30 * MINUTE);
    let before = app.contents();
    for token in [of_other.as_str(), &roles, "", "x"] {
        let fields = replaced(&shown, &[("form_token", token)]);
        assert_not_kept(&client.post(&edit, &fields), token);
    }
    let fields = encoded(&replaced(&shown, &[]));
    for site in ["cross-site", "same-site", "none"] {
        let request = client.request(&edit).header("sec-fetch-site", site).body(fields.clone());
        let page = client.send(request);
        assert_eq!((page.status, kept(&page)), (403, String::new()), "{site}");
    }
    assert_not_kept(&app.anonymous().post_body(&edit, fields.clone()), "without a cookie");
    assert_not_kept(&copy.post(&edit, &replaced(&shown, &[("form_token", &own)])), "signed out");
    assert_not_kept(&client.post_body(&edit, format!("{fields}&name=%")), "unreadable");
    assert_eq!(client.get(&edit).location(), format!("/sign-in?next={}", edit.replace('/', "%2F")));
    assert_eq!(app.contents(), before);
    assert!(!kept(&client.post_body(&edit, fields.clone())).is_empty(), "its own form is kept");
    app.sql("UPDATE members SET disabled_at = 1 WHERE email LIKE 'ines%'");
    assert_not_kept(&client.post_body(&edit, fields), "a disabled member");
}

#[test]
fn a_session_is_remembered_for_twelve_hours() {
    let (app, client, edit) = set_up();
    let copy = client.copy();
    app.advance(30 * MINUTE + 11 * HOUR);
    let fields = [("form_token", app.token(&client, &edit)), ("name", "Night worker".into())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(client.post(&edit, &fields).status, 403);
    assert_eq!(client.get("/api-keys").status, 303, "it gives no access");
    app.advance(HOUR);
    assert_not_kept(&copy.post(&edit, &fields), "no longer remembered");
}

#[test]
fn secret_keys_are_removed_from_kept_input() {
    let (app, client, edit) = set_up();
    let secret = client.create_key(&[("name", "Other")]).secret();
    let notes = format!("Its key is {secret}.");
    let late = save_late(&app, &client, &edit, &[("notes", &notes)]);
    sign_in(&client, &late, &[]);
    let states = app.texts("SELECT state AS text FROM sessions");
    assert!(states.iter().all(|state| !secret_scan::contains_secret(state)));
    let restored = client.get(&edit);
    assert_eq!(restored.text("#notes"), "Its key is lk_prod_… (removed).");
    assert!(!restored.body.contains(&secret));
}

#[test]
fn input_as_large_as_any_form_is_kept_and_larger_input_is_not() {
    let (app, client, edit) = set_up();
    let late = save_late(&app, &client, &edit, &[("notes", &"x".repeat(70_000))]);
    assert_not_kept(&late, "70 KB");
    let client = app.signed_in(INES);
    let late = save_late(&app, &client, &edit, &[("notes", &"x".repeat(60_000))]);
    let stranger = app.anonymous();
    stranger.get("/sign-in");
    let token = app.token(&stranger, "/sign-in");
    let stolen = sign_in(&stranger, &late, &[("form_token", &token)]);
    assert_eq!(stolen.status, 413, "strangers send small forms");
    assert_eq!(sign_in(&client, &late, &[]).location(), edit);
    assert_eq!(client.get(&edit).text("#notes").len(), 60_000);
}

#[test]
fn what_others_changed_meanwhile_is_still_shown_on_saving() {
    let (app, client, edit) = set_up();
    let shown = client.get(&edit).form_fields("#edit form");
    app.advance(30 * MINUTE);
    let tomas = app.signed_in(TOMAS);
    let id = edit.split('/').nth(2).expect("a Key ID");
    assert_eq!(tomas.edit_key(id, &[("notes", "Ask Tomas first")]).status, 303);
    let late = client.post(&edit, &replaced(&shown, &[("name", "Night worker")]));
    sign_in(&client, &late, &[]);
    let restored = client.get(&edit);
    assert_eq!(name(&restored), "Night worker");
    let saved = client.post(&edit, &replaced(&restored.form_fields("#edit form"), &[]));
    assert_eq!((saved.status, name(&saved).as_str()), (409, "Night worker"));
}

#[test]
fn a_form_sent_on_one_tab_is_shown_after_signing_in_on_another() {
    let (app, client, edit) = set_up();
    let late = save_late(&app, &client, &edit, &[("name", "Night worker")]);
    let other_tab = client.get("/sign-in?next=%2Froles");
    assert_eq!(sign_in(&client, &other_tab, &[]).location(), "/roles");
    let entered = sign_in(&client, &late, &[]);
    assert_eq!((entered.status, entered.location()), (303, edit.as_str()));
    assert_eq!(name(&client.get(&edit)), "Night worker");
}

#[test]
fn a_form_that_was_performed_before_the_session_ended_is_not_offered_again() {
    let (app, client, edit) = set_up();
    let form = replaced_form(&client, &edit, "Night worker");
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let done = client.post(&edit, &form);
    assert_eq!(done.status, 303, "{}", done.body);
    app.advance(30 * MINUTE);
    let again = client.post(&edit, &form);
    assert_eq!(again.status, 303);
    let next = encoded(&[("next", done.location().split('#').next().expect("a path"))]);
    assert!(again.location().starts_with(&format!("/sign-in?{next}")), "{}", again.location());
    let client = app.signed_in(INES);
    let late = client.post(&edit, &form);
    assert_eq!(late.status, 303, "as a second submit: {}", late.body);
    assert!(late.location().starts_with("/api-keys"), "{}", late.location());
}

/// The fields of the edit dialog with another name.
fn replaced_form(client: &Client, edit: &str, name: &str) -> Vec<(String, String)> {
    let shown = client.get(edit).form_fields("#edit form");
    let fields = replaced(&shown, &[("name", name)]);
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
