use proptest::prelude::*;

use super::*;
use crate::base::clock::{HOUR, MINUTE};

const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

fn found(rule: Rule, cause: &str, level: i64) -> Finding {
    Finding {
        rule,
        cause: cause.into(),
        key_id: None,
        title: "Sign-ins fail".into(),
        detail: String::new(),
        level,
        since: NOW,
    }
}

fn alert(rule: Rule, cause: &str, seen_ago: i64) -> Alert {
    let seen_at = NOW.plus(-seen_ago);
    Alert { seen_at, ..Alert::opened(format!("alt_{cause}"), found(rule, cause, 0), seen_at) }
}

#[test]
fn a_cause_that_is_found_again_keeps_its_only_alert() {
    let open = vec![alert(Rule::InactiveSecret, "a", MINUTE)];
    let again = vec![found(Rule::InactiveSecret, "a", 0), found(Rule::InactiveSecret, "b", 0)];
    let plan = plan(open, again, &Rule::ALL, NOW);
    assert_eq!(plan.keep.len(), 1);
    assert_eq!(plan.open.iter().map(|found| &*found.cause).collect::<Vec<_>>(), ["b"]);
    assert!(plan.close.is_empty());
}

#[test]
fn an_alert_closes_when_its_cause_has_been_quiet_or_its_rule_is_off() {
    let closed = |rule: Rule, seen_ago: i64, on: &[Rule]| {
        !plan(vec![alert(rule, "a", seen_ago)], Vec::new(), on, NOW).close.is_empty()
    };
    assert!(closed(Rule::RotationDue, 0, &Rule::ALL));
    assert!(!closed(Rule::DenialBurst, HOUR - 1, &Rule::ALL));
    assert!(closed(Rule::DenialBurst, HOUR, &Rule::ALL));
    assert!(closed(Rule::DenialBurst, 0, &[]));
}

proptest! {
    #[test]
    fn alerts_stay_open_while_their_cause_is_found_or_was_found_recently(
        before in proptest::collection::btree_set(0..8_u8, 0..8),
        after in proptest::collection::btree_set(0..8_u8, 0..8),
        ago in 0..2 * HOUR,
    ) {
        let rule = Rule::SignInFailures;
        let open = before.iter().map(|cause| alert(rule, &cause.to_string(), ago)).collect();
        let causes = after.iter().map(|cause| found(rule, &cause.to_string(), 0)).collect();
        let plan = plan(open, causes, &Rule::ALL, NOW);
        prop_assert_eq!(plan.open.len(), after.difference(&before).count());
        prop_assert_eq!(plan.keep.len(), after.intersection(&before).count());
        let ended = before.difference(&after).count();
        prop_assert_eq!(plan.close.len(), if ago < rule.quiet_period() { 0 } else { ended });
    }
}
