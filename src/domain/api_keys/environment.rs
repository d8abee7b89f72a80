//! The environment that a key is for: production, staging or development.

use crate::base::closed_set::closed_set;
use crate::db::types::text_column;
use crate::domain::settings::Settings;

closed_set! {
    /// The environment that a key is for, by its name in forms, headers and the database.
    pub enum Environment {
        Production = "production" "Production",
        Staging = "staging" "Staging",
        Development = "development" "Development",
    }
}
text_column!(Environment);

impl Environment {
    /// The short name within secret keys.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Production => "prod",
            Self::Staging => "stag",
            Self::Development => "dev",
        }
    }

    /// How long after its creation a secret key for this environment is due for rotation, in
    /// milliseconds.
    pub fn rotation_interval(self, settings: &Settings) -> i64 {
        settings.rotation_interval(self as usize)
    }
}
