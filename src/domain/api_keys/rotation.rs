//! Rotation: a key gets a new secret, and the old secret keeps working for a while (product rule
//! 7).

use super::checks::check_active_limit;
use super::draft::Rules;
use super::{ApiKey, Details, KeyId, SecretKey, Status, StoredSecret, changes, find, store};
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::closed_set::closed_set;
use crate::base::error::{Error, Invalid, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context};
use crate::domain::settings::{self, Settings};

/// How long an old secret must have been idle at least before it can safely be ended, in
/// milliseconds.
const MIN_IDLE: i64 = 7 * DAY;

closed_set! {
    /// How long the old secret keeps working.
    pub enum Overlap {
        Hours24 = "24h",
        Days7 = "7d",
        Days14 = "14d",
        Now = "now",
    }
}

impl Overlap {
    /// The length of the overlap in milliseconds.
    pub const fn length(self) -> i64 {
        match self {
            Self::Hours24 => 24 * HOUR,
            Self::Days7 => 7 * DAY,
            Self::Days14 => 14 * DAY,
            Self::Now => 0,
        }
    }
}

/// The form that rotates a key, as it was submitted.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// How long the old secret keeps working, as the name of an [`Overlap`].
    pub overlap: String,
    /// The new lifetime: a number of days, or `date`.
    pub lifetime: String,
    /// The new expiry date, if the lifetime is `date`.
    pub expires_on: String,
    /// The version of the key that the form was filled in for, if the form contains it.
    pub version: Option<i64>,
    /// When the form was shown.
    pub since: Timestamp,
}

impl StoredSecret {
    /// When it stops working.
    pub fn ends_at(&self) -> Timestamp {
        self.superseded_at.unwrap_or(self.expires_at).min(self.expires_at)
    }

    /// Whether it still works although a newer secret has superseded it.
    pub fn overlaps(&self, now: Timestamp) -> bool {
        self.superseded_at.is_some() && now < self.ends_at()
    }

    /// When it can safely be ended: `newest`, which supersedes it, is in use, and it has been idle
    /// for a week and for longer than the key usually is. `longest_gap` is the longest time between
    /// two uses of the key, in milliseconds. `None` while `newest` is not in use.
    pub fn safe_to_end_at(&self, newest: &Self, longest_gap: i64) -> Option<Timestamp> {
        newest.last_used_at?;
        let idle_since = self.last_used_at.unwrap_or(self.created_at).max(newest.created_at);
        Some(idle_since.plus(longest_gap.max(MIN_IDLE)))
    }
}

/// Gives a key a new secret and a new expiry. The secret key is returned and not stored anywhere.
///
/// At most two secrets work. If an older secret still works, it ends now. But if the current secret
/// was never used, for example because the response with it was lost, the current one ends instead.
///
/// # Errors
/// [`Error::Conflict`] if the key was revoked, or changed since the form was shown,
/// [`Error::Invalid`] if the form is invalid or the limit of active keys is reached,
/// [`Error::NotFound`] if there is no such key.
pub fn rotate(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    rotation: &Rotation,
    context: &Context,
) -> Result<(Details, SecretKey)> {
    let mut details = find(tx, id)?.ok_or(Error::NotFound)?;
    let (settings, now) = (settings::get(tx)?, context.now);
    let secrets = store::secrets(tx, id)?;
    check_is_current(&details.key, &secrets, rotation)?;
    let mut invalid = Invalid::default();
    if details.key.status(now) == Status::Expired {
        check_active_limit(tx, &settings, now, &mut invalid)?;
    }
    let (overlap, expires_at) = invalid.and(rotation.check(&settings, now))?;
    if details.key.is_disabled() && overlap != Overlap::Now {
        return Err(Error::invalid("overlap", "A disabled key has no overlap. Choose Now"));
    }
    if secrets.len() == 1 {
        store::note_use(tx, &details.key)?;
    }
    let secret = SecretKey::generate(&settings.secret_prefix, details.key.environment)?;
    let number = secrets.first().map_or(1, |newest| newest.number + 1);
    details.key.version += 1;
    details.key.expires_at = expires_at;
    details.key.secret_created_at = now;
    let digest = (&secret.digest(&context.keyring), context.keyring.generation());
    store::add_secret(tx, &details.key, number, digest, &settings)?;
    let ends = ends(&secrets, now.plus(overlap.length()), now);
    for (number, end) in &ends {
        store::supersede(tx, id, *number, *end)?;
    }
    tx.announce(id.as_str())?;
    let old_ends = ends.iter().map(|(_, end)| *end).max().unwrap_or(now);
    activity::record(tx, context, &changes::rotated(&details.key, old_ends))?;
    Ok((details, secret))
}

impl Rotation {
    /// This rotation for one of several keys: a disabled key has no overlap.
    #[must_use]
    pub fn of(&self, key: &ApiKey) -> Self {
        let now = || Overlap::Now.as_str().to_owned();
        let overlap = if key.is_disabled() { now() } else { self.overlap.clone() };
        Self { overlap, ..self.clone() }
    }

    /// How long the old secret keeps working, and when the new secret expires.
    fn check(&self, settings: &Settings, now: Timestamp) -> Result<(Overlap, Timestamp), Invalid> {
        let mut invalid = Invalid::default();
        let overlap = Overlap::parse(&self.overlap);
        let overlap = overlap.ok_or_else(|| "Choose when the old secret stops".into());
        let overlap = invalid.collect("overlap", overlap);
        let rules = Rules { settings, roles: &[], now };
        let expires_at = rules.new_end(&self.lifetime, &self.expires_on, &mut invalid);
        overlap.zip(expires_at).ok_or(invalid)
    }
}

/// Prevents a rotation of a key that somebody else has just rotated, changed or revoked.
fn check_is_current(key: &ApiKey, secrets: &[StoredSecret], rotation: &Rotation) -> Result<()> {
    let is_changed = rotation.version.is_some_and(|version| version != key.version);
    let is_rotated = secrets.first().is_some_and(|newest| newest.created_at > rotation.since);
    if key.revoked_at.is_some() || is_changed || (is_rotated && secrets.len() > 1) {
        return Err(Error::Conflict);
    }
    Ok(())
}

/// When each secret that works ends, if the overlap ends at `end`. Never later than its own expiry.
fn ends(secrets: &[StoredSecret], end: Timestamp, now: Timestamp) -> Vec<(i64, Timestamp)> {
    let until = |secret: &StoredSecret, end: Timestamp| (secret.number, end.min(secret.expires_at));
    let older = secrets.iter().find(|secret| secret.overlaps(now));
    match (secrets.first(), older) {
        (Some(current), Some(older)) if current.last_used_at.is_none() => {
            vec![until(current, now), until(older, end)]
        }
        (Some(current), Some(older)) => vec![until(current, end), until(older, now)],
        (Some(current), None) => vec![until(current, end)],
        (None, _) => Vec::new(),
    }
}

/// Ends the old secret of a key at once. Returns the key, and whether it had an old secret that
/// worked.
///
/// # Errors
/// [`Error::NotFound`] if there is no such key.
pub fn stop_old_secret(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    context: &Context,
) -> Result<(ApiKey, bool)> {
    let Details { key, .. } = find(tx, id)?.ok_or(Error::NotFound)?;
    let old = store::secrets(tx, id)?.into_iter().find(|secret| secret.overlaps(context.now));
    let Some(old) = old.filter(|_| key.revoked_at.is_none()) else { return Ok((key, false)) };
    store::supersede(tx, id, old.number, context.now)?;
    tx.announce(id.as_str())?;
    activity::record(tx, context, &changes::secret_stopped(&key, &old))?;
    Ok((key, true))
}

/// The secrets of a key, newest first.
pub fn secrets(connection: &mut Connection, id: &KeyId) -> Result<Vec<StoredSecret>> {
    store::secrets(connection, id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

    fn secret(number: i64, superseded: Option<i64>, used: bool) -> StoredSecret {
        StoredSecret {
            number,
            created_at: NOW.plus(-DAY),
            expires_at: NOW.plus(10 * DAY),
            superseded_at: superseded.map(|at| NOW.plus(at)),
            last_used_at: used.then_some(NOW),
            last_used_address: None,
        }
    }

    fn days(ends: &[(i64, Timestamp)]) -> Vec<(i64, i64)> {
        ends.iter().map(|(number, end)| (*number, end.since(NOW) / DAY)).collect()
    }

    #[test]
    fn the_old_secret_works_for_the_overlap_but_never_beyond_its_own_expiry() {
        let all = [secret(1, None, true)];
        assert_eq!(days(&ends(&all, NOW.plus(7 * DAY), NOW)), [(1, 7)]);
        assert_eq!(days(&ends(&all, NOW.plus(14 * DAY), NOW)), [(1, 10)]);
        assert_eq!(days(&ends(&all, NOW, NOW)), [(1, 0)]);
    }

    #[test]
    fn the_oldest_of_three_secrets_ends_unless_the_current_one_was_never_used() {
        let in_use = [secret(2, None, true), secret(1, Some(5 * DAY), true)];
        assert_eq!(days(&ends(&in_use, NOW.plus(7 * DAY), NOW)), [(2, 7), (1, 0)]);
        let lost = [secret(2, None, false), secret(1, Some(5 * DAY), true)];
        assert_eq!(days(&ends(&lost, NOW.plus(7 * DAY), NOW)), [(2, 0), (1, 7)]);
        let ended = [secret(2, None, true), secret(1, Some(0), true)];
        assert_eq!(days(&ends(&ended, NOW.plus(7 * DAY), NOW)), [(2, 7)]);
    }

    #[test]
    fn an_old_secret_can_end_once_the_new_one_is_used_and_it_is_idle_for_longer_than_usual() {
        let (old, new) = (secret(1, Some(20 * DAY), true), secret(2, None, true));
        assert_eq!(old.safe_to_end_at(&new, DAY), Some(NOW.plus(7 * DAY)));
        assert_eq!(old.safe_to_end_at(&new, 12 * DAY), Some(NOW.plus(12 * DAY)));
        assert_eq!(old.safe_to_end_at(&secret(2, None, false), DAY), None);
        let unused = secret(1, Some(20 * DAY), false);
        assert_eq!(unused.safe_to_end_at(&new, DAY), Some(NOW.plus(6 * DAY)));
    }

    proptest! {
        #[test]
        fn at_most_one_old_secret_works_after_a_rotation(
            superseded in proptest::collection::vec(-20..20_i64, 0..4), used: bool, overlap in 0..15_i64,
        ) {
            // Rotations leave at most one secret that overlaps.
            let mut has_one = false;
            let mut all = vec![secret(9, None, used)];
            for (number, days) in (1..9).rev().zip(superseded) {
                let days = if has_one { days.min(0) } else { days };
                has_one |= days > 0;
                all.push(secret(number, Some(days * DAY), true));
            }
            for (number, end) in ends(&all, NOW.plus(overlap * DAY), NOW) {
                let found = all.iter_mut().find(|secret| secret.number == number);
                found.expect("one of the secrets").superseded_at = Some(end);
            }
            let working = all.iter().filter(|secret| NOW < secret.ends_at()).count();
            prop_assert!(working <= 1);
        }
    }
}
