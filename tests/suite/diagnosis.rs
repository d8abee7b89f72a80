//! The diagnosis page: given a request id, a Key ID or a secret key, it explains why a request was
//! denied.

mod paste;

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::api_keys::{Environment, SecretKey};
use latchkey::domain::members::Permission;

use crate::support::{App, Client, Page};

const CLIENT: &str = "198.51.100.77";
const EDIT: &str = "#answer .links a[href*='/edit']";

struct Key {
    id: String,
    secret: String,
}

fn create_key(manager: &Client, fields: &[(&str, &str)]) -> Key {
    let page = manager.create_key(fields);
    assert_eq!(page.status, 200, "{}", page.body);
    Key { id: page.key_id(), secret: page.secret() }
}

fn unknown_secret(prefix: &str) -> String {
    SecretKey::generate(prefix, Environment::Staging).expect("random").expose().to_owned()
}

/// Sends a request as a gateway does. Returns the status and, for a denied request, the request id.
fn authorize(app: &App, query: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let http = app.anonymous();
    let request = http.http().get(format!("{}/v1/authorize?{query}", app.url));
    let request =
        request.header("x-original-method", "GET").header("x-original-uri", "/orders/1?a=b");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.text().expect("a body");
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    (status, problem["request_id"].as_str().unwrap_or_default().to_owned())
}

/// Sends a request that is denied, and returns its id once it is stored.
fn denied_request(app: &App, query: &str, authorization: &str) -> String {
    let headers = [("authorization", authorization), ("x-forwarded-for", CLIENT)];
    let headers = if authorization.is_empty() { &headers[1..] } else { &headers };
    let (status, id) = authorize(app, query, headers);
    assert!(matches!(status, 401 | 403), "{status}");
    app.write_usage();
    id
}

fn bearer(secret: &str) -> String {
    format!("Bearer {secret}")
}

/// Opens the page that explains an id.
fn explain(client: &Client, id: &str) -> Page {
    let page = client.get(&format!("/diagnosis?q={id}"));
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

fn heading(page: &Page) -> String {
    page.text("#answer h2")
}

fn text(page: &Page) -> String {
    page.all("#answer .card-body > p").join(" ")
}

/// The value for a label in the answer.
fn fact(page: &Page, label: &str) -> String {
    let at = page.all("#answer dt").iter().position(|text| text == label);
    let at = at.unwrap_or_else(|| panic!("{label}: {}", page.body));
    page.all("#answer dd")[at].clone()
}

#[test]
fn a_request_without_a_valid_secret_is_explained_by_its_id() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[]);
    let secret = &key.secret;
    let typo = format!("{}{}", &secret[..20], secret[20..].chars().rev().collect::<String>());
    for (authorization, expected, advice) in [
        (String::new(), "No API key", "“Bearer”, a space and the secret key"),
        ("Basic abc".into(), "No API key", "proxy that takes the header away"),
        ("Bearer".into(), "No secret key after “Bearer”", "it is likely to be empty"),
        (bearer(&key.id), "A Key ID in place of the secret key", "Send the secret key"),
        (bearer(&secret[..40]), "The secret key is cut off", "as a whole"),
        (bearer(&format!("{secret}x")), "The secret key is too long", "as a whole"),
        (bearer(&typo), "A typo in the secret key", "at least one character is wrong"),
        (bearer(&format!("\"{secret}\"")), "Something stands around the secret key", "alone"),
        (
            bearer(&format!("{} {}", &secret[..9], &secret[9..])),
            "Spaces or line breaks in the secret key",
            "Take them out",
        ),
        (bearer("lk_prod_****"), "A part of the secret key is hidden", "Latchkey shows it once"),
        (
            bearer("sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
            "Not a secret key of Latchkey’s",
            "another service",
        ),
        (bearer(&secret.replace("prod", "live")), "No environment in the secret key", "“stag”"),
        (format!("Bearer\t{secret}"), "No space after “Bearer”", "a space"),
        (bearer(&unknown_secret("lk")), "Secret key does not match", "another Latchkey"),
        (bearer(&unknown_secret("acme")), "Secret key does not match", "It begins with acme_"),
    ] {
        let id = denied_request(&app, "scope=orders:read", &authorization);
        let page = explain(&manager, &id);
        assert_eq!(heading(&page), expected, "{authorization}");
        assert!(text(&page).contains(advice), "{authorization}: {}", text(&page));
        assert_eq!(fact(&page, "Request id"), id);
        assert_eq!(fact(&page, "Request"), "GET /orders/1");
        assert_eq!(fact(&page, "Alike"), "1 request at that time");
        assert_eq!(fact(&page, "Address"), CLIENT);
        assert_eq!(fact(&page, "Time"), "23 November 2026, 12:00 UTC");
        assert!(!page.body.contains(&secret[10..30]), "{authorization}");
    }
    for row in app.everything() {
        assert!(!row.contains(&secret[10..30]) && !row.contains("4eC39Hq"), "{row}");
    }
}

#[test]
fn repeated_and_unreadable_authorization_headers_are_explained() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (_, twice) =
        authorize(&app, "", &[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
    app.write_usage();
    assert_eq!(heading(&explain(&manager, &twice)), "Two Authorization headers");
    let request = manager.http().get(format!("{}/v1/authorize", app.url));
    let request = request.header("authorization", b"Bearer \xff".as_slice());
    let body = request.send().expect("an answer").text().expect("a body");
    let problem: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    app.write_usage();
    let page = explain(&manager, problem["request_id"].as_str().expect("an id"));
    assert_eq!(heading(&page), "An Authorization header that is not text");
}

#[test]
fn a_missing_scope_is_explained_until_the_key_has_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[("access", "selected"), ("scopes", "orders:read")]);
    let id = denied_request(&app, "scope=orders:read%20orders:write", &bearer(&key.secret));
    let page = explain(&manager, &id);
    assert_eq!(heading(&page), "Scope missing: orders:write");
    assert_eq!(
        text(&page),
        "The role “Read and write” could give it: tick orders:write under Edit. Add orders:write"
    );
    let edit =
        format!("/api-keys/{0}/edit?return=%2Fapi-keys%2F{0}&add_scope=orders%3Awrite", key.id);
    assert_eq!(page.attribute(EDIT, "href"), Some(edit));
    assert_eq!(fact(&page, "Key"), "Billing worker");
    let link = page.attribute("#answer dd a", "href");
    assert_eq!(link, Some(format!("/api-keys/{}", key.id)));
    assert_eq!(fact(&page, "Status now"), "Active, never used");

    let fields = [("access", "selected"), ("scopes", "orders:write"), ("scopes", "orders:read")];
    assert_eq!(manager.edit_key(&key.id, &fields).status, 303);
    let page = explain(&manager, &id);
    assert_eq!(text(&page), "The key has orders:write now. Send the request again.");
    assert_eq!(
        authorize(
            &app,
            "scope=orders:read%20orders:write",
            &[("authorization", &bearer(&key.secret)), ("x-forwarded-for", CLIENT),]
        )
        .0,
        200,
        "the explanation is right"
    );
}

#[test]
fn scopes_that_the_role_lacks_or_that_do_not_exist_are_explained() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[("role", "read-only")]);
    let id = denied_request(&app, "scope=orders:write%20orders:wirte", &bearer(&key.secret));
    let page = explain(&manager, &id);
    assert_eq!(heading(&page), "Scopes missing: orders:wirte, orders:write");
    let advice = text(&page);
    assert!(advice.contains("There is no scope orders:wirte here."), "{advice}");
    assert!(
        advice.contains("The role “Read-only” does not include orders:write. Choose another role."),
        "{advice}"
    );
    assert!(page.has("#answer .links a[href='/scopes']") && page.has(EDIT));
    // Members see only links that they may use.
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    let page = explain(&viewer, &id);
    assert_eq!(text(&page), advice.split(" See all scopes").next().unwrap_or(&advice));
    assert!(!page.has("#answer .links a"), "{}", page.body);
    // A value that is not a scope is not stored, only that a scope was missing.
    let id = denied_request(&app, "scope=%3Cb%3E", &bearer(&key.secret));
    let page = explain(&manager, &id);
    assert_eq!(heading(&page), "Scope missing");
    assert!(text(&page).contains("Which one was not kept"), "{}", text(&page));
}

#[test]
fn a_denied_address_is_explained_until_the_whitelist_contains_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[("ip_whitelist", "203.0.113.7")]);
    let id = denied_request(&app, "", &bearer(&key.secret));
    let page = explain(&manager, &id);
    assert_eq!(heading(&page), "Address not in the IP whitelist");
    assert!(text(&page).contains("The request came from 198.51.100.77"), "{}", text(&page));
    let edit =
        format!("/api-keys/{0}/edit?return=%2Fapi-keys%2F{0}&add_address=198.51.100.77", key.id);
    assert_eq!(page.attribute(EDIT, "href"), Some(edit));
    let whitelist = [("ip_whitelist", "203.0.113.7\n198.51.100.77")];
    assert_eq!(manager.edit_key(&key.id, &whitelist).status, 303);
    let page = explain(&manager, &id);
    assert_eq!(text(&page), "The key may be used from 198.51.100.77 now. Send the request again.");
    // The proxy does not send a client address.
    let (status, id) = authorize(&app, "", &[("authorization", &bearer(&key.secret))]);
    assert_eq!(status, 403);
    app.write_usage();
    let page = explain(&manager, &id);
    assert_eq!(heading(&page), "Address not in the IP whitelist");
    assert!(
        text(&page).contains("A trusted proxy must send the client’s address"),
        "{}",
        text(&page)
    );
    assert_eq!(fact(&page, "Address"), "Not known");
}

#[test]
fn a_key_of_another_environment_is_explained() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[("environment", "staging")]);
    let id = denied_request(&app, "environment=production", &bearer(&key.secret));
    let page = explain(&manager, &id);
    assert_eq!(heading(&page), "Key of another environment");
    assert!(
        text(&page).starts_with("The key is for Staging, and the gateway asks"),
        "{}",
        text(&page)
    );
}

#[test]
fn a_revoked_key_is_explained_with_when_and_by_whom() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[]);
    let without_scope = denied_request(&app, "scope=latchkey:introspect", &bearer(&key.secret));
    app.advance(MINUTE);
    let path = format!("/api-keys/{}/revoke", key.id);
    assert_eq!(manager.submit(&path, &[]).status, 303);
    let id = denied_request(&app, "", &bearer(&key.secret));
    let page = explain(&manager, &id);
    assert_eq!(heading(&page), "Key revoked");
    let when = "It was revoked by Ines Okafor on 23 November 2026, 12:01 UTC";
    assert!(text(&page).starts_with(when), "{}", text(&page));
    assert_eq!(fact(&page, "Status now"), "Revoked");
    // The explanation of an earlier request mentions that the key was revoked since.
    let page = explain(&manager, &without_scope);
    assert_eq!(heading(&page), "Scope missing: latchkey:introspect");
    assert!(text(&page).contains("Since then the key was revoked."), "{}", text(&page));
    assert!(!page.has(EDIT), "a revoked key cannot be edited");
}

#[test]
fn an_expired_key_and_a_replaced_secret_are_explained() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (expiring, rotated) =
        (create_key(&manager, &[("lifetime", "30")]), create_key(&manager, &[("name", "Rotated")]));
    let end = app.site.clock.now().plus(DAY).millis();
    app.sql(&format!(
        "UPDATE api_key_secrets SET superseded_at = {end} WHERE key_id = '{}'",
        rotated.id
    ));
    app.advance(31 * DAY);
    let manager = app.super_manager();
    let page = explain(&manager, &denied_request(&app, "", &bearer(&expiring.secret)));
    assert_eq!(heading(&page), "Key expired");
    assert!(text(&page).starts_with("Its last day was 23 December 2026 (UTC)"), "{}", text(&page));
    assert_eq!(fact(&page, "Status now"), "Expired");
    let page = explain(&manager, &denied_request(&app, "", &bearer(&rotated.secret)));
    assert_eq!(heading(&page), "Secret key was replaced");
    assert!(
        text(&page).ends_with("It stopped working on 24 November 2026, 12:00 UTC."),
        "{}",
        text(&page)
    );
}

#[test]
fn a_key_id_shows_the_key_and_each_kind_of_denial() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[("role", "read-only"), ("ip_whitelist", CLIENT)]);
    let page = explain(&manager, &key.id);
    assert_eq!(heading(&page), "This key is active");
    assert!(text(&page).contains("until the end of 21 February 2027 (UTC)"), "{}", text(&page));
    assert!(text(&page).contains("No request with it has passed yet."), "{}", text(&page));
    assert!(text(&page).contains("A Key ID is not a credential"), "{}", text(&page));
    assert_eq!(
        page.text("#refusals .muted"),
        "No request with this key was denied in the last 30 days."
    );
    for _ in 0..12 {
        denied_request(&app, "scope=orders:write", &bearer(&key.secret));
    }
    let last = denied_request(&app, "scope=orders:write", &bearer(&key.secret));
    assert_eq!(fact(&explain(&manager, &last), "Alike"), "13 requests within 30 days");
    app.advance(MINUTE);
    let id = denied_request(&app, "environment=staging", &bearer(&key.secret));
    app.advance(MINUTE);
    let page = explain(&manager, &key.id);
    assert_eq!(
        page.all("#refusals h3"),
        ["Key of another environment", "Scope missing: orders:write"]
    );
    assert_eq!(
        page.all("#refusals article > p > a"),
        [
            "1 request, 1 min ago from 198.51.100.77: GET /orders/1",
            "13 requests, the last one 2 min ago from 198.51.100.77: GET /orders/1",
            "Choose another role",
        ]
    );
    let link = page.attribute("#refusals article > p > a", "href");
    assert_eq!(link, Some(format!("/diagnosis?q={id}")));
    // Spellings that people type.
    for typed in [key.id.to_lowercase(), format!("%20{}%0A", key.id), key.id.replace('0', "o")] {
        assert_eq!(heading(&explain(&manager, &typed)), "This key is active", "{typed}");
    }
    app.advance(31 * DAY);
    let page = explain(&app.super_manager(), &key.id);
    assert!(!page.has("#refusals article"), "denials older than 30 days are not listed");
}

#[test]
fn only_the_latest_kinds_of_denials_are_shown() {
    let app = App::set_up();
    let manager = app.super_manager();
    let key = create_key(&manager, &[]);
    for number in 0..13 {
        app.advance(1);
        denied_request(&app, &format!("scope=orders:o{number}"), &bearer(&key.secret));
    }
    let page = explain(&manager, &key.id);
    assert_eq!(page.all("#refusals h3").len(), 10);
    assert_eq!(page.text("#refusals h3"), "Scope missing: orders:o12");
    assert_eq!(page.text("#refusals .muted"), "More kinds of denied requests: 3.");
}

#[test]
fn unknown_ids_are_explained() {
    let app = App::set_up();
    let manager = app.super_manager();
    for id in ["req_7QF2M8KDX4TN7QF2", "req_", "req_7QF2"] {
        let page = explain(&manager, id);
        assert_eq!(heading(&page), "No denied request with this id was found", "{id}");
        assert!(text(&page).contains("kept for 90 days"), "{}", text(&page));
        assert!(text(&page).contains("try again in a few seconds"), "{}", text(&page));
        assert_eq!(page.attribute("#question", "value").as_deref(), Some(id));
    }
    for id in ["key_7QF2M8KDX4TN", "key_", "key_7QF2"] {
        let page = explain(&manager, id);
        assert_eq!(heading(&page), "No such key", "{id}");
        assert!(text(&page).contains("Check the spelling"), "{}", text(&page));
        assert!(!page.has("#refusals"));
    }
    for blank in ["", "%20", "&q="] {
        let page = explain(&manager, blank);
        assert!(!page.has("#answer"), "{blank}");
    }
    let head = manager.any("HEAD", "/diagnosis?q=key_7QF2M8KDX4TN");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[test]
fn the_page_needs_permission_to_view_keys_and_is_linked_from_their_table() {
    let app = App::set_up();
    let manager = app.super_manager();
    create_key(&manager, &[]);
    let page = manager.get("/api-keys");
    assert_eq!(page.text("a[href='/diagnosis']"), "Diagnose a Denied Request");
    let page = manager.get("/diagnosis");
    assert_eq!(page.text("h1"), "Why was this denied?");
    assert_eq!(page.header("cache-control"), "no-store");
    let without_permission = app.super_manager_with(&[Permission::ViewActivity]);
    assert_eq!(without_permission.get("/diagnosis").status, 403);
    let page = app.anonymous().get("/diagnosis?q=req_7QF2M8KDX4TN7QF2");
    assert_eq!(page.status, 303);
    assert_eq!(page.location(), "/sign-in?next=%2Fdiagnosis%3Fq%3Dreq_7QF2M8KDX4TN7QF2");
}
