//! Signing in, through its public interface.

use std::sync::Arc;

use super::fixture::Fixture;
use super::store::rows;
use super::*;
use crate::base::clock::{DAY, HOUR};
use crate::base::error::Error;

const RIGHT: &str = "correct harness batty stapler";

struct House {
    there: Fixture,
    door: Arc<Door>,
    member: Member,
}

impl House {
    fn new() -> Self {
        let there = Fixture::new();
        let password = Password::presented(RIGHT.to_owned());
        let hash = hasher::hash_blocking(&password).expect("hashed");
        let member = there.member("ines@example.com", Some(&hash));
        Self { door: Arc::new(Door::new().expect("a door")), there, member }
    }

    async fn attempt(&self, email: &str, password: &str, from: [u8; 4]) -> Outcome {
        let password = Password::presented(password.to_owned());
        let author = self.there.author(from);
        sign_in(&self.there.db, &self.door, email, password, None, &author)
            .await
            .expect("an outcome")
    }
}

const HERE: [u8; 4] = [192, 0, 2, 1];

#[tokio::test]
async fn the_right_password_signs_in_whatever_the_spelling_of_the_address() {
    let house = House::new();
    for email in ["ines@example.com", " INES@Example.com "] {
        let outcome = house.attempt(email, RIGHT, HERE).await;
        assert!(matches!(&outcome, Outcome::SignedIn(m) if m.id == house.member.id), "{outcome:?}");
    }
    let found = house.there.read(|c| members::find(c, &house.member.id)).expect("there");
    assert_eq!(found.last_signed_in_at, Some(house.there.now()));
    assert_eq!(house.there.event_names()[1..], ["session.signed_in", "session.signed_in"]);
}

#[tokio::test]
async fn unknown_disabled_passwordless_and_wrong_are_all_the_same() {
    let house = House::new();
    let bare = house.there.member("bare@example.com", None);
    let hash = hasher::hash_blocking(&Password::presented(RIGHT.to_owned())).expect("hashed");
    let disabled = house.there.member("gone@example.com", Some(&hash));
    house.there.disable(&disabled.id);
    let known = house.there.events().len();
    let attempts = [
        ("ines@example.com", "wrong", Some(house.member.id.as_str())),
        ("noor@example.com", RIGHT, None),
        ("bare@example.com", RIGHT, Some(bare.id.as_str())),
        ("gone@example.com", RIGHT, Some(disabled.id.as_str())),
        ("no address\0'; --", RIGHT, None),
    ];
    for (email, password, _) in attempts {
        assert_eq!(house.attempt(email, password, HERE).await, Outcome::Wrong, "{email}");
    }
    assert_eq!(house.door.hasher.done(), 5, "each must cost one hash");
    let events = house.there.events();
    assert_eq!(events.len(), known + 3, "what is nobody's address has no entry");
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
    let house = House::new();
    let outcome = house.attempt(&"é".repeat(100_000), &"x".repeat(1_000_000), HERE).await;
    assert_eq!(outcome, Outcome::Wrong);
    assert_eq!(house.there.events().len(), 1, "of the address nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_parallel_wrong_sign_ins_reach_argon2_as_often_as_the_limit_says() {
    let house = Arc::new(House::new());
    let storm: Vec<_> = (0..200)
        .map(|n| {
            let house = Arc::clone(&house);
            let email = if n % 2 == 0 { "ines@example.com" } else { "INES@EXAMPLE.COM" };
            tokio::spawn(async move { house.attempt(email, "wrong", HERE).await })
        })
        .collect();
    let mut refused = 0;
    for attempt in storm {
        let outcome = attempt.await.expect("joined");
        refused += u32::from(matches!(outcome, Outcome::TooMany { seconds: 1 }));
    }
    assert_eq!(refused, 195);
    assert!(house.door.hasher.done() <= 5);
    let elsewhere = house.attempt("ines@example.com", RIGHT, [198, 51, 100, 7]).await;
    assert!(matches!(elsewhere, Outcome::SignedIn(_)), "a stranger locked the member out");
}

#[tokio::test]
async fn a_success_gives_the_free_attempts_back() {
    let house = House::new();
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(house.attempt("ines@example.com", "wrong", HERE).await, Outcome::Wrong);
        }
        let outcome = house.attempt("ines@example.com", RIGHT, HERE).await;
        assert!(matches!(outcome, Outcome::SignedIn(_)));
    }
}

#[tokio::test]
async fn a_password_that_was_reset_while_it_was_checked_is_wrong() {
    let house = House::new();
    let found = Some((house.member.clone(), Some("the old hash".into())));
    let author = house.there.author(HERE);
    let right = Checked::Right { rehashed: Some("another".into()) };
    let outcome = house.there.write(|tx| conclude(tx, &found, &right, &author));
    assert_eq!(outcome, Outcome::Wrong);
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_happen() {
    let house = House::new();
    house.there.write(|tx| {
        rows::drop_activity(tx);
        Ok(())
    });
    for password in [RIGHT, "wrong"] {
        let password = Password::presented(password.to_owned());
        let author = house.there.author(HERE);
        let outcome =
            sign_in(&house.there.db, &house.door, "ines@example.com", password, None, &author)
                .await;
        assert!(matches!(outcome, Err(Error::Internal(_))), "{outcome:?}");
    }
    let found = house.there.read(|c| members::find(c, &house.member.id)).expect("there");
    assert_eq!(found.last_signed_in_at, None);
}

#[test]
fn what_is_over_is_cleared_away() {
    let there = Fixture::new();
    let member = there.member("ines@example.com", None);
    let state =
        sessions::State::from([(sessions::MEMBER_ID.into(), format!("{:?}", member.id.as_str()))]);
    there.write(|tx| {
        sessions::save(tx, &there.keyring, &state, there.now().plus(-HOUR))?;
        sessions::save(tx, &there.keyring, &state, there.now())?;
        rows::spend_form_token(tx, there.now());
        rows::spend_form_token(tx, there.now().plus(1));
        Ok(())
    });
    assert_eq!(there.write(|tx| purge(tx, there.now())), 2);
    assert_eq!(there.read(|c| Ok(rows::count(c))), (1, 0, 1));
    assert_eq!(there.write(|tx| purge(tx, there.now().plus(DAY))), 2);
}
