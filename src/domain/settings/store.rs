//! The SQL of the settings, which are a single row. The SQL of former master keys is in
//! `former_keys`.

mod former_keys;

use diesel::prelude::*;
use serde::Deserialize;

pub(super) use former_keys::{
    FormerRow, end_peppers, former_keys, replace_former_key, set_master_key_check,
};

use super::TwoStep;
use super::draft::{date_text, in_units, number};
use crate::base::clock::{Timestamp, iso_date};
use crate::base::error::{Invalid, Result};
use crate::db::schema::settings;
use crate::db::{Connection, Transaction};

/// Defines each numeric setting once: its column, which is also its form field; its type; its value
/// in a new database; its label; its unit; and its bounds.
macro_rules! settings {
    ($($(#[$doc:meta])*
        $field:ident: $type:ty = $initial:literal, $label:literal, $unit:literal, $bounds:expr;
    )+) => {
        #[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
        #[diesel(table_name = settings)]
        pub struct Settings {
            /// The organisation's name; empty before set-up.
            pub organisation: String,
            /// What new secret keys start with: 2 to 8 lower-case letters or digits.
            pub secret_prefix: String,
            $($(#[$doc])* pub $field: $type,)+
            /// Whether an API receives a key's labels with its requests.
            pub sends_labels: bool,
            /// Whether the checklist of first steps is done or dismissed.
            pub checklist_closed: bool,
            /// Who must have a second factor to sign in.
            pub two_step: TwoStep,
            /// From when on; `None` for at once.
            pub two_step_from: Option<Timestamp>,
            pub version: i64,
        }

        impl Default for Settings {
            fn default() -> Self {
                Self {
                    organisation: String::new(),
                    secret_prefix: "lk".into(),
                    $($field: $initial,)+
                    sends_labels: false,
                    checklist_closed: false,
                    two_step: TwoStep::Optional,
                    two_step_from: None,
                    version: 1,
                }
            }
        }

        impl Settings {
            /// Each setting's label, and its value as text.
            pub(super) fn words(&self) -> Vec<(&'static str, String)> {
                vec![
                    ("Organisation", self.organisation.clone()),
                    ("Secret key prefix", self.secret_prefix.clone()),
                    $(($label, in_units(self.$field.into(), $unit)),)+
                    ("Labels for APIs", if self.sends_labels { "Sent" } else { "Not sent" }.into()),
                    ("Two-step verification", self.two_step.label().into()),
                    ("Two-step verification required from", date_text(self.two_step_from)),
                ]
            }
        }

        /// Settings as a person enters them.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default)]
        pub struct Draft {
            pub organisation: String,
            pub secret_prefix: String,
            $(pub $field: String,)+
            /// `1` if the box is ticked.
            pub sends_labels: String,
            pub two_step: String,
            /// A date, for example `2026-12-24`; empty for at once.
            pub two_step_from: String,
        }

        impl Draft {
            /// The current settings, to be edited.
            pub fn of(settings: &Settings) -> Self {
                Self {
                    organisation: settings.organisation.clone(),
                    secret_prefix: settings.secret_prefix.clone(),
                    $($field: settings.$field.to_string(),)+
                    sends_labels: if settings.sends_labels { "1" } else { "" }.into(),
                    two_step: settings.two_step.as_str().into(),
                    two_step_from: settings
                        .two_step_from
                        .map(|at| iso_date(at.date()))
                        .unwrap_or_default(),
                }
            }

            /// Settings with the numbers that were entered. An invalid number becomes 0 and adds an
            /// error.
            pub(super) fn numbers(&self, invalid: &mut Invalid) -> Settings {
                Settings {
                    $($field: {
                        let number = number(&self.$field, $label, $unit, $bounds);
                        let number = invalid.collect(stringify!($field), number);
                        let number = number.unwrap_or_default();
                        <$type>::try_from(number).unwrap_or_default()
                    },)+
                    ..Settings::default()
                }
            }
        }
    };
}

settings! {
    /// The maximum lifetime of a key, in days; at most a year (product rule 3).
    maximum_lifetime_days: i32 = 365, "Maximum lifetime", "days", 1..=365;
    /// The lifetime that the form proposes, in days.
    default_lifetime_days: i32 = 90, "Default lifetime", "days", 1..=365;
    /// How many keys may be active at once.
    active_key_limit: i64 = 100, "Active keys allowed", "keys", 1..=1_000_000;
    /// After how many days a key's rotation is due.
    rotation_days_production: i32 = 90, "Rotation for Production", "days", 1..=365;
    rotation_days_staging: i32 = 180, "Rotation for Staging", "days", 1..=365;
    rotation_days_development: i32 = 180, "Rotation for Development", "days", 1..=365;
    /// After how many minutes without a request a session ends; at most an hour (NIST SP 800-63B,
    /// 2.2.3, ASVS 7.3.1).
    session_idle_minutes: i32 = 30, "Session idle timeout", "minutes", 5..=60;
    /// After how many hours a session ends even if it is in use; at most twelve (ASVS 7.3.2).
    session_hours: i32 = 12, "Maximum session length", "hours", 1..=12;
    /// For how many days hourly counts, and the addresses that keys were used from, are kept. At
    /// least a week, because charts show a week by the hour. At most a year and a month, enough to
    /// compare with the same month of the previous year, because every key in use adds a row per
    /// hour.
    hourly_counts_days: i32 = 100, "Retention of hourly counts", "days", 7..=400;
    /// For how many days daily counts are kept; not shorter than hourly counts. At least a month,
    /// because charts show a month by default; at most ten years.
    daily_counts_days: i32 = 730, "Retention of daily counts", "days", 30..=3650;
    /// For how many days denied requests are kept. They contain addresses and paths, so they may not
    /// be kept longer than hourly counts.
    denials_days: i32 = 90, "Retention of denied requests", "days", 1..=400;
    /// After how many days a review of all keys is due; 0 means never. At least once a year, as
    /// auditors require (ISO/IEC 27001, A.5.18).
    review_days: i32 = 90, "Review interval", "days", 0..=366;
    /// For how many minutes after signing in or confirming who they are a member may create, rotate
    /// and revoke keys without confirming it again; 0 means never (ASVS 7.5.3).
    confirm_minutes: i32 = 10, "Confirmation window", "minutes", 0..=60;
}

pub(super) fn get(connection: &mut Connection) -> Result<Settings> {
    Ok(settings::table.select(Settings::as_select()).first(connection)?)
}

pub(super) fn master_key_check(connection: &mut Connection) -> Result<Option<String>> {
    Ok(settings::table.select(settings::master_key_check).first(connection).optional()?)
}

pub(super) fn insert(tx: &mut Transaction<'_>, new: &Settings, check: &str) -> Result<()> {
    diesel::insert_into(settings::table)
        .values((settings::id.eq(1), new, settings::master_key_check.eq(check)))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn update(tx: &mut Transaction<'_>, new: &Settings) -> Result<()> {
    diesel::update(settings::table).set(new).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn names_folded(connection: &mut Connection) -> Result<i64> {
    Ok(settings::table.select(settings::names_folded).first(connection)?)
}

pub(super) fn set_names_folded(tx: &mut Transaction<'_>, folding: i64) -> Result<()> {
    diesel::update(settings::table).set(settings::names_folded.eq(folding)).execute(&mut **tx)?;
    Ok(())
}
