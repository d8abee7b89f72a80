//! Signing in, through the public interface.

use std::sync::Arc;

use super::fixture::Fixture;
use super::store::rows;
use super::*;
use crate::base::clock::{DAY, HOUR};
use crate::base::error::Error;

const RIGHT: &str = "correct harness batty stapler";

struct Harness {
    fixture: Fixture,
    sign_in_service: Arc<SignInService>,
    member: Member,
}

impl Harness {
    fn new() -> Self {
        let fixture = Fixture::new();
        let password = Password::presented(RIGHT.to_owned());
        let hash = hasher::hash_blocking(&password).expect("hashed");
        let member = fixture.member("ines@example.com", Some(&hash));
        Self {
            sign_in_service: Arc::new(SignInService::new().expect("a sign-in service")),
            fixture,
            member,
        }
    }

    async fn attempt(&self, email: &str, password: &str, from: [u8; 4]) -> Outcome {
        let password = Password::presented(password.to_owned());
        let context = self.fixture.context(from);
        sign_in(&self.fixture.db, &self.sign_in_service, email, password, None, &context)
            .await
            .expect("an outcome")
    }
}

const ADDRESS: [u8; 4] = [192, 0, 2, 1];

#[tokio::test]
async fn the_right_password_signs_in_with_any_spelling_of_the_address() {
    let harness = Harness::new();
    for email in ["ines@example.com", " INES@Example.com "] {
        let outcome = harness.attempt(email, RIGHT, ADDRESS).await;
        assert!(
            matches!(&outcome, Outcome::SignedIn(m) if m.id == harness.member.id),
            "{outcome:?}"
        );
    }
    let found = harness.fixture.read(|c| members::find(c, &harness.member.id)).expect("a member");
    assert_eq!(found.last_signed_in_at, Some(harness.fixture.now()));
    assert_eq!(harness.fixture.event_names()[1..], ["session.signed_in", "session.signed_in"]);
}

#[tokio::test]
async fn unknown_disabled_passwordless_and_wrong_have_the_same_outcome() {
    let harness = Harness::new();
    let bare = harness.fixture.member("bare@example.com", None);
    let hash = hasher::hash_blocking(&Password::presented(RIGHT.to_owned())).expect("hashed");
    let disabled = harness.fixture.member("gone@example.com", Some(&hash));
    harness.fixture.disable(&disabled.id);
    let known = harness.fixture.events().len();
    let attempts = [
        ("ines@example.com", "wrong", Some(harness.member.id.as_str())),
        ("noor@example.com", RIGHT, None),
        ("bare@example.com", RIGHT, Some(bare.id.as_str())),
        ("gone@example.com", RIGHT, Some(disabled.id.as_str())),
        ("no address\0'; --", RIGHT, None),
    ];
    for (email, password, _) in attempts {
        assert_eq!(harness.attempt(email, password, ADDRESS).await, Outcome::Wrong, "{email}");
    }
    assert_eq!(harness.sign_in_service.hasher.done(), 5, "each must cost one hash");
    let events = harness.fixture.events();
    assert_eq!(events.len(), known + 3, "an address that is not a member's must not be recorded");
    let members = attempts.iter().filter(|(.., subject)| subject.is_some());
    for ((email, _, subject), recorded) in members.zip(&events[known..]) {
        let (event, recorded_subject, details) = recorded;
        assert_eq!(event, "session.sign_in_failed");
        assert_eq!(recorded_subject.as_deref(), *subject);
        let details: serde_json::Value = serde_json::from_str(details).expect("JSON");
        assert_eq!(details, serde_json::json!({ "email": email }));
    }
}

#[tokio::test]
async fn a_huge_address_and_password_are_cut_and_wrong() {
    let harness = Harness::new();
    let outcome = harness.attempt(&"é".repeat(100_000), &"x".repeat(1_000_000), ADDRESS).await;
    assert_eq!(outcome, Outcome::Wrong);
    assert_eq!(harness.fixture.events().len(), 1, "the address must not be stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_wrong_sign_ins_run_argon2_only_up_to_the_limit() {
    let harness = Arc::new(Harness::new());
    let attempts: Vec<_> = (0..200)
        .map(|n| {
            let harness = Arc::clone(&harness);
            let email = if n % 2 == 0 { "ines@example.com" } else { "INES@EXAMPLE.COM" };
            tokio::spawn(async move { harness.attempt(email, "wrong", ADDRESS).await })
        })
        .collect();
    let mut throttled = 0;
    for attempt in attempts {
        let outcome = attempt.await.expect("joined");
        throttled += u32::from(matches!(outcome, Outcome::TooMany { seconds: 1 }));
    }
    assert_eq!(throttled, 195);
    assert!(harness.sign_in_service.hasher.done() <= 5);
    let elsewhere = harness.attempt("ines@example.com", RIGHT, [198, 51, 100, 7]).await;
    assert!(matches!(elsewhere, Outcome::SignedIn(_)), "a stranger locked the member out");
}

#[tokio::test]
async fn a_success_restores_the_free_attempts() {
    let harness = Harness::new();
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(harness.attempt("ines@example.com", "wrong", ADDRESS).await, Outcome::Wrong);
        }
        let outcome = harness.attempt("ines@example.com", RIGHT, ADDRESS).await;
        assert!(matches!(outcome, Outcome::SignedIn(_)));
    }
}

#[tokio::test]
async fn a_password_that_was_reset_while_it_was_checked_is_wrong() {
    let harness = Harness::new();
    let found = Some((harness.member.clone(), Some("the old hash".into())));
    let context = harness.fixture.context(ADDRESS);
    let right = PasswordCheck::Right { rehashed: Some("another".into()) };
    let outcome = harness.fixture.write(|tx| conclude(tx, &found, &right, &context));
    assert_eq!(outcome, Outcome::Wrong);
}

#[tokio::test]
async fn an_attempt_that_cannot_be_recorded_fails() {
    let harness = Harness::new();
    harness.fixture.write(|tx| {
        rows::drop_activity(tx);
        Ok(())
    });
    for password in [RIGHT, "wrong"] {
        let password = Password::presented(password.to_owned());
        let context = harness.fixture.context(ADDRESS);
        let outcome = sign_in(
            &harness.fixture.db,
            &harness.sign_in_service,
            "ines@example.com",
            password,
            None,
            &context,
        )
        .await;
        assert!(matches!(outcome, Err(Error::Internal(_))), "{outcome:?}");
    }
    let found = harness.fixture.read(|c| members::find(c, &harness.member.id)).expect("a member");
    assert_eq!(found.last_signed_in_at, None);
}

#[test]
fn ended_and_expired_rows_are_purged() {
    let fixture = Fixture::new();
    let member = fixture.member("ines@example.com", None);
    let state =
        sessions::State::from([(sessions::MEMBER_ID.into(), format!("{:?}", member.id.as_str()))]);
    fixture.write(|tx| {
        sessions::save(tx, &fixture.keyring, &state, fixture.now().plus(-HOUR))?;
        sessions::save(tx, &fixture.keyring, &state, fixture.now())?;
        rows::spend_form_token(tx, fixture.now());
        rows::spend_form_token(tx, fixture.now().plus(1));
        Ok(())
    });
    assert_eq!(fixture.write(|tx| purge(tx, fixture.now())), 1);
    assert_eq!(fixture.read(|c| Ok(rows::count(c))), (2, 0, 1));
    let remembered = sessions::REMEMBERED - HOUR / 2;
    assert_eq!(fixture.write(|tx| purge(tx, fixture.now().plus(remembered))), 2);
    assert_eq!(fixture.read(|c| Ok(rows::count(c))), (1, 0, 0));
    assert_eq!(fixture.write(|tx| purge(tx, fixture.now().plus(DAY))), 1);
}
