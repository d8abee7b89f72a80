//! A pasted secret key is explained in the same response, and neither stored nor shown again.

use latchkey::base::clock::DAY;
use latchkey::domain::members::Permission;

use super::{
    CLIENT, Key, authorize, bearer, create_key, denied_request, heading, text, unknown_secret,
};
use crate::support::{App, Client, Page, encoded};

const NOTE: &str =
    "A pasted secret key is checked in memory. It is not stored, logged or shown again.";

/// Pastes a text and checks what is true of every response.
fn paste(client: &Client, question: &str) -> Page {
    let page = client.submit("/diagnosis", &[("question", question)]);
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(
        page.attribute("#question", "value").as_deref(),
        Some(""),
        "the field is empty again"
    );
    assert_eq!(page.text("#question-h"), NOTE);
    page
}

#[test]
fn a_working_secret_key_is_recognised_with_its_key() {
    let app = App::set_up();
    let manager = app.super_manager();
    let wide = create_key(&manager, &[("role", "read-only")]);
    let page = paste(&manager, &wide.secret);
    assert_eq!(heading(&page), "This secret key works");
    assert!(text(&page).contains("from any address, and is for Production."), "{}", text(&page));
    assert_eq!(super::fact(&page, "Key"), "Billing worker");
    assert_eq!(super::fact(&page, "Role"), "Read-only");
    assert_eq!(page.all("#answer .chip"), ["invoices:read", "orders:read", "reports:read"]);
    let narrow =
        create_key(&manager, &[("name", "Narrow"), ("ip_whitelist", "203.0.113.7\n203.0.113.8")]);
    denied_request(&app, "", &bearer(&narrow.secret));
    let page = paste(&manager, &narrow.secret);
    assert!(text(&page).contains("from only 2 addresses"), "{}", text(&page));
    assert_eq!(page.all("#refusals h3"), ["Address not in the IP whitelist"]);
    assert!(
        !page.body.contains("203.0.113.7"),
        "the whitelist is shown only on the page of the key"
    );
}

#[test]
fn a_secret_key_that_does_not_work_is_explained() {
    let app = App::set_up();
    let manager = app.super_manager();
    let end = app.site.clock.now().plus(DAY).millis();
    let keys: Vec<Key> = ["Expiring", "Revoked", "Rotated"]
        .map(|name| create_key(&manager, &[("name", name), ("lifetime", "30")]))
        .into();
    app.sql(&format!(
        "UPDATE api_key_secrets SET superseded_at = {end} WHERE key_id = '{}'",
        keys[2].id
    ));
    let page = paste(&manager, &keys[2].secret);
    assert_eq!(heading(&page), "This secret key works");
    assert!(text(&page).contains("works until 24 November 2026, 12:00 UTC"), "{}", text(&page));
    assert_eq!(manager.submit(&format!("/api-keys/{}/revoke", keys[1].id), &[]).status, 303);
    app.advance(2 * DAY);
    let manager = app.super_manager();
    let page = paste(&manager, &keys[2].secret);
    assert_eq!(heading(&page), "Secret key was replaced");
    assert!(text(&page).contains("It stopped working on 24 November 2026"), "{}", text(&page));
    let page = paste(&manager, &keys[1].secret);
    assert_eq!(heading(&page), "Key revoked");
    assert!(
        text(&page).contains("by Ines Okafor on 23 November 2026, 12:00 UTC"),
        "{}",
        text(&page)
    );
    app.advance(30 * DAY);
    let manager = app.super_manager();
    assert_eq!(heading(&paste(&manager, &keys[0].secret)), "Key expired");
    for (prefix, expected) in [("lk", "another Latchkey"), ("acme", "It begins with acme_")] {
        let page = paste(&manager, &unknown_secret(prefix));
        assert_eq!(heading(&page), "Secret key does not match");
        assert!(text(&page).contains(expected), "{}", text(&page));
        assert!(!page.has("#answer dl"));
    }
}

#[test]
fn a_malformed_secret_key_is_explained_and_an_intact_one_in_it_is_looked_up() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[]);
    let secret = &key.secret;
    for (question, expected, detail) in [
        (format!(" {secret}"), "Spaces or line breaks in the secret key", "Take them out"),
        (format!("{secret}\r\n"), "Spaces or line breaks in the secret key", "Take them out"),
        (
            format!("{}\n{}", &secret[..30], &secret[30..]),
            "Spaces or line breaks in the secret key",
            "",
        ),
        (format!("Authorization: Bearer {secret}"), "Something stands around the secret key", ""),
        (
            format!("API_KEY='{secret}'"),
            "Something stands around the secret key",
            "a variable’s name",
        ),
    ] {
        let page = paste(&manager, &question);
        assert_eq!(heading(&page), expected, "{question}");
        assert!(text(&page).contains(detail), "{question}: {}", text(&page));
        assert_eq!(page.text("#answer h3"), "This secret key works", "{question}");
    }
    for (question, expected, detail) in [
        (
            secret[..secret.len() - 7].to_owned(),
            "The secret key is cut off",
            "It lacks 7 characters",
        ),
        (format!("{secret}ab"), "The secret key is too long", "It has 2 characters more"),
        (secret.replace("prod", "dev"), "A typo in the secret key", "Copy it again"),
        (secret.replacen("lk", "zz", 1), "A typo in the secret key", "Copy it again"),
        (secret.replacen('l', "ӏ", 1), "A character that no secret key has", "look the same"),
        ("lk_live_abc".into(), "No environment in the secret key", ""),
        ("sk_live_abc".into(), "Not a secret key of Latchkey’s", ""),
        (format!("Bearer {}", key.id), "A Key ID in place of the secret key", ""),
        ("Bearer".into(), "No secret key after “Bearer”", ""),
        ("key_7QF2M8KDX4TN7".into(), "Not a secret key of Latchkey’s", ""),
        ("a\0b\u{202e}c".into(), "Not a secret key of Latchkey’s", ""),
        ("<script>alert(1)</script>".into(), "Not a secret key of Latchkey’s", ""),
        ("x".repeat(5000), "The secret key is too long", ""),
    ] {
        let page = paste(&manager, &question);
        assert_eq!(heading(&page), expected, "{question}");
        assert!(text(&page).contains(detail), "{question}: {}", text(&page));
        assert!(!page.has("#answer h3") && !page.has("#answer dl"), "{question}");
        assert!(!page.body.contains("<script>alert"));
    }
}

#[test]
fn a_pasted_id_redirects_to_its_own_address() {
    let app = App::set_up();
    let manager = app.super_manager();
    for (question, id) in [
        (" key_7QF2M8KDX4TN\r\n", "key_7QF2M8KDX4TN"),
        ("req_7qf2m8kdx4tn7qf2", "req_7QF2M8KDX4TN7QF2"),
    ] {
        let page = manager.submit("/diagnosis", &[("question", question)]);
        assert_eq!((page.status, page.location()), (303, format!("/diagnosis?q={id}").as_str()));
    }
    for blank in ["", " ", "\r\n"] {
        let page = manager.submit("/diagnosis", &[("question", blank)]);
        assert_eq!(page.status, 422);
        assert_eq!(page.errors(), ["Enter a request id, a Key ID or a secret key"]);
        assert!(!page.error_of("question").is_empty());
        assert!(page.text("title").starts_with("Error: "));
    }
}

#[test]
fn no_part_of_a_pasted_secret_key_is_stored_or_shown() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[]);
    let unknown = unknown_secret("lk");
    let before = app.contents();
    for secret in [&key.secret, &unknown] {
        let random = &secret[8..secret.len() - 6];
        let cut = &secret[..secret.len() - 3];
        for question in
            [secret.clone(), format!("\"{secret}\" "), cut.to_owned(), format!("{cut}…")]
        {
            let page = paste(&manager, &question);
            let headers = format!("{:?}", page.headers);
            for place in [&page.body, &headers] {
                assert!(
                    !place.contains(&random[..8]) && !place.contains(&random[20..28]),
                    "{place}"
                );
            }
        }
        app.write_usage();
        for row in app.everything() {
            assert!(!row.contains(&random[..8]), "{row}");
        }
    }
    assert_eq!(app.contents(), before, "nothing is written");
    assert_eq!(app.count("denials"), 0, "it does not count as a request");
}

#[test]
fn a_secret_key_in_the_address_is_not_looked_up() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[]);
    let cut = key.secret[..30].to_owned();
    for secret in [&key.secret, &unknown_secret("lk"), &format!("%20{}", key.secret)] {
        let page = manager.get(&format!("/diagnosis?q={secret}"));
        assert_eq!((page.status, page.location()), (303, "/diagnosis"), "it is removed");
        assert!(!page.body.contains(&secret[12..20]), "{}", page.body);
    }
    let page = manager.get(&format!("/diagnosis?q={cut}"));
    assert_eq!(page.status, 200);
    assert_eq!(heading(&page), "Do not put a secret key in a URL");
    assert!(!page.body.contains(&cut[12..20]), "{}", page.body);
    assert_eq!(page.attribute("#question", "value").as_deref(), Some(""));
    assert!(!page.body.contains(&key.id), "it is not looked up");
    for other in ["orders", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%00", "a%E2%80%AEb"] {
        let page = manager.get(&format!("/diagnosis?q={other}"));
        assert_eq!(page.status, 200, "{other}");
        assert_eq!(heading(&page), "Neither a request id nor a Key ID", "{other}");
        assert!(!page.body.contains("<script>alert"));
    }
    // A value that might be a secret key is treated as one.
    assert_eq!(manager.get("/diagnosis?q=%00%FF").status, 200);
    let page = manager.get(&format!("/diagnosis?q={}", "x".repeat(8000)));
    assert_eq!(heading(&page), "Do not put a secret key in a URL");
}

#[test]
fn a_request_without_token_or_permission_learns_nothing() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[]);
    let fields = |token: &str| encoded(&[("form_token", token), ("question", &key.secret)]);
    let token = manager.get("/diagnosis").form_token();
    let body = fields(&token);
    assert_eq!(manager.post_body("/diagnosis", body.clone()).status, 200);
    assert_eq!(
        manager.post_body("/diagnosis", body.clone()).status,
        200,
        "reloading submits the form again"
    );
    for wrong in ["", "x", &app.super_manager().get("/diagnosis").form_token()] {
        let page = manager.post_body("/diagnosis", fields(wrong));
        assert_eq!(page.status, 403, "{wrong}");
        assert!(!page.body.contains(&key.id));
    }
    assert_eq!(manager.post("/diagnosis", &[("question", &key.secret)]).status, 403);
    let request = manager.request("/diagnosis").header("sec-fetch-site", "cross-site");
    assert_eq!(manager.send(request.body(body.clone())).status, 403);
    let large = [("form_token", token.as_str()), ("question", &"x".repeat(8 * 1024))];
    assert_eq!(manager.post("/diagnosis", &large).status, 413);
    let without_permission = app.super_manager_with(&[Permission::CreateKeys]);
    let token = without_permission.get("/account").form_token();
    let page = without_permission.post_body("/diagnosis", fields(&token));
    assert_eq!(page.status, 403);
    assert!(!page.body.contains(&key.id));
    let page = app.anonymous().post_body("/diagnosis", body.clone());
    assert_eq!((page.status, page.location()), (303, "/sign-in?next=%2Fdiagnosis&ended=1"));
    let copy = manager.copy();
    assert_eq!(manager.submit_from("/diagnosis", "/sign-out", &[]).status, 303);
    assert_eq!(copy.post_body("/diagnosis", body).status, 303);
}

#[test]
fn pasting_a_secret_key_does_not_count_as_a_use_of_the_key() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[]);
    paste(&manager, &key.secret);
    app.write_usage();
    let page = manager.get(&format!("/diagnosis?q={}", key.id));
    assert_eq!(super::fact(&page, "Status now"), "Active, never used");
    let headers = [("authorization", &*bearer(&key.secret)), ("x-forwarded-for", CLIENT)];
    assert_eq!(authorize(&app, "", &headers).0, 200);
    app.write_usage();
    let page = manager.get(&format!("/diagnosis?q={}", key.id));
    assert_eq!(super::fact(&page, "Status now"), "Active");
    assert!(
        text(&page).contains("It last passed on 23 November 2026, 12:00 UTC."),
        "{}",
        text(&page)
    );
}
