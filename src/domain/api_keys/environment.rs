//! Where a key is for: production, staging or development.

use crate::base::closed_set::closed_set;
use crate::db::types::text_column;
use crate::domain::settings::Settings;

closed_set! {
    /// Where a key is for, by the word that stands in forms, headers and the database.
    pub enum Environment {
        Production = "production" "Production",
        Staging = "staging" "Staging",
        Development = "development" "Development",
    }
}
text_column!(Environment);

impl Environment {
    /// What a secret key bears.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Production => "prod",
            Self::Staging => "stag",
            Self::Development => "dev",
        }
    }

    /// Milliseconds after which a secret key of this environment is due for rotation.
    pub fn rotation_interval(self, settings: &Settings) -> i64 {
        settings.rotation_interval(self as usize)
    }
}
