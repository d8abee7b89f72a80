//! Receives the announcements of other processes and nodes.
//!
//! On SQLite, a watcher polls `PRAGMA data_version` every few milliseconds; on PostgreSQL it is
//! notified, and also polls twice a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::counted::{Count, CountedConnection};
use super::feed::{Feed, newest};
use super::pools::Pools;
use super::schema::changes;
use super::sqlite_file::SqliteFile;
use super::{Connection, Location, postgres_url};
use crate::base::background;
use crate::base::clock::uptime;
use crate::base::error::{Error, Result};

/// Distinguishes a watcher's connection from the others, for operators.
const NAME: &str = "SELECT set_config('application_name', \
    current_setting('application_name') || ' changes', false)";
/// The interval between polls.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// The interval between polls of a PostgreSQL node that gets no notification.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// How long a watcher waits if it cannot connect.
const RECONNECT: Duration = Duration::from_millis(100);
/// The time without progress after which a connected watcher counts as hanging, in milliseconds.
const HANG: u64 = 4_000;
/// A version that no file has, so that the next poll finds a new one.
const UNSEEN: i64 = -1;
/// The interval between checks that the watcher does not hang.
const CHECK: Duration = Duration::from_millis(200);

/// Polls until the database's last handle is dropped.
pub(super) fn watch(pools: &Arc<Pools>) -> Result<()> {
    let watched = WatchedDatabase {
        location: pools.location.clone(),
        pools: Arc::downgrade(pools),
        feed: pools.feed.clone(),
        file: pools.file.clone(),
        count: pools.count.clone(),
    };
    spawn("watch", move || {
        while watched.is_open() {
            background::run_guarded("changes", || {
                if let Err(error) = poll_until_it_hangs(&watched) {
                    tracing::error!(%error, "what others change cannot be heard of; trying again");
                    thread::sleep(CHECK);
                }
            });
        }
    })
}

/// Starts a thread that polls, and returns once it hangs. libpq waits for an answer without a
/// limit, and a server that does not answer queries still answers keepalives. Such a thread cannot
/// be interrupted: it is abandoned, and ends with its connection.
fn poll_until_it_hangs(watched: &WatchedDatabase) -> Result<()> {
    let hangs_from = Arc::new(AtomicU64::new(uptime() + HANG));
    let poller = Poller { watched: watched.clone(), hangs_from: Arc::downgrade(&hangs_from) };
    spawn("changes", move || poller.run())?;
    while watched.is_open() {
        if uptime() > hangs_from.load(Ordering::Relaxed) {
            tracing::warn!("the database does not say what others change; asking anew");
            break;
        }
        thread::sleep(CHECK);
    }
    Ok(())
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name(name.into()).spawn(work).map(drop).map_err(Error::internal)
}

/// The watched database. Does not prevent the last handle from being dropped: closing waits for the
/// watcher's connection.
#[derive(Clone)]
struct WatchedDatabase {
    location: Location,
    pools: Weak<Pools>,
    feed: Arc<Feed>,
    file: Option<Arc<SqliteFile>>,
    count: Arc<Count>,
}

impl WatchedDatabase {
    fn is_open(&self) -> bool {
        self.pools.strong_count() > 0 && !self.file.as_ref().is_some_and(|file| file.is_closed())
    }

    /// Checks that a file is still the one that was opened.
    fn check(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }
}

/// Polls over one connection after another.
struct Poller {
    watched: WatchedDatabase,
    /// The program's uptime, in milliseconds, at which the thread counts as hanging unless it makes
    /// progress before; dropped when the thread is given up.
    hangs_from: Weak<AtomicU64>,
}

impl Poller {
    /// Polls while there are subscribers and the thread is not given up.
    fn run(&self) {
        let mut is_receiving = true;
        while let Err(error) = self.poll(&mut is_receiving) {
            if is_receiving {
                tracing::warn!(%error, "what others change cannot be heard of; trying again");
            } else {
                thread::sleep(RECONNECT);
            }
            is_receiving = false;
        }
    }

    /// Polls over one connection until it fails.
    fn poll(&self, is_receiving: &mut bool) -> Result<()> {
        if self.live_feed_within(connect_limit(&self.watched.location)).is_none() {
            return Ok(());
        }
        self.watched.check()?;
        let mut watcher = Watcher::connect(&self.watched)?;
        // Announcements from the time without a connection are unknown.
        self.live_feed().inspect(|feed| feed.deliver_everything());
        while let Some(feed) = self.live_feed() {
            let begun = uptime();
            self.watched.check()?;
            if watcher.poll_once(feed)? {
                feed.renew(begun);
            }
            if !std::mem::replace(is_receiving, true) {
                tracing::info!("what others change is heard of again");
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Records progress. Returns the feed to notify; `None` if there is none.
    fn live_feed(&self) -> Option<&Feed> {
        self.live_feed_within(HANG)
    }

    /// [`Self::live_feed`], before something that may take `limit` milliseconds.
    fn live_feed_within(&self, limit: u64) -> Option<&Feed> {
        self.hangs_from.upgrade()?.store(uptime() + limit, Ordering::Relaxed);
        self.watched.is_open().then_some(&*self.watched.feed)
    }
}

/// The longest time that connecting takes, in milliseconds.
fn connect_limit(location: &Location) -> u64 {
    match location {
        Location::Sqlite(_) => HANG,
        Location::Postgres(url) => {
            u64::try_from(postgres_url::connect_limit(url).as_millis()).unwrap_or(u64::MAX)
        }
    }
}

struct Watcher {
    connection: CountedConnection,
    /// The number of the newest announcement that was delivered.
    last: i64,
    /// SQLite's version of the file, as seen by this connection.
    version: i64,
    polled_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

impl Watcher {
    fn connect(watched: &WatchedDatabase) -> Result<Self> {
        let opened = watched.count.open(|| Connection::open(&watched.location));
        let mut connection = opened.map_err(super::error::unavailable)?;
        if let Connection::Postgres(native) = &mut *connection {
            native.batch_execute(&format!("LISTEN latchkey_changes; {NAME}"))?;
        }
        let last = newest(&mut connection)?;
        Ok(Self { connection, last, version: UNSEEN, polled_at: None })
    }

    /// Delivers new announcements; returns whether it is certain that there are no others.
    fn poll_once(&mut self, feed: &Feed) -> Result<bool> {
        let is_due = match &mut *self.connection {
            Connection::Postgres(native) => {
                let is_notified = native
                    .notifications_iter()
                    .try_fold(false, |_, notified| notified.map(|_| true))?;
                is_notified || self.polled_at.is_none_or(|at| at.elapsed() >= HEARTBEAT)
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
        if !is_due {
            return Ok(false);
        }
        let is_up_to_date = self.catch_up(feed)?;
        if is_up_to_date {
            self.polled_at = Some(Instant::now());
        } else {
            // The next turn polls again, even if nothing has changed since.
            (self.polled_at, self.version) = (None, UNSEEN);
        }
        Ok(is_up_to_date)
    }

    /// Delivers new announcements; returns whether those were all.
    fn catch_up(&mut self, feed: &Feed) -> Result<bool> {
        let new: Vec<(i64, String)> = changes::table
            .filter(changes::number.gt(self.last))
            .order(changes::number)
            .select((changes::number, changes::what))
            .load(&mut *self.connection)?;
        if new.first().is_some_and(|(number, _)| *number > self.last + 1) {
            feed.deliver_everything();
        }
        for (number, what) in new {
            if !feed.deliver_found(number, &what) {
                return Ok(false);
            }
            self.last = number;
        }
        Ok(true)
    }
}
