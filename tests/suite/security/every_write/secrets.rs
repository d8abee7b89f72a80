//! For every route that members and visitors can POST to: a secret key in any text field of a form
//! is rejected, and no part of it is stored, recorded or shown.

use scraper::{Html, Selector};

use super::table::{Sender, WRITES};
use super::{prepare, send};
use crate::support::{App, Page};

const MESSAGE: &str = "This is a secret key: it must not be stored";
/// Fields that may contain any text, because they are never stored.
const UNCHECKED_FIELDS: [&str; 1] = ["code"];

/// A secret key in the right format that does not exist.
pub fn secret() -> String {
    use latchkey::domain::api_keys::{Environment, SecretKey};
    SecretKey::generate("lk", Environment::Production).expect("random").expose().to_owned()
}

/// The name and type of each text field in the form on `page` that is sent to `action`.
fn text_fields(page: &Page, action: &str) -> Vec<(String, String)> {
    let selector = |text: &str| Selector::parse(text).expect("a selector");
    let document = Html::parse_document(&page.body);
    let forms = selector(&format!("form[method=post][action='{action}']"));
    let controls = selector("input[name], textarea[name]");
    let mut found = Vec::new();
    for control in document.select(&forms).flat_map(|form| form.select(&controls)) {
        let element = control.value();
        let kind = element.attr("type").unwrap_or("text");
        let name = element.attr("name").unwrap_or_default();
        let is_text = !matches!(kind, "hidden" | "checkbox" | "radio" | "password" | "file");
        if is_text && !UNCHECKED_FIELDS.contains(&name) {
            found.push((name.to_owned(), kind.to_owned()));
        }
    }
    found
}

/// Whether `text` does not contain 12 consecutive random characters of `secret`.
fn is_absent_from(secret: &str, text: &str) -> bool {
    let random = &secret["lk_prod_".len()..];
    (0..random.len() - 12).all(|at| !text.contains(&random[at..at + 12]))
}

fn is_not_stored(secret: &str, app: &App) -> bool {
    is_absent_from(secret, &app.everything().join("\n"))
}

#[test]
fn a_secret_key_is_rejected_in_every_text_field_of_every_form() {
    let mut tried = Vec::new();
    for write in WRITES {
        let (app, client, form) = prepare(write);
        let mut fields = text_fields(&client.get(&form.page), &form.action);
        if fields.is_empty() {
            fields = text_fields(&client.get(&form.action), &form.action);
        }
        for (name, kind) in fields {
            let secret = secret();
            let mut sent = super::Form {
                page: form.page.clone(),
                action: form.action.clone(),
                fields: form.fields.clone(),
            };
            sent.fields.retain(|(other, _)| *other != name && other != "form_token");
            sent.fields.push(("form_token".into(), client.get(&form.page).form_token()));
            sent.fields.push((name.clone(), format!("Key {secret} of Billing")));
            let before = app.contents();
            let (status, body) = send(&client, &sent);
            let what = format!("{} {name}: {status} {body}", write.path);
            assert!(is_absent_from(&secret, &body), "{what}");
            assert!(is_not_stored(&secret, &app), "{what}");
            // A date is not read unless another field selects it.
            if kind == "date" && matches!(status, 200 | 303) {
                continue;
            }
            assert_eq!(status, 422, "{what}");
            assert!(body.contains(MESSAGE), "{what}");
            if write.sender != Sender::Newcomer {
                assert_eq!(app.contents(), before, "{what}");
            }
            if kind != "number" && kind != "date" {
                assert!(body.contains("lk_prod_… (removed)"), "{what}");
            }
            tried.push(format!("{} {name}", write.path));
        }
    }
    for field in [
        "/set-up organisation",
        "/set-up resources",
        "/set-up name",
        "/set-up email",
        "/sign-in email",
        "/api-keys name",
        "/api-keys notes",
        "/api-keys ip_whitelist",
        "/api-keys owner",
        "/api-keys external_id",
        "/api-keys labels",
        "/api-keys/{key_id}/edit name",
        "/api-keys/{key_id}/edit notes",
        "/api-keys/{key_id}/edit owner",
        "/api-keys/{key_id}/edit external_id",
        "/api-keys/{key_id}/edit labels",
        "/api-keys/{key_id}/disable reason",
        "/api-keys/{key_id}/disable until_at",
        "/api-keys/bulk/disable reason",
        "/api-keys/bulk/disable until_at",
        "/api-keys/bulk/snooze note",
        "/api-keys/{key_id}/leak found",
        "/account/edit name",
        "/members name",
        "/members email",
        "/roles name",
        "/roles slug",
        "/roles description",
        "/roles/{slug}/edit description",
        "/scopes resource",
        "/scopes operation",
        "/scopes description",
        "/settings organisation",
        "/settings/mail mail_host",
        "/settings/mail mail_username",
        "/settings/mail mail_sender",
        "/webhooks url",
        "/webhooks description",
    ] {
        assert!(tried.iter().any(|tried| tried == field), "{field} was tried: {tried:?}");
    }
}

#[test]
fn a_secret_key_in_a_review_or_in_notes_on_a_leak_is_rejected_too() {
    for path in ["/reviews/{review_id}", "/leaks/{leak_id}/notes"] {
        let write = WRITES.iter().find(|write| write.path == path).expect("a write");
        let (app, client, mut form) = prepare(write);
        let secret = secret();
        let note = match form.fields.iter().find(|(name, _)| name.starts_with("decision_")) {
            Some((name, _)) => name.replace("decision_", "note_"),
            None => "text".to_owned(),
        };
        form.fields.retain(|(name, _)| *name != note);
        form.fields.push((note, secret.clone()));
        let before = app.contents();
        let (status, body) = send(&client, &form);
        assert_eq!(status, 422, "{path}: {body}");
        assert!(body.contains(MESSAGE) && body.contains("lk_prod_… (removed)"), "{path}: {body}");
        assert!(is_absent_from(&secret, &body) && is_not_stored(&secret, &app), "{path}");
        assert_eq!(app.contents(), before, "{path}");
    }
}

#[test]
fn a_secret_key_in_place_of_an_email_address_is_neither_stored_nor_shown() {
    let app = App::set_up();
    app.member("ines@meridianfreight.example", true, &[]);
    let visitor = app.anonymous();
    let secret = secret();
    let before = app.contents();
    let fields = [("email", secret.as_str()), ("password", "x"), ("next", secret.as_str())];
    let page = visitor.submit("/sign-in", &fields);
    assert_eq!((page.status, page.error_of("email").as_str()), (422, MESSAGE));
    let shown = page.attribute("#email", "value");
    assert_eq!(shown.as_deref(), Some("lk_prod_… (removed)"));
    assert!(is_absent_from(&secret, &page.body));
    assert_eq!(app.contents(), before);
}

#[test]
fn an_imported_description_with_a_secret_key_is_left_out_and_the_preview_says_so() {
    let app = App::set_up();
    let manager = app.super_manager();
    let secret = secret();
    let document = format!(
        r#"{{"openapi":"3.0.0","info":{{}},"paths":{{}},"components":{{"securitySchemes":{{"o":{{
        "type":"oauth2","flows":{{"clientCredentials":{{"scopes":{{
        "shipments:read":"Use {secret}","shipments:write":"Changes them",
        "{secret}:read":"A scope"}}}}}}}}}}}}}}"#
    );
    let page = manager.submit("/scopes/import", &[("document", &document)]);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.text("#secrets-left-out").starts_with("1 description holds a secret key"));
    assert!(page.text("#unusable").contains("lk_prod_… (removed):read"), "{}", page.body);
    assert!(is_absent_from(&secret, &page.body));
    let fields = page.form_fields("#preview form");
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(manager.post("/scopes/import/confirm", &fields).status, 303);
    let added = "SELECT name || '|' || description AS text FROM scopes \
                 WHERE resource = 'shipments' ORDER BY name";
    assert_eq!(app.texts(added), ["shipments:read|", "shipments:write|Changes them"]);
    assert!(is_not_stored(&secret, &app));
}
