//! A form token is bound to its page. It works for the forms on that page and not in other dialogs.

use std::collections::{BTreeMap, BTreeSet};

use latchkey::domain::api_keys::KeyId;
use latchkey::domain::leaks::{self, LeakId};
use latchkey::domain::members::Permission;
use latchkey::domain::reviews::{self, ReviewId};
use latchkey::domain::usage::Outcome;
use scraper::{Html, Selector};

use crate::support::{App, Client, Page, encoded, key_fields};
use crate::usage::record_denial;

/// The actions of the forms in the header of every page.
const HEADER_ACTIONS: [&str; 3] = ["/sign-out", "/preferences/theme", "/diagnosis/lookup"];

/// A program with one object of every kind, and the path of each page by the pattern of its route.
pub fn fixture() -> (App, Client, BTreeMap<&'static str, String>) {
    let app = App::set_up();
    let client = app.super_manager();
    let key = app.rotated_key("Billing worker");
    let key_id = KeyId::parse(&key).expect("a Key ID");
    let [webhook, delivery, _] = crate::webhooks::queue_messages(&app);
    let member = app.member("tomas@meridianfreight.example", false, &[]).id;
    let role = [("name", "Billing"), ("scopes", "orders:read")];
    assert_eq!(client.submit_from("/roles/new", "/roles", &role).status, 303);
    let leak = LeakId::random().expect("random");
    let draft = leaks::Draft { action: "none".into(), ..leaks::Draft::default() };
    let leak_id = leak.as_str().to_owned();
    app.write(|tx, context| leaks::report(tx, leak, &key_id, &draft, context));
    let review = ReviewId::random().expect("random");
    app.write(|tx, context| reviews::start(tx, review.clone(), context));
    app.write(|tx, _| reviews::list_keys(tx, &review));
    let denied = record_denial(&app, None, "192.0.2.9", (Outcome::InvalidKey, ""), "/");
    let path = |pattern: &str| {
        pattern
            .replace("{key_id}", &key)
            .replace("{webhook_id}", &webhook)
            .replace("{delivery_id}", &delivery)
            .replace("{member_id}", member.as_str())
            .replace("{slug}", "billing")
            .replace("{scope}", "orders:read")
            .replace("{leak_id}", &leak_id)
            .replace("{review_id}", review.as_str())
            .replace("{number}", "1")
            .replace("{request_id}", &denied)
    };
    let pages = latchkey::server::routes()
        .all()
        .iter()
        .filter(|listed| listed.method.as_str() == "GET")
        .map(|listed| (listed.path, path(listed.path)))
        .collect();
    (app, client, pages)
}

/// The action and the token of each form that can be sent from a page. The forms under a dialog are
/// inert and do not count.
fn forms(page: &Page) -> Vec<(String, String)> {
    let document = Html::parse_document(&page.body);
    let selector = |text: &str| Selector::parse(text).expect("a selector");
    let (form, token) = (selector("form[method=post]"), selector("input[name=form_token]"));
    let inert = selector("[inert] form");
    let hidden: Vec<_> = document.select(&inert).map(|form| form.id()).collect();
    let forms = document.select(&form).filter(|form| !hidden.contains(&form.id()));
    let forms = forms.map(|form| {
        let action = form.value().attr("action").expect("an action").to_owned();
        let token = form.select(&token).next().and_then(|token| token.value().attr("value"));
        (action, token.expect("a token in every form").to_owned())
    });
    forms.collect()
}

/// Whether `action` accepts `token`. The rest of the body is invalid, so that nothing is changed.
fn accepts(client: &Client, action: &str, token: &str) -> bool {
    let body = format!("{}&unreadable=%", encoded(&[("form_token", token)]));
    let page = client.post_body(action, body);
    match (page.status, page.text("h1").as_str()) {
        (422, "This form could not be read") => true,
        (403, "This form is no longer valid") => false,
        (status, title) => panic!("{action}: {status} {title}"),
    }
}

/// Whether `page` says that the form's token is not valid: in the dialog that is shown again, or on
/// its own.
pub(super) fn is_out_of_date(page: &Page) -> bool {
    const TEXT: &str = "This form is out of date. Check the values, then save again";
    page.errors().contains(&TEXT.to_owned()) || page.text("h1") == "This form is no longer valid"
}

#[test]
fn the_token_of_every_form_is_accepted_by_its_action() {
    let (_app, client, pages) = fixture();
    let mut seen = BTreeSet::new();
    for path in pages.values() {
        let page = client.get(path);
        for (action, token) in forms(&page) {
            assert!(accepts(&client, &action, &token), "{action} on {path}");
            seen.insert(action);
        }
    }
    let posts = latchkey::server::routes();
    let posts = posts.all().iter().filter(|listed| listed.method.as_str() == "POST");
    assert!(seen.len() * 2 > posts.count(), "most routes are covered: {seen:?}");
}

#[test]
fn the_token_of_a_form_that_is_shown_again_is_accepted_by_its_action() {
    let (_app, client, pages) = fixture();
    let key = &pages["/api-keys/{key_id}/edit"];
    let disable = &pages["/api-keys/{key_id}/disable"];
    let role = &pages["/roles/{slug}/edit"];
    let scope = [("name", "Billing"), ("version", "1")];
    let document = [("document", r#"{"openapi":"3.0.0","paths":{"/pets":{"get":{}}}}"#)];
    for (page, action, fields) in [
        ("/api-keys/new", "/api-keys", &[("name", "")][..]),
        (key, key, &[("name", "")]),
        (disable, disable, &[("reason", "")]),
        (role, role, &scope),
        ("/roles/new", "/roles", &[]),
        ("/scopes/new", "/scopes", &[]),
        ("/scopes/import", "/scopes/import", &document),
        ("/scopes/import", "/scopes/import/confirm", &[("proposed", "pets:read Pets")]),
        ("/members/new", "/members", &[]),
        ("/settings", "/settings/mail", &[("mail_host", "-")]),
        ("/account", "/account/edit", &[]),
        ("/account", "/account/password", &[]),
        ("/webhooks/new", "/webhooks", &[]),
        ("/diagnosis", "/diagnosis", &[("question", "x")]),
        ("/leaks/new", "/leaks/new", &[("text", "x")]),
    ] {
        let again = client.submit_from(page, action, fields);
        assert!(matches!(again.status, 200 | 422), "{action}: {}", again.body);
        let shown = forms(&again);
        assert!(!shown.is_empty(), "{action} is shown again");
        for (next, token) in shown {
            assert!(accepts(&client, &next, &token), "{next} in the response of {action}");
        }
    }
}

#[test]
fn the_token_of_one_page_is_denied_in_the_dialogs_of_other_pages() {
    let (app, client, pages) = fixture();
    let mut pages_with_forms: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for path in pages.values() {
        let forms = forms(&client.get(path));
        if let Some((_, token)) = forms.first() {
            let actions = forms.iter().map(|(action, _)| action.clone()).collect();
            pages_with_forms.insert(path.clone(), (token.clone(), actions));
        }
    }
    let actions: BTreeSet<&String> =
        pages_with_forms.values().flat_map(|(_, actions)| actions).collect();
    let before = app.contents();
    let mut denied = 0;
    for (path, (token, own)) in &pages_with_forms {
        for action in &actions {
            let list = path.rsplit_once('/').map_or("", |(list, _)| list);
            // A list accepts the tokens of its own page and of the pages of its items.
            let is_list = path == *action || list == action.as_str();
            let is_in_header = HEADER_ACTIONS.contains(&action.as_str());
            if !own.contains(*action) && !is_list && !is_in_header {
                assert!(!accepts(&client, action, token), "{action} accepts the token of {path}");
                denied += 1;
            }
        }
    }
    assert!(denied > 500, "{denied}");
    assert_eq!(app.contents(), before);
}

#[test]
fn dialogs_of_different_objects_do_not_accept_each_other_s_tokens() {
    let (app, client, _) = fixture();
    let (one, other) = (app.key("One"), app.key("Other"));
    let member = app.member("noor@meridianfreight.example", false, &[Permission::ViewKeys]).id;
    let member = member.as_str();
    for (from, to) in [
        (format!("/api-keys/{one}/edit"), format!("/api-keys/{other}/revoke")),
        (format!("/api-keys/{one}/revoke"), format!("/api-keys/{other}/revoke")),
        (format!("/api-keys/{one}/disable"), format!("/api-keys/{other}/disable")),
        (format!("/api-keys/{one}/disable"), format!("/api-keys/{one}/revoke")),
        (format!("/api-keys/{one}/rotate"), format!("/api-keys/{one}/revoke")),
        (format!("/members/{member}/disable"), format!("/members/{member}/delete")),
        ("/members".to_owned(), format!("/members/{member}/delete")),
        ("/settings/alerts".to_owned(), "/settings".to_owned()),
        ("/scopes/import".to_owned(), "/scopes".to_owned()),
        ("/roles/new".to_owned(), "/api-keys".to_owned()),
        ("/account".to_owned(), "/api-keys".to_owned()),
    ] {
        let before = app.contents();
        let page = client.submit_from(&from, &to, &key_fields(&[]));
        assert_eq!(page.status, 403, "{from} to {to}");
        assert!(is_out_of_date(&page), "{from} to {to}");
        assert_eq!(app.contents(), before, "{from} to {to}");
    }
}

#[test]
fn tokens_without_a_session_are_bound_to_their_page_too() {
    let app = App::set_up();
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    let visitor = app.anonymous();
    let token = visitor.get("/sign-in").form_token();
    assert!(accepts(&visitor, "/sign-in", &token));
    for action in ["/reset-password", "/invitation"] {
        assert!(!accepts(&visitor, action, &token), "{action}");
    }
    let new = App::new();
    let visitor = new.anonymous();
    let token = visitor.get("/set-up").form_token();
    assert!(accepts(&visitor, "/set-up", &token));
    assert!(!accepts(&visitor, "/sign-in", &token));
}

#[test]
fn a_token_is_valid_for_every_spelling_of_the_url_of_its_page() {
    let (_app, client, _) = fixture();
    let token = client.get("/scopes/orders%3Aread/edit").form_token();
    assert!(accepts(&client, "/scopes/orders:read/edit", &token));
    let token = client.get("/scopes/orders:read/edit?from=here").form_token();
    assert!(accepts(&client, "/scopes/orders%3Aread/edit", &token));
}
