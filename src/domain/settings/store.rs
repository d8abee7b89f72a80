//! The SQL of the settings: one row.

use diesel::prelude::*;
use serde::Deserialize;

use super::draft::{in_units, number};
use crate::base::error::{Invalid, Result};
use crate::db::schema::settings;
use crate::db::{Connection, Transaction};

/// Makes the settings of what each number is, once: its column, which is its form field too; its type;
/// what it is in a new database; what people call it; its unit; and its bounds.
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
            pub version: i64,
        }

        impl Default for Settings {
            fn default() -> Self {
                Self {
                    organisation: String::new(),
                    secret_prefix: "lk".into(),
                    $($field: $initial,)+
                    version: 1,
                }
            }
        }

        impl Settings {
            /// What each setting is called, and what it is, as people read them.
            pub(super) fn words(&self) -> Vec<(&'static str, String)> {
                vec![
                    ("Organisation", self.organisation.clone()),
                    ("Secret key prefix", self.secret_prefix.clone()),
                    $(($label, in_units(self.$field.into(), $unit)),)+
                ]
            }
        }

        /// Settings as somebody types them.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default)]
        pub struct Draft {
            pub organisation: String,
            pub secret_prefix: String,
            $(pub $field: String,)+
        }

        impl Draft {
            /// The settings as they stand, to be edited.
            pub fn of(settings: &Settings) -> Self {
                Self {
                    organisation: settings.organisation.clone(),
                    secret_prefix: settings.secret_prefix.clone(),
                    $($field: settings.$field.to_string(),)+
                }
            }

            /// Settings with the numbers that were typed, 0 for one that is wrong, which is noted.
            pub(super) fn numbers(&self, invalid: &mut Invalid) -> Settings {
                Settings {
                    $($field: {
                        let number = number(&self.$field, $label, $unit, $bounds);
                        let number = invalid.take(stringify!($field), number).unwrap_or_default();
                        <$type>::try_from(number).unwrap_or_default()
                    },)+
                    ..Settings::default()
                }
            }
        }
    };
}

settings! {
    /// The longest lifetime of a key, in days; a year at most (product rule 3).
    maximum_lifetime_days: i32 = 365, "Maximum lifetime", "days", 1..=365;
    /// The lifetime that the form proposes, in days.
    default_lifetime_days: i32 = 90, "Default lifetime", "days", 1..=365;
    /// How many keys may be active at once.
    active_key_limit: i64 = 100, "Active keys allowed", "keys", 1..=1_000_000;
    /// After how many days a key's rotation is due.
    rotation_days_production: i32 = 90, "Rotation for Production", "days", 1..=365;
    rotation_days_staging: i32 = 180, "Rotation for Staging", "days", 1..=365;
    rotation_days_development: i32 = 180, "Rotation for Development", "days", 1..=365;
    /// After how many minutes without a request a session ends; an hour at most (NIST SP 800-63B,
    /// 2.2.3, ASVS 7.3.1).
    session_idle_minutes: i32 = 30, "Session ends when idle for", "minutes", 5..=60;
    /// After how many hours a session ends in any case; twelve at most (ASVS 7.3.2).
    session_hours: i32 = 12, "Session ends in any case after", "hours", 1..=12;
    /// For how many days counts by the hour are kept, and the addresses that keys were used from. A
    /// week at least, which charts show by the hour; a year and a month at most, so that the same month
    /// of the year before can be looked at: every key in use adds a row an hour.
    hourly_counts_days: i32 = 100, "Retention of hourly counts", "days", 7..=400;
    /// The same of counts by the day; no shorter. A month at least, which charts show when nobody
    /// chooses; ten years at most.
    daily_counts_days: i32 = 730, "Retention of daily counts", "days", 30..=3650;
    /// The same of refused requests. They hold addresses and paths: no longer than counts by the hour
    /// may be kept.
    denials_days: i32 = 90, "Retention of refused requests", "days", 1..=400;
    /// After how many days a review of all keys is due; 0: never. Once a year at least, as auditors ask
    /// (ISO/IEC 27001, A.5.18).
    review_days: i32 = 90, "Review interval", "days", 0..=366;
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
