//! Facts about the database server for `latchkey doctor`. Changes nothing.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::{Connection, Location, error};
use crate::base::error::Result;

/// How long a notification may take before it counts as lost.
const NOTIFICATION_LIMIT: Duration = Duration::from_secs(1);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// What the database server is and does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// As "PostgreSQL 17.2".
    pub version: String,
    /// How far its clock is ahead of this machine's, in milliseconds; `None` if it has none.
    pub clock_lead: Option<i64>,
    /// Whether it only follows another server.
    pub is_standby: bool,
    /// How many servers follow it.
    pub standbys: i64,
    /// How many of them, at least, have what was committed before the commit is confirmed.
    pub synchronous_standbys: i64,
    /// How long a notification takes from one connection to another, in milliseconds; `None` if it
    /// does not arrive, and 0 where none are used.
    pub notification: Option<u64>,
}

#[derive(QueryableByName)]
struct Facts {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = BigInt)]
    millis: i64,
    #[diesel(sql_type = Bool)]
    is_standby: bool,
    #[diesel(sql_type = BigInt)]
    standbys: i64,
    #[diesel(sql_type = BigInt)]
    synchronous: i64,
}

/// An ordinary role sees how many standbys there are, and not their states. Then the setting says
/// that commits wait for one of them at least.
const POSTGRES: &str = "SELECT 'PostgreSQL ' || current_setting('server_version') AS version, \
    (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint AS millis, \
    pg_is_in_recovery() AS is_standby, \
    (SELECT COUNT(*) FROM pg_stat_replication) AS standbys, \
    (SELECT CASE WHEN bool_and(sync_state IS NULL) \
        AND current_setting('synchronous_standby_names') <> '' THEN 1 \
        ELSE COUNT(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) END \
    FROM pg_stat_replication) AS synchronous";

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Examines the server; `now` reads this machine's clock in milliseconds.
pub fn examine(location: &Location, now: impl Fn() -> i64) -> Result<Engine> {
    let mut connection = Connection::open(location).map_err(error::unavailable)?;
    match &mut connection {
        Connection::Sqlite(native) => {
            let query = diesel::sql_query("SELECT 'SQLite ' || sqlite_version() AS version");
            let Version { version } = query.get_result(native)?;
            Ok(Engine {
                version,
                clock_lead: None,
                is_standby: false,
                standbys: 0,
                synchronous_standbys: 0,
                notification: Some(0),
            })
        }
        Connection::Postgres(native) => {
            let before = now();
            let facts: Facts = diesel::sql_query(POSTGRES).get_result(native)?;
            // Half of the query's time is the way back.
            let here = i64::midpoint(before, now());
            Ok(Engine {
                version: facts.version,
                clock_lead: Some(facts.millis - here),
                is_standby: facts.is_standby,
                standbys: facts.standbys,
                synchronous_standbys: facts.synchronous,
                // A standby accepts no notifications.
                notification: if facts.is_standby { Some(0) } else { notify(native, location)? },
            })
        }
    }
}

/// How long a notification takes to arrive at `listener`, in milliseconds. A pooler that gives each
/// transaction another connection loses it.
fn notify(listener: &mut PgConnection, location: &Location) -> Result<Option<u64>> {
    listener.batch_execute("LISTEN latchkey_doctor")?;
    let mut sender = Connection::open(location).map_err(error::unavailable)?;
    let began = Instant::now();
    sender.batch_execute("NOTIFY latchkey_doctor")?;
    while began.elapsed() < NOTIFICATION_LIMIT {
        if listener.notifications_iter().next().transpose()?.is_some() {
            return Ok(Some(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)));
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(None)
}
