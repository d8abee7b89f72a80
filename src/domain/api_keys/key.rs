//! An API key and its values.

use super::ApiKey;
use crate::base::clock::{DAY, Timestamp};
use crate::base::closed_set::closed_set;
use crate::base::text::{self, TypedText};
use crate::db::types::column_type;
use crate::domain::settings::Settings;

/// The longest key name, in characters.
const MAX_NAME_LENGTH: usize = 80;
/// The longest notes, in characters.
const MAX_NOTES_LENGTH: usize = 2000;
/// How many days before its expiry a key needs attention.
const EXPIRES_SOON_DAYS: i64 = 14;
/// After how many days a key that was never used needs attention.
const NEVER_USED_DAYS: i64 = 30;
/// After how many days a reviewed reason needs attention again, if it still exists.
pub const SNOOZED_DAYS: i64 = 90;

/// A key's name: 1 to 80 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName(String);

column_type!(KeyName: Text, str, |name| name.as_str(), |name| Ok(Self(name)));

impl KeyName {
    /// Checks a name.
    pub fn parse<'a>(typed: impl Into<TypedText<'a>>) -> Result<Self, String> {
        let name = text::one_line(typed, "Key name", MAX_NAME_LENGTH)?;
        if name.is_empty() { Err("Enter a key name".into()) } else { Ok(Self(name)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which names are compared.
    pub fn folded(&self) -> String {
        text::fold(&self.0)
    }

    /// The form in which names are sorted.
    pub fn sort_key(&self) -> String {
        text::sort_key(&self.0)
    }

    /// The name for a copy of this key, shortened to fit.
    pub fn of_copy(&self) -> String {
        const SUFFIX: &str = " (copy)";
        let kept: String = self.0.chars().take(MAX_NAME_LENGTH - SUFFIX.len()).collect();
        format!("{}{SUFFIX}", kept.trim_end())
    }
}

/// Checks notes.
pub fn parse_notes<'a>(typed: impl Into<TypedText<'a>>) -> Result<String, String> {
    text::lines(typed, "Notes", MAX_NOTES_LENGTH)
}

closed_set! {
    /// Whether a key can be used.
    pub enum Status {
        Active = "active",
        /// It passes nothing until somebody enables it, or until the scheduled time.
        Disabled = "disabled",
        /// Its expiry has passed.
        Expired = "expired",
        /// Somebody revoked it.
        Revoked = "revoked",
    }
}

/// The most urgent fact about a key, for the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Badge {
    Revoked,
    /// Its expiry has passed.
    Expired,
    /// Somebody disabled it for a while.
    Disabled,
    /// It expires in this many days, at most 14; 0 is today.
    ExpiresIn(i64),
    /// Its secret key is older than the rotation interval in the settings.
    RotationDue,
    /// It has never been used.
    NeverUsed,
    Active,
}

impl ApiKey {
    pub fn status(&self, now: Timestamp) -> Status {
        if self.revoked_at.is_some() {
            Status::Revoked
        } else if now >= self.expires_at {
            Status::Expired
        } else if self.disabling.at.is_some() {
            Status::Disabled
        } else {
            Status::Active
        }
    }

    /// Whether somebody disabled it, and it is not revoked. It may have expired, too.
    pub fn is_disabled(&self) -> bool {
        self.disabling.at.is_some() && self.revoked_at.is_none()
    }

    /// The most urgent fact about the key.
    pub fn badge(&self, settings: &Settings, now: Timestamp) -> Badge {
        match self.status(now) {
            Status::Revoked => Badge::Revoked,
            Status::Expired => Badge::Expired,
            Status::Disabled => Badge::Disabled,
            Status::Active if self.days_left(now) <= EXPIRES_SOON_DAYS => {
                Badge::ExpiresIn(self.days_left(now))
            }
            Status::Active if now >= self.rotation_due_at(settings) => Badge::RotationDue,
            Status::Active if self.last_used_at.is_none() => Badge::NeverUsed,
            Status::Active => Badge::Active,
        }
    }

    /// The number of days, in UTC, from today to the last day; 0 is today.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.expires_at.last_day() - now.date()).whole_days()
    }

    /// When its secret key becomes due for rotation.
    pub fn rotation_due_at(&self, settings: &Settings) -> Timestamp {
        self.secret_created_at.plus(self.environment.rotation_interval(settings))
    }

    /// When it starts to expire soon.
    pub fn expires_soon_at(&self) -> Timestamp {
        Timestamp::end_of(self.expires_at.last_day()).plus(-(EXPIRES_SOON_DAYS + 1) * DAY)
    }

    /// When it becomes overdue for a first use; `None` if it was used.
    pub fn overdue_for_use_at(&self) -> Option<Timestamp> {
        let overdue = || self.secret_created_at.plus(NEVER_USED_DAYS * DAY);
        self.last_used_at.is_none().then(overdue)
    }

    /// When a reason that exists since `since` needs attention: at once, or, if somebody reviewed
    /// it, [`SNOOZED_DAYS`] after the review.
    pub fn flagged_from(&self, since: Timestamp) -> Timestamp {
        match self.snoozed_at {
            Some(snoozed) if since <= snoozed => snoozed.plus(SNOOZED_DAYS * DAY),
            _ => since,
        }
    }

    /// When the key starts to need attention, unless it has expired by then or is revoked. A
    /// disabled key is listed with those that no longer work, and only while it is flagged.
    pub fn attention_at(&self, settings: &Settings) -> Timestamp {
        if self.disabling.at.is_some() {
            return self.expires_at;
        }
        let reasons = [
            Some(self.expires_soon_at()),
            Some(self.rotation_due_at(settings)),
            self.overdue_for_use_at(),
        ];
        let reasons = reasons.into_iter().flatten().map(|since| self.flagged_from(since));
        reasons.chain(self.flagged_at).min().unwrap_or(self.expires_at)
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
