//! What other parts of the program, other processes and other nodes must hear of.
//!
//! A transaction announces; its number and text are rows of `changes`, committed with it. This
//! process's subscribers hear before the write returns. Others look: on SQLite at
//! `PRAGMA data_version`, every few milliseconds; on PostgreSQL they are notified, and look once
//! a second in any case. Every look that succeeds renews a lease; without it nothing that was
//! remembered may be relied on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::schema::changes;
use super::{Connection, Location, Pools, Transaction};
use crate::clock::uptime;
use crate::error::{Error, Result};

/// What stands for everything at once.
pub const EVERYTHING: &str = "*";

/// How often a watcher looks.
const LOOK: Duration = Duration::from_millis(10);
/// How often a PostgreSQL node looks without being notified.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// For how long a look counts, from its beginning, in milliseconds.
const LEASE: u64 = 1_800;
/// How long a watcher waits before it connects again.
const RECONNECT: Duration = Duration::from_millis(100);
/// How many announcements are kept for who looks late.
const KEPT: i64 = 10_000;

/// What a subscriber is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// This was announced.
    Changed(&'a str),
    /// Anything may have been.
    Everything,
}

type Subscriber = Box<dyn Fn(Heard<'_>) + Send + Sync>;

/// The subscribers, and until when they have heard everything.
#[derive(Default)]
pub(super) struct Feed {
    subscribers: RwLock<Vec<Subscriber>>,
    /// The program's uptime, in milliseconds.
    lease_ends: AtomicU64,
}

impl Feed {
    pub(super) fn subscribe(&self, subscriber: Subscriber) {
        self.subscribers.write().unwrap_or_else(PoisonError::into_inner).push(subscriber);
    }

    pub(super) fn tell(&self, announced: &[String]) {
        for what in announced {
            self.tell_one(if what == EVERYTHING {
                Heard::Everything
            } else {
                Heard::Changed(what)
            });
        }
    }

    fn tell_one(&self, heard: Heard<'_>) {
        for subscriber in &*self.subscribers.read().unwrap_or_else(PoisonError::into_inner) {
            subscriber(heard);
        }
    }

    pub(super) fn is_current(&self) -> bool {
        uptime() < self.lease_ends.load(Ordering::Acquire)
    }

    /// `looked_at` is the program's uptime when the look began.
    fn renew(&self, looked_at: u64) {
        self.lease_ends.store(looked_at + LEASE, Ordering::Release);
    }
}

impl Transaction<'_> {
    /// Has every process and node hear of `what` once the transaction is committed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn announce(&mut self, what: &str) -> Result<()> {
        let newest = newest(self)?;
        diesel::insert_into(changes::table)
            .values((changes::number.eq(newest + 1), changes::what.eq(what)))
            .execute(&mut **self)?;
        diesel::delete(changes::table.filter(changes::number.le(newest - KEPT)))
            .execute(&mut **self)?;
        if let Connection::Postgres(native) = &mut **self {
            diesel::sql_query("NOTIFY latchkey_changes").execute(native)?;
        }
        self.announced.push(what.to_owned());
        Ok(())
    }
}

fn newest(connection: &mut Connection) -> Result<i64> {
    let newest: Option<i64> = changes::table
        .select(changes::number)
        .order(changes::number.desc())
        .first(connection)
        .optional()?;
    Ok(newest.unwrap_or(0))
}

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
