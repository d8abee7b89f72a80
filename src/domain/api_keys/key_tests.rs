//! Tests the status, the badge and the reasons for attention of a key.

use super::*;
use crate::domain::api_keys::{Disabling, Environment, ExternalId, KeyId, Owner};
use proptest::prelude::*;

fn key(age: i64, left: i64, used: bool) -> ApiKey {
    let now = Timestamp::from_millis(1_795_000_000_000);
    ApiKey {
        id: KeyId::parse("key_0123456789AB").expect("a Key ID"),
        name: KeyName("Billing worker".into()),
        environment: Environment::Production,
        role_id: "role".into(),
        all_role_scopes: true,
        notes: String::new(),
        owner: Owner::default(),
        external_id: ExternalId::default(),
        version: 1,
        created_at: now.plus(-age),
        created_by: "mem".into(),
        edited_at: None,
        expires_at: Timestamp::end_of(now.plus(left).date()),
        secret_created_at: now.plus(-age),
        last_used_at: used.then_some(now),
        last_used_address: None,
        revoked_at: None,
        disabling: Disabling::default(),
        flagged_at: None,
        snoozed_at: None,
    }
}

#[test]
fn the_badge_is_the_most_urgent_fact() {
    let now = Timestamp::from_millis(1_795_000_000_000);
    let settings = Settings::default();
    let badge = |key: &ApiKey| key.badge(&settings, now);
    assert_eq!(badge(&key(DAY, 200 * DAY, true)), Badge::Active);
    assert_eq!(badge(&key(DAY, 200 * DAY, false)), Badge::NeverUsed);
    assert_eq!(badge(&key(90 * DAY, 200 * DAY, false)), Badge::RotationDue);
    assert_eq!(badge(&key(90 * DAY, 14 * DAY, false)), Badge::ExpiresIn(14));
    assert_eq!(badge(&key(90 * DAY, 0, false)), Badge::ExpiresIn(0));
    assert_eq!(badge(&key(90 * DAY, -DAY, false)), Badge::Expired);
    let revoked = ApiKey { revoked_at: Some(now), ..key(90 * DAY, -DAY, false) };
    assert_eq!(badge(&revoked), Badge::Revoked);
}

fn disabled(key: ApiKey, at: Timestamp) -> ApiKey {
    ApiKey { disabling: Disabling { at: Some(at), ..Disabling::default() }, ..key }
}

#[test]
fn a_key_is_revoked_before_expired_before_disabled_before_active() {
    let now = Timestamp::from_millis(1_795_000_000_000);
    let settings = Settings::default();
    let both = |key: &ApiKey| (key.status(now), key.badge(&settings, now));
    let soon = disabled(key(90 * DAY, 0, false), now);
    assert_eq!(both(&soon), (Status::Disabled, Badge::Disabled));
    let expired = disabled(key(90 * DAY, -DAY, false), now);
    assert_eq!(both(&expired), (Status::Expired, Badge::Expired));
    let revoked = ApiKey { revoked_at: Some(now), ..soon.clone() };
    assert_eq!(both(&revoked), (Status::Revoked, Badge::Revoked));
    let enabled = ApiKey { disabling: Disabling::default(), ..soon };
    assert_eq!(both(&enabled), (Status::Active, Badge::ExpiresIn(0)));
}

#[test]
fn a_disabled_key_needs_no_attention_because_of_its_own_data() {
    let now = Timestamp::from_millis(1_795_000_000_000);
    let settings = Settings::default();
    let due = key(200 * DAY, 5 * DAY, false);
    assert!(due.attention_at(&settings) <= now);
    let flagged_at = Some(now.plus(-DAY));
    let disabled = ApiKey { flagged_at, ..disabled(due, now) };
    assert_eq!(disabled.attention_at(&settings), disabled.expires_at);
}

#[test]
fn what_was_scheduled_is_skipped_once_only_its_time_is_left() {
    use crate::domain::api_keys::FollowUp;
    let now = Timestamp::from_millis(1_795_000_000_000);
    let disabling = |until, then| Disabling { until, then, ..Disabling::default() };
    for (until, then, scheduled, skipped) in [
        (None, None, None, None),
        (Some(now), Some(FollowUp::Revoke), Some((FollowUp::Revoke, now)), None),
        (Some(now), None, None, Some(now)),
    ] {
        let disabling = disabling(until, then);
        assert_eq!((disabling.scheduled(), disabling.skipped_at()), (scheduled, skipped));
    }
}

#[test]
fn a_key_expires_exactly_at_its_expiry() {
    let key = key(DAY, 5 * DAY, true);
    assert_eq!(key.status(key.expires_at.plus(-1)), Status::Active);
    assert_eq!(key.status(key.expires_at), Status::Expired);
}

#[test]
fn a_reviewed_reason_returns_after_ninety_days_and_a_new_reason_counts_at_once() {
    let now = Timestamp::from_millis(1_795_000_000_000);
    let settings = Settings::default();
    let due = ApiKey { snoozed_at: Some(now), ..key(100 * DAY, 150 * DAY, true) };
    assert_eq!(due.attention_at(&settings), now.plus(SNOOZED_DAYS * DAY));
    let soon = ApiKey { snoozed_at: Some(now), ..key(100 * DAY, 20 * DAY, true) };
    assert_eq!(soon.attention_at(&settings), soon.expires_soon_at());
    let noted = ApiKey { flagged_at: Some(now.plus(1)), ..due };
    assert_eq!(noted.attention_at(&settings), now.plus(1));
}

#[test]
fn the_name_of_a_copy_still_fits() {
    let name = KeyName::parse(&"é".repeat(80)).expect("fits");
    assert!(KeyName::parse(&name.of_copy()).is_ok());
}

proptest! {
    #[test]
    fn a_key_needs_attention_exactly_while_a_badge_says_why(
        age in 0..400 * DAY, left in 1..400 * DAY, used: bool,
    ) {
        let now = Timestamp::from_millis(1_795_000_000_000);
        let settings = Settings::default();
        let key = key(age, left, used);
        let expected = match key.badge(&settings, now) {
            Badge::ExpiresIn(_) | Badge::RotationDue => true,
            Badge::NeverUsed => age >= NEVER_USED_DAYS * DAY,
            _ => false,
        };
        prop_assert_eq!(key.attention_at(&settings) <= now, expected);
    }
}
