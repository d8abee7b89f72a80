//! Open files: how many the program may have, and how they are divided.
//!
//! Every connection needs one. The database, the log, email and webhooks need some too, and must
//! get them whatever unknown clients do.

use std::io;
use std::net::TcpListener;

use super::registry::Limits;

/// How many are reserved for uses other than clients: database connections with three files each,
/// the log, email, webhooks, and connections that are about to close.
const RESERVED: usize = 160;
/// How many the listener for metrics gets.
const METRICS: usize = 16;
/// The maximum number of connections of a listener: more than gateways need, and about 300 MB if
/// all of them are open and idle.
const MAX_CONNECTIONS: usize = 10_000;
/// The minimum, if the operating system allows very few files.
const MIN_CONNECTIONS: usize = 32;
/// The assumption if the operating system reports no limit.
const DEFAULT_FILE_LIMIT: usize = 1024;

/// How many connections each listener may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// The dashboard, which answers programs too.
    pub dashboard: Limits,
    /// The listener for programs.
    pub verify: Limits,
    /// The listener for metrics.
    pub metrics: Limits,
}

impl Shares {
    /// Divides `files`. A listener for programs gets half, so that activity on the dashboard's
    /// listener cannot take any from it.
    pub fn of(files: usize, has_verify: bool) -> Self {
        let clients = files.saturating_sub(RESERVED + METRICS);
        let share = if has_verify { clients / 2 } else { clients };
        let limits = Limits::of(share.clamp(MIN_CONNECTIONS, MAX_CONNECTIONS));
        Self { dashboard: limits, verify: limits, metrics: Limits::of(METRICS) }
    }
}

/// Raises the soft limit of open files to the hard one, and returns it.
#[cfg(unix)]
pub fn raise_limit() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    };
    current.and_then(|files| usize::try_from(files).ok()).unwrap_or(DEFAULT_FILE_LIMIT)
}

#[cfg(not(unix))]
pub fn raise_limit() -> usize {
    DEFAULT_FILE_LIMIT
}

/// How many connections may wait to be accepted: more than arrive at once while others are closed
/// to make room. The operating system may allow fewer.
#[cfg(unix)]
const BACKLOG: i32 = 4096;

/// Lets more connections wait to be accepted than the standard library does.
#[cfg(unix)]
pub fn widen_backlog(socket: &TcpListener) -> io::Result<()> {
    Ok(rustix::net::listen(socket, BACKLOG)?)
}

/// Leaves the queue unchanged.
#[cfg(not(unix))]
pub fn widen_backlog(_: &TcpListener) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_for_programs_has_a_share_that_the_dashboard_cannot_take() {
        let single = Shares::of(1024, false);
        assert_eq!(single.dashboard.total, 848);
        let both = Shares::of(1024, true);
        assert_eq!((both.dashboard.total, both.verify.total), (424, 424));
        let most = Shares::of(1 << 20, true);
        assert_eq!((most.dashboard.total, most.verify.total), (MAX_CONNECTIONS, MAX_CONNECTIONS));
        assert_eq!(Shares::of(0, true).verify.total, MIN_CONNECTIONS);
    }
}
