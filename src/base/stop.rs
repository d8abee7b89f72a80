//! How the program ends: what tells it to, and by when it has.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

/// By when the program has ended, whatever it still waits for. Kubernetes kills after 30 seconds what
/// has not ended by itself (`terminationGracePeriodSeconds`), systemd after 90.
const LATEST: Duration = Duration::from_secs(19);

/// What tells the program to end: a service manager, Ctrl+C, or a terminal that was closed. From the
/// first moment on, signals that mean nothing to it are ignored.
#[cfg(unix)]
pub struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    /// Begins to listen, in a runtime.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let ignored =
            [SignalKind::user_defined1(), SignalKind::user_defined2(), SignalKind::alarm()];
        for kind in ignored {
            drop(signal(kind)?);
        }
        let ends = [
            SignalKind::terminate(),
            SignalKind::interrupt(),
            SignalKind::hangup(),
            SignalKind::quit(),
        ];
        ends.map(signal).into_iter().collect::<io::Result<_>>().map(Self)
    }

    /// Waits until the program is told.
    pub async fn told(&mut self) {
        use futures_util::future::{FutureExt as _, select_all};
        select_all(self.0.iter_mut().map(|end| end.recv().boxed_local())).await;
    }
}

/// What tells the program to end: Ctrl+C.
#[cfg(not(unix))]
pub struct Signals(());

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen, in a runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Waits until the program is told.
    pub async fn told(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Ends the process, as one that failed, unless it has ended by itself in time.
pub fn end_in_time() {
    let end = || {
        thread::sleep(LATEST);
        tracing::error!("not everything came to an end in time; the process ends");
        process::exit(1);
    };
    if let Err(error) = thread::Builder::new().name("end".into()).spawn(end) {
        tracing::warn!(%error, "nothing makes sure that the process ends in time");
    }
}
