//! What an authenticator app and recovery codes accept, and how often.

use super::*;
use crate::base::clock::MINUTE;
use crate::domain::members::Email;
use crate::domain::sign_in::fixture::Fixture;

const SESSION: &str = "session-reference";

struct Phone {
    fixture: Fixture,
    member: Member,
}

impl Phone {
    fn new() -> Self {
        let fixture = Fixture::new();
        let member = fixture.member("ines@example.com", Some("hash"));
        Self { fixture, member }
    }

    fn context(&self, millis: i64) -> Context {
        let context = self.fixture.context([192, 0, 2, 1]);
        let context = Context { now: context.now.plus(millis), ..context };
        context.as_member(self.member.id.as_str(), self.member.name.as_str())
    }

    fn secret(&self) -> AppSecret {
        let keyring = &self.fixture.keyring;
        self.fixture.read(|c| new_secret(c, keyring, &self.member.id, SESSION))
    }

    /// The code that an app with this secret shows then.
    fn code(&self, secret: &AppSecret, millis: i64) -> String {
        secret.code_at(self.fixture.now().plus(millis))
    }

    fn add(&self, secret: &AppSecret, millis: i64) -> Vec<String> {
        let (context, code) = (self.context(millis), self.code(secret, millis));
        self.fixture.write(|tx| add_app(tx, &self.member.id, SESSION, &code, &context)).1
    }

    fn accepts(&self, code: &str, millis: i64) -> bool {
        let context = self.context(millis);
        let email = Email::parse("ines@example.com").expect("an address");
        self.fixture
            .write(|tx| {
                let (member, _) = members::by_email(tx, &email)?.expect("a member");
                accept(tx, &member, code, &context)
            })
            .is_some()
    }

    fn factors(&self) -> Factors {
        self.fixture.read(|c| factors(c, &self.member.id))
    }
}

#[test]
fn a_code_of_the_app_is_accepted_once_and_never_an_older_one() {
    let phone = Phone::new();
    let secret = phone.secret();
    let codes = phone.add(&secret, 0);
    assert_eq!(codes.len(), 10);
    let (first, second) = (phone.code(&secret, 0), phone.code(&secret, MINUTE));
    assert!(!phone.accepts(&first, 0), "it has set up the app");
    assert!(phone.accepts(&second, MINUTE));
    assert!(!phone.accepts(&second, MINUTE));
    assert!(!phone.accepts(&phone.code(&secret, MINUTE / 2), MINUTE), "it is older");
}

#[test]
fn a_recovery_code_is_accepted_once() {
    let phone = Phone::new();
    let codes = phone.add(&phone.secret(), 0);
    assert!(phone.accepts(&codes[0].to_lowercase(), 0));
    assert!(!phone.accepts(&codes[0], 0));
    assert_eq!(phone.factors().codes_left, 9);
    let context = phone.context(0);
    let made = phone.fixture.write(|tx| make_codes(tx, &phone.member.id, &context)).1;
    assert!(!phone.accepts(&codes[1], 0), "the old ones have ended");
    assert!(phone.accepts(&made[1], 0));
}

#[test]
fn the_secret_stays_the_same_until_the_app_is_set_up() {
    let phone = Phone::new();
    let [first, again] = [phone.secret(), phone.secret()];
    assert_eq!(first.bytes(), again.bytes());
    let keyring = &phone.fixture.keyring;
    let other = phone.fixture.read(|c| new_secret(c, keyring, &phone.member.id, "another session"));
    assert_ne!(first.bytes(), other.bytes());
    phone.add(&first, 0);
    assert_ne!(first.bytes(), phone.secret().bytes(), "the next app has another secret");
}

#[test]
fn replacing_the_app_keeps_the_codes_and_removing_it_ends_them() {
    let phone = Phone::new();
    let first = phone.secret();
    let codes = phone.add(&first, 0);
    assert!(phone.add(&phone.secret(), 0).is_empty(), "the codes stay");
    assert!(!phone.accepts(&phone.code(&first, MINUTE), MINUTE), "the first app has ended");
    assert!(phone.accepts(&codes[0], MINUTE));
    let context = phone.context(MINUTE);
    let removed = phone.fixture.write(|tx| remove_app(tx, &phone.member.id, &context));
    assert_eq!(removed.kind, ChangeKind::AppRemoved);
    assert_eq!(phone.factors(), Factors { app: None, codes_left: 0 });
    assert!(!phone.accepts(&codes[1], MINUTE));
    let again = phone.fixture.db.write_blocking(|tx| remove_app(tx, &phone.member.id, &context));
    assert!(matches!(again, Err(Error::Conflict)));
}

#[test]
fn a_wrong_code_changes_nothing() {
    let phone = Phone::new();
    let context = phone.context(0);
    let wrong = |code: &str| {
        let add = |tx: &mut Transaction<'_>| add_app(tx, &phone.member.id, SESSION, code, &context);
        phone.fixture.db.write_blocking(add).map(|_| ())
    };
    let right = phone.code(&phone.secret(), 0);
    for code in ["", "12345", "not a code", &right[..5]] {
        assert!(matches!(wrong(code), Err(Error::Invalid(e)) if e.0[0].field == "code"), "{code}");
    }
    assert_eq!(phone.factors(), Factors { app: None, codes_left: 0 });
    assert_eq!(phone.fixture.event_names(), ["member.added"]);
}
