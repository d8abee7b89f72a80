//! Disabling several keys at once: all of them or none.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::api_keys::{self, Draft, KeyId, LastUse};
use latchkey::domain::members::Permission;

use super::disable::{REASON, badge, disable, recorded};
use crate::support::{App, Client, Page, usual_draft};

const LIST: &str = "/attention";

fn dialog(ids: &[&str]) -> String {
    let keys: Vec<String> = ids.iter().map(|id| format!("keys={id}")).collect();
    format!("/api-keys/bulk/disable?{}", keys.join("&"))
}

/// Submits the dialog for `ids` with `fields`, and with a reason.
fn disable_all(client: &Client, ids: &[&str], fields: &[(&str, &str)]) -> Page {
    let mut all: Vec<(&str, &str)> = ids.iter().map(|id| ("keys", *id)).collect();
    all.push(("reason", REASON));
    all.extend(fields);
    client.submit(&dialog(ids), &all)
}

fn disabled(app: &App) -> i64 {
    app.count("api_keys WHERE disabled_at IS NOT NULL")
}

fn record_use(app: &App, id: &str) {
    let key_id = KeyId::parse(id).expect("a Key ID");
    let used = LastUse { key_id, secret: 1, at: app.site.clock.now(), address: None };
    app.write(|tx, _| api_keys::record_last_uses(tx, &[used]));
}

#[test]
fn several_keys_are_disabled_together_after_a_confirmation_if_one_is_in_use() {
    let app = App::set_up();
    let (first, second) = (app.key("Billing worker"), app.key("Payroll"));
    record_use(&app, &second);
    let (manager, ids) = (app.super_manager(), [first.as_str(), second.as_str()]);
    let page = manager.get(&dialog(&ids));
    assert_eq!(page.text("dialog h2"), "Disable 2 keys?");
    assert!(page.text("dialog").contains("1 of them is in use."), "{}", page.text("dialog"));
    let form = page.form_fields("#disable form");
    assert!(form.contains(&("until".into(), "14d".into())), "{form:?}");
    assert!(form.contains(&("reason".into(), String::new())), "they are not unused");
    let before = app.contents();
    for confirm in ["", "1", "3", &second[second.len() - 4..]] {
        let rejected = disable_all(&manager, &ids, &[("until", "30d"), ("confirm", confirm)]);
        assert_eq!(rejected.status, 422, "{confirm}");
        let message = "Type 2 to confirm how many keys you are disabling";
        assert_eq!(rejected.error_of("confirm"), message);
        assert_eq!(rejected.attribute("#reason", "value").as_deref(), Some(REASON));
        assert!(rejected.has("[name=until][value='30d'][checked]"), "{}", rejected.body);
    }
    assert_eq!(app.contents(), before);
    let fields = [("until", "30d"), ("then", "revoke"), ("confirm", " 2 ")];
    let done = disable_all(&manager, &ids, &fields);
    assert_eq!((done.status, done.location()), (303, LIST), "{}", done.body);
    assert_eq!(manager.get(LIST).text("#notice"), "2 keys disabled.");
    let until = app.site.clock.now().plus(30 * DAY).millis();
    let scheduled = format!("disabled_then = 'revoke' AND disabled_until = {until}");
    assert_eq!(app.count(&format!("api_keys WHERE {scheduled}")), 2);
    assert_eq!(recorded(&app, "api_key.disabled"), 2);
    assert_eq!(manager.get(&dialog(&ids)).location(), LIST);
    assert_eq!(manager.get(LIST).text("#notice"), "None of these keys is active.");
}

#[test]
fn keys_are_selected_in_the_table_too_and_the_dialog_leads_back_to_it() {
    let app = App::set_up();
    let (first, second) = (app.key("Billing worker"), app.key("Payroll"));
    let manager = app.super_manager();
    let table = manager.get("/api-keys");
    let form = table.form_fields("form[action='/api-keys/bulk/disable']");
    assert_eq!(form, [("return".to_owned(), "/api-keys".to_owned())], "no key is selected yet");
    assert_eq!(table.all("input[name=keys]").len(), 2);
    assert_eq!(table.text(".with-selected .btn"), "Disable");
    let path = format!("{}&return=/api-keys", dialog(&[&first, &second]));
    let page = manager.get(&path);
    assert_eq!(page.attribute("dialog .x", "href").as_deref(), Some("/api-keys"));
    let mut fields = page.form_fields("#disable form");
    fields.retain(|(name, _)| name != "reason");
    fields.push(("reason".into(), REASON.into()));
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let done = manager.post("/api-keys/bulk/disable", &fields);
    assert_eq!((done.status, done.location()), (303, "/api-keys"), "{}", done.body);
    let table = manager.get("/api-keys");
    assert_eq!(table.text("#notice"), "2 keys disabled.");
    assert!(!table.has("input[name=keys]") && !table.has(".with-selected"));
    let nothing = manager.get("/api-keys/bulk/disable?return=/api-keys");
    assert_eq!((nothing.status, nothing.location()), (303, "/api-keys"));
    assert_eq!(manager.get("/api-keys").text("#notice"), "Select at least one key.");
}

#[test]
fn if_one_key_cannot_be_disabled_none_is() {
    let app = App::set_up();
    let long = app.key("Billing worker");
    let draft = Draft { name: "Payroll".into(), lifetime: "30".into(), ..usual_draft() };
    let short = app.key_from(&draft);
    let (manager, ids) = (app.super_manager(), [long.as_str(), short.as_str()]);
    let date = [("until", "date"), ("until_at", "2027-01-10T08:00")];
    let before = app.contents();
    for (fields, field) in [
        ([&date[..], &[("then", "enable")]].concat(), "until"),
        (vec![("until", "manual"), ("then", "revoke")], "until"),
        (vec![("until", "date"), ("until_at", "2026-11-22T08:00")], "until_at"),
        (vec![("until", "never")], "until"),
    ] {
        let page = disable_all(&manager, &ids, &fields);
        assert_eq!(page.status, 422, "{fields:?}: {}", page.body);
        assert!(!page.error_of(field).is_empty(), "{fields:?}: {:?}", page.errors());
        assert_eq!(page.text("dialog h2"), "Disable 2 keys?");
    }
    assert_eq!(app.contents(), before);
    let editor = app.super_manager_with(&[Permission::ViewKeys, Permission::UpdateKeys]);
    let before = app.contents();
    let revoke = [("until", "30d"), ("then", "revoke")];
    assert_eq!(disable_all(&editor, &ids, &revoke).status, 403);
    assert_eq!(app.contents(), before);
    let later = [&date[..], &[("then", "revoke")]].concat();
    assert_eq!(disable_all(&manager, &ids, &later).status, 303);
    assert_eq!(disabled(&app), 2);
}

#[test]
fn keys_that_no_longer_work_are_left_as_they_are() {
    let app = App::set_up();
    let [active, paused, gone] = ["Billing worker", "Payroll", "Gone"].map(|name| app.key(name));
    let (manager, other) = (app.super_manager(), app.super_manager());
    let ids = [&active, &paused, &gone].map(String::as_str);
    let path = dialog(&ids);
    let token = manager.get(&path).form_token();
    // Somebody else is faster with two of them.
    assert_eq!(disable(&other, &paused, &[("reason", "Mine"), ("until", "1d")]).status, 303);
    assert_eq!(other.submit(&format!("/api-keys/{gone}/revoke"), &[]).status, 303);
    app.advance(MINUTE);
    let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("keys", *id)).collect();
    fields.extend([("form_token", token.as_str()), ("reason", REASON), ("until", "manual")]);
    let done = manager.post("/api-keys/bulk/disable", &fields);
    assert_eq!(done.status, 303, "{}", done.body);
    assert_eq!(manager.get(LIST).text("#notice"), "“Billing worker” disabled.");
    let reasons = "SELECT disabled_reason AS text FROM api_keys ORDER BY name";
    assert_eq!(app.texts(reasons), [REASON, "", "Mine"]);
    assert_eq!(badge(&manager, &gone), "Revoked");
    let again = manager.post("/api-keys/bulk/disable", &fields);
    assert_eq!((again.status, again.location()), (303, done.location()), "the same form again");
    assert_eq!(recorded(&app, "api_key.disabled"), 2);
}

#[test]
fn a_selection_of_too_many_or_unknown_keys_is_rejected() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let many: Vec<String> =
        (0..101).map(|_| KeyId::random().expect("random").as_str().to_owned()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let token = manager.get(&dialog(&[&id])).form_token();
    let mut fields: Vec<(&str, &str)> = many.iter().map(|id| ("keys", *id)).collect();
    fields.extend([("form_token", token.as_str()), ("reason", REASON)]);
    let rejected = manager.post("/api-keys/bulk/disable", &fields);
    assert_eq!(rejected.status, 422, "{}", rejected.body);
    for path in [dialog(&["key_00000000000A"]), dialog(&["%3Cb%3E", ""])] {
        assert_eq!(manager.get(&path).location(), LIST, "{path}");
    }
    assert_eq!(disabled(&app), 0);
}
