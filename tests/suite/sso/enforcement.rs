//! Passwords are turned off, except for break-glass members.

use latchkey::base::clock::{DAY, MINUTE};
use latchkey::domain::activity::Context;
use latchkey::domain::members::invitation::Draft;
use latchkey::domain::members::{Email, Member, MemberId, Permission};
use latchkey::domain::sign_in::{invitation, reset, two_step};
use latchkey::domain::sso::{self, NewMembers, break_glass};

use super::{INES, app_with, events, link, set_mail_server, sign_in, turn_on};
use crate::support::provider::Provider;
use crate::support::{
    App, Authenticator, AuthenticatorApp, Client, NOW, PASSKEY_ORIGIN, PASSWORD, Page,
    authenticator,
};

const ROOT: &str = "root@meridianfreight.example";
const NOOR: &str = "noor@meridianfreight.example";
const PASSWORDS_OFF: [(&str, &str); 1] = [("passwords", "break_glass_only")];

/// An app, a client who signed in at the provider, and the other super manager.
fn prepared() -> (App, Provider, Client, Member) {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let ines = app.member(INES, true, &Permission::ALL);
    link(&app, &provider, &ines, "subject-1");
    let root = app.member(NOOR, true, &Permission::ALL);
    let client = app.anonymous();
    sign_in(&client);
    (app, provider, client, root)
}

/// Sends the form of the provider with other values for `fields`.
fn save(client: &Client, fields: &[(&str, &str)]) -> Page {
    let shown = client.get("/settings/sso").form_fields("form.settings");
    client.post("/settings/sso", &crate::support::replaced(&shown, fields))
}

fn post_password(app: &App, email: &str) -> Page {
    password_of(&app.anonymous(), email)
}

fn password_of(client: &Client, email: &str) -> Page {
    let fields = [("email", email), ("password", PASSWORD)];
    client.submit_from("/sign-in?other=1", "/sign-in", &fields)
}

/// Signs in with the password and a code.
fn with_code(app: &App, authenticator: &AuthenticatorApp) -> Client {
    let client = app.anonymous();
    let page = password_of(&client, NOOR);
    assert_eq!(page.location(), "/sign-in/code", "{}", page.body);
    let code = app.code_of(authenticator);
    let page = client.submit_from("/sign-in/code", "/sign-in/code", &[("code", &code)]);
    assert_eq!(page.status, 303, "{}", page.body);
    client
}

/// Makes the member a break-glass member, which takes two-step verification.
fn break_glass(app: &App, member: &Member) -> AuthenticatorApp {
    let authenticator = app.enrol(member);
    app.write(|tx, context| {
        break_glass::choose(tx, std::slice::from_ref(&member.id), context).map(drop)
    });
    authenticator
}

#[test]
fn passwords_are_turned_off_only_after_signing_in_at_the_provider_and_with_a_break_glass_member() {
    let (app, provider, client, noor) = prepared();
    let error = |page: &Page| page.error_of("passwords");
    let with_password = app.signed_in(INES);
    assert!(error(&save(&with_password, &PASSWORDS_OFF)).contains("single sign-on first"));
    assert!(error(&save(&client, &PASSWORDS_OFF)).contains("Choose a break-glass member first"));
    let chosen = [("break_glass", noor.id.as_str())];
    let page = client.submit_from("/settings/sso", "/settings/sso/break-glass", &chosen);
    assert!(page.error_of("break_glass").contains("two-step verification"), "{}", page.body);
    let authenticator = app.enrol(&noor);
    let page = client.submit_from("/settings/sso", "/settings/sso/break-glass", &chosen);
    assert_eq!(page.status, 303, "{}", page.body);
    app.advance(10 * MINUTE);
    assert!(error(&save(&client, &PASSWORDS_OFF)).contains("single sign-on first"));
    provider.set(|plan| plan.later = 600);
    let client = app.anonymous();
    sign_in(&client);
    let page = save(&client, &PASSWORDS_OFF);
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(events(&app).last().map(String::as_str), Some("sso.enforced"));
    // Who has only a password stays out, and the page says where to go.
    let page = post_password(&app, ROOT);
    assert_eq!(page.status, 422);
    assert!(page.body.contains("Passwords are turned off"), "{}", page.body);
    with_code(&app, &authenticator);
    let page = app.anonymous().get("/sign-in");
    assert!(!page.has("#password") && page.body.contains("Other ways to sign in"));
    assert!(app.anonymous().get("/sign-in?other=1").has("#password"));
    // The last break-glass member stays one.
    let page = client.submit_from("/settings/sso", "/settings/sso/break-glass", &[]);
    assert!(page.status == 422 && page.error_of("break_glass").contains("at least one"));
    // Nobody has signed in at another provider.
    let moved = [("issuer", "https://login.example.com"), ("client_secret", "x")];
    assert!(error(&save(&client, &moved)).contains("Allow passwords first"));
    // The command line allows passwords again.
    app.write(sso::allow_passwords);
    assert_eq!(post_password(&app, ROOT).status, 303);
    let actor = "SELECT actor_kind AS text FROM activity WHERE event = 'sso.enforced'";
    assert_eq!(app.texts(actor).last().map(String::as_str), Some("command_line"));
}

#[test]
fn every_super_manager_hears_of_a_sign_in_by_a_break_glass_member() {
    let (app, _provider, client, noor) = prepared();
    set_mail_server(&app);
    let authenticator = break_glass(&app, &noor);
    let mails = || {
        app.find_alerts();
        app.count("mail_outbox WHERE subject LIKE 'Latchkey: % signed in as a break-glass member'")
    };
    with_code(&app, &authenticator);
    assert_eq!(mails(), 0);
    assert_eq!(save(&client, &PASSWORDS_OFF).status, 303);
    app.advance(MINUTE);
    with_code(&app, &authenticator);
    // One to each super manager, and the alert to those who see keys.
    assert_eq!(mails(), 6);
    assert_eq!(app.count("alerts WHERE rule = 'break_glass_sign_in'"), 1);
    assert!(events(&app).contains(&"session.break_glass".into()));
}

#[test]
fn passkeys_sign_in_only_break_glass_members_while_passwords_are_off() {
    let provider = Provider::start();
    let app = App::with_public_url(Some(PASSKEY_ORIGIN)).with_organisation();
    app.member(INES, true, &Permission::ALL);
    let noor = app.member(NOOR, true, &Permission::ALL);
    turn_on(&app, &provider, |_| {});
    let [mut of_ines, mut of_noor] = [INES, NOOR].map(|email| {
        let mut authenticator = Authenticator::new();
        assert_eq!(authenticator.register(&app.signed_in(email), "Laptop").status, 200);
        authenticator
    });
    app.write(|tx, context| break_glass::choose(tx, &[noor.id], context).map(drop));
    app.sql("UPDATE sso_provider SET passwords = 'break_glass_only'");
    assert!(!app.anonymous().get("/sign-in").has("#passkey-form"));
    let sign_in = |authenticator: &mut Authenticator| {
        let client = app.anonymous();
        let fields = authenticator.sign_in_fields(&client, "/sign-in?other=1");
        authenticator::send(&client, "/sign-in/passkey", &fields)
    };
    let page = sign_in(&mut of_ines);
    let off = "Passwords are turned off. Sign in with single sign-on";
    assert_eq!((page.status, page.errors()), (422, vec![off.to_owned()]));
    assert_eq!(sign_in(&mut of_noor).status, 303);
    assert!(events(&app).contains(&"session.break_glass".into()));
}

#[test]
fn the_last_break_glass_member_stays_able_to_sign_in() {
    let (app, _provider, client, noor) = prepared();
    break_glass(&app, &noor);
    assert_eq!(save(&client, &PASSWORDS_OFF).status, 303);
    let path = |step: &str| format!("/members/{}/{step}", noor.id.as_str());
    for step in ["disable", "contain", "delete", "reset-password", "two-step/remove"] {
        let page = client.submit(&path(step), &[]);
        assert!(page.body.contains("is the last break-glass member"), "{step}: {}", page.body);
    }
    let context = Context::command_line(app.site.keyring.clone(), app.site.clock.now());
    let denied = app
        .site
        .db
        .write_blocking(|tx| two_step::remove_for_member(tx, &noor.id, &context).map(drop));
    assert!(denied.is_err(), "the command line too");
    assert_eq!(app.count("member_totp"), 1);
    // With another one, the member can lose the second factor, and is not a break-glass member then.
    let other = app.member("tomas@meridianfreight.example", false, &[]);
    app.enrol(&other);
    app.write(|tx, context| {
        break_glass::choose(tx, &[noor.id.clone(), other.id.clone()], context).map(drop)
    });
    assert_eq!(client.submit(&path("two-step/remove"), &[]).status, 303);
    assert_eq!(app.count("members WHERE is_break_glass"), 1);
    assert_eq!(post_password(&app, NOOR).status, 422);
}

#[test]
fn no_link_and_no_half_finished_sign_in_gets_around_it() {
    let (app, _provider, client, noor) = prepared();
    break_glass(&app, &noor);
    let tomas = app.member("tomas@meridianfreight.example", false, &[]);
    let authenticator = app.enrol(&tomas);
    let half = app.anonymous();
    assert_eq!(password_of(&half, "tomas@meridianfreight.example").location(), "/sign-in/code");
    let code_form = half.get("/sign-in/code").form_token();
    let root = Email::parse(ROOT).expect("an address");
    let (_, link) = app.write(|tx, context| reset::begin(tx, &root, context));
    assert_eq!(save(&client, &PASSWORDS_OFF).status, 303);
    let code = app.code_of(&authenticator);
    let page = half.post("/sign-in/code", &[("form_token", &code_form), ("code", &code)]);
    assert_eq!(page.location(), "/sign-in?late=1");
    // Links that set a password.
    let context = Context::command_line(app.site.keyring.clone(), app.site.clock.now());
    let denied = app.site.db.write_blocking(|tx| reset::begin(tx, &root, &context).map(drop));
    assert!(denied.is_err());
    let fields = [("code", link.as_str()), ("password", "a new and unusual passphrase")];
    let page = app.anonymous().submit_from(
        &format!("/reset-password?code={link}"),
        "/reset-password",
        &fields,
    );
    assert!(page.status == 422 && page.body.contains("Passwords are turned off"), "{}", page.body);
    let draft =
        Draft { name: "Ada Ek".into(), email: "ada@example.com".into(), ..Draft::default() };
    let (_, code) = app.write(|tx, context| invitation::invite(tx, &draft, context));
    let fields =
        [("code", code.as_str()), ("name", "Ada"), ("password", "a new and unusual passphrase")];
    let page =
        app.anonymous().submit_from(&format!("/invitation?code={code}"), "/invitation", &fields);
    assert!(page.status == 422 && page.body.contains("Passwords are turned off"), "{}", page.body);
}

#[test]
fn members_who_have_not_signed_in_for_90_days_are_listed() {
    let (app, _provider, client, noor) = prepared();
    assert!(!client.get("/members").body.contains("Not seen"));
    break_glass(&app, &noor);
    assert_eq!(save(&client, &PASSWORDS_OFF).status, 303);
    assert!(client.get("/members?view=not-seen").body.contains("Everybody has signed in lately"));
    let now = NOW.plus(-91 * DAY).millis();
    let id = noor.id.as_str();
    app.sql(&format!(
        "UPDATE members SET created_at = {now}, last_signed_in_at = {now} WHERE id = '{id}'"
    ));
    let page = client.get("/members?view=not-seen");
    assert!(page.has(&format!("#{id}")) && page.all("tbody tr").len() == 1, "{}", page.body);
    assert_eq!(page.text(".tabs [aria-current]"), "Not seen 1");
    app.sql(&format!("UPDATE members SET disabled_at = {now} WHERE id = '{id}'"));
    assert!(!client.get("/members?view=not-seen").has(&format!("#{id}")));
}

#[test]
fn break_glass_members_are_few_and_have_a_password() {
    let (app, _provider, client, noor) = prepared();
    let save = |ids: &[&str]| {
        let fields: Vec<_> = ids.iter().map(|id| ("break_glass", *id)).collect();
        client.submit_from("/settings/sso", "/settings/sso/break-glass", &fields)
    };
    let more: Vec<_> = (0..3)
        .map(|n| app.member(&format!("m{n}@example.com"), true, &Permission::ALL))
        .inspect(|member| drop(app.enrol(member)))
        .map(|member| member.id)
        .collect();
    app.enrol(&noor);
    let mut ids: Vec<&str> = more.iter().map(MemberId::as_str).collect();
    assert_eq!(save(&ids).status, 303);
    ids.push(noor.id.as_str());
    assert!(save(&ids).error_of("break_glass").contains("at most three"));
    app.sql(&format!("UPDATE members SET password_hash = NULL WHERE id = '{}'", noor.id.as_str()));
    assert!(save(&[noor.id.as_str()]).error_of("break_glass").contains("with a password"));
    assert!(save(&["mem_x"]).error_of("break_glass").contains("from the list"));
    assert_eq!(save(&[]).status, 303);
}
