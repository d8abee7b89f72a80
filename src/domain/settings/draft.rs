//! Settings as a person enters them, and the rules for them.

use std::ops::RangeInclusive;

use super::{Draft, Settings, TwoStep};
use crate::base::clock::{DAY, Timestamp, long_date, parse_iso_date};
use crate::base::error::Invalid;
use crate::base::text::{self, TypedText, thousands, without_secret};
use crate::domain::activity::Change;

/// The maximum length of an organisation's name, in characters.
const MAX_NAME_LENGTH: usize = 80;
/// How many days ahead a second factor may be announced as required.
const MAX_NOTICE_DAYS: i64 = 30;
/// The allowed length of a secret key's prefix, in characters.
const PREFIX: RangeInclusive<usize> = 2..=8;

/// The name of an organisation: 1 to 80 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationName(String);

impl OrganisationName {
    /// Checks a name.
    pub fn parse<'a>(typed: impl Into<TypedText<'a>>) -> Result<Self, String> {
        let name = text::one_line(typed, "The organisation's name", MAX_NAME_LENGTH)?;
        if name.is_empty() { Err("Enter the organisation's name".into()) } else { Ok(Self(name)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Draft {
    /// The settings that were entered. `may_require_two_step` says whether the author has the second
    /// factor that they would require of others.
    pub(super) fn check(
        &self,
        before: &Settings,
        may_require_two_step: bool,
        now: Timestamp,
    ) -> Result<Settings, Invalid> {
        let mut invalid = Invalid::default();
        let organisation = TypedText::replacing(&self.organisation, &before.organisation);
        let organisation = invalid.collect("organisation", OrganisationName::parse(organisation));
        let prefix = invalid.collect("secret_prefix", prefix(&self.secret_prefix));
        let two_step = self.two_step(before, may_require_two_step);
        let two_step = invalid.collect("two_step", two_step).unwrap_or_default();
        let from = self.two_step_from(two_step, before, now);
        let settings = Settings {
            organisation: organisation.map(|name| name.0).unwrap_or_default(),
            secret_prefix: prefix.unwrap_or_default(),
            sends_labels: self.sends_labels == "1",
            checklist_closed: before.checklist_closed,
            two_step,
            two_step_from: invalid.collect("two_step_from", from).flatten(),
            version: before.version,
            ..self.numbers(&mut invalid)
        };
        check_consistency(&settings, &mut invalid);
        if invalid.is_empty() { Ok(settings) } else { Err(invalid) }
    }
}

impl Draft {
    fn two_step(&self, before: &Settings, may_require: bool) -> Result<TwoStep, String> {
        let chosen = match self.two_step.as_str() {
            "" => before.two_step,
            word => TwoStep::parse(word).ok_or("Choose who must use two-step verification")?,
        };
        let is_stricter = chosen > before.two_step;
        if is_stricter && !may_require {
            return Err("Set up two-step verification for yourself first, in your account".into());
        }
        Ok(chosen)
    }

    /// The start of the day from which on a second factor is required. A date that has not changed
    /// stays as it is, even if it has passed.
    fn two_step_from(
        &self,
        two_step: TwoStep,
        before: &Settings,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, String> {
        let text = without_secret(&self.two_step_from)?.trim();
        if two_step == TwoStep::Optional || text.is_empty() {
            return Ok(None);
        }
        let date = parse_iso_date(text).ok_or("Enter a date like 2026-12-24, or leave it blank")?;
        let from = Timestamp::start_of(date);
        if Some(from) == before.two_step_from {
            return Ok(Some(from));
        }
        if from < Timestamp::start_of(now.date()) {
            return Err("The date must not be in the past".into());
        }
        if from > now.plus(MAX_NOTICE_DAYS * DAY) {
            return Err(format!("The date must be at most {MAX_NOTICE_DAYS} days ahead"));
        }
        Ok(Some(from))
    }
}

/// For example `24 December 2026`; empty without a date.
pub(super) fn date_text(at: Option<Timestamp>) -> String {
    at.map(|at| long_date(at.date())).unwrap_or_default()
}

/// Parses a number from the settings form.
pub(super) fn number(
    text: &str,
    label: &str,
    unit: &str,
    bounds: RangeInclusive<i64>,
) -> Result<i64, String> {
    let text = without_secret(text)?.trim();
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_digits);
    number.filter(|number| bounds.contains(number)).ok_or_else(|| {
        let (least, most) = bounds.into_inner();
        let most = thousands(most.unsigned_abs());
        format!("{label} must be a whole number of {unit} from {least} to {most}")
    })
}

/// For example `1,000 days`.
pub(super) fn in_units(number: i64, unit: &str) -> String {
    format!("{} {unit}", thousands(number.unsigned_abs()))
}

/// Adds an error for each pair of numbers that are valid separately but contradict each other.
fn check_consistency(settings: &Settings, invalid: &mut Invalid) {
    let mut add_error = |is_wrong: bool, field: &'static str, other: &str, message: &str| {
        if is_wrong && !invalid.has(field) && !invalid.has(other) {
            invalid.add(field, message);
        }
    };
    add_error(
        settings.default_lifetime_days > settings.maximum_lifetime_days,
        "default_lifetime_days",
        "maximum_lifetime_days",
        "Default lifetime must not be longer than the maximum lifetime",
    );
    add_error(
        settings.daily_counts_days < settings.hourly_counts_days,
        "daily_counts_days",
        "hourly_counts_days",
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

/// The changed fields, with the labels of the form.
pub(super) fn changes(before: &Settings, after: &Settings) -> Vec<Change> {
    let pairs = before.words().into_iter().zip(after.words());
    let changed = pairs.filter(|((_, from), (_, to))| from != to);
    changed.map(|((field, from), (_, to))| Change { field: field.into(), from, to }).collect()
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
