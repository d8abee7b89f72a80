//! A secret key in a URL is removed before anything else reads it, and a notice says so.

use actix_web::http::Method;

use super::every_write::secret;
use crate::support::{App, Client, Page};

fn has_notice(page: &Page) -> bool {
    page.text("#notice").contains("The address held a secret key, which was removed.")
        && page.text("#notice").contains("rotate the key it belongs to")
}

/// Checks that `page` redirects to `location` and follows the redirect.
fn follow_redirect(client: &Client, page: &Page, location: &str) -> Page {
    assert_eq!((page.status, page.location()), (303, location), "{}", page.body);
    client.get(location)
}

#[test]
fn a_member_is_redirected_to_the_same_page_without_the_key_and_sees_one_notice() {
    let app = App::set_up();
    let manager = app.super_manager();
    let secret = secret();
    let encoded = secret.replace('_', "%5F");
    for query in [format!("view=all&q={secret}"), format!("{encoded}=1&view=all")] {
        let page = manager.get(&format!("/api-keys?{query}"));
        assert!(has_notice(&follow_redirect(&manager, &page, "/api-keys?view=all")), "{query}");
        assert!(!manager.get("/api-keys?view=all").has("#notice"), "once");
    }
    assert!(!app.everything().join("\n").contains(&secret[8..]));
}

#[test]
fn a_visitor_sees_the_notice_on_the_sign_in_page_whatever_page_was_requested() {
    let app = App::set_up();
    let secret = secret();
    for (requested, without_secret) in [
        (format!("/sign-in?next=%2Fapi-keys%3Fq%3D{secret}&ended=1"), "/sign-in?ended=1"),
        (format!("/api-keys?q={secret}"), "/api-keys"),
        (format!("/nowhere?x=1&y={secret}"), "/nowhere?x=1"),
        (format!("/reset-password?code={secret}"), "/reset-password"),
    ] {
        let visitor = app.anonymous();
        let page = visitor.get(&requested);
        let page = follow_redirect(&visitor, &page, without_secret);
        let page = if has_notice(&page) { page } else { visitor.get("/sign-in") };
        assert!(has_notice(&page), "{requested}: {}", page.body);
        assert!(!has_notice(&visitor.get("/sign-in")), "{requested}: once");
    }
    let visitor = app.anonymous();
    visitor.set_cookie("latchkey-notice", "<b>Foreign text</b>");
    let page = visitor.get("/sign-in");
    assert!(
        has_notice(&page) && !page.body.contains("Foreign"),
        "the cookie cannot change the text"
    );
}

#[test]
fn a_form_whose_url_contains_a_secret_key_changes_nothing() {
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
fn every_page_removes_a_secret_key_from_its_url() {
    let app = App::set_up();
    let manager = app.super_manager_with(&[]);
    let secret = secret();
    for listed in latchkey::server::routes().all() {
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
fn a_secret_key_in_a_path_is_not_in_the_response() {
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
