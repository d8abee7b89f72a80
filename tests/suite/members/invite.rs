//! Inviting members, and accepting an invitation through a link that is shown once.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::members::{Email, Permission};
use latchkey::domain::sign_in::reset;

use super::{
    INES, NEW_PASSWORD, TOMAS, VIEW, accept, app_with_ines, code, confirm_step, events, id_of,
    invite, is_signed_in, link, permissions_of, row,
};
use crate::support::smtp::{Mode, Smtp};
use crate::support::{PASSWORD, Page, encoded};

#[test]
fn an_invitation_creates_a_member_with_exactly_the_granted_permissions() {
    let (app, ines) = app_with_ines();
    let response = invite(&ines, TOMAS, &[("super_manager", "yes"), ("permissions", VIEW)]);
    let link = link(&app, &response);
    let id = id_of(&app, TOMAS);
    let table = ines.get("/members");
    assert!(row(&table, &id).contains("Invited, expires 30 Nov 2026"), "{}", row(&table, &id));
    assert!(row(&table, &id).contains("1 of 8 permissions"));
    assert_eq!(table.text("#notice"), "“Tomas Lind” invited.");
    let page = app.anonymous().get(&link);
    assert_eq!((page.status, page.text("h1").as_str()), (200, "Accept your invitation"));
    assert!(page.text(".lead").contains(TOMAS) && page.text(".lead").contains("Meridian Freight"));

    let extra = [
        ("super_manager", "yes"),
        ("permissions", "member.manage"),
        ("email", "other@example.com"),
        ("member_id", "mem_0"),
        ("name", "Tomas J. Lind"),
    ];
    let (tomas, response) = accept(&app, &link, &extra);
    assert_eq!((response.status, response.location()), (303, "/api-keys"));
    assert_eq!(tomas.get("/api-keys").status, 200);
    assert_eq!(tomas.get("/members").status, 403);
    assert_eq!(permissions_of(&app, &id), [VIEW]);
    assert_eq!(app.texts("SELECT email AS text FROM members ORDER BY 1"), [INES, TOMAS]);
    assert!(row(&ines.get("/members"), &id).starts_with("Tomas J. Lind"));
    assert_eq!(
        events(&app)[2..],
        ["member.invited", "member.invitation_accepted", "session.signed_in"]
    );
    let again = app.anonymous();
    assert_eq!(
        again.submit("/sign-in", &[("email", TOMAS), ("password", NEW_PASSWORD)]).status,
        303
    );
}

#[test]
fn an_invitation_starts_with_view_only_and_presets_tick_other_permissions() {
    let (app, ines) = app_with_ines();
    let ticked = |page: &Page| {
        let boxes = page.form_fields("#new form").into_iter();
        boxes.filter(|(name, _)| name == "permissions").map(|(_, value)| value).collect::<Vec<_>>()
    };
    let dialog = ines.get("/members/new");
    assert_eq!(dialog.all(".presets button"), ["View Only", "Manage Keys", "Everything"]);
    assert!(dialog.has("#super_manager[checked]"));
    assert_eq!(dialog.text(".presets [aria-pressed=true]"), "View Only");
    assert_eq!(ticked(&dialog), [VIEW]);
    let typed = [("name", "Tomas Lind"), ("email", TOMAS)];
    let press = |preset| {
        let fields = [&typed[..], &[("preset", preset)]].concat();
        ines.submit_from("/members/new", "/members", &fields)
    };
    let dialog = press("keys");
    assert_eq!(dialog.status, 200);
    assert_eq!(ticked(&dialog), [VIEW, "api.key.create", "api.key.update", "api.key.delete"]);
    assert_eq!(dialog.attribute("#email", "value").as_deref(), Some(TOMAS));
    assert_eq!(dialog.text(".presets [aria-pressed=true]"), "Manage Keys");
    assert_eq!(ticked(&press("everything")).len(), Permission::ALL.len());
    assert_eq!(app.count("members"), 1, "a preset only fills in the form");
    let manager = app.super_manager_with(&[Permission::ManageMembers, Permission::ViewKeys]);
    assert_eq!(manager.get("/members/new").all(".presets button"), ["View Only"]);
    let id = id_of(&app, INES);
    let preset = [("preset", "view")];
    let dialog = ines.submit(&format!("/members/{id}/edit"), &preset);
    assert_eq!((dialog.status, dialog.text("#edit h2").as_str()), (200, "Edit Member"));
    assert_eq!(permissions_of(&app, &id).len(), Permission::ALL.len());
}

#[test]
fn a_super_manager_needs_at_least_one_permission() {
    let (app, ines) = app_with_ines();
    let response = invite(&ines, TOMAS, &[("super_manager", "yes")]);
    assert_eq!(response.status, 422);
    assert_eq!(response.error_of("permissions"), "Choose at least one permission");
    assert_eq!(app.count("members"), 1);
}

#[test]
fn people_start_on_the_first_page_that_they_may_see() {
    let (app, ines) = app_with_ines();
    app.member("member@example.com", false, &[]);
    let settings = [("super_manager", "yes"), ("permissions", "settings.manage")];
    for (email, access, home) in
        [(TOMAS, &settings[..], "/settings"), ("noor@meridianfreight.example", &[], "/account")]
    {
        let link = link(&app, &invite(&ines, email, access));
        let (client, response) = accept(&app, &link, &[]);
        assert_eq!((response.status, response.location()), (303, home));
        let page = client.get(home);
        assert_eq!(page.status, 200);
        assert_eq!(page.has("#notice"), home == "/account");
        let again = app.anonymous();
        let fields = [("email", email), ("password", NEW_PASSWORD), ("next", "/api-keys")];
        assert_eq!(again.submit("/sign-in", &fields).location(), home);
    }
    let page = app.signed_in("member@example.com").get("/account");
    let notice = "You can sign in, but have no access to API keys yet. Ask Ines Okafor.";
    assert_eq!(page.text("#notice"), notice);
    assert!(ines.get("/members").has("#notice"), "about the invitation");
    assert!(!ines.get("/account").has("#notice"));
    let hint = ines.get("/account").text(".account");
    assert!(!hint.contains("ask Ines Okafor"), "{hint}");
}

#[test]
fn the_link_is_shown_once_and_stored_nowhere() {
    let (app, ines) = app_with_ines();
    let token = ines.get("/members/new").form_token();
    let fields = [("name", "Tomas Lind"), ("email", TOMAS), ("form_token", token.as_str())];
    let shown = link(&app, &ines.post("/members", &fields));
    let replay = ines.post("/members", &fields);
    assert_eq!((replay.status, replay.location()), (303, "/members"));
    let page = ines.get("/members");
    assert!(page.text("#notice").starts_with("This link has already been shown."));
    assert_eq!(app.count("members"), 2);
    assert_eq!(app.count("one_time_codes"), 1);
    let secret = code(&shown);
    assert!(!app.everything().iter().any(|row| row.contains(secret)));
    let pages = [page, replay, ines.get("/members"), ines.get("/account")];
    assert!(!pages.iter().any(|page| page.body.contains(secret)));
    let again = confirm_step(&app, &ines, &id_of(&app, TOMAS), "invite");
    assert_ne!(link(&app, &again), shown);
}

#[test]
fn the_page_with_the_link_is_not_compressed() {
    let (app, ines) = app_with_ines();
    let token = ines.get("/members/new").form_token();
    let fields = [("name", "Tomas Lind"), ("email", TOMAS), ("form_token", token.as_str())];
    let request = ines.request("/members").header("sec-fetch-site", "same-origin");
    let response = ines.send(request.header("accept-encoding", "br, gzip").body(encoded(&fields)));
    assert!(link(&app, &response).starts_with("/invitation?code="));
}

#[test]
fn an_invitation_works_for_seven_days_and_a_new_link_for_seven_more() {
    let (app, ines) = app_with_ines();
    let first = link(&app, &invite(&ines, TOMAS, &[]));
    app.advance(7 * DAY - 1);
    assert_eq!(app.anonymous().get(&first).status, 200);
    app.advance(1);
    let page = app.anonymous().get(&first);
    assert_eq!((page.status, page.text("h1").as_str()), (404, "This invitation does not work"));
    assert_eq!(accept(&app, &first, &[]).1.status, 422);
    let ines = app.signed_in(INES);
    let id = id_of(&app, TOMAS);
    assert!(row(&ines.get("/members"), &id).contains("Invitation expired"));
    let second = link(&app, &confirm_step(&app, &ines, &id, "invite"));
    assert_eq!(app.anonymous().get(&first).status, 404);
    app.advance(DAY);
    let third = link(&app, &confirm_step(&app, &app.signed_in(INES), &id, "invite"));
    assert_eq!(app.anonymous().get(&second).status, 404, "the newer link stops the older one");
    assert_eq!(accept(&app, &third, &[]).1.status, 303);
    assert_eq!(app.count("one_time_codes"), 0);
}

#[test]
fn a_link_works_once_even_for_concurrent_visitors() {
    let (app, ines) = app_with_ines();
    let link = link(&app, &invite(&ines, TOMAS, &[]));
    let visitors: Vec<_> = (0..4).map(|_| app.anonymous()).collect();
    let tokens: Vec<_> = visitors.iter().map(|visitor| visitor.get(&link).form_token()).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = visitors
            .iter()
            .zip(&tokens)
            .map(|(visitor, token)| {
                let fields =
                    [("form_token", &**token), ("code", code(&link)), ("password", NEW_PASSWORD)];
                scope.spawn(move || visitor.post("/invitation", &fields).status)
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a response")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 3, "{statuses:?}");
    assert_eq!(visitors.iter().filter(|visitor| is_signed_in(visitor)).count(), 1);
    assert_eq!(app.anonymous().get(&link).status, 404);
}

#[test]
fn submitting_the_acceptance_twice_redirects_to_the_same_page() {
    let (app, ines) = app_with_ines();
    let link = link(&app, &invite(&ines, TOMAS, &[]));
    let visitor = app.anonymous();
    let token = visitor.get(&link).form_token();
    let fields = [("code", code(&link)), ("password", NEW_PASSWORD), ("form_token", &token)];
    let second = visitor.copy();
    assert_eq!(visitor.post("/invitation", &fields).status, 303);
    let response = second.post("/invitation", &fields);
    assert_eq!((response.status, response.location()), (303, "/account"));
    assert_eq!(events(&app).iter().filter(|e| *e == "member.invitation_accepted").count(), 1);
}

#[test]
fn a_withdrawn_invitation_no_longer_works() {
    let (app, ines) = app_with_ines();
    let link = link(&app, &invite(&ines, TOMAS, &[]));
    let id = id_of(&app, TOMAS);
    let response = confirm_step(&app, &ines, &id, "withdraw");
    assert_eq!((response.status, response.location()), (303, "/members"));
    assert_eq!(app.anonymous().get(&link).status, 404);
    assert_eq!(accept(&app, &link, &[]).1.status, 422);
    assert_eq!((app.count("members"), app.count("one_time_codes")), (1, 0));
    assert_eq!(confirm_step(&app, &ines, &id, "withdraw").status, 404);
    let response = invite(&ines, TOMAS, &[]);
    assert_eq!(response.status, 200, "the address can be invited again");
    assert_eq!(
        events(&app)[2..],
        ["member.invited", "member.invitation_withdrawn", "member.invited"]
    );
}

#[test]
fn an_address_is_invited_once_regardless_of_case() {
    let (app, ines) = app_with_ines();
    assert_eq!(invite(&ines, TOMAS, &[]).status, 200);
    for email in [TOMAS, "TOMAS@meridianfreight.example"] {
        let response = invite(&ines, email, &[]);
        assert_eq!(response.status, 422);
        assert!(
            response.error_of("email").starts_with("This email address has been invited already")
        );
    }
    for email in [INES, "Ines@MeridianFreight.example"] {
        let response = invite(&ines, email, &[]);
        assert_eq!(response.error_of("email"), "Another member already has this email address");
    }
    assert_eq!(app.count("members"), 2);
}

#[test]
fn an_invited_member_cannot_sign_in_or_reset_a_password() {
    let (app, ines) = app_with_ines();
    invite(&ines, TOMAS, &[("super_manager", "yes"), ("permissions", "member.manage")]);
    let visitor = app.anonymous();
    for password in ["", PASSWORD, NEW_PASSWORD] {
        let response = visitor.submit("/sign-in", &[("email", TOMAS), ("password", password)]);
        assert_eq!(response.errors(), ["Email address or password is wrong"]);
    }
    let context = latchkey::domain::activity::Context::command_line(
        app.site.keyring.clone(),
        app.site.clock.now(),
    );
    let email = Email::parse(TOMAS).expect("an address");
    let result = app.site.db.write_blocking(|tx| reset::begin(tx, &email, &context));
    assert!(result.is_err_and(|error| error.to_string().contains("has not accepted")));
    let id = id_of(&app, TOMAS);
    for step in ["reset-password", "disable", "enable", "delete"] {
        let response = confirm_step(&app, &ines, &id, step);
        assert_eq!(response.status, 303, "{step}");
        assert_eq!(
            ines.get("/members").text("#notice"),
            "“Tomas Lind” has not accepted the invitation yet."
        );
    }
    assert!(row(&ines.get("/members"), &id).contains("Invited"));
}

#[test]
fn a_link_opened_by_another_member_changes_neither_member() {
    let (app, ines) = app_with_ines();
    let link = link(&app, &invite(&ines, TOMAS, &[]));
    let before = app.contents();
    let page = ines.get(&link);
    assert_eq!(
        (page.status, page.text("h1").as_str()),
        (200, "You are signed in as somebody else")
    );
    assert!(page.text(".lead").contains(INES) && page.text(".lead").contains(TOMAS));
    assert!(page.has("form[action='/sign-out']") && !page.has("#password"));
    let fields = [("code", code(&link)), ("password", NEW_PASSWORD)];
    let response = ines.submit_from(&link, "/invitation", &fields);
    assert_eq!(
        (response.status, response.text("h1").as_str()),
        (409, "You are signed in as somebody else")
    );
    assert_eq!(app.contents(), before);
    let out = ines.submit_from(&link, "/sign-out", &[]);
    assert_eq!(out.status, 303);
    assert_eq!(ines.submit_from(&link, "/invitation", &fields).status, 303);
    assert!(ines.get("/account").body.contains(TOMAS));
}

#[test]
fn an_invalid_name_or_password_does_not_use_up_the_invitation() {
    let (app, ines) = app_with_ines();
    let link = link(&app, &invite(&ines, TOMAS, &[]));
    for password in ["", "short", "aaaaaaaaaaaaaaaa", TOMAS, &"y".repeat(257)] {
        app.advance(MINUTE);
        let visitor = app.anonymous();
        let fields = [("code", code(&link)), ("name", "Tomas"), ("password", password)];
        let response = visitor.submit_from(&link, "/invitation", &fields);
        assert_eq!(response.status, 422, "{password}");
        assert!(!response.error_of("password").is_empty(), "{password}: {}", response.body);
    }
    for name in ["", " ", "a\u{202e}b", &"x".repeat(81)] {
        app.advance(MINUTE);
        let (_, response) = accept(&app, &link, &[("name", name)]);
        assert_eq!(response.status, 422, "{name}");
        assert!(!response.error_of("name").is_empty(), "{name}: {}", response.body);
    }
    assert_eq!(accept(&app, &link, &[]).1.status, 303);
}

#[test]
fn invitation_codes_are_throttled_and_invalid_ones_are_rejected() {
    let (app, ines) = app_with_ines();
    let good = link(&app, &invite(&ines, TOMAS, &[]));
    let stranger = app.anonymous();
    for code in ["", "x", "0000000000000000000000", "%00", "%F0%9F%94%91", "<script>"] {
        let page = stranger.get(&format!("/invitation?code={code}"));
        assert_eq!((page.status, page.text("h1").as_str()), (404, "This invitation does not work"));
        assert!(!page.body.contains("<script>alert"));
    }
    stranger.get("/sign-in");
    let token = app.token(&stranger, "/invitation");
    let statuses: Vec<u16> = (0..26)
        .map(|n| {
            let wrong = format!("{n:022}");
            let fields = [("code", wrong.as_str()), ("password", "x"), ("form_token", &token)];
            stranger.post("/invitation", &fields).status
        })
        .collect();
    assert_eq!(statuses[..20], [422; 20], "opening a link does not count as an attempt");
    assert_eq!(statuses[20..], [429; 6]);
    assert_eq!(stranger.get(&good).status, 200, "opening a link is not throttled");
    let used = app.count("spent_form_tokens");
    assert_eq!(app.anonymous().get(&good).status, 200, "other clients are not throttled");
    assert_eq!(used, 1, "only the accepted form token is stored, nothing about wrong codes");
    // The code of an invitation does not work for a password reset.
    assert_eq!(app.anonymous().get(&format!("/reset-password?code={}", code(&good))).status, 404);
}

#[test]
fn nobody_can_invite_with_permissions_they_do_not_have() {
    let app = crate::support::App::set_up();
    let manager = app.super_manager_with(&[Permission::ManageMembers, Permission::ViewKeys]);
    let before = app.contents();
    for permission in Permission::ALL {
        let fields = [("super_manager", "yes"), ("permissions", permission.as_str())];
        let response = invite(&manager, "a@example.com", &fields);
        if matches!(permission, Permission::ManageMembers | Permission::ViewKeys) {
            assert_eq!(response.status, 200, "{permission}");
            app.sql("DELETE FROM members WHERE email = 'a@example.com'");
            continue;
        }
        assert_eq!(response.status, 422, "{permission}");
        let message = format!("You cannot give {permission}: you do not have it yourself");
        assert_eq!(response.error_of("permissions"), message);
        // It is rejected without the role too, so that it cannot appear when the role is added.
        let response = invite(&manager, "a@example.com", &[("permissions", permission.as_str())]);
        assert_eq!(response.status, 422, "{permission}");
    }
    let dialog = manager.get("/members/new");
    assert_eq!(dialog.all("input[name=permissions][disabled]").len(), 6);
    for (super_manager, permission, field) in [
        ("yes", "member.*", "permissions"),
        ("yes", "", "permissions"),
        ("maybe", VIEW, "super_manager"),
    ] {
        let fields = [("super_manager", super_manager), ("permissions", permission)];
        let response = invite(&manager, "a@example.com", &fields);
        assert_eq!(response.status, 422, "{field}");
        assert!(!response.error_of(field).is_empty());
    }
    assert_eq!(app.contents().len(), before.len() + 2, "only the two invitations were recorded");
}

const MARKUP: &str = "<script>alert(1)</script>";

#[test]
fn hostile_names_and_addresses_are_rejected_or_escaped() {
    let (app, ines) = app_with_ines();
    let long = "x".repeat(10_000);
    for (name, email) in [
        ("", "a@example.com"),
        ("a\u{202e}b", "a@example.com"),
        ("a\0b", "a@example.com"),
        (long.as_str(), "a@example.com"),
        ("Tomas", ""),
        ("Tomas", "tomas"),
        ("Tomas", "a\u{202e}b@example.com"),
        ("Tomas", "<script>@example.com"),
        ("Tomas", &format!("{long}@example.com")),
    ] {
        let fields = [("name", name), ("email", email)];
        let response = ines.submit_from("/members/new", "/members", &fields);
        assert_eq!(response.status, 422, "{name:?} {email:?}");
        assert!(!response.errors().is_empty() && !response.body.contains("<script>@"));
    }
    assert_eq!(app.count("members"), 1);
    let fields = [("name", MARKUP), ("email", "a@example.com")];
    let response = ines.submit_from("/members/new", "/members", &fields);
    let link = link(&app, &response);
    let id = id_of(&app, "a@example.com");
    let mut pages = vec![response, ines.get("/members"), app.anonymous().get(&link)];
    pages.extend(
        ["edit", "invite", "withdraw"].map(|step| ines.get(&format!("/members/{id}/{step}"))),
    );
    for page in pages {
        assert_eq!(page.status, 200);
        assert!(page.body.contains("alert(1)") && !page.body.contains("<script>alert"));
    }
    let huge = format!(
        "{}&name={}",
        encoded(&[("form_token", &ines.get("/members").form_token())]),
        "x".repeat(1 << 20)
    );
    assert_eq!(ines.post_body("/members", huge).status, 413);
}

#[test]
fn with_a_mail_server_the_link_is_both_shown_and_sent() {
    let (app, ines) = app_with_ines();
    for mode in [Mode::Accepts, Mode::Rejects] {
        app.sql(&format!("DELETE FROM members WHERE email_folded = '{TOMAS}'"));
        let smtp = Smtp::start(mode);
        let port = smtp.port.to_string();
        let server = [
            ("mail_host", "localhost"),
            ("mail_port", &port),
            ("mail_security", "none"),
            ("mail_sender", "latchkey@meridianfreight.example"),
        ];
        assert_eq!(ines.submit_from("/settings", "/settings/mail", &server).status, 303);
        let page = invite(&ines, TOMAS, &[]);
        let link = link(&app, &page);
        let sent = page.text("#sent");
        assert!(sent.starts_with(&format!("It is also being sent to {TOMAS}.")), "{sent}");
        assert_eq!(smtp.message(), None, "the page does not wait for delivery");
        app.send_mail();
        let message = smtp.message();
        assert_eq!(message.is_some(), matches!(mode, Mode::Accepts));
        if let Some(message) = message {
            // Long lines are broken with "=" (RFC 2045, 6.7).
            let message = message.replace("=\n", "").replace("=3D", "=");
            assert!(message.contains(&format!("{}{link}", app.url)), "{message}");
            assert!(message.contains(&format!("To: {TOMAS}")), "{message}");
        }
        assert_eq!(accept(&app, &link, &[]).1.status, 303);
    }
}
