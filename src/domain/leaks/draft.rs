//! The form that reports a leak, and its checks. Pure.

use super::Action;
use crate::base::clock::{Timestamp, long_date, parse_iso_date};
use crate::base::error::Invalid;
use crate::base::text;
use crate::domain::api_keys::{ApiKey, StoredSecret};

/// The longest description of where a secret key was found, in characters.
const MAX_FOUND_LENGTH: usize = 500;
/// The longest note, in characters.
const MAX_NOTE_LENGTH: usize = 2000;

/// The form that reports a leak, as it was submitted.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The date since when it may have been exposed, for example `2026-11-23`. If empty, since the
    /// secret was created.
    pub since: String,
    /// Where it was found.
    pub found: String,
    /// What to do at once, as the name of an [`Action`]. If empty, revoke.
    pub action: String,
    /// The end of the Key ID, if a key in use is to be revoked.
    pub confirm: String,
    /// The number of the key's secret that leaked, if it is known.
    pub secret: Option<i64>,
    /// The version of the key that the form was filled in for.
    pub version: Option<i64>,
    /// When the form was shown.
    pub issued: Timestamp,
}

/// A valid draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValidDraft {
    pub secret: Option<i64>,
    pub since: Timestamp,
    pub found: String,
    pub action: Action,
}

impl Draft {
    /// What to do at once; `None` if the name is unknown.
    pub(super) fn action(&self) -> Option<Action> {
        if self.action.is_empty() { Some(Action::Revoke) } else { Action::parse(&self.action) }
    }

    /// Checks the draft against the key and its secrets.
    pub(super) fn check(
        &self,
        key: &ApiKey,
        secrets: &[StoredSecret],
        now: Timestamp,
    ) -> Result<ValidDraft, Invalid> {
        let mut invalid = Invalid::default();
        let secret = secrets.iter().find(|secret| Some(secret.number) == self.secret);
        let made = secret.map_or(key.secret_created_at, |secret| secret.created_at);
        let since = invalid.collect("since", since(&self.since, key.created_at, made, now));
        let found = text::lines(&self.found, "The place", MAX_FOUND_LENGTH);
        let found = invalid.collect("found", found);
        let action = self.action().ok_or_else(|| "Choose what to do".into());
        let action = invalid.collect("action", action);
        match (since, found, action) {
            (Some(since), Some(found), Some(action)) => {
                Ok(ValidDraft { secret: secret.map(|secret| secret.number), since, found, action })
            }
            _ => Err(invalid),
        }
    }
}

/// Since when a secret may have been exposed: not before its key was created, and not in the
/// future.
fn since(
    typed: &str,
    created: Timestamp,
    made: Timestamp,
    now: Timestamp,
) -> Result<Timestamp, String> {
    let typed = text::without_secret(typed)?.trim();
    if typed.is_empty() {
        return Ok(made);
    }
    let date = parse_iso_date(typed).ok_or("Enter a date")?;
    if date > now.date() {
        return Err("The date must not be in the future".into());
    }
    if date < created.date() {
        let created = long_date(created.date());
        return Err(format!("The date must not be before the key was created, on {created}"));
    }
    Ok(Timestamp::start_of(date))
}

/// Checks a note.
pub(super) fn note(typed: &str) -> Result<String, String> {
    let note = text::lines(typed, "Note", MAX_NOTE_LENGTH)?;
    if note.is_empty() { Err("Enter a note".into()) } else { Ok(note) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::DAY;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

    #[test]
    fn the_date_is_between_the_keys_creation_and_today() {
        let created = NOW.plus(-30 * DAY);
        let made = NOW.plus(-5 * DAY);
        let since = |typed| super::since(typed, created, made, NOW);
        assert_eq!(since(" "), Ok(made));
        assert_eq!(since("2026-11-23").map(|at| NOW.since(at)), Ok(DAY / 2));
        assert!(since("2026-10-24").is_ok(), "the day on which it was created");
        assert!(since("2026-10-23").is_err() && since("2026-11-24").is_err());
        assert_eq!(since("yesterday"), Err("Enter a date".into()));
    }
}
