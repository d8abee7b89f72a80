//! Which attempts the throttle delays, and for how long.

use std::net::IpAddr;

use super::*;
use crate::base::clock::HOUR;
use crate::domain::members::Email;
use proptest::prelude::*;

const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn try_at(throttle: &Throttle, account: &str, from: &str, seconds: i64) -> Result<(), u64> {
    let now = START.plus(seconds * SECOND);
    throttle.reserve(Some(account), address(from), now).map(|_| ()).map_err(|w| w.seconds)
}

#[test]
fn five_attempts_are_free_and_then_each_waits_twice_as_long() {
    let throttle = Throttle::default();
    for _ in 0..5 {
        assert_eq!(try_at(&throttle, "a", "192.0.2.1", 0), Ok(()));
    }
    let mut at = 0;
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
        assert_eq!(try_at(&throttle, "a", "192.0.2.1", at), Err(wait));
        at += i64::try_from(wait).expect("small");
        assert_eq!(try_at(&throttle, "a", "192.0.2.1", at - 1), Err(1));
        assert_eq!(try_at(&throttle, "a", "192.0.2.1", at), Ok(()));
    }
    assert_eq!(try_at(&throttle, "a", "192.0.2.1", at + 86_400), Ok(()));
    assert_eq!(try_at(&throttle, "a", "192.0.2.1", at + 86_400), Ok(()));
}

#[test]
fn a_stranger_does_not_lock_a_member_out() {
    let throttle = Throttle::default();
    while try_at(&throttle, "a", "198.51.100.7", 0).is_ok() {}
    assert_eq!(try_at(&throttle, "a", "192.0.2.1", 0), Ok(()));
    assert_eq!(try_at(&throttle, "b", "198.51.100.7", 0), Ok(()));
}

#[test]
fn a_network_has_twenty_attempts_per_minute_in_total() {
    let throttle = Throttle::default();
    let attempt =
        |n: i64, second: i64| try_at(&throttle, &format!("member{n}"), "192.0.2.1", second);
    let passed = (0..200).filter(|n| attempt(*n, 0).is_ok()).count();
    assert_eq!(passed, 20);
    let code = throttle.reserve(None, address("::ffff:192.0.2.1"), START);
    assert!(matches!(code, Err(Wait { seconds: 3 })), "{code:?}");
    let passed = (0..200).filter(|n| attempt(200 + n, 60).is_ok()).count();
    assert_eq!(passed, 20);
}

#[test]
fn a_success_forgets_only_the_accounts_failures_from_that_network() {
    let throttle = Throttle::default();
    for from in ["192.0.2.1", "192.0.2.2"] {
        (0..4).for_each(|_| assert_eq!(try_at(&throttle, "a", from, 0), Ok(())));
    }
    let last = throttle.reserve(Some("a"), address("192.0.2.1"), START).expect("not throttled");
    throttle.succeeded(last);
    (0..5).for_each(|_| assert_eq!(try_at(&throttle, "a", "192.0.2.1", 0), Ok(())));
    assert_eq!(try_at(&throttle, "a", "192.0.2.2", 0), Ok(()));
    assert_eq!(try_at(&throttle, "a", "192.0.2.2", 0), Err(1));
}

#[test]
fn setting_the_clock_back_does_not_lengthen_a_wait() {
    let throttle = Throttle::default();
    while try_at(&throttle, "a", "192.0.2.1", 0).is_ok() {}
    assert_eq!(try_at(&throttle, "a", "192.0.2.1", -HOUR), Err(1));
    assert_eq!(try_at(&throttle, "a", "192.0.2.1", -HOUR + 1), Ok(()));
}

#[test]
fn memory_is_bounded_and_the_stalest_entries_are_removed() {
    let throttle = Throttle::default();
    for n in 0..(MAX_ENTRIES + 5_000) {
        let from = IpAddr::from(u32::try_from(n).expect("small").to_be_bytes());
        let now = START.plus(i64::try_from(n).expect("small"));
        let _ = throttle.reserve(Some("a"), from, now);
    }
    let state = throttle.state();
    assert!(state.accounts.len() <= MAX_ENTRIES);
    let newest = IpAddr::from(u32::try_from(MAX_ENTRIES + 4_999).expect("small").to_be_bytes());
    assert!(state.accounts.contains_key(&("a".into(), newest.into())));
}

#[test]
fn filling_the_memory_from_many_networks_neither_delays_others_nor_ends_a_wait() {
    let throttle = Throttle::default();
    while try_at(&throttle, "a", "192.0.2.1", 0).is_ok() {}
    assert_eq!(try_at(&throttle, "a", "192.0.2.1", 1), Ok(()));
    for n in 0..(2 * MAX_ENTRIES) {
        let from = IpAddr::from((0x0a00_0000 + u32::try_from(n).expect("small")).to_be_bytes());
        let now = START.plus(SECOND + i64::try_from(n / 100).expect("small"));
        assert!(throttle.reserve(Some("a"), from, now).is_ok());
    }
    assert_eq!(try_at(&throttle, "a", "192.0.2.1", 2), Err(1), "the guesser still waits");
    assert_eq!(try_at(&throttle, "a", "198.51.100.1", 2), Ok(()), "the member does not");
}

#[test]
fn a_password_that_was_not_checked_is_not_a_failure() {
    let throttle = Throttle::default();
    let reserve = |seconds: i64| {
        throttle.reserve(Some("a"), address("192.0.2.1"), START.plus(seconds * SECOND))
    };
    for _ in 0..5 {
        throttle.not_tried(reserve(0).expect("not throttled"));
    }
    (0..5).for_each(|_| assert_eq!(try_at(&throttle, "a", "192.0.2.1", 0), Ok(())));
    assert_eq!(try_at(&throttle, "a", "192.0.2.1", 0), Err(1));
    throttle.not_tried(reserve(1).expect("the wait has ended"));
    assert_eq!(try_at(&throttle, "a", "192.0.2.1", 1), Ok(()), "the wait must not start again");
    let together = [reserve(3), reserve(1_000)].map(|one| one.expect("the wait has ended"));
    for reservation in together {
        throttle.not_tried(reservation);
    }
    // The network's attempts are used up anyway.
    let used = (0..20).filter(|n| try_at(&throttle, &format!("m{n}"), "192.0.2.1", 1_000).is_ok());
    assert_eq!(used.count(), 19);
}

#[test]
fn wait_messages_use_seconds_or_minutes() {
    for (seconds, words) in [
        (1, "1 second"),
        (8, "8 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (900, "15 minutes"),
    ] {
        assert_eq!(wait_message(seconds), format!("Too many attempts. Try again in {words}"));
    }
}

proptest! {
    #[test]
    fn every_spelling_of_an_email_address_shares_a_bucket(
        upper in proptest::collection::vec(any::<bool>(), 16),
        before in " {0,2}",
        after in "[ \t]{0,2}",
    ) {
        let cased: String = "ines@example.com"
            .chars()
            .zip(upper)
            .map(|(c, upper)| if upper { c.to_ascii_uppercase() } else { c })
            .collect();
        let email = Email::parse(&format!("{before}{cased}{after}")).expect("an address");
        let throttle = Throttle::default();
        for _ in 0..5 {
            prop_assert!(try_at(&throttle, "ines@example.com", "2001:db8::1", 0).is_ok());
        }
        prop_assert_eq!(try_at(&throttle, email.folded(), "2001:db8::ffff:1", 0), Err(1));
    }
}
