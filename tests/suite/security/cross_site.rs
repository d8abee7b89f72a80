//! Requests that other sites make a browser send, and forms with tokens of other sessions.

use latchkey::base::clock::HOUR;
use latchkey::domain::settings;

use super::form_tokens::is_out_of_date;
use crate::support::{App, Client, Page, encoded, key_fields};

/// Routes that write, with fields that they would accept.
fn writes(id: &str) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let edited = vec![
        ("name", "Edited"),
        ("role", "read-only"),
        ("expires_on", "2027-01-31"),
        ("version", "1"),
    ];
    vec![
        ("/api-keys".into(), key_fields(&[("name", "Another")])),
        (format!("/api-keys/{id}/edit"), edited),
        (format!("/api-keys/{id}/revoke"), vec![]),
        ("/preferences/theme".into(), vec![("theme", "dark")]),
        ("/sign-out".into(), vec![]),
        ("/sign-in".into(), vec![("email", "x@example.com"), ("password", "x")]),
        ("/set-up".into(), vec![]),
        ("/reset-password".into(), vec![]),
    ]
}

fn send(client: &Client, path: &str, token: &str, headers: &[(&str, &str)]) -> Page {
    let id = path.split('/').nth(2).unwrap_or_default().to_owned();
    let all = writes(&id);
    let (_, mut fields) = all.into_iter().find(|(other, _)| other == path).expect("a write");
    fields.push(("form_token", token));
    let request = client.request(path).body(encoded(&fields));
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    client.send(request)
}

#[test]
fn requests_from_other_sites_are_denied_and_change_nothing() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let origin = app.url.clone();
    let with_slash = format!("{origin}/");
    let longer = format!("{origin}.evil.example");
    let foreign: Vec<Vec<(&str, &str)>> = vec![
        vec![],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "none")],
        vec![("sec-fetch-site", "")],
        vec![("sec-fetch-site", "same-origin, cross-site")],
        vec![("sec-fetch-site", "cross-site"), ("origin", &origin)],
        vec![("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "")],
        vec![("origin", &with_slash)],
        vec![("origin", &longer)],
        vec![("origin", "https://127.0.0.1")],
        vec![("referer", "https://evil.example/")],
        vec![("referer", &longer)],
        vec![("referer", "about:blank")],
        vec![("origin", "null"), ("referer", &with_slash)],
        vec![("sec-fetch-site", "cross-site"), ("referer", &with_slash)],
    ];
    let token = manager.get("/api-keys").form_token();
    let before = app.everything();
    for (path, _) in writes(&id) {
        for headers in &foreign {
            let page = send(&manager, &path, &token, headers);
            assert_eq!(page.status, 403, "{path} with {headers:?}");
            assert_eq!(page.text("h1"), "This request came from another site", "{path}");
        }
    }
    assert_eq!(app.everything(), before);
    let page = format!("{origin}/api-keys?view=all");
    for headers in [
        vec![("origin", origin.as_str())],
        vec![("sec-fetch-site", "same-origin")],
        // Browsers that send neither, such as lynx and w3m.
        vec![("referer", &page)],
    ] {
        let page = send(&manager, "/preferences/theme", &token, &headers);
        assert_eq!(page.status, 303, "{headers:?}");
    }
}

#[test]
fn every_unsafe_method_must_come_from_our_own_pages() {
    let app = App::set_up();
    let manager = app.super_manager();
    for method in ["PUT", "DELETE", "PATCH", "PROPFIND", "CONNECT"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = manager.http().request(method.clone(), format!("{}/api-keys", app.url));
        assert_eq!(manager.send(request).status, 403, "{method}");
    }
    // Links from other sites must work.
    let request = manager.http().get(format!("{}/api-keys", app.url));
    assert_eq!(manager.send(request.header("sec-fetch-site", "cross-site")).status, 200);
}

#[test]
fn a_form_needs_exactly_one_token_of_its_own_session() {
    let app = App::set_up();
    let (manager, other) = (app.super_manager(), app.super_manager());
    let id = app.key("Billing worker");
    let visitor = app.anonymous();
    visitor.get("/sign-in");
    let before = app.everything();
    for (path, mut fields) in writes(&id) {
        let [own, of_other, of_visitor] =
            [&manager, &other, &visitor].map(|client| app.token(client, &path));
        let (body, mac) = own.rsplit_once('.').expect("a token");
        let flipped = if mac.starts_with('0') { "1" } else { "0" };
        let forged = format!("{body}.{flipped}{}", &mac[1..]);
        let later = {
            let (issued, rest) = own.split_once('.').expect("a token");
            format!("{}.{rest}", issued.parse::<i64>().expect("a time") + 1)
        };
        let cut = own[..own.len() - 1].to_owned();
        // The sign-in form only redirects a member who is already signed in.
        let expected = if path == "/sign-in" { 303 } else { 403 };
        let missing = manager.post(&path, &fields);
        assert_eq!(missing.status, expected, "{path} without a token");
        assert!(expected == 303 || is_out_of_date(&missing), "{path}");
        for token in ["", ".", "..", "x", &forged, &later, &cut, &of_other, &of_visitor, "\0", "☃"]
        {
            let page = send(&manager, &path, token, &[("sec-fetch-site", "same-origin")]);
            assert_eq!(page.status, expected, "{path} with the token {token:?}");
        }
        fields.push(("form_token", &own));
        for repeated in [&own, &of_other] {
            let twice = [&fields[..], &[("form_token", repeated.as_str())]].concat();
            assert_eq!(manager.post(&path, &twice).status, expected, "{path} with two tokens");
        }
        let in_address =
            manager.post(&format!("{path}?form_token={own}"), &fields[..fields.len() - 1]);
        assert_eq!(in_address.status, expected, "{path} with the token in the address");
    }
    assert_eq!(app.everything(), before);
    assert_eq!(manager.get("/api-keys").status, 200, "still signed in");
}

#[test]
fn a_token_expires_after_twelve_hours() {
    let app = App::set_up();
    app.write(|tx, _| {
        let mut settings = settings::get(tx)?;
        (settings.session_hours, settings.session_idle_minutes) = (100, 6000);
        settings::save(tx, &settings)
    });
    let manager = app.super_manager();
    let token = manager.get("/api-keys").form_token();
    app.advance(12 * HOUR - 1);
    let page = send(&manager, "/preferences/theme", &token, &[("sec-fetch-site", "same-origin")]);
    assert_eq!(page.status, 303);
    app.advance(1);
    let before = app.contents();
    let page = send(&manager, "/api-keys", &token, &[("sec-fetch-site", "same-origin")]);
    assert_eq!(page.status, 403);
    assert!(is_out_of_date(&page));
    assert_eq!(app.contents(), before);
}

#[test]
fn a_token_from_before_signing_in_does_not_work_afterwards() {
    let app = App::set_up();
    app.member("ines@example.com", true, &latchkey::domain::members::Permission::ALL);
    let client = app.anonymous();
    client.get("/sign-in");
    let token = app.token(&client, "/api-keys");
    let page = client.submit(
        "/sign-in",
        &[("email", "ines@example.com"), ("password", crate::support::PASSWORD)],
    );
    assert_eq!(page.status, 303);
    let page = send(&client, "/api-keys", &token, &[("sec-fetch-site", "same-origin")]);
    assert_eq!(page.status, 403);
    assert_eq!(app.count("api_keys"), 0);
}
