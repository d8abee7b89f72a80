//! Dialogs over a list keep its filters, its order and its page.

use latchkey::base::clock::DAY;

use crate::support::{App, encoded, replaced};

/// Every dialog of a key that the table links to.
const DIALOGS: [&str; 4] = ["edit", "rotate", "disable", "revoke"];

#[test]
fn a_dialog_is_drawn_over_the_list_that_it_was_opened_from_and_leads_back_there() {
    let app = App::set_up();
    let ids: Vec<String> = (0..30).map(|n| app.key(&format!("Worker {n:02}"))).collect();
    let id = &ids[27];
    app.key("Payroll");
    let manager = app.super_manager();
    let first = manager.get("/api-keys?q=worker&sort=name");
    let next = first.attribute(".pager a[rel=next]", "href").expect("a second page");
    let list = manager.get(&next);
    let rows = list.all("table.keys tbody .name a");
    assert_eq!(rows.first().map(String::as_str), Some("Worker 25"));
    for verb in DIALOGS {
        let link = list.attribute(&format!("#{id} a[href*='/{verb}']"), "href").expect(verb);
        let dialog = manager.get(&link);
        assert_eq!(dialog.all("table.keys tbody .name a"), rows, "behind {verb}");
        let close = format!("{next}#{id}");
        assert_eq!(dialog.attribute("dialog", "data-close").as_deref(), Some(&*close));
        assert_eq!(dialog.attribute(".dlg-foot a", "href").as_deref(), Some(&*close));
    }
    let edit = list.attribute(&format!("#{id} a[href*='/edit']"), "href").expect("a link");
    let dialog = manager.get(&edit);
    let form = dialog.form_fields("#edit form");
    let path = format!("/api-keys/{id}/edit");
    let rejected = manager.post(&path, &replaced(&form, &[("name", "")]));
    assert_eq!(rejected.status, 422);
    assert_eq!(rejected.all("table.keys tbody .name a"), rows, "behind errors");
    let form = rejected.form_fields("#edit form");
    let changes = [("name", "Worker 27"), ("notes", "Runs at night")];
    let saved = manager.post(&path, &replaced(&form, &changes));
    assert_eq!((saved.status, saved.location()), (303, format!("{next}#{id}").as_str()));
    let revoke = format!("/api-keys/{id}/revoke?{}", encoded(&[("return", &next)]));
    let form = manager.get(&revoke).form_fields("#revoke form");
    let revoked = manager.post(&format!("/api-keys/{id}/revoke"), &replaced(&form, &[]));
    assert_eq!((revoked.status, revoked.location()), (303, next.as_str()));
}

#[test]
fn creating_and_rotating_keep_the_list() {
    let app = App::set_up();
    let id = app.key("Worker");
    let manager = app.super_manager();
    let list = "/api-keys?q=worker";
    let page = manager.get(list);
    let create = page.attribute("#create", "href").expect("a link");
    let dialog = manager.get(&create);
    let close = dialog.attribute("dialog", "data-close");
    assert_eq!(close.as_deref(), Some("/api-keys?q=worker#create"));
    let rotate = page.attribute(&format!("#{id} a[href*='/rotate']"), "href").expect("a link");
    let secret =
        manager.submit(&rotate, &[("overlap", "7d"), ("lifetime", "90"), ("return", list)]);
    assert_eq!(secret.status, 200, "{}", secret.body);
    assert_eq!(secret.attribute(".dlg-foot a", "href"), Some(format!("{list}#{id}")));
    let duplicate = manager.get(&format!("/api-keys/{id}")).attribute("#duplicate-key", "href");
    let dialog = manager.get(&duplicate.expect("a link"));
    assert!(dialog.has(".app[inert] .kv"), "Duplicate opens over the page of the key");
    let close = dialog.attribute("dialog", "data-close");
    assert_eq!(close, Some(format!("/api-keys/{id}#duplicate-key")));
}

#[test]
fn actions_on_several_keys_keep_the_list() {
    let app = App::set_up();
    let (first, second) = (app.key("Worker A"), app.key("Worker B"));
    let manager = app.super_manager();
    let list = "/api-keys?q=worker&sort=name";
    let form = manager.get(list).form_fields("form[action='/api-keys/bulk/disable']");
    assert_eq!(form, [("return".to_owned(), list.to_owned())]);
    let query = encoded(&[("return", list), ("keys", &first), ("keys", &second)]);
    let path = format!("/api-keys/bulk/disable?{query}");
    let dialog = manager.get(&path);
    assert_eq!(dialog.all("table.keys tbody .name a"), ["Worker A", "Worker B"]);
    assert_eq!(dialog.attribute("dialog", "data-close").as_deref(), Some(list));
    app.advance(80 * DAY);
    let manager = app.super_manager();
    let attention = "/attention?q=worker";
    let page = manager.get(attention);
    let snooze = page.attribute(&format!("#{first} .cell-act a"), "href").expect("a link");
    let dialog = manager.get(&snooze);
    assert!(dialog.has(".app[inert] table.work-t"));
    let done = manager.submit(&snooze, &[("keys", &first), ("return", attention)]);
    assert_eq!((done.status, done.location()), (303, attention));
}

#[test]
fn addresses_from_before_lead_to_the_present_ones() {
    let app = App::set_up();
    let id = app.key("Worker");
    let manager = app.super_manager();
    let leads = |from: &str, to: &str| {
        let page = manager.get(from);
        assert_eq!((page.status, page.location()), (303, to), "{from}");
    };
    leads("/api-keys?view=attention&q=a", "/attention?q=a");
    leads(
        &format!("/api-keys/{id}/edit?behind=key&add_address=192.0.2.1"),
        &format!("/api-keys/{id}/edit?add_address=192.0.2.1&return=%2Fapi-keys%2F{id}"),
    );
    leads(&format!("/api-keys/{id}/revoke?behind="), &format!("/api-keys/{id}/revoke"));
    leads(
        &format!("/api-keys/selected/keep?keys={id}"),
        &format!("/api-keys/bulk/snooze?keys={id}"),
    );
    leads("/api-keys/selected/rotate", "/api-keys/bulk/rotate");
    assert_eq!(manager.get("/api-keys/selected/other").status, 404);
}
