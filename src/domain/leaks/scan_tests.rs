//! What a scan finds in texts, and what it does not find.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::base::secret_scan::TAIL;
use crate::domain::api_keys::Environment;

fn secret(prefix: &str) -> String {
    let secret = SecretKey::generate(prefix, Environment::Staging).expect("random");
    secret.expose().to_owned()
}

fn found(text: &str) -> Vec<String> {
    scan(text).secrets.iter().map(|secret| secret.expose().to_owned()).collect()
}

#[test]
fn several_keys_are_found_once_each_in_the_order_of_the_text() {
    let (one, other) = (secret("lk"), secret("dev"));
    let text = format!("A={one}\nB: \"{other}\", again {one}{other}");
    assert_eq!(found(&text), [one, other]);
}

#[test]
fn a_key_that_is_split_by_a_line_break_is_found() {
    let one = secret("lk");
    assert_eq!(found(&format!("key: {}\r\n   {} end", &one[..20], &one[20..])), [one.as_str()]);
    assert_eq!(found(&format!("{}\n{}", &one[..5], &one[5..])), [one]);
}

#[test]
fn at_most_fifty_keys_are_returned() {
    let all: Vec<String> = (0..52).map(|_| secret("lk")).collect();
    let scan = scan(&all.join(" "));
    assert_eq!((scan.secrets.len(), scan.has_more), (MAX_SECRETS, true));
    let scan = super::scan(&all[..MAX_SECRETS].join("\n"));
    assert_eq!((scan.secrets.len(), scan.has_more), (MAX_SECRETS, false));
}

#[test]
fn a_text_designed_to_be_slow_is_scanned_quickly() {
    let wrong = format!("abcdefgh_prod_{} ", "a".repeat(TAIL));
    for piece in ["_", "_dev_", "lk_prod_", &wrong, "a", "é_stag_", " "] {
        let junk: String = piece.repeat(64 * 1024 / piece.len());
        let start = Instant::now();
        assert!(found(&junk).is_empty());
        assert!(start.elapsed() < Duration::from_secs(2), "{piece}: {:?}", start.elapsed());
    }
}

proptest! {
    #[test]
    fn a_secret_key_is_found_whatever_surrounds_it(
        before in ".{0,200}|[a-z0-9_]{0,40}", after in ".{0,200}|[A-Za-z0-9_]{0,40}",
        prefix in "[a-z0-9]{2,8}|dev|prod|stag",
    ) {
        let one = secret(&prefix);
        let text = [before.as_str(), &one, &after].concat();
        prop_assert!(found(&text).contains(&one));
    }

    #[test]
    fn a_truncated_or_changed_key_is_not_found(at in 0_usize..57, to in "[0-9A-Za-z]") {
        let one = secret("lk");
        prop_assert!(found(&one[..at]).is_empty());
        prop_assert!(found(&one[1..]).is_empty());
        let changed = format!("{}{to}{}", &one[..at], &one[at + 1..]);
        prop_assume!(changed != one);
        prop_assert!(found(&changed).is_empty());
    }

    #[test]
    fn no_text_makes_a_scan_panic(text in ".*|[a-z_]{0,80}|(_(dev|prod|stag)_.{0,60}){0,9}") {
        prop_assert!(found(&text).is_empty());
    }
}
