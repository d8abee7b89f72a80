//! Counts the open connections, so that a stop can wait until all are closed.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Connection;

#[derive(Debug, Default)]
pub(super) struct Count {
    open: Mutex<usize>,
    closed: Condvar,
}

impl Count {
    /// Counts a connection before `open` makes it, so that none is missed.
    pub(super) fn open<E>(
        self: &Arc<Self>,
        open: impl FnOnce() -> Result<Connection, E>,
    ) -> Result<CountedConnection, E> {
        *self.lock() += 1;
        let place = Place(self.clone());
        Ok(CountedConnection { connection: open()?, _place: place })
    }

    /// Waits until all connections are closed, or until `limit` has passed.
    pub(super) fn wait(&self, limit: Duration) {
        drop(self.closed.wait_timeout_while(self.lock(), limit, |open| *open > 0));
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is counted until it is closed.
pub(super) struct CountedConnection {
    // Closed before its place is released, since fields are dropped in this order.
    connection: Connection,
    _place: Place,
}

impl Deref for CountedConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for CountedConnection {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

struct Place(Arc<Count>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.closed.notify_all();
    }
}
