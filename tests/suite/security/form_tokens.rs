//! A form's token belongs to its page: it works for the forms drawn there, and not in other dialogs.

use std::collections::{BTreeMap, BTreeSet};

use latchkey::domain::api_keys::KeyId;
use latchkey::domain::leaks::{self, LeakId};
use latchkey::domain::members::Permission;
use latchkey::domain::reviews::{self, ReviewId};
use scraper::{Html, Selector};

use crate::support::{App, Client, Page, encoded, key_fields};

/// The forms of the header.
const EVERYWHERE: [&str; 2] = ["/sign-out", "/preferences/theme"];

/// A program with one of everything, and the path of each page by its pattern.
fn house() -> (App, Client, BTreeMap<&'static str, String>) {
    let app = App::set_up();
    let client = app.super_manager();
    let key = app.rotated_key("Billing worker");
    let key_id = KeyId::parse(&key).expect("a Key ID");
    let [webhook, delivery, _] = crate::webhooks::sent(&app);
    let member = app.member("tomas@meridianfreight.example", false, &[]).id;
    let role = [("name", "Billing"), ("scopes", "orders:read")];
    assert_eq!(client.submit_from("/roles/new", "/roles", &role).status, 303);
    let leak = LeakId::random().expect("random");
    let draft = leaks::Draft { action: "none".into(), ..leaks::Draft::default() };
    let leak_id = leak.as_str().to_owned();
    app.write(|tx, author| leaks::report(tx, leak, &key_id, &draft, author));
    let review = ReviewId::random().expect("random");
    app.write(|tx, author| reviews::start(tx, review.clone(), author));
    app.write(|tx, _| reviews::gather(tx, &review));
    let filled = |pattern: &str| {
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
    };
    let pages = latchkey::server::routes()
        .listed()
        .iter()
        .filter(|listed| listed.method.as_str() == "GET")
        .map(|listed| (listed.path, filled(listed.path)))
        .collect();
    (app, client, pages)
}

/// The forms that can be sent from a page: where each goes, with its token. What lies under a dialog
/// cannot be reached.
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

/// Whether `action` takes `token`. What is sent with it cannot be read, so that nothing is done.
fn takes(client: &Client, action: &str, token: &str) -> bool {
    let body = format!("{}&unreadable=%", encoded(&[("form_token", token)]));
    let page = client.post_body(action, body);
    match (page.status, page.text("h1").as_str()) {
        (422, "This form could not be read") => true,
        (403, "This form is no longer valid") => false,
        (status, title) => panic!("{action}: {status} {title}"),
    }
}

#[test]
fn every_form_that_is_drawn_is_taken_where_it_goes() {
    let (_app, client, pages) = house();
    let mut seen = BTreeSet::new();
    for path in pages.values() {
        let page = client.get(path);
        for (action, token) in forms(&page) {
            assert!(takes(&client, &action, &token), "{action} on {path}");
            seen.insert(action);
        }
    }
    let posts = latchkey::server::routes();
    let posts = posts.listed().iter().filter(|listed| listed.method.as_str() == "POST");
    assert!(seen.len() * 2 > posts.count(), "most routes are reached: {seen:?}");
}

#[test]
fn a_form_that_is_drawn_again_is_taken_where_it_goes() {
    let (_app, client, pages) = house();
    let key = &pages["/api-keys/{key_id}/edit"];
    let role = &pages["/roles/{slug}/edit"];
    let scope = [("name", "Billing"), ("version", "1")];
    let document = [("document", r#"{"openapi":"3.0.0","paths":{"/pets":{"get":{}}}}"#)];
    for (page, action, fields) in [
        ("/api-keys/new", "/api-keys", &[("name", "")][..]),
        (key, key, &[("name", "")]),
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
        let drawn = forms(&again);
        assert!(!drawn.is_empty(), "{action} is drawn again");
        for (next, token) in drawn {
            assert!(takes(&client, &next, &token), "{next} on the answer of {action}");
        }
    }
}

#[test]
fn the_token_of_one_page_is_refused_in_the_dialogs_of_others() {
    let (app, client, pages) = house();
    let mut drawn: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for path in pages.values() {
        let forms = forms(&client.get(path));
        if let Some((_, token)) = forms.first() {
            let actions = forms.iter().map(|(action, _)| action.clone()).collect();
            drawn.insert(path.clone(), (token.clone(), actions));
        }
    }
    let actions: BTreeSet<&String> = drawn.values().flat_map(|(_, actions)| actions).collect();
    let before = app.contents();
    let mut refused = 0;
    for (path, (token, own)) in &drawn {
        for action in &actions {
            let list = path.rsplit_once('/').map_or("", |(list, _)| list);
            // A list takes the tokens of its own page and of its items.
            let is_list = path == *action || list == action.as_str();
            let is_everywhere = EVERYWHERE.contains(&action.as_str());
            if !own.contains(*action) && !is_list && !is_everywhere {
                assert!(!takes(&client, action, token), "{action} takes the token of {path}");
                refused += 1;
            }
        }
    }
    assert!(refused > 500, "{refused}");
    assert_eq!(app.contents(), before);
}

#[test]
fn the_dialogs_of_two_things_do_not_take_each_other_s_tokens() {
    let (app, client, _) = house();
    let (one, other) = (app.key("One"), app.key("Other"));
    let member = app.member("noor@meridianfreight.example", false, &[Permission::ViewKeys]).id;
    let member = member.as_str();
    for (from, to) in [
        (format!("/api-keys/{one}/edit"), format!("/api-keys/{other}/revoke")),
        (format!("/api-keys/{one}/revoke"), format!("/api-keys/{other}/revoke")),
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
        assert_eq!(page.text("h1"), "This form is no longer valid", "{from} to {to}");
        assert_eq!(app.contents(), before, "{from} to {to}");
    }
}

#[test]
fn tokens_of_people_without_a_session_belong_to_their_page_too() {
    let app = App::set_up();
    app.member("ines@meridianfreight.example", true, &Permission::ALL);
    let visitor = app.anonymous();
    let token = visitor.get("/sign-in").form_token();
    assert!(takes(&visitor, "/sign-in", &token));
    for action in ["/reset-password", "/invitation"] {
        assert!(!takes(&visitor, action, &token), "{action}");
    }
    let new = App::new();
    let visitor = new.anonymous();
    let token = visitor.get("/set-up").form_token();
    assert!(takes(&visitor, "/set-up", &token));
    assert!(!takes(&visitor, "/sign-in", &token));
}

#[test]
fn a_page_is_the_same_in_every_spelling_of_its_address() {
    let (_app, client, _) = house();
    let token = client.get("/scopes/orders%3Aread/edit").form_token();
    assert!(takes(&client, "/scopes/orders:read/edit", &token));
    let token = client.get("/scopes/orders:read/edit?from=here").form_token();
    assert!(takes(&client, "/scopes/orders%3Aread/edit", &token));
}
