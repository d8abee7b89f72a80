//! Checking text that somebody found for secret keys.

use std::time::{Duration, Instant};

use latchkey::base::clock::MINUTE;
use latchkey::domain::api_keys::{Environment, SecretKey};
use latchkey::domain::members::Permission;

use super::create_key;
use crate::support::{App, Client, Page};

fn check(client: &Client, text: &str) -> Page {
    client.submit("/leaks/new", &[("text", text)])
}

fn foreign_secret(prefix: &str) -> String {
    SecretKey::generate(prefix, Environment::Staging).expect("random").expose().to_owned()
}

#[test]
fn each_secret_key_in_a_text_is_shown_with_its_key_and_can_be_reported() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (one, old) = create_key(&manager, "Billing worker");
    let (other, revoked) = create_key(&manager, "Route planner");
    app.advance(MINUTE);
    let rotate = [("overlap", "7d"), ("lifetime", "90")];
    let new = manager.submit(&format!("/api-keys/{one}/rotate"), &rotate).secret();
    assert_eq!(manager.submit(&format!("/api-keys/{other}/revoke"), &[]).status, 303);
    let (ours, foreign) = (foreign_secret("lk"), foreign_secret("acme"));
    let text = format!(
        "export A={old}\r\ncurl -H 'Authorization: Bearer {new}' https://x/?k={revoked}&a=b\n\
         {old} {ours}\n\"{foreign}\"\n{}\n{}",
        &new[..30],
        &new[30..]
    );
    let before = app.contents();
    let page = check(&manager, &text);
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"), "{}", page.body);
    assert_eq!(page.text("#answer-t"), "3 secret keys found");
    let found = page.all("#answer article");
    assert_eq!(found.len(), 5, "{found:?}");
    for (part, expected) in [
        (&found[0], "Billing worker Active"),
        (&found[0], "Its old secret, which works until 30 Nov, 12:01"),
        (&found[1], "Its present secret"),
        (&found[2], "Route planner Revoked"),
        (&found[3], "Looks like one of our secret keys, but is not one that exists."),
        (&found[4], "Looks like a secret key of another Latchkey."),
    ] {
        assert!(part.contains(expected), "{expected}: {part}");
    }
    let link = |n: usize| page.attribute(&format!("#answer article:nth-of-type({n}) .btn"), "href");
    assert_eq!(link(1), Some(format!("/api-keys/{one}/leak?secret=1")));
    assert_eq!(link(2), Some(format!("/api-keys/{one}/leak?secret=2")));
    assert!(page.text("#checked").contains("characters were checked."));
    for secret in [&old, &new, &revoked, &ours, &foreign] {
        assert!(!page.body.contains(&secret[10..25]), "the page does not repeat the text");
    }
    assert_eq!(page.text("textarea"), "");
    assert_eq!(app.contents(), before, "nothing is written");
    app.write_usage();
    for row in app.everything() {
        assert!(!row.contains(&ours[10..25]) && !row.contains("curl -H"), "{row}");
    }
    assert_eq!(app.count("denials"), 0, "a check does not count as a request");
}

#[test]
fn only_complete_secret_keys_are_found_in_a_text() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (_, secret) = create_key(&manager, "Billing worker");
    let changed = format!("{}A{}", &secret[..20], &secret[21..]);
    let changed = if changed == secret { secret.replace("lk_", "xx_") } else { changed };
    for text in
        ["nothing here", &secret[..40], &secret[3..], &changed, "lk_prod_", "é\u{202e}_dev_"]
    {
        let page = check(&manager, text);
        assert_eq!(page.status, 200);
        assert_eq!(page.text("#answer-t"), "No secret key found", "{text}");
    }
    let page = check(&manager, "");
    assert_eq!((page.status, page.error_of("text")), (422, "Paste the text that was found".into()));
}

#[test]
fn sixty_four_kilobytes_are_checked_quickly_and_more_is_rejected() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (_, secret) = create_key(&manager, "Billing worker");
    let mut text = "é_dev_ ".repeat(8 * 1024);
    text.truncate(64 * 1024 - 100);
    while text.len() + secret.len() < 64 * 1024 - 1 {
        text.push(' ');
    }
    text.push_str(&secret);
    let started = Instant::now();
    let page = check(&manager, &text);
    assert_eq!((page.status, page.text("#answer-t").as_str()), (200, "1 secret key found"));
    assert!(started.elapsed() < Duration::from_secs(5));
    let page = check(&manager, &"x".repeat(64 * 1024 + 1));
    assert_eq!(page.status, 422);
    assert_eq!(page.error_of("text"), "The text must be 64 KB or less. Check it in parts");
    assert_eq!(check(&manager, &"x".repeat(300 * 1024)).status, 413);
    let many: Vec<_> = (0..52).map(|_| foreign_secret("lk")).collect();
    let page = check(&manager, &many.join("\n"));
    assert_eq!(page.text("#answer-t"), "No secret key that exists");
    assert_eq!(page.all("#answer article").len(), 50);
    assert!(page.text("#checked").contains("Only the first 50 secret keys are shown."));
}

#[test]
fn checking_a_text_requires_permission_to_view_keys() {
    let app = App::set_up();
    let (id, secret) = create_key(&app.super_manager(), "Billing worker");
    let editor = app.super_manager_with(&[Permission::UpdateKeys]);
    let token = editor.get("/account").form_token();
    let page = editor.post("/leaks/new", &[("form_token", token.as_str()), ("text", &secret)]);
    assert_eq!(page.status, 403);
    assert!(!page.body.contains(&id));
    assert_eq!(editor.get("/leaks").status, 403);
    assert_eq!(app.super_manager().post("/leaks/new", &[("text", &secret)]).status, 403);
}
