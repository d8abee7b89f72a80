//! Settings as somebody types them, and the rules that they keep.

use super::Settings;
use crate::base::error::Invalid;
use crate::base::text::{self, Typed, thousands, without_secret};
use crate::domain::activity::Change;

/// The longest name of an organisation, in characters.
const LONGEST_NAME: usize = 80;
/// How long a secret key's prefix may be, in characters.
const PREFIX: std::ops::RangeInclusive<usize> = 2..=8;

/// The name of an organisation: 1 to 80 characters in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationName(String);

impl OrganisationName {
    /// Checks a name.
    pub fn parse<'a>(typed: impl Into<Typed<'a>>) -> Result<Self, String> {
        let name = text::one_line(typed, "The organisation's name", LONGEST_NAME)?;
        if name.is_empty() { Err("Enter the organisation's name".into()) } else { Ok(Self(name)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Settings as they were typed.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub organisation: String,
    /// What new secret keys start with.
    pub secret_prefix: String,
    /// The longest lifetime of a key, in days.
    pub maximum_lifetime_days: String,
    /// The lifetime that the form proposes, in days.
    pub default_lifetime_days: String,
    /// How many keys may be active at once.
    pub active_key_limit: String,
    /// After how many days a rotation is due: production, staging, development.
    pub rotation_days: [String; 3],
    /// After how many minutes without a request a session ends.
    pub session_idle_minutes: String,
    /// After how many hours a session ends in any case.
    pub session_hours: String,
    /// For how many days counts by the hour are kept.
    pub hourly_counts_days: String,
    /// The same of counts by the day.
    pub daily_counts_days: String,
    /// The same of refused requests.
    pub denials_days: String,
    /// After how many days a review is due; 0: never.
    pub review_days: String,
}

/// A number of the settings: its field, what it is called, its unit, and its bounds.
struct Number {
    field: &'static str,
    label: &'static str,
    unit: &'static str,
    bounds: [i64; 2],
}

impl Number {
    const fn new(
        field: &'static str,
        label: &'static str,
        unit: &'static str,
        bounds: [i64; 2],
    ) -> Self {
        Self { field, label, unit, bounds }
    }

    fn read(&self, text: &str) -> Result<i64, String> {
        let text = without_secret(text)?.trim();
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        let [least, most] = self.bounds;
        number.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
            let most = thousands(most.unsigned_abs());
            format!("{} must be a whole number of {} from {least} to {most}", self.label, self.unit)
        })
    }

    fn shown(&self, number: i64) -> String {
        format!("{} {}", thousands(number.unsigned_abs()), self.unit)
    }
}

/// A year at most, as keys may live (product rule 3).
const MAXIMUM_LIFETIME: Number =
    Number::new("maximum_lifetime_days", "Maximum lifetime", "days", [1, 365]);
const DEFAULT_LIFETIME: Number =
    Number::new("default_lifetime_days", "Default lifetime", "days", [1, 365]);
const ACTIVE_KEYS: Number =
    Number::new("active_key_limit", "Active keys allowed", "keys", [1, 1_000_000]);
const ROTATION: [Number; 3] = [
    Number::new("rotation_days_production", "Rotation for Production", "days", [1, 365]),
    Number::new("rotation_days_staging", "Rotation for Staging", "days", [1, 365]),
    Number::new("rotation_days_development", "Rotation for Development", "days", [1, 365]),
];
/// An hour at most (NIST SP 800-63B, 2.2.3, ASVS 7.3.1).
const SESSION_IDLE: Number =
    Number::new("session_idle_minutes", "Session ends when idle for", "minutes", [5, 60]);
/// Twelve hours at most (ASVS 7.3.2).
const SESSION_LENGTH: Number =
    Number::new("session_hours", "Session ends in any case after", "hours", [1, 12]);
/// A week at least, which charts show by the hour; a year and a month at most, so that the same month
/// of the year before can be looked at: every key in use adds a row an hour.
const HOURLY_COUNTS: Number =
    Number::new("hourly_counts_days", "Retention of hourly counts", "days", [7, 400]);
/// A month at least, which charts show when nobody chooses; ten years at most.
const DAILY_COUNTS: Number =
    Number::new("daily_counts_days", "Retention of daily counts", "days", [30, 3650]);
/// They hold addresses and paths: no longer than counts by the hour may be kept.
const DENIALS: Number =
    Number::new("denials_days", "Retention of refused requests", "days", [1, 400]);
/// Once a year at least, as auditors ask (ISO/IEC 27001, A.5.18), or never.
const REVIEW: Number = Number::new("review_days", "Review interval", "days", [0, 366]);

impl Draft {
    /// The settings as they stand, to be edited.
    pub fn of(settings: &Settings) -> Self {
        Self {
            organisation: settings.organisation.clone(),
            secret_prefix: settings.secret_prefix.clone(),
            maximum_lifetime_days: settings.maximum_lifetime_days.to_string(),
            default_lifetime_days: settings.default_lifetime_days.to_string(),
            active_key_limit: settings.active_key_limit.to_string(),
            rotation_days: settings.rotation_days().map(|days| days.to_string()),
            session_idle_minutes: settings.session_idle_minutes.to_string(),
            session_hours: settings.session_hours.to_string(),
            hourly_counts_days: settings.hourly_counts_days.to_string(),
            daily_counts_days: settings.daily_counts_days.to_string(),
            denials_days: settings.denials_days.to_string(),
            review_days: settings.review_days.to_string(),
        }
    }

    pub(super) fn check(&self, before: &Settings) -> Result<Settings, Invalid> {
        let mut invalid = Invalid::default();
        let organisation = Typed::over(&self.organisation, &before.organisation);
        let organisation = invalid.take("organisation", OrganisationName::parse(organisation));
        let prefix = invalid.take("secret_prefix", prefix(&self.secret_prefix));
        let mut wide = |number: &Number, text: &str| {
            invalid.take(number.field, number.read(text)).unwrap_or_default()
        };
        let mut read = |number, text: &String| i32::try_from(wide(number, text)).unwrap_or(0);
        let [production, staging, development] =
            [0, 1, 2].map(|at| read(&ROTATION[at], &self.rotation_days[at]));
        let settings = Settings {
            organisation: organisation.map(|name| name.0).unwrap_or_default(),
            secret_prefix: prefix.unwrap_or_default(),
            maximum_lifetime_days: read(&MAXIMUM_LIFETIME, &self.maximum_lifetime_days),
            default_lifetime_days: read(&DEFAULT_LIFETIME, &self.default_lifetime_days),
            rotation_days_production: production,
            rotation_days_staging: staging,
            rotation_days_development: development,
            session_idle_minutes: read(&SESSION_IDLE, &self.session_idle_minutes),
            session_hours: read(&SESSION_LENGTH, &self.session_hours),
            hourly_counts_days: read(&HOURLY_COUNTS, &self.hourly_counts_days),
            daily_counts_days: read(&DAILY_COUNTS, &self.daily_counts_days),
            denials_days: read(&DENIALS, &self.denials_days),
            review_days: read(&REVIEW, &self.review_days),
            active_key_limit: wide(&ACTIVE_KEYS, &self.active_key_limit),
            version: before.version,
        };
        compare(&settings, &mut invalid);
        if invalid.is_empty() { Ok(settings) } else { Err(invalid) }
    }
}

/// Notes what contradicts each other among numbers that are good by themselves.
fn compare(settings: &Settings, invalid: &mut Invalid) {
    let mut refuse = |is_wrong: bool, field: &Number, other: &Number, message: &str| {
        if is_wrong && !invalid.has(field.field) && !invalid.has(other.field) {
            invalid.add(field.field, message);
        }
    };
    refuse(
        settings.default_lifetime_days > settings.maximum_lifetime_days,
        &DEFAULT_LIFETIME,
        &MAXIMUM_LIFETIME,
        "Default lifetime must not be longer than the maximum lifetime",
    );
    refuse(
        settings.daily_counts_days < settings.hourly_counts_days,
        &DAILY_COUNTS,
        &HOURLY_COUNTS,
        "Retention of daily counts must not be shorter than that of hourly counts",
    );
}

fn prefix(text: &str) -> Result<String, String> {
    let prefix = without_secret(text)?.trim();
    let is_plain = prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if is_plain && PREFIX.contains(&prefix.len()) {
        return Ok(prefix.to_owned());
    }
    Err("Secret key prefix must be 2 to 8 lower-case letters or digits".into())
}

/// What differs, in the words of the form.
pub(super) fn changes(before: &Settings, after: &Settings) -> Vec<Change> {
    let values = |settings: &Settings| {
        let rotation = settings.rotation_days();
        let numbers = [
            (&MAXIMUM_LIFETIME, settings.maximum_lifetime_days.into()),
            (&DEFAULT_LIFETIME, settings.default_lifetime_days.into()),
            (&ACTIVE_KEYS, settings.active_key_limit),
            (&ROTATION[0], rotation[0].into()),
            (&ROTATION[1], rotation[1].into()),
            (&ROTATION[2], rotation[2].into()),
            (&SESSION_IDLE, settings.session_idle_minutes.into()),
            (&SESSION_LENGTH, settings.session_hours.into()),
            (&HOURLY_COUNTS, settings.hourly_counts_days.into()),
            (&DAILY_COUNTS, settings.daily_counts_days.into()),
            (&DENIALS, settings.denials_days.into()),
            (&REVIEW, settings.review_days.into()),
        ];
        let numbers = numbers.map(|(number, value)| (number.label, number.shown(value)));
        let texts = [
            ("Organisation", settings.organisation.clone()),
            ("Secret key prefix", settings.secret_prefix.clone()),
        ];
        texts.into_iter().chain(numbers)
    };
    let pairs = values(before).zip(values(after)).filter(|((_, from), (_, to))| from != to);
    pairs.map(|((field, from), (_, to))| Change { field: field.into(), from, to }).collect()
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
