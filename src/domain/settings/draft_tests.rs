//! The allowed values of settings, and which fields of a form are reported as wrong.

use super::*;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

fn draft() -> Draft {
    Draft { organisation: "Meridian Freight".into(), ..Draft::of(&Settings::default()) }
}

/// Settings with the version `version`.
fn at(version: i64) -> Settings {
    Settings { version, ..Settings::default() }
}

#[test]
fn unchanged_settings_are_valid() {
    let settings = draft().check(&at(3), true, NOW).expect("valid");
    assert_eq!(Draft::of(&settings).check(&settings, true, NOW), Ok(settings.clone()));
    assert!(changes(&settings, &settings).is_empty());
}

#[test]
fn each_field_has_bounds() {
    let wrong = |change: fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        draft
            .check(&at(1), true, NOW)
            .map_or_else(|e| e.0.iter().map(|e| e.field).collect(), |_| vec![])
    };
    assert_eq!(wrong(|d| d.organisation = " ".into()), ["organisation"]);
    assert_eq!(wrong(|d| d.secret_prefix = "L".into()), ["secret_prefix"]);
    assert_eq!(wrong(|d| d.secret_prefix = "lk_prod".into()), ["secret_prefix"]);
    assert_eq!(wrong(|d| d.secret_prefix = "abcdefghi".into()), ["secret_prefix"]);
    assert_eq!(wrong(|d| d.maximum_lifetime_days = "366".into()), ["maximum_lifetime_days"]);
    assert_eq!(wrong(|d| d.maximum_lifetime_days = "30".into()), ["default_lifetime_days"]);
    assert_eq!(wrong(|d| d.default_lifetime_days = "0".into()), ["default_lifetime_days"]);
    assert_eq!(wrong(|d| d.active_key_limit = "0".into()), ["active_key_limit"]);
    assert_eq!(wrong(|d| d.active_key_limit = "1000001".into()), ["active_key_limit"]);
    assert_eq!(wrong(|d| d.rotation_days_staging = "+1".into()), ["rotation_days_staging"]);
    assert_eq!(wrong(|d| d.session_idle_minutes = "4".into()), ["session_idle_minutes"]);
    assert_eq!(wrong(|d| d.session_hours = "13".into()), ["session_hours"]);
    assert_eq!(wrong(|d| d.hourly_counts_days = "6".into()), ["hourly_counts_days"]);
    assert_eq!(wrong(|d| d.hourly_counts_days = "401".into()), ["hourly_counts_days"]);
    assert_eq!(wrong(|d| d.daily_counts_days = "29".into()), ["daily_counts_days"]);
    assert_eq!(wrong(|d| d.daily_counts_days = "3651".into()), ["daily_counts_days"]);
    assert_eq!(wrong(|d| d.daily_counts_days = "99".into()), ["daily_counts_days"]);
    assert!(wrong(|d| d.daily_counts_days = "100".into()).is_empty());
    assert_eq!(wrong(|d| d.denials_days = "0".into()), ["denials_days"]);
    assert_eq!(wrong(|d| d.denials_days = "401".into()), ["denials_days"]);
    assert_eq!(wrong(|d| d.review_days = "367".into()), ["review_days"]);
    assert!(wrong(|d| d.review_days = "0".into()).is_empty());
    assert!(wrong(|d| d.session_hours = " 8 ".into()).is_empty());
}

#[test]
fn two_step_verification_is_required_from_a_day_within_a_month() {
    let check = |before: &Settings, two_step: &str, from: &str, may_require| {
        let (two_step, two_step_from) = (two_step.into(), from.into());
        let settings = Draft { two_step, two_step_from, ..draft() }.check(before, may_require, NOW);
        settings.map(|settings| settings.two_step_from).map_err(|errors| errors.0[0].field)
    };
    let day = |days| Some(Timestamp::start_of(NOW.plus(days * DAY).date()));
    assert_eq!(check(&at(1), "everyone", "", true), Ok(None));
    assert_eq!(check(&at(1), "everyone", "2026-11-23", true), Ok(day(0)));
    assert_eq!(check(&at(1), "super_managers", "2026-12-23", true), Ok(day(30)));
    assert_eq!(check(&at(1), "optional", "2026-12-23", true), Ok(None));
    for from in ["2026-11-22", "2026-12-24", "tomorrow"] {
        assert_eq!(check(&at(1), "everyone", from, true), Err("two_step_from"), "{from}");
    }
    assert_eq!(check(&at(1), "nobody", "", true), Err("two_step"));
    assert_eq!(check(&at(1), "super_managers", "", false), Err("two_step"));
    let strict = Settings { two_step: TwoStep::Everyone, two_step_from: day(-5), ..at(1) };
    assert_eq!(check(&strict, "everyone", "2026-11-18", false), Ok(day(-5)), "it has not changed");
    assert_eq!(check(&strict, "super_managers", "", false), Ok(None), "it is less strict");
}

#[test]
fn an_organisation_name_is_one_line() {
    let parse = |text: &str| OrganisationName::parse(text).map(|name| name.0);
    assert_eq!(parse(" "), Err("Enter the organisation's name".into()));
    assert!(parse("a\nb").is_err() && parse(&"x".repeat(81)).is_err());
    assert_eq!(parse("Northwind"), Ok("Northwind".into()));
}

proptest! {
    #[test]
    fn accepted_settings_are_within_bounds(text in ".*") {
        let typed = Draft {
            organisation: text.clone(),
            secret_prefix: text.clone(),
            maximum_lifetime_days: text.clone(),
            session_hours: text.clone(),
            denials_days: text.clone(),
            confirm_minutes: text,
            ..draft()
        };
        if let Ok(settings) = typed.check(&at(1), true, NOW) {
            prop_assert!((1..=365).contains(&settings.maximum_lifetime_days));
            prop_assert!((1..=400).contains(&settings.denials_days));
            prop_assert!((1..=12).contains(&settings.session_hours));
            prop_assert!((0..=60).contains(&settings.confirm_minutes));
        }
    }
}
