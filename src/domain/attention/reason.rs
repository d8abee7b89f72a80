//! Why a key needs attention: decided from facts, in one pure place.

use crate::base::clock::{DAY, Timestamp};
use crate::domain::api_keys::{ApiKey, Status};
use crate::domain::settings::Settings;
use crate::domain::usage::Outcome;
use crate::domain::usage::denials::Alike;

/// How far back refusals are looked at, in milliseconds.
pub(super) const REFUSALS: i64 = 7 * DAY;
/// How many refusals within that time are often.
pub(super) const OFTEN: i64 = 20;
/// After how long without use a key counts as unused, in milliseconds.
pub(super) const UNUSED: i64 = 90 * DAY;

/// For how long after its last question about other keys a key is listed that may ask no more, in
/// milliseconds.
pub(super) const INTROSPECTED: i64 = 90 * DAY;

/// Why a key needs attention, most urgent first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Requests bear a secret that no longer works.
    DeadSecretUsed {
        /// Why it does not.
        outcome: Outcome,
        /// How many were refused.
        count: i64,
        /// When the last one was.
        last: Timestamp,
        /// Where it came from, as far as that is known.
        address: Option<String>,
    },
    /// Its name or notes hold a secret key.
    SecretStored,
    /// It asked about other keys, and its role no longer includes that.
    IntrospectionEnded,
    /// Another key has its name, by a rule that is younger than the name.
    NameTaken,
    /// It expires within 14 days; 0 is today.
    Expiring(i64),
    /// It is refused often.
    RefusedOften {
        /// For which reason most.
        outcome: Outcome,
        /// How many requests were refused, whatever for.
        count: i64,
    },
    /// Its secret is older than the settings want.
    RotationDue,
    /// Its old secret is no longer used, and still works.
    OverlapCanEnd,
    /// Who created it can no longer sign in.
    CreatorLeft,
    /// It was never used, 30 days after its secret was made.
    NeverUsed,
    /// It was not used for 90 days.
    Unused,
}

/// A reason and since when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concern {
    pub reason: Reason,
    pub since: Timestamp,
}

/// What a key's own row does not tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// What was refused since [`refusals_since`].
    pub refusals: Vec<Alike>,
    /// From when on its old secret can be ended.
    pub overlap_ends_at: Option<Timestamp>,
    /// When its creator left.
    pub creator_left_at: Option<Timestamp>,
    /// When a secret key was found in its name or notes.
    pub secret_found_at: Option<Timestamp>,
    /// On which day it last asked about other keys, if its role no longer includes that.
    pub introspected_at: Option<Timestamp>,
    /// Since when another key has its name.
    pub alike_since: Option<Timestamp>,
}

/// From when on refusals of a key count: those before somebody looked at it do not.
pub(super) fn refusals_since(key: &ApiKey, now: Timestamp) -> Timestamp {
    let reviewed = key.reviewed_at.map_or(Timestamp::default(), |at| at.plus(1));
    now.plus(-REFUSALS).max(reviewed)
}

/// Why a key needs attention by what its own row tells, most urgent first.
fn own(key: &ApiKey, settings: &Settings, now: Timestamp) -> Vec<Concern> {
    let found = [
        (Reason::Expiring(key.days_left(now)), Some(key.expires_soon_at())),
        (Reason::RotationDue, Some(key.rotation_due_at(settings))),
        (Reason::NeverUsed, key.overdue_for_use_at()),
    ];
    let found = found.into_iter().filter_map(|(reason, since)| since.map(|since| (reason, since)));
    found.map(|(reason, since)| Concern { reason, since }).collect()
}

/// Why a key needs attention by what happened elsewhere.
fn elsewhere(key: &ApiKey, facts: &Facts, now: Timestamp) -> Vec<Concern> {
    let status = key.status(now);
    let mut concerns: Vec<Concern> = dead(facts, status).into_iter().collect();
    if status != Status::Active {
        return concerns;
    }
    concerns.extend(refused(key, facts));
    let unused = key.last_used_at.map(|used| used.plus(UNUSED));
    let found = [
        (Reason::SecretStored, facts.secret_found_at),
        (Reason::IntrospectionEnded, facts.introspected_at),
        (Reason::NameTaken, facts.alike_since),
        (Reason::OverlapCanEnd, facts.overlap_ends_at),
        (Reason::CreatorLeft, facts.creator_left_at),
        (Reason::Unused, unused),
    ];
    let found = found.into_iter().filter_map(|(reason, since)| since.map(|since| (reason, since)));
    concerns.extend(found.map(|(reason, since)| Concern { reason, since }));
    concerns
}

/// A dead secret in use. That a secret expired or was revoked is told of its key as it is now.
fn dead(facts: &Facts, status: Status) -> Option<Concern> {
    let is_dead = |alike: &&Alike| match alike.latest.reason {
        Outcome::KeyRevoked => status == Status::Revoked,
        Outcome::KeyExpired => status == Status::Expired,
        Outcome::SecretSuperseded => status != Status::Revoked,
        _ => false,
    };
    let dead: Vec<&Alike> = facts.refusals.iter().filter(is_dead).collect();
    let latest = &dead.iter().max_by_key(|alike| alike.latest.at)?.latest;
    let reason = Reason::DeadSecretUsed {
        outcome: latest.reason,
        count: dead.iter().map(|alike| alike.count).sum(),
        last: latest.at,
        address: latest.address.clone(),
    };
    Some(Concern { reason, since: dead.iter().map(|alike| alike.first).min()? })
}

/// Refused often with a secret that works, since the key was last edited.
fn refused(key: &ApiKey, facts: &Facts) -> Option<Concern> {
    let is_own = |alike: &&Alike| {
        let works = matches!(
            alike.latest.reason,
            Outcome::ScopeMissing | Outcome::AddressNotAllowed | Outcome::EnvironmentMismatch
        );
        works && key.edited_at.is_none_or(|edited| alike.latest.at > edited)
    };
    let own: Vec<&Alike> = facts.refusals.iter().filter(is_own).collect();
    let count = own.iter().map(|alike| alike.count).sum();
    let outcome = own.iter().max_by_key(|alike| alike.count)?.latest.reason;
    let since = own.iter().map(|alike| alike.first).min()?;
    (count >= OFTEN).then_some(Concern { reason: Reason::RefusedOften { outcome, count }, since })
}

/// From when on something elsewhere asks for attention at a key; `None` when nothing does.
pub(super) fn noted_at(key: &ApiKey, facts: &Facts, now: Timestamp) -> Option<Timestamp> {
    elsewhere(key, facts, now).into_iter().map(|concern| key.asks_from(concern.since)).min()
}

/// Why a key needs attention now, most urgent first. What was looked at is left out for a while.
pub(super) fn concerns(
    key: &ApiKey,
    facts: &Facts,
    settings: &Settings,
    now: Timestamp,
) -> Vec<Concern> {
    let mut concerns = elsewhere(key, facts, now);
    if key.status(now) == Status::Active {
        concerns.extend(own(key, settings, now));
    }
    concerns.retain(|concern| key.asks_from(concern.since) <= now);
    concerns.sort_by_key(|concern| concern.reason.rank());
    concerns
}

impl Reason {
    fn rank(&self) -> u8 {
        match self {
            Self::DeadSecretUsed { .. } => 0,
            Self::SecretStored => 1,
            Self::IntrospectionEnded => 2,
            Self::Expiring(_) => 3,
            Self::RefusedOften { .. } => 4,
            Self::RotationDue => 5,
            Self::NameTaken => 6,
            Self::OverlapCanEnd => 7,
            Self::CreatorLeft => 8,
            Self::NeverUsed => 9,
            Self::Unused => 10,
        }
    }
}

#[cfg(test)]
#[path = "reason_tests.rs"]
mod tests;
