//! Whether the database is usable: whether it can be read and written, and whether changes by
//! others are received.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use futures_util::future::join3;
use tokio::sync::Mutex;

use super::connection::LOCK_WAIT;
use super::counted::Count;
use super::{Connection, Db, Location, error};
use crate::base::clock::uptime;
use crate::base::error::{Error, Result};

/// How long an answer is cached, so that the cost does not depend on the number of callers.
const CACHE_TIME: Duration = Duration::from_secs(1);
/// How long a failed write counts, in milliseconds, unless a write succeeds before: background work
/// writes more often.
const FAILURE_COUNTS: u64 = 15_000;
/// How long to wait for a feed that has just started, and the interval between checks.
const FEED_STARTS: Duration = Duration::from_secs(1);
const FEED_CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// Writes a row that is rolled back and never read. It needs no ordering with other writes.
const TRIAL: &str = "INSERT INTO changes (number, what) VALUES (-1, 'trial')";

/// Which operations work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The database can be read.
    pub reads: bool,
    /// The database can be written. A busy database counts as writable.
    pub writes: bool,
    /// Changes by other processes and nodes are received.
    pub receives_changes: bool,
}

/// The recent results of reads and writes.
#[derive(Default)]
pub(super) struct RecentResults {
    last: Arc<Mutex<Option<(Instant, Health)>>>,
    /// When a failed write stops counting, in milliseconds of the program's uptime.
    fails_until: AtomicU64,
}

impl RecentResults {
    /// Records the result of a write over `connection`.
    pub(super) fn record<T>(
        &self,
        result: &Result<T>,
        connection: &mut Connection,
        elapsed: Duration,
    ) {
        // A late failure was waiting for a lock, and after a lost connection the next one may work.
        let fails_until = match result {
            Ok(_) => 0,
            Err(Error::Unavailable(_))
                if elapsed < LOCK_WAIT / 2 && connection.batch_execute("SELECT 1").is_ok() =>
            {
                uptime() + FAILURE_COUNTS
            }
            Err(_) => return,
        };
        self.fails_until.store(fails_until, Ordering::Relaxed);
    }
}

impl Db {
    /// Which operations work, at most a second old; `read` is the read to try. One check runs at a
    /// time, and it continues if its caller disconnects.
    pub async fn health<T: 'static>(
        &self,
        read: fn(&mut Connection) -> Result<T>,
    ) -> Result<Health> {
        let (db, last) = (self.clone(), self.0.health.last.clone());
        let looking = tokio::spawn(async move {
            let mut last = last.lock().await;
            match *last {
                Some((at, health)) if at.elapsed() < CACHE_TIME => health,
                _ => {
                    let health = db.probe(read).await;
                    *last = Some((Instant::now(), health));
                    health
                }
            }
        });
        looking.await.map_err(Error::internal)
    }

    async fn probe<T: 'static>(&self, read: fn(&mut Connection) -> Result<T>) -> Health {
        let (location, count) = (self.0.location.clone(), self.0.count.clone());
        let reads = self.read(move |connection| read(connection).map(drop));
        let writes = self.read(move |connection| try_to_write(connection, &location, &count));
        let (reads, tried, receives_changes) = join3(reads, writes, self.receives_changes()).await;
        for error in [reads.as_ref().err(), tried.as_ref().err()].into_iter().flatten() {
            tracing::warn!(%error, "the database cannot be used");
        }
        let has_failed = uptime() < self.0.health.fails_until.load(Ordering::Relaxed);
        Health { reads: reads.is_ok(), writes: tried.is_ok() && !has_failed, receives_changes }
    }

    async fn receives_changes(&self) -> bool {
        let began = Instant::now();
        while !self.is_current() && began.elapsed() < FEED_STARTS {
            tokio::time::sleep(FEED_CHECK_INTERVAL).await;
        }
        self.is_current()
    }
}

/// Writes and rolls back, without delaying other writers.
fn try_to_write(
    connection: &mut Connection,
    location: &Location,
    count: &Arc<Count>,
) -> Result<()> {
    match connection {
        Connection::Postgres(_) => try_between(connection, "BEGIN"),
        // Readers of a file may not write, and the writer may be busy.
        Connection::Sqlite(_) => {
            let own = count.open(|| Connection::open(location));
            let mut own = own.map_err(error::unavailable)?;
            own.batch_execute("PRAGMA busy_timeout = 0")?;
            match own.batch_execute("BEGIN IMMEDIATE") {
                Err(failure) if is_busy(&failure) => Ok(()),
                begun => begun.map_err(Error::from).and_then(|()| try_between(&mut own, "")),
            }
        }
    }
}

/// Whether another connection is writing, so that nothing is known.
fn is_busy(failure: &diesel::result::Error) -> bool {
    failure.to_string() == "database is locked"
}

fn try_between(connection: &mut Connection, begin: &str) -> Result<()> {
    let tried = connection.batch_execute(&format!("{begin};{TRIAL}"));
    connection.batch_execute("ROLLBACK")?;
    Ok(tried?)
}
