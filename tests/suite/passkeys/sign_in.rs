//! Signing in with a passkey, and confirming with one.

use latchkey::base::clock::{MINUTE, SECOND};
use latchkey::domain::activity::Context;
use latchkey::domain::sign_in::passkeys::{self, Answer, Purpose, Rejection, RelyingParty};

use super::{INES, PAGE, TOMAS, path, set_up};
use crate::support::authenticator::{replaced, send};
use crate::support::{App, Authenticator, Client, PASSWORD, Page};

const FORM: &str = "/sign-in/passkey";
const UNKNOWN: &str =
    "This passkey is not known here. Use another one, or sign in with your password";

/// A program with a passkey of Ines.
fn with_passkey() -> (App, Authenticator) {
    let (app, _, client) = set_up();
    let mut authenticator = Authenticator::new();
    assert_eq!(authenticator.register(&client, "Laptop").status, 200);
    (app, authenticator)
}

fn is_signed_in(client: &Client) -> bool {
    client.get("/api-keys").status == 200
}

fn assert_rejected(page: &Page, client: &Client, message: &str) {
    assert_eq!((page.status, page.errors()), (422, vec![message.to_owned()]));
    assert!(!is_signed_in(client));
}

/// The counter of the only passkey, as it is stored.
fn stored_counter(app: &App) -> i64 {
    app.number("SELECT sign_count FROM member_passkeys")
}

#[test]
fn a_member_signs_in_with_a_passkey_and_without_a_password() {
    let (app, mut authenticator) = with_passkey();
    app.advance(3 * MINUTE);
    let client = app.anonymous();
    let answer = authenticator.sign_in(&client);
    assert_eq!((answer.status, answer.location()), (303, "/api-keys"));
    assert!(is_signed_in(&client));
    assert_eq!(stored_counter(&app), 1);
    app.advance(2 * MINUTE);
    assert_eq!(client.get(PAGE).all(".passkeys td")[1], "2 min ago");
    let sentence = "With the passkey “Laptop”";
    assert!(client.get("/activity?view=sign-ins").text("table").contains(sentence));

    let client = app.anonymous();
    let fields = authenticator.sign_in_fields(&client, "/sign-in?next=%2Froles");
    let answer = send(&client, FORM, &fields);
    assert_eq!((answer.status, answer.location()), (303, "/roles"));
    assert_eq!(stored_counter(&app), 2);
}

#[test]
fn the_sign_in_page_offers_passkeys_only_where_somebody_has_one() {
    let (app, _, client) = set_up();
    assert!(!app.anonymous().get("/sign-in").has("#passkey-form"));
    Authenticator::new().register(&client, "Laptop");
    let page = app.anonymous().get("/sign-in");
    assert_eq!(page.text("#passkey-form button"), "Sign In with a Passkey");
    let options = page.attribute("#passkey-form [name=assertion]", "data-options");
    let options: serde_json::Value =
        serde_json::from_str(&options.expect("options")).expect("JSON");
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["rpId"], "keys.meridianfreight.example");
    assert_eq!(options["allowCredentials"], serde_json::json!([]), "a stranger learns nothing");
    client.submit(&path(&app, "remove"), &[]);
    assert!(!app.anonymous().get("/sign-in").has("#passkey-form"));
}

#[test]
fn an_answer_works_once() {
    let (app, mut authenticator) = with_passkey();
    // Otherwise the counter would prevent it, too.
    authenticator.counts = false;
    let (client, thief) = (app.anonymous(), app.anonymous());
    // The page gives the client its cookie, which the thief copies.
    let fields = authenticator.sign_in_fields(&client, "/sign-in");
    let same_cookies = client.copy();
    assert_eq!(send(&client, FORM, &fields).status, 303);
    let again = send(&same_cookies, FORM, &fields);
    assert_eq!((again.status, again.location()), (303, "/api-keys"));
    assert!(!is_signed_in(&same_cookies));

    // With another form, of the thief's own session or of the copied one.
    for client in [&thief, &same_cookies] {
        let token = client.get("/sign-in").form_token();
        let page = send(client, FORM, &replaced(fields.clone(), &[("form_token", &token)]));
        assert_rejected(&page, client, UNKNOWN);
    }
    assert_eq!(send(&thief, FORM, &fields).status, 403, "the token is of another session");
    // With another challenge.
    let other = app.anonymous();
    let own = Authenticator::new().sign_in_fields(&other, "/sign-in");
    let answer = fields.iter().find(|(name, _)| name == "assertion").expect("an answer");
    let page = send(&other, FORM, &replaced(own, &[("assertion", &answer.1)]));
    assert_rejected(&page, &other, UNKNOWN);
    assert_eq!(authenticator.sign_in(&other).status, 303, "the passkey itself is still good");
}

#[test]
fn a_counter_that_goes_back_is_rejected() {
    let (app, mut authenticator) = with_passkey();
    authenticator.counter = 7;
    assert_eq!(authenticator.sign_in(&app.anonymous()).status, 303);
    for counter in [7, 3] {
        authenticator.counter = counter;
        let client = app.anonymous();
        let page = authenticator.sign_in(&client);
        assert_rejected(&page, &client, UNKNOWN);
    }
    assert_eq!(stored_counter(&app), 8);
}

#[test]
fn an_unknown_a_removed_and_a_disabled_members_passkey_look_the_same() {
    let (app, mut authenticator) = with_passkey();
    let mut of_tomas = Authenticator::new();
    of_tomas.register(&app.signed_in(TOMAS), "Phone");
    let mut pages = Vec::new();
    let mut attempt = |authenticator: &mut Authenticator| {
        let client = app.anonymous();
        let page = authenticator.sign_in(&client);
        assert_rejected(&page, &client, UNKNOWN);
        pages.push((page.status, page.text("main")));
    };
    attempt(&mut Authenticator::new());
    app.sql(&format!("UPDATE members SET disabled_at = 1 WHERE email = '{INES}'"));
    attempt(&mut authenticator);
    app.sql("UPDATE members SET disabled_at = NULL");
    app.sql("DELETE FROM member_passkeys WHERE name = 'Laptop'");
    attempt(&mut authenticator);
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert_eq!(of_tomas.sign_in(&app.anonymous()).status, 303);
}

#[test]
fn a_removed_passkey_does_not_sign_in_from_a_page_that_was_open() {
    let (app, mut authenticator) = with_passkey();
    let (client, other) = (app.anonymous(), app.anonymous());
    let fields = authenticator.sign_in_fields(&client, "/sign-in");
    authenticator.sign_in(&other);
    assert_eq!(other.submit(&path(&app, "remove"), &[]).status, 303);
    assert_rejected(&send(&client, FORM, &fields), &client, UNKNOWN);
}

#[test]
fn a_changed_answer_is_rejected() {
    let (app, mut authenticator) = with_passkey();
    let mut of_tomas = Authenticator::new();
    of_tomas.register(&app.signed_in(TOMAS), "Phone");
    let handle = std::mem::replace(&mut authenticator.user_handle, of_tomas.user_handle.clone());
    let client = app.anonymous();
    assert_rejected(&authenticator.sign_in(&client), &client, UNKNOWN);

    authenticator.user_handle = handle;
    authenticator.verifies_user = false;
    assert_rejected(&authenticator.sign_in(&client), &client, UNKNOWN);

    authenticator.verifies_user = true;
    authenticator.origin = "https://meridianfreight.example".into();
    assert_rejected(&authenticator.sign_in(&client), &client, UNKNOWN);

    authenticator.origin = crate::support::PASSKEY_ORIGIN.into();
    let fields = authenticator.sign_in_fields(&client, "/sign-in");
    for (field, value) in
        [("assertion", "{"), ("assertion", "[]"), ("assertion_state", ""), ("assertion_state", "é")]
    {
        let page = send(&client, FORM, &replaced(fields.clone(), &[(field, value)]));
        assert_rejected(&page, &client, UNKNOWN);
    }
    let borrowed = of_tomas.sign_in_fields(&client, "/sign-in");
    let assertion = &fields.iter().find(|(name, _)| name == "assertion").expect("one").1;
    let id_of_tomas = assertion.replace(&authenticator.id(), &of_tomas.id());
    let page = send(&client, FORM, &replaced(borrowed, &[("assertion", &id_of_tomas)]));
    assert_rejected(&page, &client, UNKNOWN);
}

#[test]
fn an_answer_after_five_minutes_is_too_late_and_not_a_failure() {
    let (app, mut authenticator) = with_passkey();
    let client = app.anonymous();
    let fields = authenticator.sign_in_fields(&client, "/sign-in?next=%2Froles");
    app.advance(5 * MINUTE);
    let message = "The page was open for too long. Use your passkey again";
    let page = send(&client, FORM, &fields);
    assert_rejected(&page, &client, message);
    assert_eq!(page.attribute("#passkey-form [name=next]", "value").as_deref(), Some("/roles"));
    // A script sends the form like this when the page is that old.
    let page = send(&client, FORM, &replaced(fields, &[("assertion", "late")]));
    assert_rejected(&page, &client, message);
    assert_eq!(app.count("activity_tallies"), 0);
    assert_eq!(authenticator.sign_in(&client).status, 303);
}

#[test]
fn failures_are_recorded_and_share_the_throttle_with_passwords() {
    let (app, mut authenticator) = with_passkey();
    let client = app.anonymous().calling_from("203.0.113.80");
    authenticator.verifies_user = false;
    for _ in 0..3 {
        assert_eq!(authenticator.sign_in(&client).status, 422);
    }
    let failed = "SELECT event AS text FROM activity WHERE event = 'session.sign_in_failed'";
    assert_eq!(app.texts(failed).len(), 3);
    for _ in 0..2 {
        let fields = [("email", INES), ("password", "wrong horse battery staple")];
        assert_eq!(client.submit("/sign-in", &fields).status, 422);
    }
    authenticator.verifies_user = true;
    let page = authenticator.sign_in(&client);
    assert_eq!((page.status, page.header("retry-after")), (429, "1"));
    assert_eq!(page.errors(), ["Too many attempts. Try again in 1 second"]);
    let fields = [("email", INES), ("password", PASSWORD)];
    assert_eq!(client.submit("/sign-in", &fields).status, 429);
    app.advance(SECOND);
    assert_eq!(authenticator.sign_in(&client).status, 303);
}

#[test]
fn unknown_passkeys_use_up_the_attempts_of_their_network() {
    let (app, _) = with_passkey();
    let client = app.anonymous().calling_from("203.0.113.81");
    let statuses: Vec<u16> =
        (0..21).map(|_| Authenticator::new().sign_in(&client).status).collect();
    assert_eq!(statuses[..20], [422; 20]);
    assert_eq!(statuses[20], 429);
}

#[test]
fn a_member_confirms_with_their_own_passkey_only() {
    let (app, mut authenticator) = with_passkey();
    let mut of_tomas = Authenticator::new();
    of_tomas.register(&app.signed_in(TOMAS), "Phone");
    let relying_party = RelyingParty::of(&app.site.public_url).expect("no fault").expect("one");
    let ids = app.texts("SELECT id AS text FROM members ORDER BY email");
    let [ines, _] = &*ids else { panic!("{ids:?}") };
    let ines = latchkey::domain::members::MemberId::stored(ines.clone());
    let begin = || {
        let begin = |tx: &mut _, context: &Context| {
            passkeys::begin_confirmation(tx, &relying_party, &ines, "token", context)
        };
        app.write(|tx, context| begin(tx, context)).expect("a passkey")
    };
    let confirm = |authenticator: &mut Authenticator, purpose: Purpose<'_>| {
        let ceremony = begin();
        let credential = authenticator.get(&ceremony.options);
        let (state, form_token) = (ceremony.state, "token".to_owned());
        let answer = Answer { credential, state, form_token };
        let verified = app
            .write(|tx, context| passkeys::verify(tx, &relying_party, purpose, &answer, context));
        verified.map(|proof| proof.name)
    };
    let allowed: serde_json::Value = serde_json::from_str(&begin().options).expect("JSON");
    assert_eq!(allowed["allowCredentials"][0]["id"], authenticator.id().as_str());
    assert_eq!(allowed["allowCredentials"].as_array().map(Vec::len), Some(1));
    let purpose = Purpose::Confirmation(&ines);
    assert_eq!(confirm(&mut authenticator, purpose), Ok("Laptop".into()));
    assert_eq!(confirm(&mut of_tomas, purpose), Err(Rejection::Wrong));
    assert_eq!(confirm(&mut authenticator, Purpose::SignIn), Err(Rejection::Wrong));
    // Devices that do not keep the passkey themselves do not know the user.
    authenticator.user_handle = None;
    assert_eq!(confirm(&mut authenticator, purpose), Ok("Laptop".into()));
    assert_eq!(app.write(|tx, _| passkeys::remove_all_of(tx, &ines)), 1);
    let none = app.write(|tx, context| {
        passkeys::begin_confirmation(tx, &relying_party, &ines, "token", context)
    });
    assert!(none.is_none());
}
