use proptest::prelude::*;

use super::*;
use crate::domain::api_keys::{
    Disabling, Environment, ExternalId, FollowUp, KeyId, KeyName, Owner,
};
use crate::domain::usage::denials::Denial;

const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

/// A key that does not need attention.
fn key() -> ApiKey {
    ApiKey {
        id: KeyId::parse("key_0123456789AB").expect("a Key ID"),
        name: KeyName::parse("Billing worker").expect("a name"),
        environment: Environment::Production,
        role_id: "role".into(),
        all_role_scopes: true,
        notes: String::new(),
        version: 1,
        created_at: NOW.plus(-40 * DAY),
        created_by: "mem".into(),
        edited_at: None,
        expires_at: NOW.plus(60 * DAY),
        secret_created_at: NOW.plus(-40 * DAY),
        last_used_at: Some(NOW.plus(-DAY)),
        last_used_address: None,
        revoked_at: None,
        disabling: Disabling::default(),
        flagged_at: None,
        owner: Owner::default(),
        external_id: ExternalId::default(),
        snoozed_at: None,
    }
}

fn denial_group(reason: Outcome, count: i64, ago: i64) -> DenialGroup {
    let latest = Denial {
        request_id: "req".into(),
        key_id: None,
        secret: None,
        reason,
        detail: String::new(),
        address: Some("203.0.113.7".into()),
        line: String::new(),
        at: NOW.plus(-ago),
        count,
    };
    DenialGroup { first: NOW.plus(-ago - 1000), count, latest }
}

fn reasons(key: &ApiKey, facts: &Facts) -> Vec<Reason> {
    let concerns = concerns(key, facts, &Settings::default(), NOW);
    concerns.into_iter().map(|concern| concern.reason).collect()
}

#[test]
fn a_key_without_problems_does_not_need_attention() {
    assert_eq!(reasons(&key(), &Facts::default()), []);
    let few = Facts {
        denials: vec![denial_group(Outcome::ScopeMissing, MIN_DENIALS - 1, 0)],
        ..Facts::default()
    };
    assert_eq!(reasons(&key(), &few), []);
}

#[test]
fn each_reason_is_found_and_the_most_urgent_comes_first() {
    let facts = Facts {
        denials: vec![
            denial_group(Outcome::ScopeMissing, 12, 5000),
            denial_group(Outcome::AddressNotAllowed, 15, 9000),
            denial_group(Outcome::SecretSuperseded, 2, 3000),
        ],
        overlap_ends_at: Some(NOW),
        creator_left_at: Some(NOW.plus(-DAY)),
        secret_found_at: Some(NOW.plus(-DAY)),
        introspected_at: Some(NOW.plus(-DAY)),
        name_shared_since: Some(NOW.plus(-DAY)),
        master_key_rotated_at: Some(NOW.plus(-DAY)),
    };
    let all = ApiKey {
        expires_at: NOW.plus(5 * DAY),
        secret_created_at: NOW.plus(-100 * DAY),
        last_used_at: Some(NOW.plus(-UNUSED_AFTER)),
        ..key()
    };
    let dead = Reason::InactiveSecretUsed {
        outcome: Outcome::SecretSuperseded,
        count: 2,
        last: NOW.plus(-3000),
        address: Some("203.0.113.7".into()),
    };
    let denied = Reason::DeniedOften { outcome: Outcome::AddressNotAllowed, count: 27 };
    let rest = [
        Reason::FormerMasterKey,
        Reason::RotationDue,
        Reason::OverlapCanEnd,
        Reason::NameTaken,
        Reason::CreatorLeft,
        Reason::Unused,
    ];
    let expected: Vec<Reason> =
        [dead, Reason::SecretStored, Reason::IntrospectionEnded, denied, Reason::Expiring(5)]
            .into_iter()
            .chain(rest)
            .collect();
    assert_eq!(reasons(&all, &facts), expected);
}

#[test]
fn a_key_that_was_never_used_needs_attention() {
    let never = ApiKey { last_used_at: None, ..key() };
    assert_eq!(reasons(&never, &Facts::default()), [Reason::NeverUsed]);
}

#[test]
fn an_inactive_key_only_needs_attention_while_it_is_used() {
    let uses = |outcome| Facts { denials: vec![denial_group(outcome, 3, 0)], ..Facts::default() };
    let revoked = ApiKey { revoked_at: Some(NOW.plus(-DAY)), ..key() };
    let expired = ApiKey { expires_at: NOW.plus(-DAY), ..key() };
    let old = ApiKey { secret_created_at: NOW.plus(-400 * DAY), ..revoked.clone() };
    assert_eq!(reasons(&old, &Facts::default()), []);
    assert_eq!(reasons(&revoked, &uses(Outcome::KeyRevoked)).len(), 1);
    assert_eq!(reasons(&expired, &uses(Outcome::KeyExpired)).len(), 1);
    // The key was rotated since, so the reason for the denial no longer exists.
    assert_eq!(reasons(&key(), &uses(Outcome::KeyExpired)), []);
    assert_eq!(reasons(&revoked, &uses(Outcome::ScopeMissing)), []);
}

/// A key that was disabled ten days ago, and what its schedule is.
fn disabled(until: Option<Timestamp>, then: Option<FollowUp>) -> ApiKey {
    let at = Some(NOW.plus(-10 * DAY));
    ApiKey { disabling: Disabling { at, until, then, ..Disabling::default() }, ..key() }
}

#[test]
fn a_disabled_key_needs_attention_from_its_first_request_on() {
    let uses = |count| Facts {
        denials: vec![denial_group(Outcome::KeyDisabled, count, 0)],
        ..Facts::default()
    };
    let expected = |count| Reason::InactiveSecretUsed {
        outcome: Outcome::KeyDisabled,
        count,
        last: NOW,
        address: Some("203.0.113.7".into()),
    };
    let key = disabled(None, None);
    assert_eq!(reasons(&key, &Facts::default()), []);
    for count in [1, 3] {
        assert_eq!(reasons(&key, &uses(count)), [expected(count)]);
    }
    let expired = ApiKey { expires_at: NOW, ..key.clone() };
    assert_eq!(reasons(&expired, &uses(1)), [expected(1)], "it is still denied as disabled");
    let revoked = ApiKey { revoked_at: Some(NOW), ..key.clone() };
    assert_eq!(reasons(&revoked, &uses(1)), []);
    let enabled = ApiKey { disabling: Disabling::default(), ..key };
    assert_eq!(reasons(&enabled, &uses(1)), [], "the reason for the denial no longer exists");
}

#[test]
fn a_disabled_key_needs_attention_if_its_schedule_was_skipped_and_for_nothing_else() {
    let facts = Facts {
        denials: vec![
            denial_group(Outcome::ScopeMissing, 90, DAY),
            denial_group(Outcome::SecretSuperseded, 2, DAY),
        ],
        overlap_ends_at: Some(NOW),
        creator_left_at: Some(NOW.plus(-DAY)),
        secret_found_at: Some(NOW.plus(-DAY)),
        introspected_at: Some(NOW.plus(-DAY)),
        name_shared_since: Some(NOW.plus(-DAY)),
        master_key_rotated_at: Some(NOW.plus(-DAY)),
    };
    let due = Some(NOW.plus(-DAY));
    for (until, then, expected) in [
        (None, None, &[][..]),
        (due, Some(FollowUp::Revoke), &[]),
        (due, None, &[Reason::ScheduleSkipped]),
    ] {
        let key = ApiKey {
            expires_at: NOW.plus(5 * DAY),
            secret_created_at: NOW.plus(-400 * DAY),
            last_used_at: None,
            ..disabled(until, then)
        };
        assert_eq!(reasons(&key, &facts), expected, "{until:?} {then:?}");
    }
    let denials = vec![denial_group(Outcome::KeyDisabled, 1, 0)];
    let both = reasons(&disabled(due, None), &Facts { denials, ..Facts::default() });
    assert_eq!((both.len(), &both[1]), (2, &Reason::ScheduleSkipped), "used comes first");
}

#[test]
fn requests_with_a_disabled_key_count_from_when_it_was_disabled_or_kept() {
    let key = disabled(None, None);
    assert_eq!(denials_since(&key, NOW), NOW.plus(-10 * DAY), "longer ago than for other keys");
    let kept = ApiKey { snoozed_at: Some(NOW.plus(-DAY)), ..key.clone() };
    assert_eq!(denials_since(&kept, NOW), NOW.plus(-DAY + 1));
    let kept_before = ApiKey { snoozed_at: Some(NOW.plus(-20 * DAY)), ..key };
    assert_eq!(denials_since(&kept_before, NOW), NOW.plus(-10 * DAY));
}

#[test]
fn denied_requests_before_an_edit_do_not_count() {
    let facts =
        Facts { denials: vec![denial_group(Outcome::ScopeMissing, 90, DAY)], ..Facts::default() };
    assert_eq!(reasons(&key(), &facts).len(), 1);
    let edited = ApiKey { edited_at: Some(NOW.plus(-HOUR)), ..key() };
    assert_eq!(reasons(&edited, &facts), []);
}

const HOUR: i64 = crate::base::clock::HOUR;

proptest! {
    #[test]
    fn the_calculated_time_is_when_the_reasons_start(
        age in 0..400_i64, left in -10..200_i64, used in 0..200_i64, days_since_left in 0..100_i64,
        reviewed in proptest::option::of(0..120_i64), has_left: bool,
    ) {
        let settings = Settings::default();
        let mut key = ApiKey {
            created_at: NOW.plus(-age * DAY),
            secret_created_at: NOW.plus(-age * DAY),
            expires_at: Timestamp::end_of(NOW.plus(left * DAY).date()),
            last_used_at: (used > 0).then(|| NOW.plus(-used * DAY)),
            snoozed_at: reviewed.map(|days| NOW.plus(-days * DAY)),
            ..key()
        };
        let creator_left_at = has_left.then(|| NOW.plus(-days_since_left * DAY));
        let facts = Facts { creator_left_at, ..Facts::default() };
        key.flagged_at = flagged_at(&key, &facts, NOW);
        let listed = key.status(NOW) == Status::Active && key.attention_at(&settings) <= NOW;
        prop_assert_eq!(listed, !concerns(&key, &facts, &settings, NOW).is_empty());
    }
}
