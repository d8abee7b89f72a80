//! Passkeys as second factors: after the password, to confirm who submits a form, and as the only one.

use latchkey::base::clock::MINUTE;
use latchkey::domain::settings::{self, Settings, TwoStep};

use super::{ADD, INES, PAGE, TOMAS, path, set_up};
use crate::support::authenticator::replaced;
use crate::support::{App, Authenticator, Client, PASSWORD, Page, encoded, key_fields};

const LIST: &str = "/api-keys";
const ASSERTION: &str = "[name=confirm_assertion]";
const NOT_OWN: &str = "This passkey is not one of yours. Use another one, or your password";

/// A program in which Ines has a passkey, and her client.
fn with_passkey() -> (App, Authenticator, Client) {
    let (app, _, client) = set_up();
    let mut authenticator = Authenticator::new();
    assert_eq!(authenticator.register(&client, "Laptop").status, 200);
    assert_eq!(client.get(PAGE).text("#notice p"), "The passkey “Laptop” was added.");
    (app, authenticator, client)
}

fn enter_password(app: &App, email: &str) -> Client {
    let client = app.anonymous();
    let page = client.submit("/sign-in", &[("email", email), ("password", PASSWORD)]);
    assert_eq!((page.status, page.location()), (303, "/sign-in/code"));
    client
}

/// Sends the form for a code, which comes after the one for a passkey.
fn enter_code(client: &Client, code: &str) -> Page {
    let fields = client.get("/sign-in/code").form_fields("form[action='/sign-in/code']");
    send(client, "/sign-in/code", &replaced(fields, &[("code", code)]))
}

/// The filled-in form that creates a key and confirms with the passkey.
fn fields(client: &Client, authenticator: &mut Authenticator) -> Vec<(String, String)> {
    let page = client.get("/api-keys/new");
    let options = page.attribute(ASSERTION, "data-options").expect("a passkey is asked for");
    let assertion = authenticator.get(&options);
    let fields = page.form_fields("#new form");
    let own = key_fields(&[("name", "Billing")]);
    let typed = own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let sent = ["form_token", "confirm_assertion", "confirm_assertion_state"];
    let hidden = fields.into_iter().filter(|(name, _)| sent.contains(&&**name));
    replaced(typed.chain(hidden).collect(), &[("confirm_assertion", &assertion)])
}

/// Sends the fields as they are, without the password that the test client adds.
fn send(client: &Client, path: &str, fields: &[(String, String)]) -> Page {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    client.post_body(path, encoded(&fields))
}

fn require_two_step(app: &App) {
    app.write(|tx, _| {
        let settings = settings::get(tx)?;
        settings::save(tx, &Settings { two_step: TwoStep::Everyone, ..settings })
    });
}

#[test]
fn the_first_passkey_makes_recovery_codes_which_sign_in_once() {
    let (app, _, client) = set_up();
    let fields = Authenticator::new().registration_fields(&client, "Laptop");
    let shown = send(&client, ADD, &fields);
    let codes = shown.text("#codes-list");
    let codes: Vec<&str> = codes.split_whitespace().collect();
    assert_eq!(codes.len(), 10);
    let again = send(&client, ADD, &fields);
    assert_eq!((again.status, again.location()), (303, PAGE));
    let page = client.get(PAGE);
    assert!(
        page.text("#notice").starts_with("This passkey has already been added. If you did not")
    );
    assert_eq!(Authenticator::new().register(&client, "Phone").status, 303, "no more codes");

    let client = enter_password(&app, INES);
    assert_eq!(enter_code(&client, codes[0]).location(), LIST);
    let client = enter_password(&app, INES);
    assert_eq!(enter_code(&client, codes[0]).status, 422);
}

#[test]
fn after_the_password_a_member_is_asked_for_one_of_their_passkeys() {
    let (app, mut authenticator, _) = with_passkey();
    let mut of_tomas = Authenticator::new();
    of_tomas.register(&app.signed_in(TOMAS), "Phone");
    let client = enter_password(&app, INES);
    let page = client.get("/sign-in/code");
    let options = page.attribute("#passkey-form [name=assertion]", "data-options");
    let options: serde_json::Value =
        serde_json::from_str(&options.expect("options")).expect("JSON");
    assert_eq!(options["allowCredentials"].as_array().map(Vec::len), Some(1));
    assert_eq!(options["allowCredentials"][0]["id"], authenticator.id().as_str());
    let fields = authenticator.sign_in_fields(&client, "/sign-in/code");
    let answer = send(&client, "/sign-in/passkey", &fields);
    assert_eq!((answer.status, answer.location()), (303, LIST));
    assert_eq!(client.get("/account").status, 200);
    let late = client.submit_from("/account", "/sign-in/code", &[("code", "000000")]);
    assert_ne!(late.status, 500, "nothing is left of the second step");
}

#[test]
fn a_member_with_a_passkey_confirms_with_it_and_not_with_the_password_alone() {
    let (app, mut authenticator, client) = with_passkey();
    app.advance(10 * MINUTE);
    let page = client.submit_from("/api-keys/new", LIST, &key_fields(&[("name", "Billing")]));
    assert_eq!(page.status, 422);
    assert_eq!(page.all("#errors li"), ["Enter a code to confirm that it is you"]);
    assert_eq!(app.count("api_keys"), 0);
    let sent = fields(&client, &mut authenticator);
    assert_eq!(send(&client, LIST, &sent).status, 200, "the key is shown");
    assert_eq!(app.count("api_keys"), 1);
    assert!(!client.get("/api-keys/new").has(ASSERTION), "it counts for the next ten minutes");
}

#[test]
fn an_answer_confirms_once_and_only_for_its_own_member_and_form() {
    let (app, mut authenticator, client) = with_passkey();
    // Otherwise the counter would prevent it, too.
    authenticator.counts = false;
    let mut of_tomas = Authenticator::new();
    of_tomas.register(&app.signed_in(TOMAS), "Phone");
    app.advance(10 * MINUTE);
    let rejected = |sent: &[(String, String)], message: &str| {
        let page = send(&client, LIST, sent);
        assert_eq!((page.status, page.all("#errors li")), (422, vec![message.to_owned()]));
    };
    rejected(&fields(&client, &mut of_tomas), NOT_OWN);
    let sent = fields(&client, &mut authenticator);
    let token = client.get("/api-keys/new").form_token();
    rejected(&replaced(sent.clone(), &[("form_token", &token)]), NOT_OWN);
    assert_eq!(app.count("api_keys"), 0);

    let broken = replaced(sent.clone(), &[("name", "")]);
    assert_eq!(send(&client, LIST, &broken).status, 422, "it counts although a field is wrong");
    app.sql("UPDATE sessions SET confirmed_at = 1");
    rejected(&sent, NOT_OWN);
    let late = fields(&client, &mut authenticator);
    rejected(
        &replaced(late.clone(), &[("confirm_assertion", "late")]),
        "The page was open for too long. Use your passkey again",
    );
    app.advance(5 * MINUTE);
    rejected(&late, "The page was open for too long. Use your passkey again");
    assert_eq!(app.count("api_keys"), 0);
    let sent = fields(&client, &mut authenticator);
    assert_eq!(send(&client, LIST, &sent).status, 200);
}

#[test]
fn five_wrong_passkeys_end_the_session() {
    let (app, _, client) = with_passkey();
    let mut of_tomas = Authenticator::new();
    of_tomas.register(&app.signed_in(TOMAS), "Phone");
    app.advance(10 * MINUTE);
    for _ in 0..4 {
        let sent = fields(&client, &mut of_tomas);
        assert_eq!(send(&client, LIST, &sent).status, 422);
    }
    let sent = fields(&client, &mut of_tomas);
    let page = send(&client, LIST, &sent);
    assert_eq!(page.text("#notice"), "Your session ended. Sign in to return to your changes.");
    assert_eq!(client.get(LIST).status, 303, "the session has ended");
    assert_eq!(app.count("api_keys"), 0);
}

#[test]
fn a_passkey_meets_the_requirement_and_the_last_factor_stays() {
    let (app, ines, client) = set_up();
    require_two_step(&app);
    assert_eq!(client.get(LIST).location(), PAGE);
    let mut authenticator = Authenticator::new();
    assert_eq!(authenticator.register(&client, "Laptop").status, 200);
    assert_eq!(client.get(LIST).status, 200);
    let page = client.submit(&path(&app, "remove"), &[]);
    assert_eq!(page.status, 422);
    let message =
        "Your organisation requires two-step verification. Add another app or passkey first";
    assert_eq!(page.all("#errors li"), [message]);
    assert_eq!(app.count("member_passkeys"), 1);
    app.enrol(&ines);
    assert_eq!(client.submit(&path(&app, "remove"), &[]).status, 303);
    assert_eq!(app.count("member_passkeys"), 0);
    assert_eq!(app.count("member_recovery_codes"), 10, "the app still needs them");
}

#[test]
fn the_last_passkey_takes_the_recovery_codes_along() {
    let (app, _, client) = set_up();
    crate::mail::use_server(&app, 1);
    Authenticator::new().register(&client, "Laptop");
    assert_eq!(client.submit(&path(&app, "remove"), &[]).status, 303);
    assert_eq!(app.count("member_recovery_codes"), 0);
    let client = app.signed_in(INES);
    assert_eq!(client.get("/account").status, 200, "the password alone signs in");
    let mails = app.texts("SELECT subject AS text FROM mail_outbox ORDER BY subject");
    assert_eq!(mails, ["Latchkey: a passkey was added", "Latchkey: a passkey was removed"]);
}

#[test]
fn a_super_manager_removes_the_passkeys_of_a_member_who_lost_them() {
    let (app, mut authenticator, client) = with_passkey();
    let id = app.texts(&format!("SELECT id AS text FROM members WHERE email = '{INES}'")).remove(0);
    let page = app.signed_in(TOMAS).submit(&format!("/members/{id}/two-step/remove"), &[]);
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(app.count("member_passkeys"), 0);
    assert_eq!(client.get("/account").status, 303, "her sessions have ended");
    let mut of_tomas = Authenticator::new();
    of_tomas.register(&app.signed_in(TOMAS), "Phone");
    assert_eq!(authenticator.sign_in(&app.anonymous()).status, 422);
}
