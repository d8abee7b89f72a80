//! The fields that the create and edit forms share, as they arrive and as they are drawn.

use serde::Deserialize;

use super::table::{Choice, role_choices};
use crate::base::clock::{DAY, Timestamp, iso_date, short_date};
use crate::base::error::Invalid;
use crate::domain::api_keys::{Details, Draft, Environment, last_expiry_date};
use crate::domain::roles::Role;
use crate::domain::scopes::{Matrix, Scope};
use crate::domain::settings::Settings;

/// The fields of both forms. A field that is missing is empty; unknown ones are passed over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    name: String,
    environment: String,
    role: String,
    lifetime: String,
    expires_on: String,
    pub access: String,
    pub scopes: Vec<String>,
    pub ip_whitelist: String,
    notes: String,
    /// What is asked for instead of saving: `check` the IP whitelist, or fill in those `seen`.
    pub assist: String,
    /// The version that an edit started from.
    pub version: String,
    /// What lies behind the dialog: `key` for the key's page, else the table.
    pub behind: String,
}

impl Fields {
    pub(super) fn draft(&self) -> Draft {
        let Self {
            name,
            environment,
            role,
            lifetime,
            expires_on,
            access,
            scopes,
            ip_whitelist,
            notes,
            ..
        } = self.clone();
        Draft { name, environment, role, lifetime, expires_on, access, scopes, ip_whitelist, notes }
    }

    /// What the create form proposes.
    pub(super) fn proposed(settings: &Settings) -> Self {
        let days = settings.default_lifetime_days.to_string();
        let is_tile =
            LIFETIMES.iter().any(|(tile, _)| *tile == i64::from(settings.default_lifetime_days));
        Self {
            environment: Environment::Production.as_str().into(),
            lifetime: if is_tile { days } else { "date".into() },
            access: "role".into(),
            ..Self::default()
        }
    }

    /// The lifetime of a new secret: as typed, or as proposed.
    pub(super) fn for_rotation(settings: &Settings, lifetime: &str, expires_on: &str) -> Self {
        let proposed = Self::proposed(settings);
        let lifetime = if lifetime.is_empty() { proposed.lifetime } else { lifetime.into() };
        Self { lifetime, expires_on: expires_on.into(), ..Self::default() }
    }

    /// A key's own values, for its edit form.
    pub(super) fn of(details: &Details) -> Self {
        let key = &details.key;
        Self {
            name: key.name.as_str().into(),
            environment: key.environment.as_str().into(),
            role: details.role.slug.clone(),
            lifetime: "date".into(),
            expires_on: iso_date(key.expires_at.last_day()),
            access: if key.all_role_scopes { "role" } else { "selected" }.into(),
            scopes: details.selected.iter().cloned().collect(),
            ip_whitelist: details.ip_whitelist.to_string(),
            notes: key.notes.clone(),
            version: key.version.to_string(),
            ..Self::default()
        }
    }

    /// A key's values for a new key like it: another name, and its lifetime counted from today.
    pub(super) fn copied(details: &Details, settings: &Settings) -> Self {
        let Self { lifetime, .. } = Self::proposed(settings);
        let name = details.key.name.of_copy();
        Self {
            name,
            lifetime,
            expires_on: String::new(),
            version: String::new(),
            ..Self::of(details)
        }
    }
}

/// The lifetimes that have a tile of their own, in days.
const LIFETIMES: [(i64, &str); 4] =
    [(30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "1 year")];

/// A form as templates draw it.
pub(super) struct FormView {
    pub fields: Fields,
    pub errors: Invalid,
    pub environments: Vec<EnvironmentTile>,
    pub roles: Vec<Choice>,
    pub lifetimes: Vec<LifetimeTile>,
    pub earliest: String,
    pub latest: String,
    pub longest: String,
    pub matrix: Matrix,
}

pub(super) struct EnvironmentTile {
    pub slug: &'static str,
    pub label: &'static str,
    pub is_chosen: bool,
    pub rotation_days: i32,
}

pub(super) struct LifetimeTile {
    pub days: i64,
    pub label: &'static str,
    pub until: String,
    pub is_chosen: bool,
}

impl FormView {
    pub(super) fn new(
        fields: Fields,
        errors: Invalid,
        roles: &[Role],
        scopes: &[Scope],
        settings: &Settings,
        now: Timestamp,
    ) -> Self {
        let maximum = i64::from(settings.maximum_lifetime_days);
        let environments = Environment::ALL.iter().zip(settings.rotation_days()).map(
            |(environment, rotation_days)| EnvironmentTile {
                slug: environment.as_str(),
                label: environment.label(),
                is_chosen: fields.environment == environment.as_str(),
                rotation_days,
            },
        );
        let tiles = LIFETIMES.iter().filter(|(days, _)| *days <= maximum);
        let lifetimes = tiles.map(|(days, label)| LifetimeTile {
            days: *days,
            label,
            until: short_date(now.plus(days * DAY).date()),
            is_chosen: fields.lifetime == days.to_string(),
        });
        Self {
            environments: environments.collect(),
            roles: role_choices(roles, &fields.role),
            lifetimes: lifetimes.collect(),
            earliest: iso_date(now.date()),
            latest: iso_date(last_expiry_date(settings, now)),
            longest: if maximum == 365 { "1 year".into() } else { format!("{maximum} days") },
            matrix: Matrix::new(scopes, &fields.scopes.iter().cloned().collect()),
            fields,
            errors,
        }
    }

    /// Whether only some scopes are to be used.
    pub(super) fn is_narrowed(&self) -> bool {
        self.fields.access == "selected"
    }

    /// Whether the expiry is picked as a date.
    pub(super) fn is_dated(&self) -> bool {
        self.fields.lifetime == "date"
    }

    pub(super) fn text(&self, field: &str) -> &str {
        match field {
            "name" => &self.fields.name,
            "expires_on" => &self.fields.expires_on,
            "ip_whitelist" => &self.fields.ip_whitelist,
            "notes" => &self.fields.notes,
            _ => "",
        }
    }
}
