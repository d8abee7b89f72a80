//! What the start of this version would do to a database, for `latchkey doctor --upgrade`. Changes
//! nothing.

use diesel::sql_types::BigInt;
use diesel::{RunQueryDsl as _, sql_query};

use super::{Connection, Db, compatibility, migrate, release};
use crate::base::error::Result;

/// What the start of this version would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The version that migrated the database last, if it is recorded.
    pub made_by: Option<String>,
    /// How many migrations would run.
    pub migrations: usize,
    /// How many bytes the copy of an SQLite file has at most; `None` if no copy would be made.
    pub copy: Option<u64>,
}

#[derive(diesel::QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    size: i64,
}

impl Db {
    /// Examines the database as it is.
    ///
    /// # Errors
    /// [`crate::base::error::Error::Internal`] if this version cannot use the database.
    pub fn examine_upgrade(&self) -> Result<Upgrade> {
        self.read_blocking(|connection| {
            if let Connection::Postgres(native) = connection {
                compatibility::check(native)?;
            }
            let state = migrate::State::of(connection)?;
            let copy = match connection {
                Connection::Sqlite(native) if state.waiting > 0 => {
                    let size = "SELECT page_count * page_size AS size \
                                FROM pragma_page_count, pragma_page_size";
                    let Size { size } = sql_query(size).get_result(native)?;
                    u64::try_from(size).ok()
                }
                _ => None,
            };
            let made_by = release::last(connection)?.map(|last| last.version);
            Ok(Upgrade { made_by, migrations: state.waiting, copy })
        })
    }
}
