//! The second step of signing in, its set-up, and what happens when it is lost.

use latchkey::base::clock::{DAY, HOUR, MINUTE, SECOND};
use latchkey::domain::members::{Member, Permission};
use latchkey::domain::settings::{self, Settings, TwoStep};
use latchkey::domain::sign_in::reset;

use crate::support::{App, AuthenticatorApp, Client, PASSWORD, Page};

const INES: &str = "ines@meridianfreight.example";
const TOMAS: &str = "tomas@meridianfreight.example";
const APP: &str = "/account/two-step/app";
const CODES: &str = "/account/two-step/recovery-codes";
const WRONG: &str = "This code is wrong or was used before. Enter the current code";

fn set_up() -> (App, Member, AuthenticatorApp) {
    let app = App::set_up();
    let member = app.member(INES, true, &Permission::ALL);
    let authenticator = app.enrol(&member);
    (app, member, authenticator)
}

/// A client after the right password.
fn half_signed_in(app: &App) -> Client {
    let client = app.anonymous();
    enter_password(&client);
    client
}

fn enter_password(client: &Client) {
    let page = client.submit("/sign-in", &[("email", INES), ("password", PASSWORD)]);
    assert_eq!((page.status, page.location()), (303, "/sign-in/code"), "{}", page.body);
}

fn enter_code(client: &Client, code: &str) -> Page {
    client.submit("/sign-in/code", &[("code", code)])
}

fn sign_in(app: &App, authenticator: &AuthenticatorApp) -> Client {
    let client = half_signed_in(app);
    let page = enter_code(&client, &app.code_of(authenticator));
    assert_eq!((page.status, page.location()), (303, "/api-keys"), "{}", page.body);
    client
}

/// The recorded events whose names start so.
fn events(app: &App, start: &str) -> Vec<String> {
    let query = "SELECT event AS text FROM activity WHERE event LIKE";
    app.texts(&format!("{query} '{start}%' ORDER BY number"))
}

fn is_signed_in(client: &Client) -> bool {
    client.get("/account").status == 200
}

fn assert_wrong(page: &Page) {
    assert_eq!(page.status, 422, "{}", page.body);
    assert_eq!(page.all("#errors li"), [WRONG]);
}

fn require(app: &App, two_step: TwoStep, days: Option<i64>) {
    app.write(|tx, context| {
        let two_step_from = days.map(|days| context.now.plus(days * DAY));
        let settings = settings::get(tx)?;
        settings::save(tx, &Settings { two_step, two_step_from, ..settings })
    });
}

#[test]
fn a_member_sets_up_an_app_and_saves_recovery_codes() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let client = app.signed_in(INES);
    let page = client.get("/account");
    assert_eq!(
        page.attribute("a[href='/account/two-step']", "class").as_deref(),
        Some("btn btn-secondary")
    );
    let page = client.get(APP);
    assert!(page.has("svg.qr path"));
    let authenticator = AuthenticatorApp::scan(&page);
    assert_eq!(
        client.get(APP).text("#app-secret"),
        page.text("#app-secret"),
        "reload shows the same"
    );

    let wrong = client.submit(APP, &[("code", "000000")]);
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.text("#app-secret"), page.text("#app-secret"));
    assert!(wrong.text("#errors").contains("This code is wrong"), "{}", wrong.body);

    let token = client.get(APP).form_token();
    let fields = [("form_token", token.as_str()), ("code", &app.code_of(&authenticator))];
    let shown = client.post(APP, &fields);
    assert_eq!(shown.status, 200, "{}", shown.body);
    let codes = shown.text("#codes-list");
    let codes: Vec<&str> = codes.split(' ').collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    let again = client.post(APP, &fields);
    assert_eq!((again.status, again.location()), (303, "/account/two-step"));
    let page = client.get("/account/two-step");
    assert!(page.text("#notice").starts_with("These recovery codes have already been shown."));
    assert!(page.text("main").contains("10 of 10 are left."), "{}", page.body);
    for code in codes {
        assert!(!format!("{:?}", app.everything()).contains(&code.replace('-', "")), "stored");
        assert!(!page.body.contains(code));
    }
    assert_eq!(events(&app, "two_step"), ["two_step.app_added"]);
}

#[test]
fn the_password_alone_gives_no_session() {
    let (app, _, authenticator) = set_up();
    let client = half_signed_in(&app);
    assert!(!is_signed_in(&client));
    assert!(!events(&app, "session").contains(&"session.signed_in".to_owned()));
    let page = client.get("/sign-in/code");
    assert_eq!((page.status, page.text(".lead")), (200, INES.to_owned()));
    assert_wrong(&enter_code(&client, "000000"));
    assert_wrong(&enter_code(&client, ""));
    assert!(!is_signed_in(&client));
    let page = enter_code(&client, &app.code_of(&authenticator));
    assert_eq!((page.status, page.location()), (303, "/api-keys"));
    assert!(is_signed_in(&client));
    assert!(client.cookie("latchkey-sign-in").is_none(), "the cookie of the first step is removed");
}

#[test]
fn a_code_is_accepted_once_and_for_a_minute_and_a_half() {
    let (app, member, authenticator) = set_up();
    let code = app.code_of(&authenticator);
    let [first, second] = [half_signed_in(&app), half_signed_in(&app)];
    assert_eq!(enter_code(&first, &code).status, 303);
    assert_wrong(&enter_code(&second, &code));
    for (offset, is_accepted) in [(-60, false), (-30, true), (30, true), (60, false)] {
        app.sql("DELETE FROM member_recovery_codes; DELETE FROM member_totp");
        let authenticator = app.enrol(&member);
        app.sql("UPDATE member_totp SET last_step = 0");
        let code = authenticator.code(app.site.clock.now().plus(offset * SECOND));
        let page = enter_code(&half_signed_in(&app), &code);
        assert_eq!(page.status == 303, is_accepted, "{offset} seconds: {}", page.body);
    }
}

#[test]
fn a_code_of_another_member_is_wrong() {
    let (app, _, _) = set_up();
    let tomas = app.enrol(&app.member(TOMAS, true, &Permission::ALL));
    assert_wrong(&enter_code(&half_signed_in(&app), &app.code_of(&tomas)));
    assert_wrong(&enter_code(&half_signed_in(&app), &tomas.recovery_codes[0]));
}

#[test]
fn the_page_that_was_asked_for_follows_the_code() {
    let (app, _, authenticator) = set_up();
    let client = app.anonymous();
    let fields = [("email", INES), ("password", PASSWORD), ("next", "/roles?q=a")];
    let page = client.submit("/sign-in", &fields);
    assert_eq!(page.location(), "/sign-in/code?next=%2Froles%3Fq%3Da");
    let form = client.get(page.location()).form_fields("main form");
    let code = app.code_of(&authenticator);
    let page = client.post("/sign-in/code", &crate::support::replaced(&form, &[("code", &code)]));
    assert_eq!((page.status, page.location()), (303, "/roles?q=a"));
}

#[test]
fn the_second_step_must_follow_within_five_minutes_and_works_once() {
    let (app, _, authenticator) = set_up();
    let client = half_signed_in(&app);
    let copy = client.copy();
    let code = app.code_of(&authenticator);
    assert_eq!(enter_code(&client, &code).status, 303);
    app.advance(30 * SECOND);
    let token = app.token(&copy, "/sign-in/code");
    let code = app.code_of(&authenticator);
    let again = copy.post("/sign-in/code", &[("form_token", &token), ("code", &code)]);
    assert_eq!((again.status, again.location()), (303, "/sign-in?late=1"));
    let late = half_signed_in(&app);
    app.advance(5 * MINUTE);
    let page = late.get("/sign-in/code?next=%2Froles");
    assert_eq!((page.status, page.location()), (303, "/sign-in?next=%2Froles&late=1"));
    let page = late.get(page.location());
    assert_eq!(
        page.text("#notice"),
        "Sign in again. The code must follow the password within five minutes."
    );
}

#[test]
fn what_ends_sessions_also_ends_a_sign_in_that_waits_for_its_code() {
    let (app, member, _) = set_up();
    let client = half_signed_in(&app);
    let manager = app.super_manager();
    let path = format!("/members/{}", member.id.as_str());
    assert_eq!(manager.submit(&format!("{path}/disable"), &[]).status, 303);
    assert_eq!(manager.submit(&format!("{path}/enable"), &[]).status, 303);
    let page = client.get("/sign-in/code");
    assert_eq!((page.status, page.location()), (303, "/sign-in?late=1"));
}

#[test]
fn a_recovery_code_signs_in_once_is_mailed_and_opens_an_alert() {
    let (app, _, authenticator) = set_up();
    crate::mail::use_server(&app, 1);
    let code = &authenticator.recovery_codes[3];
    let client = half_signed_in(&app);
    let page = enter_code(&client, &code.to_lowercase().replace('-', " "));
    assert_eq!((page.status, page.location()), (303, "/api-keys"), "{}", page.body);
    assert_eq!(
        client.get("/api-keys").text("#notice"),
        "You used a recovery code. 9 are left. If you lost your phone or passkey, replace it in \
         Account settings."
    );
    assert!(client.get("/account/two-step").text("main").contains("9 of 10 are left."));
    assert_wrong(&enter_code(&half_signed_in(&app), code));
    let mails = app.texts("SELECT subject AS text FROM mail_outbox");
    assert_eq!(mails, ["Latchkey: a recovery code was used"]);
    app.find_alerts();
    let alerts = client.get("/alerts").text("main");
    assert!(alerts.contains("Ines Okafor used a recovery code"), "{alerts}");
    let activity = client.get("/activity?view=all").text("main");
    assert!(activity.contains("Used a recovery code, 9 left"), "{activity}");
    assert!(activity.contains("With password and recovery code"), "{activity}");
}

#[test]
fn wrong_codes_are_limited_for_each_member_over_all_networks() {
    let (app, _, authenticator) = set_up();
    let client = half_signed_in(&app);
    // Each attempt comes from another network, so that only the limit of the member counts.
    let attempt = |number: usize, code: &str| {
        let other = client.copy().calling_from(&format!("203.0.{number}.1"));
        let token = app.token(&other, "/sign-in/code");
        other.post("/sign-in/code", &[("form_token", &token), ("code", code)])
    };
    let wrong = (0..200).filter(|number| attempt(*number, "000000").status == 422).count();
    assert_eq!(wrong, 10, "only so many reach the check");
    let waits = attempt(200, &app.code_of(&authenticator));
    assert_eq!(waits.status, 429);
    assert_eq!(waits.all("#errors li"), ["Too many attempts. Try again in 15 minutes"]);
    assert_eq!(events(&app, "session.second_step").len(), 10);
    app.find_alerts();
    let manager = app.super_manager();
    let alerts = manager.get("/alerts").text("main");
    assert!(
        alerts.contains("Someone with the password of Ines Okafor enters wrong codes"),
        "{alerts}"
    );
    app.advance(HOUR + MINUTE);
    enter_password(&client);
    assert_eq!(attempt(201, &app.code_of(&authenticator)).status, 303);
}

#[test]
fn parallel_wrong_codes_reach_the_check_no_more_often_than_the_limit_says() {
    let (app, _, _) = set_up();
    let client = half_signed_in(&app);
    let token = app.token(&client, "/sign-in/code");
    let wrong = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..200)
            .map(|number| {
                let other = client.copy().calling_from(&format!("203.0.{number}.1"));
                let token = &token;
                scope.spawn(move || {
                    other.post("/sign-in/code", &[("form_token", token), ("code", "000000")]).status
                })
            })
            .collect();
        let statuses = attempts.into_iter().map(|attempt| attempt.join().expect("an answer"));
        statuses.filter(|status| *status == 422).count()
    });
    assert!(wrong <= 10, "{wrong} reached the check");
    assert!(events(&app, "session.second_step").len() <= 10);
}

#[test]
fn a_new_password_by_a_link_does_not_replace_the_second_step() {
    let (app, member, authenticator) = set_up();
    app.member(TOMAS, true, &Permission::ALL);
    let (_, code) = app.write(|tx, context| reset::begin_for(tx, &member.id, context));
    let client = app.anonymous();
    let new = "lantern orbit cabbage velvet";
    let fields = [("code", code.as_str()), ("password", new)];
    let page =
        client.submit_from(&format!("/reset-password?code={code}"), "/reset-password", &fields);
    assert_eq!((page.status, page.location()), (303, "/sign-in/code"), "{}", page.body);
    assert!(!is_signed_in(&client));
    assert_eq!(enter_code(&client, &app.code_of(&authenticator)).status, 303);
    assert!(is_signed_in(&client));
}

#[test]
fn an_app_is_replaced_and_removed() {
    let (app, _, first) = set_up();
    let client = sign_in(&app, &first);
    let page = client.get(APP);
    let second = AuthenticatorApp::scan(&page);
    let page = client.submit(APP, &[("code", &app.code_of(&second))]);
    assert_eq!((page.status, page.location()), (303, "/account/two-step"), "the codes stay");
    app.advance(MINUTE);
    assert_wrong(&enter_code(&half_signed_in(&app), &app.code_of(&first)));
    let client = sign_in(&app, &second);
    let page = client.submit("/account/two-step/app/remove", &[]);
    assert_eq!((page.status, page.location()), (303, "/account/two-step"));
    assert!(client.get("/account/two-step").has("#set-up.btn-primary"));
    assert!(is_signed_in(&app.signed_in(INES)), "the password suffices again");
}

#[test]
fn new_recovery_codes_end_the_old_ones() {
    let (app, _, authenticator) = set_up();
    let client = sign_in(&app, &authenticator);
    let page = client.submit(CODES, &[]);
    assert_eq!(page.status, 200, "{}", page.body);
    let codes = page.text("#codes-list");
    assert_wrong(&enter_code(&half_signed_in(&app), &authenticator.recovery_codes[0]));
    let new = codes.split(' ').next().expect("a code");
    assert_eq!(enter_code(&half_signed_in(&app), new).status, 303);
}

#[test]
fn a_super_manager_removes_the_second_factor_of_a_member_who_lost_the_phone() {
    let (app, member, authenticator) = set_up();
    crate::mail::use_server(&app, 1);
    let client = sign_in(&app, &authenticator);
    let manager = app.super_manager();
    let edit = format!("/members/{}/edit", member.id.as_str());
    let path = format!("/members/{}/two-step/remove", member.id.as_str());
    assert!(manager.get(&edit).has(&format!("a[href='{path}']")));
    assert!(manager.get("/members").text("main").contains("Two-step verification"));
    assert_eq!(manager.submit(&path, &[]).status, 303);
    assert!(!is_signed_in(&client), "their sessions have ended");
    assert!(is_signed_in(&app.signed_in(INES)));
    let mails = app.texts("SELECT subject AS text FROM mail_outbox");
    assert_eq!(mails, ["Latchkey: your two-step verification was removed"]);
    let own = manager.get("/account").text("main");
    assert!(own.contains("Two-step verification"), "{own}");
}

#[test]
fn who_holds_less_cannot_remove_a_second_factor() {
    let (app, member, authenticator) = set_up();
    let manager = app.super_manager_with(&[Permission::ManageMembers]);
    let path = format!("/members/{}/two-step/remove", member.id.as_str());
    assert_eq!(manager.submit(&path, &[]).status, 403);
    let own = sign_in(&app, &authenticator);
    assert_eq!(own.submit(&path, &[]).status, 403, "not one's own: the account page does that");
}

#[test]
fn members_without_a_required_second_factor_can_only_set_it_up() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    require(&app, TwoStep::Everyone, None);
    let client = app.signed_in(INES);
    for path in ["/api-keys", "/account", "/settings", "/members", "/api-keys/new"] {
        let page = client.get(path);
        assert_eq!((page.status, page.location()), (303, "/account/two-step"), "{path}");
    }
    let created = app.post_with_token(&client, "/api-keys", &crate::support::key_fields(&[]));
    assert_eq!((created.status, created.location()), (303, "/account/two-step"));
    let page = client.get("/account/two-step");
    assert!(page.text("#two-step-required").contains("Meridian Freight requires"), "{}", page.body);
    assert!(!page.has("nav a[href='/api-keys']") && !page.has("#lookup"), "they would lead back");
    let authenticator = AuthenticatorApp::scan(&client.get(APP));
    assert_eq!(client.submit(APP, &[("code", &app.code_of(&authenticator))]).status, 200);
    assert_eq!(client.get("/api-keys").status, 200);
    let page = client.submit("/account/two-step/app/remove", &[]);
    assert_eq!(page.status, 422, "it is required");
    assert_eq!(client.submit("/sign-out", &[]).status, 303);
}

#[test]
fn a_requirement_can_be_announced_and_limited_to_super_managers() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    app.member(TOMAS, false, &[]);
    require(&app, TwoStep::SuperManagers, Some(7));
    let [ines, tomas] = [INES, TOMAS].map(|email| app.signed_in(email));
    let page = ines.get("/api-keys");
    assert!(
        page.text("#two-step-from").starts_with("From 30 November 2026 on, you need"),
        "{}",
        page.body
    );
    assert!(!tomas.get("/account").has("#two-step-from"));
    app.advance(7 * DAY);
    let [ines, tomas] = [INES, TOMAS].map(|email| app.signed_in(email));
    assert_eq!(ines.get("/api-keys").location(), "/account/two-step");
    assert_eq!(tomas.get("/account").status, 200);
}

#[test]
fn only_who_has_a_second_factor_can_require_one() {
    let (app, _, authenticator) = set_up();
    let change = |client: &Client| {
        let form = client.get("/settings").form_fields("form.settings");
        let fields = [("two_step", "everyone"), ("two_step_from", "2026-12-20")];
        client.post("/settings", &crate::support::replaced(&form, &fields))
    };
    let without = app.super_manager();
    let page = change(&without);
    assert_eq!(page.status, 422);
    assert_eq!(
        page.all("#errors li"),
        ["Set up two-step verification for yourself first, in your account"]
    );
    assert_eq!(page.attribute("#two_step_from", "value").as_deref(), Some("2026-12-20"));
    let page = change(&sign_in(&app, &authenticator));
    assert_eq!(page.status, 303, "{}", page.body);
    let stored = app.read(settings::get);
    assert_eq!(stored.two_step, TwoStep::Everyone);
}
