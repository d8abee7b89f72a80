//! Where a key is for: production, staging or development.

use crate::base::word::word;
use crate::domain::settings::Settings;

/// Where a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    Production,
    Staging,
    Development,
}

word!(Environment, |environment| environment.slug(), Self::parse);

impl Environment {
    pub const ALL: [Self; 3] = [Self::Production, Self::Staging, Self::Development];

    /// The name that stands in forms, headers and the database.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::Staging => "Staging",
            Self::Development => "Development",
        }
    }

    /// What a secret key bears.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Production => "prod",
            Self::Staging => "stag",
            Self::Development => "dev",
        }
    }

    /// The environment of that slug.
    pub fn parse(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.slug() == slug)
    }

    /// Milliseconds after which a secret key of this environment is due for rotation.
    pub fn rotation_interval(self, settings: &Settings) -> i64 {
        settings.rotation_interval(self as usize)
    }
}
