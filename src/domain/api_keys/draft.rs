//! The forms that create and edit a key, and the checks that turn them into values.
//!
//! This module does not access the database: the caller passes the roles and settings. All errors
//! are reported at once, in the order of the form's fields.

use std::collections::BTreeSet;

use time::Date;

use super::key::parse_notes;
use super::{ApiKey, Environment, ExternalId, IpWhitelist, KeyName, Labels, Owner, Status};
use crate::base::clock::{DAY, Timestamp, long_date, parse_iso_date};
use crate::base::error::Invalid;
use crate::base::text::{self, TypedText, without_secret};
use crate::domain::roles::Role;
use crate::domain::settings::Settings;

/// The create or edit form as it was submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub name: String,
    /// The environment's slug. Edits ignore it.
    pub environment: String,
    pub role: String,
    /// A number of days, or `date`. Edits ignore it.
    pub lifetime: String,
    /// A date, for example `2026-12-02`.
    pub expires_on: String,
    /// `role` or `selected`.
    pub access: String,
    pub scopes: Vec<String>,
    /// One address per line.
    pub ip_whitelist: String,
    pub notes: String,
    pub owner: String,
    pub external_id: String,
    /// One label per line, as `name=value`.
    pub labels: String,
}

/// The checked values that both forms have.
#[derive(Clone, Debug)]
pub(super) struct ValidKey {
    pub name: KeyName,
    pub role: Role,
    pub expires_at: Timestamp,
    /// The selected scopes; `None` for all of the role's scopes.
    pub scopes: Option<BTreeSet<String>>,
    pub ip_whitelist: IpWhitelist,
    pub notes: String,
    pub owner: Owner,
    pub external_id: ExternalId,
    pub labels: Labels,
}

/// The data that a draft is checked against.
pub(super) struct Rules<'a> {
    pub settings: &'a Settings,
    pub roles: &'a [Role],
    pub now: Timestamp,
}

impl Draft {
    /// Checks the form that creates a key.
    pub(super) fn check_new(&self, rules: &Rules<'_>) -> Result<(ValidKey, Environment), Invalid> {
        let mut invalid = Invalid::default();
        let name = invalid.collect("name", KeyName::parse(&self.name));
        let environment = invalid.collect(
            "environment",
            Environment::parse(&self.environment).ok_or_else(|| "Choose an environment".into()),
        );
        let role = invalid.collect("role", self.check_role(rules));
        let expires_at = rules.new_end(&self.lifetime, &self.expires_on, &mut invalid);
        let valid = self.check_rest((name, role, expires_at), "", &mut invalid);
        valid.zip(environment).filter(|_| invalid.is_empty()).ok_or(invalid)
    }

    /// Checks the form that edits `key`.
    pub(super) fn check_edit(&self, key: &ApiKey, rules: &Rules<'_>) -> Result<ValidKey, Invalid> {
        let mut invalid = Invalid::default();
        let name = KeyName::parse(TypedText::replacing(&self.name, key.name.as_str()));
        let name = invalid.collect("name", name);
        let role = invalid.collect("role", self.check_role(rules));
        let expires_at = invalid.collect("expires_on", self.check_new_end(key, rules));
        let valid = self.check_rest((name, role, expires_at), &key.notes, &mut invalid);
        valid.filter(|_| invalid.is_empty()).ok_or(invalid)
    }

    /// An unchanged date is always valid, even if the settings have changed. The date of an expired
    /// key cannot be changed.
    fn check_new_end(&self, key: &ApiKey, rules: &Rules<'_>) -> Result<Timestamp, String> {
        let is_expired = key.status(rules.now) == Status::Expired;
        let unchanged = parse_iso_date(&self.expires_on) == Some(key.expires_at.last_day());
        if unchanged || (is_expired && self.expires_on.is_empty()) {
            Ok(key.expires_at)
        } else if is_expired {
            Err("This key has expired. Its date cannot be changed; rotate it to get a working key"
                .into())
        } else {
            rules.expiry(&self.expires_on)
        }
    }

    fn check_role(&self, rules: &Rules<'_>) -> Result<Role, String> {
        let role = rules.roles.iter().find(|role| role.slug == self.role);
        role.cloned().ok_or_else(|| "Choose a role".into())
    }

    /// Checks the fields that both forms have.
    fn check_rest(
        &self,
        checked: (Option<KeyName>, Option<Role>, Option<Timestamp>),
        stored_notes: &str,
        invalid: &mut Invalid,
    ) -> Option<ValidKey> {
        let (name, role, expires_at) = checked;
        let scopes = invalid.collect("scopes", self.check_scopes(role.as_ref()));
        let ip_whitelist =
            invalid.collect_all("ip_whitelist", IpWhitelist::parse(&self.ip_whitelist));
        let notes =
            invalid.collect("notes", parse_notes(TypedText::replacing(&self.notes, stored_notes)));
        let owner = invalid.collect("owner", Owner::parse(&self.owner));
        let external_id = invalid.collect("external_id", ExternalId::parse(&self.external_id));
        let labels = invalid.collect_all("labels", Labels::parse(&self.labels));
        Some(ValidKey {
            name: name?,
            role: role?,
            expires_at: expires_at?,
            scopes: scopes?,
            ip_whitelist: ip_whitelist?,
            notes: notes?,
            owner: owner?,
            external_id: external_id?,
            labels: labels?,
        })
    }

    /// If `access` is missing, scopes that were ticked still narrow the key.
    fn check_scopes(&self, role: Option<&Role>) -> Result<Option<BTreeSet<String>>, String> {
        match (self.access.as_str(), self.scopes.as_slice()) {
            ("role", _) | ("", []) => return Ok(None),
            ("selected" | "", _) => {}
            _ => return Err("Choose everything the role allows, or only some scopes".into()),
        }
        if self.scopes.is_empty() {
            return Err("Choose at least one scope".into());
        }
        for scope in &self.scopes {
            without_secret(scope)?;
        }
        let missing =
            self.scopes.iter().find(|scope| role.is_some_and(|r| !r.scopes.contains(*scope)));
        match (missing, role) {
            (Some(scope), Some(role)) => Err(format!(
                "The role {} does not include {}",
                text::quoted(&role.name),
                text::visible(scope, 80)
            )),
            _ => Ok(Some(self.scopes.iter().cloned().collect())),
        }
    }
}

impl Rules<'_> {
    /// When a key with this lifetime, or with this date, expires.
    pub fn new_end(&self, lifetime: &str, date: &str, invalid: &mut Invalid) -> Option<Timestamp> {
        match lifetime {
            "date" => invalid.collect("expires_on", self.expiry(date)),
            days => invalid.collect("lifetime", self.lifetime(days)),
        }
    }

    fn lifetime(&self, days: &str) -> Result<Timestamp, String> {
        let days: i64 = match days {
            "30" => 30,
            "90" => 90,
            "180" => 180,
            "365" => 365,
            _ => return Err("Enter an expiry date".into()),
        };
        self.within_limits(self.now.plus(days * DAY).date())
    }

    fn expiry(&self, date: &str) -> Result<Timestamp, String> {
        self.within_limits(
            parse_iso_date(without_secret(date)?.trim()).ok_or("Enter an expiry date")?,
        )
    }

    fn within_limits(&self, date: Date) -> Result<Timestamp, String> {
        let last = last_expiry_date(self.settings, self.now);
        if date > last {
            return Err(format!("Expiry date must be {} or earlier", long_date(last)));
        }
        let end = Timestamp::end_of(date);
        if end <= self.now { Err("Expiry date must be in the future".into()) } else { Ok(end) }
    }
}

/// The latest date on which a key may expire.
pub fn last_expiry_date(settings: &Settings, now: Timestamp) -> Date {
    now.plus(i64::from(settings.maximum_lifetime_days) * DAY).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 23 November 2026, 12:00 UTC.
    const NOON: Timestamp = Timestamp::from_millis(1_795_435_200_000);

    fn role() -> Role {
        let scopes = ["orders:read".to_owned(), "invoices:read".to_owned()].into();
        Role::custom("role_1", "billing", "Billing", "", scopes)
    }

    fn draft() -> Draft {
        Draft {
            name: "Billing worker".into(),
            environment: "production".into(),
            role: "billing".into(),
            lifetime: "90".into(),
            access: "role".into(),
            ..Draft::default()
        }
    }

    fn check(draft: &Draft) -> Result<(ValidKey, Environment), Invalid> {
        let (settings, roles) = (Settings::default(), [role()]);
        draft.check_new(&Rules { settings: &settings, roles: &roles, now: NOON })
    }

    fn error(draft: &Draft, field: &str) -> String {
        check(draft).expect_err("invalid").messages(field).next().expect("an error").to_owned()
    }

    #[test]
    fn a_name_and_a_role_are_enough() {
        let (checked, environment) = check(&draft()).expect("a valid draft");
        assert_eq!(environment, Environment::Production);
        assert_eq!(checked.scopes, None);
        assert_eq!(long_date(checked.expires_at.last_day()), "21 February 2027");
    }

    #[test]
    fn all_errors_are_reported_at_once_in_the_order_of_the_form() {
        let bad = Draft {
            ip_whitelist: "10.0.0.0/8".into(),
            access: "selected".into(),
            ..Draft::default()
        };
        let fields: Vec<_> =
            check(&bad).expect_err("an invalid draft").0.iter().map(|e| e.field).collect();
        assert_eq!(fields, ["name", "environment", "role", "lifetime", "scopes", "ip_whitelist"]);
    }

    #[test]
    fn an_expiry_date_is_in_the_future_and_at_most_one_year_ahead() {
        let on = |date: &str| Draft { lifetime: "date".into(), expires_on: date.into(), ..draft() };
        assert!(check(&on("2027-11-23")).is_ok());
        assert!(check(&on("2026-11-23")).is_ok(), "a key works until the end of its last day");
        let message = "Expiry date must be 23 November 2027 or earlier";
        assert_eq!(error(&on("2027-11-24"), "expires_on"), message);
        assert_eq!(error(&on("9999-12-31"), "expires_on"), message);
        assert_eq!(error(&on("2026-11-22"), "expires_on"), "Expiry date must be in the future");
        assert_eq!(error(&on(""), "expires_on"), "Enter an expiry date");
        assert_eq!(error(&on("tomorrow"), "expires_on"), "Enter an expiry date");
        let forever = Draft { lifetime: "100000".into(), ..draft() };
        assert_eq!(error(&forever, "lifetime"), "Enter an expiry date");
    }

    #[test]
    fn selected_scopes_never_exceed_the_role() {
        let with = |access: &str, scopes: &[&str]| Draft {
            access: access.into(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            ..draft()
        };
        assert_eq!(error(&with("selected", &[]), "scopes"), "Choose at least one scope");
        assert_eq!(
            error(&with("selected", &["orders:read", "orders:write"]), "scopes"),
            "The role “Billing” does not include orders:write"
        );
        let (checked, _) = check(&with("selected", &["orders:read"])).expect("a valid draft");
        assert_eq!(checked.scopes, Some(["orders:read".to_owned()].into()));
        let (without_access, _) = check(&with("", &["orders:read"])).expect("a valid draft");
        assert_eq!(without_access.scopes, checked.scopes, "ticked scopes narrow the key");
        assert!(check(&with("everything", &[])).is_err());
    }
}
