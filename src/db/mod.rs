//! The database: where it is, how to read it and how to write it.
//!
//! Owns connections, transactions and migrations; does not depend on any table except its own
//! bookkeeping. Diesel blocks, so `read` and `write` run off the async threads.

mod attempts;
mod background;
mod batches;
mod before_migrating;
mod commit;
mod compatibility;
mod connection;
pub mod copy;
mod counted;
mod error;
mod examine;
mod feed;
mod generation;
mod health;
mod indexes;
mod integrity;
pub mod keyset;
pub mod lease;
pub mod like;
mod migrate;
pub mod outbox;
mod pg_dump;
mod pool;
mod pools;
mod postgres_url;
pub mod release;
mod rows;
pub mod schema;
mod serving;
mod sqlite_file;
pub mod types;
mod upgrade;
mod watcher;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Instant;

use diesel::connection::SimpleConnection as _;

pub use crate::config::Location;
pub use before_migrating::path_of_copy;
pub use commit::track_writes;
pub(crate) use connection::on_each;
pub use connection::{AnyConnection as Connection, Transaction};
pub use indexes::without_indexes;
pub use pg_dump::{pg_dump, url_without_password};
pub(crate) use rows::{Value, at_once, execute_for, load_for};
pub use upgrade::Upgrade;

use crate::base::error::{Error, Result};
use crate::base::progress::{Progress, Unwatched};
use commit::Commit;
pub use examine::{Engine, examine};
pub use feed::{Announcement, EVERYTHING};
pub use health::Health;
use pool::{Connections, Pool};
use pools::Pools;
use sqlite_file::SqliteFile;

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Pools>);

impl Db {
    /// Connects, and brings the schema up to date.
    pub fn open(location: &Location) -> Result<Self> {
        Self::open_with_progress(location, true, &mut Unwatched)
    }

    /// Opens like [`Db::open`], and reports how far migrating has come. `keeps_copy` is whether an
    /// SQLite file is copied before it is migrated.
    pub fn open_with_progress(
        location: &Location,
        keeps_copy: bool,
        progress: &mut dyn Progress,
    ) -> Result<Self> {
        let use_lock = serving::shared(location)?;
        let _lock = migrate::lock_file(location)?;
        let file = SqliteFile::open(location, true)?;
        migrate::run(location, keeps_copy, progress)?;
        Ok(Self(Arc::new(Pools::open(location, file, use_lock)?)))
    }

    /// Connects to an existing database, and leaves its schema as it is.
    pub fn existing(location: &Location) -> Result<Self> {
        if let Location::Sqlite(path) = location
            && !path.is_file()
        {
            return Err(Error::Internal(format!(
                "there is no database {}: name its folder with --data-dir, or its file with --database-url",
                path.display()
            )));
        }
        if matches!(location, Location::Postgres(_)) {
            // A pool would keep trying to reach a server that rejects the connection.
            drop(Connection::open(location).map_err(error::unavailable)?);
        }
        let _lock = migrate::lock_file(location)?;
        let file = SqliteFile::open(location, false)?;
        Ok(Self(Arc::new(Pools::open(location, file, None)?)))
    }

    /// Ends all use of an SQLite file and leaves it complete without its write-ahead log. Waits a
    /// few seconds at most for work in progress; later calls fail. Dropping the last handle does
    /// the same, but blocked threads may hold handles beyond the end of the program.
    pub fn close(&self) {
        self.0.close();
    }

    /// Whether a newer version has migrated the database, as during a rolling upgrade.
    pub fn is_newer(&self) -> Result<bool> {
        self.read_blocking(|connection| Ok(migrate::State::of(connection)?.is_newer))
    }

    /// Whether this is an SQLite file.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0.location, Location::Sqlite(_))
    }

    /// Registers `consequences`, which writes what follows from any transaction's announcements
    /// before it commits: either both or neither is written. Set once; later calls have no effect.
    pub fn before_commit(
        &self,
        consequences: impl Fn(&mut Transaction<'_>, &[String]) -> Result<()> + Send + Sync + 'static,
    ) {
        let _ = self.0.consequences.set(Box::new(consequences));
    }

    /// Notifies `subscriber` of what transactions announce: for this process, before [`Db::write`]
    /// returns; for others, within the time that [`Db::watch`] allows.
    pub fn subscribe(&self, subscriber: impl Fn(Announcement<'_>) + Send + Sync + 'static) {
        self.0.feed.subscribe(Box::new(subscriber));
    }

    /// Starts to watch for announcements of other processes and nodes, until the last handle is
    /// dropped.
    pub fn watch(&self) -> Result<()> {
        watcher::watch(&self.0)
    }

    /// Whether all announcements of others have been received, except those of the last two
    /// seconds.
    pub fn is_current(&self) -> bool {
        self.0.feed.is_current()
    }

    /// Reads off the async threads.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_from(|pools| &pools.readers, work).await
    }

    /// Reads like [`Db::read`], over a connection that no request waits for: for exports.
    pub async fn read_for_export<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_from(|pools| &pools.exports, work).await
    }

    /// Reads like [`Db::read`], over connections that only verification uses: it keeps working
    /// whatever people do in the dashboard.
    pub async fn read_reserved<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_from(|pools| &pools.reserved, work).await
    }

    async fn read_from<T: Send + 'static>(
        &self,
        pool: fn(&Pools) -> &Pool,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (db, readers) = (self.clone(), pool(&self.0).current());
        let (connections, place) = (readers.clone(), readers.place().await?);
        let work = move || {
            let _place = place;
            db.0.read_with(pool(&db.0), &readers, work)
        };
        self.off_thread(work, move |pools| pools.give_up(pool(pools), &connections)).await
    }

    /// Writes in one transaction, off the async threads. Writes run one after another, across all
    /// nodes, so that what a transaction reads is still true when it commits.
    ///
    /// # Errors
    /// What `work` returns, or [`Error::Unavailable`]: in both cases nothing is written, now or
    /// later. [`Error::Unconfirmed`] if COMMIT was sent and its answer was lost.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (db, writers) = (self.clone(), self.0.writers.current());
        let (connections, place) = (writers.clone(), writers.place().await?);
        let commit = Arc::new(Commit::default());
        let [sending, waiting] = [commit.clone(), commit.clone()];
        let work = move || {
            let _place = place;
            db.write_with(&writers, &sending, work)
        };
        let give_up = move |pools: &Pools| {
            waiting.abandon();
            pools.give_up(&pools.writers, &connections);
        };
        let result = commit.classify(self.off_thread(work, give_up).await);
        commit::record(&result);
        result
    }

    /// [`Db::read`] on the caller's thread, for the command line.
    pub fn read_blocking<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.0.read_with(&self.0.readers, &self.0.readers.current(), work)
    }

    /// [`Db::write`] on the caller's thread, for the command line.
    pub fn write_blocking<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let commit = Commit::default();
        commit.classify(self.write_with(&self.0.writers.current(), &commit, work))
    }

    fn write_with<T>(
        &self,
        writers: &Arc<Connections>,
        commit: &Commit,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut pooled = self.0.get(&self.0.writers, writers)?;
        let began = Instant::now();
        let result = self.transact(&mut pooled, commit, work);
        let elapsed = began.elapsed();
        let result = result.map_err(|error| error::settle(error, &pooled, elapsed));
        self.0.health.record(&result, &mut pooled, elapsed);
        result
    }

    fn transact<T>(
        &self,
        connection: &mut Connection,
        commit: &Commit,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        self.0.begin_writing(connection)?;
        let mut tx = Transaction::new(connection);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let value = work(&mut tx)?;
            self.draw_consequences(&mut tx)?;
            Ok(value)
        }));
        let announced = std::mem::take(&mut tx.announced);
        let committed = match &outcome {
            Ok(Ok(_)) if !commit.begin() => Err(Error::Unavailable("it was given up".into())),
            Ok(Ok(_)) => {
                self.0.feed.mark_pending(&announced);
                connection.batch_execute(connection.commit()).map_err(Error::from)
            }
            _ => Ok(()),
        };
        let is_committed = matches!((&outcome, &committed), (Ok(Ok(_)), Ok(())));
        if !is_committed {
            // A server that still answers has rejected the COMMIT, and a file never loses an
            // answer. A connection that cannot roll back is broken, and the pool drops it.
            let is_answered = connection.batch_execute("ROLLBACK").is_ok();
            if is_answered || self.is_sqlite() {
                commit.rolled_back();
            }
        }
        // Also if the commit failed: whether it reached the database may be unknown.
        self.0.feed.deliver_own(&announced, is_committed);
        match outcome {
            Ok(result) => committed.and(result),
            Err(panic) => resume_unwind(panic),
        }
    }

    fn draw_consequences(&self, tx: &mut Transaction<'_>) -> Result<()> {
        match self.0.consequences.get() {
            Some(consequences) if !tx.announced.is_empty() => {
                let announced: Vec<_> = tx.announced.iter().map(|(_, what)| what.clone()).collect();
                consequences(tx, &announced)
            }
            _ => Ok(()),
        }
    }
}
