//! Hostile input in every field of every form causes a clear error, no server error and no change.

use latchkey::base::clock::MINUTE;
use latchkey::domain::members::Permission;
use latchkey::domain::sign_in::reset;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{App, Client, PASSWORD, Page, encoded, key_fields, replaced};

const MARKUP: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
const SQL: &str = "'; DROP TABLE api_keys; --";
const EMOJI: &str = "👩‍💻 clé 東京";

fn hostile() -> Vec<(&'static str, String)> {
    vec![
        ("empty", String::new()),
        ("blank", " \t ".into()),
        ("long", "x".repeat(10_000)),
        ("control", "a\u{7}b".into()),
        ("newline", "a\u{b}\u{85}b".into()),
        ("bidi", "a\u{202e}b".into()),
        ("invisible", "a\u{200b}b".into()),
        ("NUL", "a\0b".into()),
        ("markup", MARKUP.into()),
        ("SQL", SQL.into()),
        ("emoji", EMOJI.into()),
        ("template", "{{7*7}}${7*7}<%= 7*7 %>".into()),
        ("number", "-1e999".into()),
        ("path", "../../etc/passwd".into()),
    ]
}

/// Whether a field accepts this kind of hostile text, which pages then have to escape.
fn is_accepted(field: &str, kind: &str) -> bool {
    match field {
        "name" | "organisation" => {
            matches!(kind, "markup" | "SQL" | "emoji" | "template" | "number" | "path")
        }
        "notes" => !matches!(kind, "long" | "control" | "newline" | "bidi" | "invisible" | "NUL"),
        "reason" => matches!(kind, "markup" | "SQL" | "emoji" | "template" | "number" | "path"),
        "slug" => matches!(kind, "empty" | "blank"),
        "ip_whitelist" | "labels" | "resources" => matches!(kind, "empty" | "blank"),
        "owner" | "external_id" => matches!(kind, "empty" | "blank" | "number" | "path"),
        _ => false,
    }
}

fn assert_clear(page: &Page, case: &str) {
    assert!(page.status < 500, "{case}: {} {}", page.status, page.body);
    assert!(!page.body.contains("<script>alert"), "{case}: {}", page.body);
    assert!(!page.body.contains("<img src=x"), "{case}: {}", page.body);
    assert!(page.header("content-type").starts_with("text/html") || page.status == 303, "{case}");
}

/// Sends a form with each hostile text in `field` and checks that it is rejected if it must be.
fn attack(
    app: &App,
    client: &Client,
    page: &str,
    action: &str,
    usual: &[(&str, &str)],
    field: &'static str,
) {
    for (kind, text) in hostile() {
        // Avoids the limit on attempts with codes.
        app.advance(MINUTE + 1);
        let token = client.get(page).form_token();
        let mut fields: Vec<(&str, &str)> =
            usual.iter().copied().filter(|(name, _)| *name != field).collect();
        fields.extend([(field, text.as_str()), ("form_token", &token)]);
        let before = app.contents();
        let answer = client.post(action, &fields);
        let case = format!("{kind} as {field} of {action}");
        assert_clear(&answer, &case);
        if is_accepted(field, kind) {
            continue;
        }
        assert_eq!(answer.status, 422, "{case}: {}", answer.body);
        assert!(!answer.errors().is_empty(), "{case} is in the summary: {}", answer.body);
        assert!(
            !answer.error_of(field).is_empty(),
            "{case} has an error at the field: {}",
            answer.body
        );
        assert!(answer.text("title").starts_with("Error: "), "{case}");
        assert_eq!(app.contents(), before, "{case} changed something");
    }
}

#[test]
fn the_create_form_rejects_hostile_input_in_every_field() {
    let app = App::set_up();
    let manager = app.super_manager();
    let dated = key_fields(&[
        ("lifetime", "date"),
        ("expires_on", "2027-01-31"),
        ("access", "selected"),
        ("scopes", "orders:read"),
    ]);
    for field in [
        "name",
        "environment",
        "role",
        "lifetime",
        "expires_on",
        "scopes",
        "ip_whitelist",
        "notes",
        "owner",
        "external_id",
        "labels",
    ] {
        attack(&app, &manager, "/api-keys/new", "/api-keys", &dated, field);
        app.sql("DELETE FROM api_keys");
    }
}

#[test]
fn the_edit_form_rejects_hostile_input_in_every_field() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let path = format!("/api-keys/{id}/edit");
    for field in [
        "name",
        "role",
        "expires_on",
        "scopes",
        "ip_whitelist",
        "notes",
        "owner",
        "external_id",
        "labels",
    ] {
        let usual = [
            ("name", "Billing worker"),
            ("role", "read-and-write"),
            ("expires_on", "2027-01-31"),
            ("access", "selected"),
            ("scopes", "orders:read"),
        ];
        attack_edit(&app, &manager, &path, &usual, field);
    }
    for (kind, text) in hostile() {
        let before = app.contents();
        let answer = manager.edit_key(&id, &[("name", "Another"), ("version", &text)]);
        assert_eq!(answer.status, 422, "{kind} as version: {}", answer.body);
        let out_of_date = "This form is out of date. Check the values, then save again";
        assert_eq!(answer.errors(), [out_of_date], "{kind} as version");
        assert_clear(&answer, kind);
        assert_eq!(app.contents(), before, "{kind} as version");
    }
}

fn attack_edit(
    app: &App,
    client: &Client,
    path: &str,
    usual: &[(&'static str, &'static str)],
    field: &'static str,
) {
    for (kind, text) in hostile() {
        let shown = client.get(path).form_fields("#edit form");
        let others = usual.iter().filter(|(name, _)| *name != field);
        let changed: Vec<(&str, &str)> = others.copied().chain([(field, text.as_str())]).collect();
        let before = app.contents();
        let answer = client.post(path, &replaced(&shown, &changed));
        let case = format!("{kind} as {field} of {path}");
        assert_clear(&answer, &case);
        if is_accepted(field, kind) {
            assert_eq!(answer.status, 303, "{case}: {}", answer.body);
            continue;
        }
        assert_eq!(answer.status, 422, "{case}: {}", answer.body);
        assert!(
            !answer.error_of(field).is_empty(),
            "{case} has an error at the field: {}",
            answer.body
        );
        assert_eq!(app.contents(), before, "{case} changed something");
    }
}

#[test]
fn the_forms_of_roles_and_scopes_reject_hostile_input_in_every_field() {
    let app = App::set_up();
    let manager = app.super_manager();
    let role = [("name", "Auditor"), ("description", "Reads"), ("scopes", "orders:read")];
    for field in ["name", "slug", "scopes"] {
        attack(&app, &manager, "/roles/new", "/roles", &role, field);
        app.sql("DELETE FROM roles WHERE coverage = 'chosen'");
    }
    let scope = [("resource", "pets"), ("operation", "read"), ("description", "Pets")];
    for field in ["resource", "operation"] {
        attack(&app, &manager, "/scopes/new", "/scopes", &scope, field);
    }
    assert_eq!(manager.submit_from("/roles/new", "/roles", &role).status, 303);
    for field in ["name", "scopes"] {
        attack_edit(&app, &manager, "/roles/auditor/edit", &role, field);
    }
    let descriptions = [
        ("/roles/new", "/roles", &role[..]),
        ("/roles/auditor/edit", "/roles/auditor/edit", &role),
        ("/scopes/new", "/scopes", &scope),
        ("/scopes/orders:read/edit", "/scopes/orders:read/edit", &[]),
    ];
    for (page, action, usual) in descriptions {
        for (kind, text) in hostile() {
            let shown = manager.get(page).form_fields("dialog form");
            let mut fields = replaced(&shown, usual);
            fields.retain(|(name, _)| *name != "description");
            fields.push(("description", &text));
            let before = app.contents();
            let answer = manager.post(action, &fields);
            let case = format!("{kind} as description of {action}");
            assert_clear(&answer, &case);
            if matches!(kind, "long" | "control" | "newline" | "bidi" | "invisible" | "NUL") {
                assert_eq!(answer.status, 422, "{case}");
                assert!(!answer.error_of("description").is_empty(), "{case}: {}", answer.body);
                assert_eq!(app.contents(), before, "{case}");
            }
            for list in ["/roles", "/scopes", "/scopes?q=script", "/api-keys/new"] {
                assert_clear(&manager.get(list), &case);
            }
            app.sql("DELETE FROM scopes WHERE resource = 'pets'");
            app.sql("DELETE FROM roles WHERE coverage = 'chosen' AND slug <> 'auditor'");
        }
    }
}

#[test]
fn the_set_up_form_rejects_hostile_input_in_every_field() {
    let app = App::new();
    let code = app.set_up_code();
    let visitor = app.anonymous();
    let usual = [
        ("code", "0000000000000000000000"),
        ("organisation", "Meridian Freight"),
        ("resources", "orders"),
        ("name", "Ines Okafor"),
        ("email", "ines@example.com"),
        ("password", PASSWORD),
    ];
    for field in ["code", "organisation", "resources", "name", "email"] {
        attack(&app, &visitor, "/set-up", "/set-up", &usual, field);
    }
    let guessable = ["", "short", "aaaaaaaaaaaaaaaa", "password1234", &"x".repeat(300)];
    for password in guessable {
        app.advance(MINUTE + 1);
        let usual = [&usual[..5], &[("password", password)]].concat();
        let answer = visitor.submit("/set-up", &usual);
        assert_eq!(answer.status, 422);
        assert!(!answer.error_of("password").is_empty(), "{password}: {}", answer.body);
    }
    assert_eq!(app.count("members"), 0);
    assert!(!code.is_empty());
}

#[test]
fn the_sign_in_form_and_links_treat_hostile_input_as_wrong() {
    let app = App::set_up();
    app.member("ines@example.com", true, &Permission::ALL);
    let visitor = app.anonymous();
    visitor.get("/sign-in");
    for (kind, text) in hostile() {
        for field in ["email", "password", "next"] {
            app.advance(MINUTE + 1);
            let usual = [("email", "ines@example.com"), ("password", "wrong"), ("next", "/")];
            let others = usual.iter().copied().filter(|(name, _)| *name != field);
            let fields: Vec<(&str, &str)> = others.chain([(field, text.as_str())]).collect();
            app.sql("UPDATE members SET last_signed_in_at = NULL");
            // A new client for each attempt avoids the throttle, which other tests cover.
            let answer = app.anonymous().submit("/sign-in", &fields);
            assert_clear(&answer, kind);
            assert_eq!(answer.status, 422, "{kind} as {field}");
            assert_eq!(answer.errors(), ["Email address or password is wrong"]);
        }
        app.advance(MINUTE + 1);
        let answer = app.post_with_token(&visitor, "/reset-password", &[("code", &text)]);
        assert_clear(&answer, kind);
        assert_eq!(answer.status, 422, "{kind} as a reset code");
        let path = format!("/reset-password?code={}", urlencode(&text));
        app.advance(MINUTE + 1);
        assert_eq!(visitor.get(&path).status, 404, "{kind} as a link's code");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM members WHERE last_signed_in_at IS NOT NULL"), 0);
}

#[test]
fn a_weak_new_password_is_rejected_and_the_link_still_works() {
    let app = App::set_up();
    let member = app.member("ines@example.com", true, &Permission::ALL);
    let (_, code) = app.write(|tx, context| reset::begin(tx, &member.email, context));
    let visitor = app.anonymous();
    let path = format!("/reset-password?code={code}");
    for password in ["", "short", "aaaaaaaaaaaaaaaa", "ines@example.com", &"y".repeat(257)] {
        app.advance(MINUTE);
        let answer = visitor.submit_from(
            &path,
            "/reset-password",
            &[("code", &code), ("password", password)],
        );
        assert_eq!(answer.status, 422, "{password}");
        assert!(!answer.error_of("password").is_empty(), "{password}: {}", answer.body);
        assert!(
            password.is_empty()
                || password.contains("example.com")
                || !answer.body.contains(password)
        );
    }
    assert_eq!(visitor.get(&path).status, 200);
}

#[test]
fn the_revoke_form_and_the_theme_handle_hostile_input() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let used = app.site.clock.now().millis();
    app.sql(&format!("UPDATE api_keys SET last_used_at = {used}"));
    let path = format!("/api-keys/{id}/revoke");
    for (kind, text) in hostile() {
        let before = app.contents();
        let answer = manager.submit(&path, &[("confirm", &text), ("return", &text)]);
        assert_eq!(answer.status, 422, "{kind}: {}", answer.body);
        assert!(answer.error_of("confirm").starts_with("Type "), "{kind}");
        assert_clear(&answer, kind);
        assert_eq!(app.contents(), before, "{kind}");
        let answer = manager.submit_from("/api-keys", "/preferences/theme", &[("theme", &text)]);
        assert_eq!((answer.status, answer.location()), (303, "/"), "{kind}");
        let cookies = answer.set_cookies();
        let theme = cookies.iter().find(|cookie| cookie.starts_with("latchkey-theme-"));
        assert!(theme.is_some_and(|cookie| cookie.contains("=system;")));
    }
}

#[test]
fn the_disable_form_rejects_hostile_input_in_every_field() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let path = format!("/api-keys/{id}/disable");
    let usual = [
        ("reason", "Nobody knows it"),
        ("until", "date"),
        ("until_at", "2026-12-24T18:00"),
        ("then", "enable"),
    ];
    for field in usual.map(|(field, _)| field) {
        for (kind, text) in hostile() {
            let case = format!("{kind} as {field}");
            // Both fields may be left out.
            if kind == "empty" && matches!(field, "until" | "then") {
                continue;
            }
            let answer = manager.submit(&path, &with(&usual, field, &text));
            assert_clear(&answer, &case);
            if !is_accepted(field, kind) {
                assert_eq!(answer.status, 422, "{case}: {}", answer.body);
                assert!(!answer.error_of(field).is_empty(), "{case}: {}", answer.body);
                continue;
            }
            assert_eq!(answer.status, 303, "{case}: {}", answer.body);
            let page = manager.get(&format!("/api-keys/{id}"));
            assert_clear(&page, &case);
            assert!(page.text("#disabled").contains(&text), "{case}: {}", page.body);
            assert_clear(&manager.get("/activity"), &case);
            assert_eq!(manager.submit(&format!("/api-keys/{id}/enable"), &[]).status, 303);
        }
    }
    let disabled = "SELECT COUNT(*) FROM activity WHERE event = 'api_key.disabled'";
    assert_eq!(app.number(disabled), 6, "only for its reason");
}

/// `fields` with another value of `field`.
fn with<'a>(fields: &[(&'a str, &'a str)], field: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let replace =
        |(name, usual): &(&'a str, &'a str)| (*name, if *name == field { value } else { *usual });
    fields.iter().map(replace).collect()
}

#[test]
fn user_input_is_escaped_on_every_page() {
    let app = App::set_up();
    let manager = app.super_manager();
    let created = manager.create_key(&[("name", MARKUP), ("notes", MARKUP)]);
    assert_eq!(created.status, 200);
    let id = created.key_id();
    let pages = [
        created,
        manager.get("/api-keys"),
        manager.get(&format!("/api-keys/{id}")),
        manager.get(&format!("/api-keys/{id}/edit")),
        manager.get(&format!("/api-keys/{id}/revoke?return=/api-keys/{id}")),
        manager.get(&format!("/api-keys/new?from={id}")),
        manager.get(&format!("/api-keys?q={}", urlencode(MARKUP))),
        manager.get(&format!("/api-keys?q={}&view=revoked", urlencode(MARKUP))),
        manager.create_key(&[("name", MARKUP)]),
        manager.edit_key(&id, &[("notes", SQL)]),
        manager.get(&format!("/api-keys/{id}")),
        manager.submit(&format!("/api-keys/{id}/revoke"), &[]),
        manager.get("/api-keys?view=revoked"),
        manager.get("/activity"),
        manager.get(&format!("/activity?q={}", urlencode(MARKUP))),
        manager.get(&format!("/activity/{}", app.count("activity"))),
    ];
    for page in pages {
        assert_clear(&page, "markup");
    }
    assert_eq!(app.texts("SELECT name AS text FROM api_keys"), [MARKUP]);
}

#[test]
fn repeated_fields_and_other_content_types_are_rejected() {
    let app = App::set_up();
    let manager = app.super_manager();
    let before = app.contents();
    for field in [
        "name",
        "environment",
        "role",
        "lifetime",
        "access",
        "ip_whitelist",
        "notes",
        "owner",
        "external_id",
        "labels",
    ] {
        let twice =
            [&key_fields(&[])[..], &[(field, "production"), (field, "production")]].concat();
        let answer = manager.submit_from("/api-keys/new", "/api-keys", &twice);
        assert_eq!(answer.status, 422, "{field} twice");
        assert_eq!(answer.text("h1"), "This form could not be read");
    }
    let token = manager.get("/api-keys/new").form_token();
    let form = encoded(&key_fields(&[("form_token", &token)]));
    let json = format!("{{\"form_token\":\"{token}\",\"name\":\"X\"}}");
    let part = |name: &str, value: &str| {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let multipart = format!("{}{}--b--\r\n", part("form_token", &token), part("name", "X"));
    for (content_type, body) in [
        ("application/json", json.as_str()),
        ("application/json", &form),
        ("multipart/form-data; boundary=b", &multipart),
        ("text/plain", &form),
        ("text/html", &form),
        ("", &form),
        ("application/x-www-form-urlencodedx", &form),
    ] {
        let request = manager.http().post(format!("{}/api-keys", app.url));
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", content_type).body(body.to_owned());
        let answer = manager.send(request);
        assert_eq!(answer.status, 422, "{content_type}");
        assert_clear(&answer, content_type);
    }
    let request = manager.http().post(format!("{}/api-keys", app.url));
    let answer = manager.send(request.header("sec-fetch-site", "same-origin").body(form.clone()));
    assert_eq!(answer.status, 422, "no content type");
    assert_eq!(app.contents(), before);
    let charset = "Application/X-WWW-Form-URLencoded; charset=UTF-8";
    let request = manager.http().post(format!("{}/api-keys", app.url));
    let request = request.header("sec-fetch-site", "same-origin").header("content-type", charset);
    assert_eq!(
        manager.send(request.body(form)).status,
        200,
        "the same form with the content type that browsers send"
    );
}

#[test]
fn broken_encodings_and_huge_bodies_are_rejected() {
    let app = App::set_up();
    let manager = app.super_manager();
    let before = app.contents();
    let token = manager.get("/api-keys/new").form_token();
    let usual = encoded(&key_fields(&[("form_token", &token)]));
    for broken in ["%", "%z", "%zz", "%4", "%ff", "%c3%28", "%ed%a0%80", "%00%", "%u0041"] {
        let answer = manager.post_body("/api-keys", format!("{usual}&notes={broken}"));
        assert_eq!(answer.status, 422, "{broken}");
        assert_eq!(answer.text("h1"), "This form could not be read", "{broken}");
    }
    let raw = [usual.as_bytes(), b"&notes=\xff\xfe\xc3"].concat();
    assert_eq!(manager.post_body("/api-keys", raw).status, 422);
    for size in [65 * 1024, 1 << 20, 9 << 20] {
        let body = format!("{usual}&notes={}", "x".repeat(size));
        let answer = manager.post_body("/api-keys", body);
        assert_eq!(answer.status, 413, "{size}");
        assert_eq!(answer.text("h1"), "The text is too long");
        assert_clear(&answer, "1 MB");
    }
    let many = format!("{usual}{}", "&x=1".repeat(10_000));
    assert_eq!(manager.post_body("/api-keys", format!("{many}&scopes=%zz")).status, 422);
    assert_eq!(app.contents(), before);
    let visitor = app.anonymous();
    let answer = visitor.post_body("/sign-in", "x".repeat(1 << 20));
    assert_eq!(answer.status, 413);
}

/// In better-auth (CVE-2025-61928), a field of the body decided which user sent the request.
#[test]
fn fields_that_a_form_does_not_have_are_ignored() {
    let app = App::set_up();
    let manager = app.super_manager();
    let creator = app.super_manager_with(&[Permission::CreateKeys, Permission::UpdateKeys]);
    let owner = app.member("owner@example.com", true, &Permission::ALL);
    let owner = owner.id.as_str();
    let members = |app: &App| {
        app.texts(
            "SELECT email || CAST(super_manager AS TEXT) || ' ' || (SELECT COUNT(*) FROM \
             member_permissions WHERE member_id = members.id) AS text FROM members ORDER BY 1",
        )
    };
    let before = members(&app);
    let extra = [
        ("user_id", owner),
        ("member_id", owner),
        ("created_by", owner),
        ("actor", owner),
        ("super_manager", "true"),
        ("permissions", "member.manage"),
        ("permission", "member.manage"),
        ("id", "key_00000000000A"),
        ("key_id", "key_00000000000A"),
        ("secret", "lk_prod_chosen"),
        ("secret_key", "lk_prod_chosen"),
        ("digest", "00"),
        ("role_id", "role_full-access"),
        ("all_role_scopes", "1"),
        ("expires_at", "99999999999999"),
        ("created_at", "0"),
        ("last_used_at", "1"),
        ("revoked_at", "1"),
        ("attention_at", "0"),
        ("__proto__", "x"),
        ("name[]", "x"),
    ];
    let page = creator.create_key(&extra);
    assert_eq!(page.status, 200, "{}", page.body);
    let id = page.key_id();
    assert_ne!(id, "key_00000000000A");
    let query = "SELECT m.email || ' ' || k.role_id || ' ' || k.version || ' ' || k.last_used_at \
                AS text FROM api_keys AS k JOIN members AS m ON m.id = k.created_by";
    let created = app.texts(query);
    assert!(!created[0].starts_with("owner@") && created[0].ends_with("role_read-and-write 1 0"));
    let edit = [&extra[..], &[("environment", "development"), ("version", "1")]].concat();
    let answer = creator.edit_key(&id, &edit);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(app.texts(query), created, "an edit with only unknown fields changes nothing");
    assert_eq!(app.texts("SELECT environment AS text FROM api_keys"), ["production"]);
    assert_eq!(members(&app), before);
    let key_page = manager.get(&format!("/api-keys/{id}"));
    assert!(key_page.text(".title-row .badge").contains("Never used"), "{}", key_page.body);
    let fields = [&extra[..], &[("email", "owner@example.com"), ("password", "wrong")]].concat();
    assert_eq!(app.anonymous().submit("/sign-in", &fields).status, 422);
}

#[test]
fn tampered_urls_never_cause_a_server_error() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let texts = hostile();
    for name in
        ["view", "q", "role", "environment", "sort", "dir", "after", "before", "from", "return"]
    {
        for (kind, text) in &texts {
            let text = urlencode(text);
            for path in
                ["/api-keys".to_owned(), "/api-keys/new".into(), format!("/api-keys/{id}/edit")]
            {
                let page = manager.get(&format!("{path}?{name}={text}&{name}=again"));
                assert_eq!(page.status, 200, "{kind} as {name} of {path}");
                assert_clear(&page, kind);
            }
        }
    }
    for (kind, text) in &texts {
        for parameter in ["owner=", "label=a%3D"] {
            let page = manager.get(&format!("/api-keys?{parameter}{}", urlencode(text)));
            assert_eq!(page.status, 200, "{kind} as {parameter}");
            assert_clear(&page, kind);
        }
    }
    let zero = "key_000000000000";
    for sort in ["created", "name", "last_used", "expires"] {
        for cursor in [
            format!("0~{zero}~"),
            format!("0~{zero}~abc"),
            format!("18446744073709551615~{zero}~9223372036854775807"),
            format!("18446744073709551616~{zero}~1"),
            format!("-1~{zero}~1"),
            format!("0~{zero}~-9223372036854775808"),
            format!("0~{zero}~a%00b"),
            format!("0~{zero}~%ff%fe"),
            format!("0~{zero}~%27%3B%20DROP%20TABLE%20api_keys%3B--"),
            format!("0~{zero}~{}", "x".repeat(5000)),
            "0~key_0~1".into(),
            "~~~~".into(),
            "%00".into(),
            format!("25~{zero}"),
        ] {
            for side in ["after", "before"] {
                for dir in ["asc", "desc", "sideways"] {
                    let path = format!("/api-keys?sort={sort}&dir={dir}&{side}={cursor}");
                    let page = manager.get(&path);
                    assert_eq!(page.status, 200, "{path}");
                }
            }
        }
    }
}

#[test]
fn random_bodies_and_random_fields_never_cause_a_server_error() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let member = app.member("ines@example.com", true, &Permission::ALL).id.as_str().to_owned();
    let paths = [
        "/api-keys".to_owned(),
        format!("/api-keys/{id}/edit"),
        format!("/api-keys/{id}/disable"),
        format!("/api-keys/{id}/enable"),
        "/api-keys/bulk/disable".into(),
        format!("/api-keys/{id}/revoke"),
        "/sign-in".into(),
        "/set-up".into(),
        "/preferences/theme".into(),
        "/diagnosis".into(),
        "/sign-out".into(),
        "/members".into(),
        format!("/members/{member}/edit"),
        format!("/members/{member}/delete"),
        "/invitation".into(),
        "/account/edit".into(),
        "/account/password".into(),
        "/account/sessions/end".into(),
    ];
    let before = app.contents();
    let mut runner =
        TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let bytes = (prop::collection::vec(any::<u8>(), 0..400), 0..paths.len());
    runner
        .run(&bytes, |(body, path)| {
            let answer = manager.post_body(&paths[path], body);
            // Whoever has signed in already is led to the page that the form would lead to.
            let is_redirect = answer.status == 303 && paths[path] == "/sign-in";
            let is_rejected = matches!(answer.status, 403 | 422);
            prop_assert!(is_rejected || is_redirect, "{}", answer.status);
            Ok(())
        })
        .expect("no body causes a server error");
    assert_eq!(app.contents(), before);
    let field = prop_oneof!["\\PC{0,40}", any::<String>(), Just(String::new())];
    let fields = prop::collection::vec(field, 9);
    runner
        .run(&fields, |texts| {
            let token = manager.get("/api-keys/new").form_token();
            let names = [
                "name",
                "role",
                "expires_on",
                "scopes",
                "ip_whitelist",
                "notes",
                "owner",
                "external_id",
                "labels",
            ];
            let mut sent = vec![("form_token", token.as_str()), ("lifetime", "date")];
            sent.extend(names.into_iter().zip(texts.iter().map(String::as_str)));
            let answer = manager.post("/api-keys", &sent);
            prop_assert_eq!(answer.status, 422);
            prop_assert!(!answer.errors().is_empty());
            Ok(())
        })
        .expect("no field causes a server error");
    assert_eq!(app.contents(), before);
}

fn urlencode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
