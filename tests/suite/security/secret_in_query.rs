//! A secret key in an address: taken out before anything reads it, and said.

use actix_web::http::Method;

use super::every_write::secret;
use crate::support::{App, Client, Page};

fn notice(page: &Page) -> bool {
    page.text("#notice").contains("The address held a secret key, which was removed.")
        && page.text("#notice").contains("rotate the key it belongs to")
}

/// The page that a redirect without a secret key leads to.
fn followed(client: &Client, page: &Page, location: &str) -> Page {
    assert_eq!((page.status, page.location()), (303, location), "{}", page.body);
    client.get(location)
}

#[test]
fn a_member_is_led_to_the_same_page_without_it_and_told_once() {
    let app = App::set_up();
    let manager = app.super_manager();
    let secret = secret();
    let encoded = secret.replace('_', "%5F");
    for query in [format!("view=all&q={secret}"), format!("{encoded}=1&view=all")] {
        let page = manager.get(&format!("/api-keys?{query}"));
        assert!(notice(&followed(&manager, &page, "/api-keys?view=all")), "{query}");
        assert!(!manager.get("/api-keys?view=all").has("#notice"), "once");
    }
    assert!(!app.everything().join("\n").contains(&secret[8..]));
}

#[test]
fn a_stranger_is_told_on_the_page_to_sign_in_whatever_page_was_asked_for() {
    let app = App::set_up();
    let secret = secret();
    for (asked, without) in [
        (format!("/sign-in?next=%2Fapi-keys%3Fq%3D{secret}&ended=1"), "/sign-in?ended=1"),
        (format!("/api-keys?q={secret}"), "/api-keys"),
        (format!("/nowhere?x=1&y={secret}"), "/nowhere?x=1"),
        (format!("/reset-password?code={secret}"), "/reset-password"),
    ] {
        let visitor = app.anonymous();
        let page = visitor.get(&asked);
        let page = followed(&visitor, &page, without);
        let page = if notice(&page) { page } else { visitor.get("/sign-in") };
        assert!(notice(&page), "{asked}: {}", page.body);
        assert!(!notice(&visitor.get("/sign-in")), "{asked}: once");
    }
    let visitor = app.anonymous();
    visitor.set_cookie("latchkey-notice", "<b>Foreign text</b>");
    let page = visitor.get("/sign-in");
    assert!(notice(&page) && !page.body.contains("Foreign"), "it cannot bring text of its own");
}

#[test]
fn nothing_is_done_by_a_form_whose_address_holds_a_secret_key() {
    let app = App::set_up();
    let manager = app.super_manager();
    let token = manager.get("/api-keys/new").form_token();
    let fields = crate::support::key_fields(&[("form_token", &token)]);
    let page = manager.post(&format!("/api-keys?x={}", secret()), &fields);
    assert_eq!((page.status, page.location()), (303, "/api-keys"));
    assert_eq!(app.count("api_keys"), 0);
    let head = manager.any("HEAD", &format!("/api-keys?x={}", secret()));
    assert_eq!((head.status, head.location()), (303, "/api-keys"));
}

#[test]
fn every_page_takes_a_secret_key_out_of_its_address() {
    let app = App::set_up();
    let manager = app.super_manager_with(&[]);
    let secret = secret();
    for listed in latchkey::server::routes().listed() {
        let path = listed.path.replace(['{', '}'], "");
        let method = if listed.method == Method::POST { "POST" } else { "GET" };
        for client in [&manager, &app.anonymous()] {
            let page = client.any(method, &format!("{path}?a=1&b={secret}"));
            let expected = format!("{path}?a=1");
            assert_eq!((page.status, page.location()), (303, expected.as_str()), "{method} {path}");
            assert!(!page.body.contains(&secret[8..]));
        }
    }
}

#[test]
fn a_secret_key_in_a_path_is_not_repeated() {
    let app = App::set_up();
    let secret = secret();
    for path in [format!("/api-keys/{secret}"), format!("/{secret}"), format!("//x/{secret}?y")] {
        for client in [&app.anonymous(), &app.super_manager()] {
            let page = client.get(&path);
            let headers = format!("{:?}", page.headers);
            assert!(!headers.contains(&secret[8..]) && !page.body.contains(&secret[8..]), "{path}");
        }
    }
    let page = app.anonymous().get(&format!("/{secret}/x?q={secret}"));
    assert_eq!((page.status, page.location()), (303, "/"));
}
