//! Which version of Latchkey migrated a database last, and which versions can use it.
//!
//! The table `last_migration` must stay as it is: every version reads it, also in a database that a
//! later one has migrated.

use diesel::prelude::*;

use super::schema::last_migration;
use super::{Connection, migrate};
use crate::base::error::{Error, Result};

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The oldest version that can use a database which this one has migrated: the first release of the
/// minor version before it.
const USABLE_FROM: &str = "0.1.0";

/// What the database says about its last migration.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct LastMigration {
    /// The version that migrated it.
    pub version: String,
    usable_from: String,
}

/// The numbers of a version: major, minor, patch.
type Numbers = [u64; 3];

/// Parses `0.1.0`, also with an ending such as `-rc.1`, which is not compared.
pub(super) fn numbers(version: &str) -> Option<Numbers> {
    let numbers = version.split(['-', '+']).next()?;
    let parsed: Vec<u64> =
        numbers.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parsed.try_into().ok()
}

impl LastMigration {
    /// Whether the version `program` can use the database.
    fn is_usable_by(&self, program: &str) -> bool {
        let [program, oldest] = [program, &self.usable_from].map(numbers);
        program.zip(oldest).is_some_and(|(program, oldest)| program >= oldest)
    }

    fn is_newer_than(&self, program: &str) -> bool {
        let [program, version] = [program, &self.version].map(numbers);
        program.zip(version).is_some_and(|(program, version)| version > program)
    }
}

/// What the database says about its last migration; `None` if it was made before versions were
/// recorded.
pub(super) fn last(connection: &mut Connection) -> Result<Option<LastMigration>> {
    if !migrate::has_table(connection, "last_migration")? {
        return Ok(None);
    }
    let columns = (last_migration::version, last_migration::usable_from);
    Ok(last_migration::table.select(columns).first(connection).optional()?)
}

/// Records that this version migrates the database, if the table for it exists already.
pub(super) fn record(connection: &mut Connection) -> Result<()> {
    if !migrate::has_table(connection, "last_migration")? {
        return Ok(());
    }
    let now = (last_migration::version.eq(VERSION), last_migration::usable_from.eq(USABLE_FROM));
    if diesel::update(last_migration::table).set(now).execute(connection)? == 0 {
        let row = (last_migration::id.eq(1), now.0, now.1);
        diesel::insert_into(last_migration::table).values(row).execute(connection)?;
    }
    Ok(())
}

/// Whether this version can use a database with migrations that it does not know.
pub(super) fn is_usable(connection: &mut Connection) -> Result<bool> {
    // An SQLite file has one node, so that no rolling upgrade needs it: the copy that was made
    // before the migration belongs to the version before.
    if matches!(connection, Connection::Sqlite(_)) {
        return Ok(false);
    }
    Ok(last(connection)?.is_some_and(|last| last.is_usable_by(VERSION)))
}

/// The error for a database with migrations that this version does not know.
pub(super) fn is_newer(connection: &mut Connection) -> Error {
    let last = last(connection).unwrap_or_default();
    Error::Internal(match last.filter(|last| last.is_newer_than(VERSION)) {
        Some(LastMigration { version, .. }) => format!(
            "the database was made by Latchkey {version}, and this is {VERSION}: start that version, \
             or restore a backup"
        ),
        None => "the database was made by a newer version of Latchkey: start that version, or \
                 restore a backup"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_can_use_the_databases_of_the_next_minor_version() {
        let last = |version: &str, usable_from: &str| LastMigration {
            version: version.into(),
            usable_from: usable_from.into(),
        };
        let of_03 = last("0.3.1", "0.2.0");
        for (program, is_usable, is_newer) in [
            ("0.1.9", false, true),
            ("0.2.0", true, true),
            ("0.2.10", true, true),
            ("0.3.1-rc.1", true, false),
            ("0.10.0", true, false),
            ("1.0.0", true, false),
            ("unknown", false, false),
        ] {
            assert_eq!(of_03.is_usable_by(program), is_usable, "{program}");
            assert_eq!(of_03.is_newer_than(program), is_newer, "{program}");
        }
        assert!(!last("0.3.1", "").is_usable_by("0.3.1"));
    }

    #[test]
    fn the_oldest_version_belongs_to_this_minor_version_or_the_one_before() {
        let [this, oldest] = [VERSION, USABLE_FROM].map(|text| numbers(text).expect("a version"));
        assert!(oldest <= this);
        assert!(oldest[0] < this[0] || this[1] - oldest[1] <= 1, "correct USABLE_FROM");
    }
}
