//! The fields that the create and edit forms share, as submitted and as shown.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::filter_bar::role_choices;
use super::grants::{self, Grant};
use super::overview::overview;
use super::prefill::Prefill;
use crate::base::clock::{DAY, iso_date, short_date};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{Details, Draft, Environment, KeyId, last_expiry_date};
use crate::domain::scopes::{self, Matrix};
use crate::domain::{roles, settings::Settings};
use crate::pages::Viewer;
use crate::web::list::Choice;

/// The fields of both forms. A missing field is empty; unknown ones are ignored.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub name: String,
    pub environment: String,
    pub role: String,
    pub lifetime: String,
    pub expires_on: String,
    pub access: String,
    pub scopes: Vec<String>,
    pub ip_whitelist: String,
    pub notes: String,
    pub owner: String,
    pub external_id: String,
    pub labels: String,
    /// The fingerprint of the impact that was shown, when it is confirmed.
    pub confirmed: String,
    /// The requested action instead of saving: `check` the IP whitelist, or fill in the addresses
    /// `seen`.
    pub assist: String,
    /// The key to copy, which only a URL can set.
    #[serde(skip)]
    pub from: Option<KeyId>,
    /// Values to fill in, which only a URL can set.
    #[serde(skip)]
    pub prefill: Prefill,
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
            owner,
            external_id,
            labels,
            ..
        } = self.clone();
        Draft {
            name,
            environment,
            role,
            lifetime,
            expires_on,
            access,
            scopes,
            ip_whitelist,
            notes,
            owner,
            external_id,
            labels,
        }
    }

    /// Whether a field of the section that is otherwise closed has a value.
    pub(super) fn has_more(&self) -> bool {
        [&self.owner, &self.external_id, &self.labels].iter().any(|value| !value.is_empty())
    }

    /// The default values of the create form.
    pub(super) fn proposed(settings: &Settings) -> Self {
        Self {
            environment: Environment::Production.as_str().into(),
            lifetime: proposed_lifetime(settings),
            access: "role".into(),
            ..Self::default()
        }
    }

    /// A key's stored values, for its edit form.
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
            owner: key.owner.as_str().into(),
            external_id: key.external_id.as_str().into(),
            labels: details.labels.to_string(),
            ..Self::default()
        }
    }

    /// A key's values for a copy of it: a new name, and a lifetime counted from today.
    pub(super) fn copied(details: &Details, settings: &Settings) -> Self {
        let (name, lifetime) = (details.key.name.of_copy(), proposed_lifetime(settings));
        let (expires_on, external_id) = (String::new(), String::new());
        Self { name, lifetime, expires_on, external_id, ..Self::of(details) }
    }
}

/// The lifetimes with their own tile, in days.
const LIFETIMES: [(i64, &str); 4] =
    [(30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "1 year")];

fn proposed_lifetime(settings: &Settings) -> String {
    let days = settings.default_lifetime_days;
    let is_tile = LIFETIMES.iter().any(|(tile, _)| *tile == i64::from(days));
    if is_tile { days.to_string() } else { "date".into() }
}

/// The options of the create and edit forms.
pub(super) struct Choices {
    pub environments: Vec<EnvironmentTile>,
    pub roles: Vec<Choice>,
    pub grants: Vec<Grant>,
    pub matrix: Matrix,
    /// Whether only some scopes are selected.
    pub is_narrowed: bool,
    /// What the key would be.
    pub overview: String,
}

/// The most roles whose summaries the stylesheet can show one at a time.
const FEW_ROLES: usize = 10;

pub(super) struct EnvironmentTile {
    pub slug: &'static str,
    pub label: &'static str,
    pub is_chosen: bool,
    /// How its secret keys begin.
    pub prefix: String,
    pub rotation_days: i32,
}

/// The possible expiry dates of a secret.
pub(super) struct Expiry {
    pub lifetimes: Vec<LifetimeTile>,
    /// Whether the expiry is selected as a date.
    pub is_dated: bool,
    pub earliest: String,
    pub latest: String,
    pub longest: String,
}

pub(super) struct LifetimeTile {
    pub days: i64,
    pub label: &'static str,
    pub until: String,
    pub is_chosen: bool,
}

impl Choices {
    pub(super) fn load(c: &mut Connection, fields: &Fields, viewer: &Viewer) -> Result<Self> {
        let tiles = Environment::ALL.iter().zip(viewer.settings.rotation_days());
        let tile = |(environment, rotation_days): (&Environment, i32)| EnvironmentTile {
            slug: environment.as_str(),
            label: environment.label(),
            is_chosen: fields.environment == environment.as_str(),
            prefix: format!("{}_{}_", viewer.settings.secret_prefix, environment.short()),
            rotation_days,
        };
        let (roles, scopes) = (roles::all(c)?, scopes::all(c)?);
        let ticked: BTreeSet<String> = fields.scopes.iter().cloned().collect();
        let role = roles.iter().find(|role| role.slug == fields.role);
        let granted = role.map_or(0, |role| role.scopes.intersection(&ticked).count());
        let matrix = Matrix::new(&scopes, &ticked);
        let grants = grants::load(c, (&roles, &scopes), &matrix, viewer)?;
        Ok(Self {
            environments: tiles.map(tile).collect(),
            roles: role_choices(&roles, &fields.role),
            overview: overview(fields, &grants, granted, viewer.now),
            grants,
            matrix,
            is_narrowed: fields.access == "selected",
        })
    }

    pub(super) fn has_few_roles(&self) -> bool {
        self.roles.len() <= FEW_ROLES
    }
}

impl Expiry {
    pub(super) fn new(lifetime: &str, viewer: &Viewer) -> Self {
        let (settings, now) = (&viewer.settings, viewer.now);
        let maximum = i64::from(settings.maximum_lifetime_days);
        let tiles = LIFETIMES.iter().filter(|(days, _)| *days <= maximum);
        let tile = |(days, label): &(i64, &'static str)| LifetimeTile {
            days: *days,
            label,
            until: short_date(now.plus(days * DAY).date()),
            is_chosen: lifetime == days.to_string(),
        };
        Self {
            lifetimes: tiles.map(tile).collect(),
            is_dated: lifetime == "date",
            earliest: iso_date(now.date()),
            latest: iso_date(last_expiry_date(settings, now)),
            longest: if maximum == 365 { "1 year".into() } else { format!("{maximum} days") },
        }
    }

    /// The expiry of a new secret for a key: the default until one is selected.
    pub(super) fn for_rotation(lifetime: &str, viewer: &Viewer) -> Self {
        let proposed = proposed_lifetime(&viewer.settings);
        Self::new(if lifetime.is_empty() { &proposed } else { lifetime }, viewer)
    }
}
