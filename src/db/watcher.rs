//! Hears of what other processes and nodes announce.
//!
//! On SQLite a watcher looks at `PRAGMA data_version`, every few milliseconds; on PostgreSQL it is
//! notified, and looks once a second in any case.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::feed::{Feed, Heard, newest};
use super::schema::changes;
use super::{Connection, Location, Pools};
use crate::clock::uptime;
use crate::error::{Error, Result};

/// How often a watcher looks.
const LOOK: Duration = Duration::from_millis(10);
/// How often a PostgreSQL node looks without being notified.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long a watcher waits before it connects again.
const RECONNECT: Duration = Duration::from_millis(100);

/// Looks until the database's last handle is gone.
pub(super) fn watch(pools: &Arc<Pools>) -> Result<()> {
    let (location, pools) = (pools.location.clone(), Arc::downgrade(pools));
    let look = move || while look(&location, &pools).is_some() {};
    thread::Builder::new().name("changes".into()).spawn(look).map_err(Error::internal)?;
    Ok(())
}

/// Looks over one connection for as long as it lasts; `None` when nobody is left to tell.
fn look(location: &Location, pools: &Weak<Pools>) -> Option<()> {
    let outcome = Watcher::connect(location).and_then(|mut watcher| {
        // What was missed while nobody looked is unknown.
        pools.upgrade().inspect(|pools| pools.feed.tell_one(Heard::Everything));
        while let Some(pools) = pools.upgrade() {
            let begun = uptime();
            if watcher.turn(&pools.feed)? {
                pools.feed.renew(begun);
            }
            drop(pools);
            thread::sleep(LOOK);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        tracing::warn!(%error, "what others change cannot be heard of; trying again");
        thread::sleep(RECONNECT);
    }
    pools.upgrade().map(drop)
}

struct Watcher {
    connection: Connection,
    /// The number of the newest announcement that was told.
    last: i64,
    /// SQLite's version of the file, as this connection sees it.
    version: i64,
    looked_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

impl Watcher {
    fn connect(location: &Location) -> Result<Self> {
        let mut connection = Connection::open(location).map_err(super::error::unavailable)?;
        if let Connection::Postgres(native) = &mut connection {
            diesel::sql_query("LISTEN latchkey_changes").execute(native)?;
        }
        let last = newest(&mut connection)?;
        Ok(Self { connection, last, version: 0, looked_at: None })
    }

    /// Tells what is new; whether it is certain that there is nothing else.
    fn turn(&mut self, feed: &Feed) -> Result<bool> {
        let is_due = match &mut self.connection {
            Connection::Postgres(native) => {
                let is_notified = native
                    .notifications_iter()
                    .try_fold(false, |_, notified| notified.map(|_| true))?;
                is_notified || self.looked_at.is_none_or(|at| at.elapsed() >= HEARTBEAT)
            }
            Connection::Sqlite(native) => {
                let Version { data_version } =
                    diesel::sql_query("PRAGMA data_version").get_result(native)?;
                let is_new = data_version != self.version;
                self.version = data_version;
                if !is_new {
                    return Ok(true);
                }
                is_new
            }
        };
        if is_due {
            self.looked_at = Some(Instant::now());
            self.catch_up(feed)?;
        }
        Ok(is_due)
    }

    fn catch_up(&mut self, feed: &Feed) -> Result<()> {
        let new: Vec<(i64, String)> = changes::table
            .filter(changes::number.gt(self.last))
            .order(changes::number)
            .select((changes::number, changes::what))
            .load(&mut self.connection)?;
        if new.first().is_some_and(|(number, _)| *number > self.last + 1) {
            feed.tell_one(Heard::Everything);
        }
        for (number, what) in new {
            feed.tell(&[what]);
            self.last = number;
        }
        Ok(())
    }
}
