//! Decides from facts why a key needs attention. Pure.

use crate::base::clock::{DAY, Timestamp};
use crate::domain::api_keys::{ApiKey, Status};
use crate::domain::disabling::UNUSED_AFTER;
use crate::domain::settings::Settings;
use crate::domain::usage::Outcome;
use crate::domain::usage::denials::DenialGroup;

/// How far back denied requests count, in milliseconds.
pub(super) const DENIAL_WINDOW: i64 = 7 * DAY;
/// The fewest denied requests within that time that need attention.
pub(super) const MIN_DENIALS: i64 = 20;

/// How long after its last request about other keys a key that may no longer make them is listed,
/// in milliseconds.
pub(super) const INTROSPECTION_WINDOW: i64 = 90 * DAY;

/// Why a key needs attention, most urgent first.
#[derive(Clone, Debug, PartialEq, Eq, strum::EnumDiscriminants)]
#[strum_discriminants(name(ReasonKind), derive(strum::VariantArray), doc = "A kind of [`Reason`].")]
pub enum Reason {
    /// Requests use a secret that no longer works.
    InactiveSecretUsed {
        /// Why the secret no longer works.
        outcome: Outcome,
        /// The number of denied requests.
        count: i64,
        /// The time of the last one.
        last: Timestamp,
        /// The client's address of the last one, if it is known.
        address: Option<String>,
    },
    /// It is still disabled, because what was scheduled was not carried out.
    ScheduleSkipped,
    /// Its name or notes contain a secret key.
    SecretStored,
    /// It asked about other keys, but its role no longer allows that.
    IntrospectionEnded,
    /// Another key has the same name under a rule that is newer than the names.
    NameTaken,
    /// It expires in this many days, at most 14; 0 is today.
    Expiring(i64),
    /// Many requests with it are denied.
    DeniedOften {
        /// The most frequent reason.
        outcome: Outcome,
        /// The number of denied requests with a working secret, for any reason.
        count: i64,
    },
    /// Its secret is from before the last rotation of the master key.
    FormerMasterKey,
    /// Its secret is older than the rotation interval in the settings.
    RotationDue,
    /// Its old secret is no longer used, but still works.
    OverlapCanEnd,
    /// The member who created it can no longer sign in.
    CreatorLeft,
    /// It was never used in the 30 days after its secret was created.
    NeverUsed,
    /// It was not used for 90 days.
    Unused,
}

/// A reason, and since when it exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concern {
    pub reason: Reason,
    pub since: Timestamp,
}

/// The facts that are not part of a key's own data.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The denied requests since [`denials_since`].
    pub denials: Vec<DenialGroup>,
    /// When its old secret can be ended.
    pub overlap_ends_at: Option<Timestamp>,
    /// When its creator left.
    pub creator_left_at: Option<Timestamp>,
    /// When a secret key was found in its name or notes.
    pub secret_found_at: Option<Timestamp>,
    /// The day on which it last asked about other keys, if its role no longer allows that.
    pub introspected_at: Option<Timestamp>,
    /// Since when another key has the same name.
    pub name_shared_since: Option<Timestamp>,
    /// When the master key was rotated, if its secret is from before that.
    pub master_key_rotated_at: Option<Timestamp>,
}

/// The time from which denied requests of a key count: not before its last review. For a disabled
/// key, all count since it was disabled.
pub(super) fn denials_since(key: &ApiKey, now: Timestamp) -> Timestamp {
    let snoozed = key.snoozed_at.map_or(Timestamp::default(), |at| at.plus(1));
    let since_disabled = key.disabling.at.filter(|_| key.is_disabled());
    since_disabled.unwrap_or(now.plus(-DENIAL_WINDOW)).max(snoozed)
}

/// The reasons from a key's own data.
fn own_concerns(key: &ApiKey, settings: &Settings, now: Timestamp) -> Vec<Concern> {
    let found = [
        (Reason::Expiring(key.days_left(now)), Some(key.expires_soon_at())),
        (Reason::RotationDue, Some(key.rotation_due_at(settings))),
        (Reason::NeverUsed, key.overdue_for_use_at()),
    ];
    let found = found.into_iter().filter_map(|(reason, since)| since.map(|since| (reason, since)));
    found.map(|(reason, since)| Concern { reason, since }).collect()
}

/// The reasons from elsewhere.
fn outside_concerns(key: &ApiKey, facts: &Facts, now: Timestamp) -> Vec<Concern> {
    let status = key.status(now);
    let mut concerns: Vec<Concern> = inactive_secret_used(facts, status).into_iter().collect();
    if status == Status::Disabled {
        let skipped = key.disabling.skipped_at();
        concerns.extend(skipped.map(|since| Concern { reason: Reason::ScheduleSkipped, since }));
    }
    if status != Status::Active {
        return concerns;
    }
    concerns.extend(denied_often(key, facts));
    let unused = key.last_used_at.map(|used| used.plus(UNUSED_AFTER));
    let found = [
        (Reason::SecretStored, facts.secret_found_at),
        (Reason::IntrospectionEnded, facts.introspected_at),
        (Reason::NameTaken, facts.name_shared_since),
        (Reason::FormerMasterKey, facts.master_key_rotated_at),
        (Reason::OverlapCanEnd, facts.overlap_ends_at),
        (Reason::CreatorLeft, facts.creator_left_at),
        (Reason::Unused, unused),
    ];
    let found = found.into_iter().filter_map(|(reason, since)| since.map(|since| (reason, since)));
    concerns.extend(found.map(|(reason, since)| Concern { reason, since }));
    concerns
}

/// A secret that no longer works is in use. A denial because the key had expired or was revoked
/// only counts if the key is still in that state.
fn inactive_secret_used(facts: &Facts, status: Status) -> Option<Concern> {
    let is_inactive = |group: &&DenialGroup| match group.latest.reason {
        Outcome::KeyRevoked => status == Status::Revoked,
        Outcome::KeyExpired => status == Status::Expired,
        // A disabled key that has expired since is still denied as disabled.
        Outcome::KeyDisabled => matches!(status, Status::Disabled | Status::Expired),
        Outcome::SecretSuperseded => matches!(status, Status::Active | Status::Expired),
        _ => false,
    };
    let denied: Vec<&DenialGroup> = facts.denials.iter().filter(is_inactive).collect();
    let latest = &denied.iter().max_by_key(|group| group.latest.at)?.latest;
    let reason = Reason::InactiveSecretUsed {
        outcome: latest.reason,
        count: denied.iter().map(|group| group.count).sum(),
        last: latest.at,
        address: latest.address.clone(),
    };
    Some(Concern { reason, since: denied.iter().map(|group| group.first).min()? })
}

/// Many requests with a working secret were denied since the key was last edited.
fn denied_often(key: &ApiKey, facts: &Facts) -> Option<Concern> {
    let is_own = |group: &&DenialGroup| {
        let works = matches!(
            group.latest.reason,
            Outcome::ScopeMissing | Outcome::AddressNotAllowed | Outcome::EnvironmentMismatch
        );
        works && key.edited_at.is_none_or(|edited| group.latest.at > edited)
    };
    let denials: Vec<&DenialGroup> = facts.denials.iter().filter(is_own).collect();
    let count = denials.iter().map(|group| group.count).sum();
    let outcome = denials.iter().max_by_key(|group| group.count)?.latest.reason;
    let since = denials.iter().map(|group| group.first).min()?;
    (count >= MIN_DENIALS)
        .then_some(Concern { reason: Reason::DeniedOften { outcome, count }, since })
}

/// When a reason from elsewhere starts to need attention; `None` if there is none.
pub(super) fn flagged_at(key: &ApiKey, facts: &Facts, now: Timestamp) -> Option<Timestamp> {
    outside_concerns(key, facts, now)
        .into_iter()
        .map(|concern| key.flagged_from(concern.since))
        .min()
}

/// Why a key needs attention now, most urgent first. Reviewed reasons are left out for a while.
pub(super) fn concerns(
    key: &ApiKey,
    facts: &Facts,
    settings: &Settings,
    now: Timestamp,
) -> Vec<Concern> {
    let mut concerns = outside_concerns(key, facts, now);
    if key.status(now) == Status::Active {
        concerns.extend(own_concerns(key, settings, now));
    }
    concerns.retain(|concern| key.flagged_from(concern.since) <= now);
    concerns.sort_by_key(|concern| concern.reason.rank());
    concerns
}

impl Reason {
    fn rank(&self) -> u8 {
        match self {
            Self::InactiveSecretUsed { .. } => 0,
            Self::ScheduleSkipped => 1,
            Self::SecretStored => 2,
            Self::IntrospectionEnded => 3,
            Self::DeniedOften { .. } => 4,
            Self::Expiring(_) => 5,
            Self::FormerMasterKey => 6,
            Self::RotationDue => 7,
            Self::OverlapCanEnd => 8,
            Self::NameTaken => 9,
            Self::CreatorLeft => 10,
            Self::NeverUsed => 11,
            Self::Unused => 12,
        }
    }
}

#[cfg(test)]
#[path = "reason_tests.rs"]
mod tests;
