//! A key's stage, from its decision and the changes since.

use super::*;
use crate::base::clock::DAY;
use crate::domain::api_keys::{
    ApiKey, Disabling, Environment, ExternalId, IpWhitelist, KeyId, KeyName, Labels, Owner,
};
use crate::domain::roles::{Coverage, Role};

const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

fn details() -> Details {
    let scopes = ["orders:read", "orders:write"].map(str::to_owned);
    let role = Role {
        id: "role_1".into(),
        slug: "one".into(),
        name: "One".into(),
        description: String::new(),
        coverage: Coverage::Chosen,
        scopes: scopes.into_iter().collect(),
        version: 1,
    };
    let key = ApiKey {
        id: KeyId::random().expect("random"),
        name: KeyName::parse("Billing worker").expect("a name"),
        environment: Environment::Production,
        role_id: role.id.clone(),
        all_role_scopes: true,
        notes: String::new(),
        version: 1,
        created_at: NOW.plus(-90 * DAY),
        created_by: String::new(),
        edited_at: None,
        expires_at: NOW.plus(90 * DAY),
        secret_created_at: NOW.plus(-90 * DAY),
        last_used_at: None,
        last_used_address: None,
        revoked_at: None,
        disabling: Disabling::default(),
        flagged_at: None,
        owner: Owner::default(),
        external_id: ExternalId::default(),
        snoozed_at: None,
    };
    let ip_whitelist = IpWhitelist::parse("").expect("empty");
    Details {
        key,
        role,
        selected: std::collections::BTreeSet::new(),
        ip_whitelist,
        labels: Labels::default(),
    }
}

/// The stage of a key that was changed after a decision a day ago.
fn stage(decision: Option<Decision>, change: impl Fn(&mut Details)) -> Stage {
    let mut details = details();
    let mut item = Item::of(&details, NOW);
    item.decided = decision.map(|decision| DecisionRecord {
        decision,
        note: String::new(),
        at: NOW.plus(-DAY),
        by_id: None,
        by: String::new(),
    });
    change(&mut details);
    item.stage(Some(&details), NOW)
}

fn revoke(details: &mut Details) {
    details.key.revoked_at = Some(NOW);
}

fn expire(details: &mut Details) {
    details.key.expires_at = NOW;
}

fn rotate(details: &mut Details) {
    details.key.secret_created_at = NOW;
}

fn edit(details: &mut Details) {
    details.key.edited_at = Some(NOW);
}

fn disable(details: &mut Details) {
    details.key.disabling.at = Some(NOW);
}

fn narrow(details: &mut Details) {
    details.role.scopes.remove("orders:write");
}

#[test]
fn a_key_without_a_decision_needs_one_while_it_is_active() {
    assert_eq!(stage(None, |_| ()), Stage::Undecided);
    assert_eq!(stage(None, revoke), Stage::NoLongerActive);
    assert_eq!(stage(None, expire), Stage::NoLongerActive);
}

#[test]
fn the_key_shows_whether_a_decision_was_carried_out() {
    use Decision::{Keep, Reduce, Revoke, Rotate};
    let done = Stage::Done(Some(NOW));
    for change in [revoke, expire, rotate, edit, narrow] {
        assert_eq!(stage(Some(Keep), change), Stage::Kept);
    }
    for decision in [Reduce, Rotate, Revoke] {
        assert_eq!(stage(Some(decision), |_| ()), Stage::Open);
        assert_eq!(stage(Some(decision), expire), Stage::Moot);
    }
    assert_eq!(stage(Some(Revoke), revoke), done);
    assert_eq!(stage(Some(Revoke), rotate), Stage::Open);
    assert_eq!(stage(Some(Rotate), rotate), done);
    assert_eq!(stage(Some(Rotate), edit), Stage::Open);
    assert_eq!(stage(Some(Rotate), revoke), Stage::Moot);
    assert_eq!(stage(Some(Reduce), edit), done);
    assert_eq!(stage(Some(Reduce), narrow), Stage::Done(None));
    assert_eq!(stage(Some(Reduce), rotate), Stage::Open);
    let before = |details: &mut Details| details.key.edited_at = Some(NOW.plus(-DAY));
    assert_eq!(
        stage(Some(Reduce), before),
        Stage::Open,
        "an edit before the decision does not carry it out"
    );
}

#[test]
fn a_decision_to_disable_a_key_is_carried_out_once_it_is_disabled() {
    let disabled = |change: fn(&mut Details)| stage(Some(Decision::Disable), change);
    assert_eq!(disabled(|_| ()), Stage::Open);
    assert_eq!(disabled(disable), Stage::Done(Some(NOW)));
    for change in [rotate, edit, narrow] {
        assert_eq!(disabled(change), Stage::Open);
    }
    for change in [revoke, expire] {
        assert_eq!(disabled(change), Stage::Moot);
    }
    let before = |details: &mut Details| details.key.disabling.at = Some(NOW.plus(-DAY));
    assert_eq!(disabled(before), Stage::Done(Some(NOW.plus(-DAY))), "it is disabled already");
    let both = |details: &mut Details| {
        disable(details);
        revoke(details);
    };
    assert_eq!(disabled(both), Stage::Done(Some(NOW)));
}

#[test]
fn a_disabled_key_still_needs_its_decision() {
    use Decision::{Keep, Reduce, Revoke, Rotate};
    assert_eq!(stage(None, disable), Stage::Undecided);
    assert_eq!(stage(Some(Keep), disable), Stage::Kept);
    for decision in [Reduce, Rotate, Revoke] {
        assert_eq!(stage(Some(decision), disable), Stage::Open);
    }
}
