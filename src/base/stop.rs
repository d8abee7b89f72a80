//! How the program stops: the signals that stop it, and the time limit.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

/// The time limit for stopping, whatever is still unfinished. Kubernetes kills a process that has
/// not ended after 30 seconds (`terminationGracePeriodSeconds`), systemd after 90.
const DEADLINE: Duration = Duration::from_secs(19);

/// The signals that stop the program: from a service manager, Ctrl+C, or a closed terminal. Signals
/// that have no meaning for it are ignored from the start.
#[cfg(unix)]
pub struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    /// Starts to listen; needs a runtime.
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

    /// Waits for a signal to stop.
    pub async fn received(&mut self) {
        use futures_util::future::{FutureExt as _, select_all};
        select_all(self.0.iter_mut().map(|end| end.recv().boxed_local())).await;
    }
}

/// The signal that stops the program: Ctrl+C.
#[cfg(not(unix))]
pub struct Signals(());

#[cfg(not(unix))]
impl Signals {
    /// Starts to listen; needs a runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Waits for a signal to stop.
    pub async fn received(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Ends the process with a failure code unless it ends by itself within the time limit.
pub fn end_in_time() {
    let end = || {
        thread::sleep(DEADLINE);
        tracing::error!("not everything came to an end in time; the process ends");
        process::exit(1);
    };
    if let Err(error) = thread::Builder::new().name("end".into()).spawn(end) {
        tracing::warn!(%error, "nothing makes sure that the process ends in time");
    }
}
