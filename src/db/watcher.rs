//! Hears of what other processes and nodes announce.
//!
//! On SQLite a watcher looks at `PRAGMA data_version`, every few milliseconds; on PostgreSQL it is
//! notified, and looks twice a second in any case.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::counted::{Count, Counted};
use super::feed::{Feed, newest};
use super::pools::Pools;
use super::schema::changes;
use super::sqlite_file::SqliteFile;
use super::{Connection, Location, postgres_url};
use crate::base::background;
use crate::base::clock::uptime;
use crate::base::error::{Error, Result};

/// What tells a watcher's connection from the others, for operators.
const NAME: &str = "SELECT set_config('application_name', \
    current_setting('application_name') || ' changes', false)";
/// How often a watcher looks.
const LOOK: Duration = Duration::from_millis(10);
/// How often a PostgreSQL node looks without being notified.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// How long a watcher waits when it cannot connect.
const RECONNECT: Duration = Duration::from_millis(100);
/// After how long without getting on a connected watcher hangs, in milliseconds.
const HANG: u64 = 4_000;
/// A version that no file has, so that the next look finds a new one.
const UNSEEN: i64 = -1;
/// How often somebody makes sure that it does not.
const CHECK: Duration = Duration::from_millis(200);

/// Looks until the database's last handle is gone.
pub(super) fn watch(pools: &Arc<Pools>) -> Result<()> {
    let watched = Watched {
        location: pools.location.clone(),
        pools: Arc::downgrade(pools),
        feed: pools.feed.clone(),
        file: pools.file.clone(),
        count: pools.count.clone(),
    };
    spawn("watch", move || {
        while watched.is_open() {
            background::turn("changes", || {
                if let Err(error) = look_until_it_hangs(&watched) {
                    tracing::error!(%error, "what others change cannot be heard of; trying again");
                    thread::sleep(CHECK);
                }
            });
        }
    })
}

/// Has a thread look, and returns once it hangs. libpq waits for an answer without end, and the
/// keepalives of a server that only says nothing are answered. Such a thread cannot be woken: it is
/// left alone, and ends with its connection.
fn look_until_it_hangs(watched: &Watched) -> Result<()> {
    let hangs_from = Arc::new(AtomicU64::new(uptime() + HANG));
    let looker = Looker { watched: watched.clone(), hangs_from: Arc::downgrade(&hangs_from) };
    spawn("changes", move || looker.run())?;
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

/// The database that is watched. Keeps nobody from dropping its last handle: that waits until the
/// watcher's connection is closed.
#[derive(Clone)]
struct Watched {
    location: Location,
    pools: Weak<Pools>,
    feed: Arc<Feed>,
    file: Option<Arc<SqliteFile>>,
    count: Arc<Count>,
}

impl Watched {
    fn is_open(&self) -> bool {
        self.pools.strong_count() > 0 && !self.file.as_ref().is_some_and(|file| file.is_closed())
    }

    /// Makes sure that a file is still the one that was opened.
    fn check(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }
}

/// Looks over one connection after another.
struct Looker {
    watched: Watched,
    /// The program's uptime, in milliseconds, from which on it hangs unless it gets on before; gone
    /// when it was given up.
    hangs_from: Weak<AtomicU64>,
}

impl Looker {
    /// Looks for as long as somebody is there to be told, and has not given it up.
    fn run(&self) {
        let mut hears = true;
        while let Err(error) = self.look(&mut hears) {
            if hears {
                tracing::warn!(%error, "what others change cannot be heard of; trying again");
            } else {
                thread::sleep(RECONNECT);
            }
            hears = false;
        }
    }

    /// Looks over one connection, for as long as that lasts.
    fn look(&self, hears: &mut bool) -> Result<()> {
        if self.told_within(connect_limit(&self.watched.location)).is_none() {
            return Ok(());
        }
        self.watched.check()?;
        let mut watcher = Watcher::connect(&self.watched)?;
        // What was missed while nobody looked is unknown.
        self.told().inspect(|feed| feed.tell_everything());
        while let Some(feed) = self.told() {
            let begun = uptime();
            self.watched.check()?;
            if watcher.turn(feed)? {
                feed.renew(begun);
            }
            if !std::mem::replace(hears, true) {
                tracing::info!("what others change is heard of again");
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Says that it gets on. Who is to be told; `None` when that is nobody.
    fn told(&self) -> Option<&Feed> {
        self.told_within(HANG)
    }

    /// The same, before something that may take so many milliseconds.
    fn told_within(&self, limit: u64) -> Option<&Feed> {
        self.hangs_from.upgrade()?.store(uptime() + limit, Ordering::Relaxed);
        self.watched.is_open().then_some(&*self.watched.feed)
    }
}

/// The longest that connecting takes, in milliseconds.
fn connect_limit(location: &Location) -> u64 {
    match location {
        Location::Sqlite(_) => HANG,
        Location::Postgres(url) => {
            u64::try_from(postgres_url::connect_limit(url).as_millis()).unwrap_or(u64::MAX)
        }
    }
}

struct Watcher {
    connection: Counted,
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
    fn connect(watched: &Watched) -> Result<Self> {
        let opened = watched.count.open(|| Connection::open(&watched.location));
        let mut connection = opened.map_err(super::error::unavailable)?;
        if let Connection::Postgres(native) = &mut *connection {
            native.batch_execute(&format!("LISTEN latchkey_changes; {NAME}"))?;
        }
        let last = newest(&mut connection)?;
        Ok(Self { connection, last, version: UNSEEN, looked_at: None })
    }

    /// Tells what is new; whether it is certain that there is nothing else.
    fn turn(&mut self, feed: &Feed) -> Result<bool> {
        let is_due = match &mut *self.connection {
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
        if !is_due {
            return Ok(false);
        }
        let is_up_to_date = self.catch_up(feed)?;
        if is_up_to_date {
            self.looked_at = Some(Instant::now());
        } else {
            // The next turn looks again, whether or not anything is new by then.
            (self.looked_at, self.version) = (None, UNSEEN);
        }
        Ok(is_up_to_date)
    }

    /// Tells what is new; whether that was all of it.
    fn catch_up(&mut self, feed: &Feed) -> Result<bool> {
        let new: Vec<(i64, String)> = changes::table
            .filter(changes::number.gt(self.last))
            .order(changes::number)
            .select((changes::number, changes::what))
            .load(&mut *self.connection)?;
        if new.first().is_some_and(|(number, _)| *number > self.last + 1) {
            feed.tell_everything();
        }
        for (number, what) in new {
            if !feed.tell_found(number, &what) {
                return Ok(false);
            }
            self.last = number;
        }
        Ok(true)
    }
}
