//! The form that disables a key, and its checks. Pure.

use crate::base::clock::{DAY, HOUR, Timestamp, parse_iso_time};
use crate::base::closed_set::closed_set;
use crate::base::error::Invalid;
use crate::base::text;
use crate::domain::api_keys::{ApiKey, FollowUp, Suspension, check_confirmation};

/// The longest reason, in characters.
const MAX_REASON_LENGTH: usize = 200;

closed_set! {
    /// Until when a key is disabled.
    pub enum Until {
        /// Until somebody enables it.
        Manual = "manual" "Until enabled",
        Hour1 = "1h" "1 hour",
        Day1 = "1d" "1 day",
        Days7 = "7d" "7 days",
        Days14 = "14d" "14 days",
        Days30 = "30d" "30 days",
        /// Until a time that is given.
        Date = "date" "Pick a time",
    }
}

impl Until {
    /// The length in milliseconds, if it is fixed.
    pub fn length(self) -> Option<i64> {
        match self {
            Self::Hour1 => Some(HOUR),
            Self::Day1 => Some(DAY),
            Self::Days7 => Some(7 * DAY),
            Self::Days14 => Some(14 * DAY),
            Self::Days30 => Some(30 * DAY),
            Self::Manual | Self::Date => None,
        }
    }
}

/// The form that disables a key, as it was submitted.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub reason: String,
    /// The name of an [`Until`]. If empty, until somebody enables it.
    pub until: String,
    /// A date and a time in UTC, for example `2026-12-24T18:00`, if `until` is `date`.
    pub until_at: String,
    /// The name of a [`FollowUp`]. If empty, the key is enabled.
    pub then: String,
    /// The end of the Key ID, if the key is in use.
    pub confirm: String,
    /// Whether the member may revoke keys.
    pub may_revoke: bool,
}

impl Draft {
    pub(super) fn check(
        &self,
        key: &ApiKey,
        has_open_leak: bool,
        now: Timestamp,
    ) -> Result<Suspension, Invalid> {
        let mut invalid = Invalid::default();
        let reason = text::one_line(&self.reason, "Reason", MAX_REASON_LENGTH)
            .and_then(|text| if text.is_empty() { Err("Enter a reason".into()) } else { Ok(text) });
        let reason = invalid.collect("reason", reason);
        let until = self.until(now);
        if let Err((field, message)) = &until {
            invalid.add(field, message.clone());
        }
        let then = match self.then.as_str() {
            "" => Some(FollowUp::Enable),
            word => FollowUp::parse(word),
        };
        let then = invalid.collect("then", then.ok_or_else(|| "Choose what happens then".into()));
        if let (Some(then), Ok(until)) = (then, &until) {
            check_schedule(then, *until, key, has_open_leak, &mut invalid);
        }
        invalid.collect("confirm", check_confirmation(key, &self.confirm, now));
        match (reason, then, until) {
            (Some(reason), Some(then), Ok(until)) if invalid.is_empty() => {
                Ok(Suspension { reason, scheduled: until.map(|until| (then, until)) })
            }
            _ => Err(invalid),
        }
    }

    /// The scheduled time; `None` if somebody enables the key. Otherwise the field with the error.
    fn until(&self, now: Timestamp) -> Result<Option<Timestamp>, (&'static str, String)> {
        let until =
            if self.until.is_empty() { Some(Until::Manual) } else { Until::parse(&self.until) };
        match until.ok_or(("until", "Choose until when".to_owned()))? {
            Until::Date => time_in_future(&self.until_at, now)
                .map(Some)
                .map_err(|message| ("until_at", message)),
            until => Ok(until.length().map(|length| now.plus(length))),
        }
    }
}

fn check_schedule(
    then: FollowUp,
    until: Option<Timestamp>,
    key: &ApiKey,
    has_open_leak: bool,
    invalid: &mut Invalid,
) {
    match (then, until) {
        (FollowUp::Revoke, None) => {
            invalid.add("until", "Choose when the key is revoked");
        }
        (FollowUp::Enable, Some(_)) if has_open_leak => {
            invalid.add(
                "until",
                "The leak of this key is open. Choose “Until enabled”, or revoke the key then",
            );
        }
        (FollowUp::Enable, Some(until)) if until >= key.expires_at => {
            invalid
                .add("until", "The key expires before it would be enabled. Choose an earlier time");
        }
        _ => {}
    }
}

/// Reads a time in the form of a browser's field for dates and times, or of a person.
fn time_in_future(typed: &str, now: Timestamp) -> Result<Timestamp, String> {
    let at = parse_iso_time(text::without_secret(typed)?.trim())
        .ok_or("Enter a date and a time, for example 2026-12-24 18:00")?;
    if at <= now { Err("The time must be in the future".into()) } else { Ok(at) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api_keys::{Disabling, Environment, ExternalId, KeyId, KeyName, Owner};

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

    /// A key that expires in 90 days.
    fn key() -> ApiKey {
        ApiKey {
            id: KeyId::parse("key_0123456789AB").expect("a Key ID"),
            name: KeyName::parse("Billing worker").expect("a name"),
            environment: Environment::Production,
            role_id: "role".into(),
            all_role_scopes: true,
            notes: String::new(),
            owner: Owner::default(),
            external_id: ExternalId::default(),
            version: 1,
            created_at: NOW.plus(-DAY),
            created_by: "mem".into(),
            edited_at: None,
            expires_at: NOW.plus(90 * DAY),
            secret_created_at: NOW.plus(-DAY),
            last_used_at: None,
            last_used_address: None,
            revoked_at: None,
            disabling: Disabling::default(),
            flagged_at: None,
            snoozed_at: None,
        }
    }

    fn draft(until: &str, until_at: &str, then: &str) -> Draft {
        let reason = "The partner was told".to_owned();
        let [until, until_at, then] = [until, until_at, then].map(str::to_owned);
        Draft { reason, until, until_at, then, ..Draft::default() }
    }

    /// The fields that a draft breaks a rule in; empty if it is valid.
    fn broken(draft: &Draft, has_open_leak: bool) -> Vec<&'static str> {
        match draft.check(&key(), has_open_leak, NOW) {
            Ok(_) => Vec::new(),
            Err(invalid) => invalid.0.iter().map(|error| error.field).collect(),
        }
    }

    #[test]
    fn each_choice_has_its_time_and_without_one_somebody_enables_the_key() {
        for (until, then, expected) in [
            ("", "", None),
            ("manual", "enable", None),
            ("1h", "", Some((FollowUp::Enable, HOUR))),
            ("1d", "enable", Some((FollowUp::Enable, DAY))),
            ("7d", "revoke", Some((FollowUp::Revoke, 7 * DAY))),
            ("14d", "revoke", Some((FollowUp::Revoke, 14 * DAY))),
            ("30d", "enable", Some((FollowUp::Enable, 30 * DAY))),
        ] {
            let reason = draft(until, "2026-12-24T18:00", then).check(&key(), false, NOW);
            let expected = expected.map(|(then, length)| (then, NOW.plus(length)));
            assert_eq!(reason.map(|reason| reason.scheduled), Ok(expected), "{until} {then}");
        }
    }

    #[test]
    fn a_reason_is_required_and_trimmed() {
        let with = |reason: &str| Draft { reason: reason.into(), ..Draft::default() };
        for reason in ["", " \t ", "a\0b", "a\u{202e}b", &"é".repeat(201)] {
            assert_eq!(broken(&with(reason), false), ["reason"], "{reason}");
        }
        let longest = "é".repeat(200);
        for (typed, stored) in [("  Told them. ", "Told them."), (&*longest, &*longest)] {
            let reason = with(typed).check(&key(), false, NOW).map(|suspension| suspension.reason);
            assert_eq!(reason.as_deref(), Ok(stored));
        }
    }

    #[test]
    fn a_time_is_in_the_future_and_read_in_two_forms() {
        let at = |text: &str| time_in_future(text, NOW).map(|at| at.since(NOW));
        assert_eq!(at("2026-11-24T12:00"), Ok(DAY));
        assert_eq!(at(" 2026-11-23 13:00 "), Ok(HOUR));
        for text in ["2026-11-23T12:00", "2026-11-22T23:59", "0001-01-01T00:00"] {
            assert_eq!(at(text), Err("The time must be in the future".into()), "{text}");
        }
        for text in ["", "soon", "2026-12-24", "2026-12-24T24:00", "2026-02-29T12:00", "-1e999"] {
            assert!(at(text).is_err_and(|error| error.starts_with("Enter a date")), "{text}");
        }
    }

    #[test]
    fn a_key_is_enabled_before_it_expires_but_may_be_revoked_later() {
        let end = key().expires_at;
        for (length, then, expected) in [
            (-1, FollowUp::Enable, &[][..]),
            (0, FollowUp::Enable, &["until"]),
            (DAY, FollowUp::Enable, &["until"]),
            (0, FollowUp::Revoke, &[]),
            (400 * DAY, FollowUp::Revoke, &[]),
        ] {
            let mut invalid = Invalid::default();
            check_schedule(then, Some(end.plus(length)), &key(), false, &mut invalid);
            let fields: Vec<_> = invalid.0.iter().map(|error| error.field).collect();
            assert_eq!(fields, expected, "{length} {then:?}");
        }
        assert_eq!(broken(&draft("manual", "", "revoke"), false), ["until"]);
        assert_eq!(broken(&draft("", "", "revoke"), false), ["until"]);
    }

    #[test]
    fn while_a_leak_is_open_a_key_is_not_enabled_by_itself() {
        for until in ["1h", "30d", "date"] {
            assert_eq!(broken(&draft(until, "2026-12-24T18:00", ""), true), ["until"], "{until}");
            let revoked = draft(until, "2026-12-24T18:00", "revoke");
            assert!(broken(&revoked, true).is_empty(), "{until}");
        }
        assert!(broken(&draft("manual", "", ""), true).is_empty());
    }

    #[test]
    fn unknown_choices_are_rejected_at_their_fields() {
        assert_eq!(broken(&draft("2h", "", ""), false), ["until"]);
        assert_eq!(broken(&draft("date", "", ""), false), ["until_at"]);
        assert_eq!(broken(&draft("7d", "", "sell"), false), ["then"]);
        let mut fields = broken(&Draft { reason: String::new(), ..draft("never", "", "x") }, false);
        fields.sort_unstable();
        assert_eq!(fields, ["reason", "then", "until"]);
    }
}
