//! Whether an SQLite file is intact; PostgreSQL checks its own files.

use diesel::sql_types::Text;
use diesel::{RunQueryDsl as _, sql_query};

use super::Db;
use crate::base::error::{Error, Result};

#[derive(diesel::QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

impl Db {
    /// Checks that all pages and indexes of an SQLite file are consistent.
    pub fn check_integrity(&self) -> Result<()> {
        if !self.is_sqlite() {
            return Ok(());
        }
        let findings = self.read_blocking(|connection| {
            Ok(sql_query("PRAGMA integrity_check(1)").load::<Finding>(connection)?)
        });
        let damage = match findings {
            Ok(found) => found.into_iter().map(|finding| finding.integrity_check).next(),
            Err(Error::Internal(message)) => Some(message),
            Err(error) => return Err(error),
        };
        match damage {
            Some(damage) if damage != "ok" => {
                Err(Error::Internal(format!("the database is damaged: {damage}: restore a backup")))
            }
            _ => Ok(()),
        }
    }
}
