//! How the program ends: what tells it to, and by when it has.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

/// By when the program has ended, whatever it still waits for. Kubernetes kills after 30 seconds what
/// has not ended by itself (`terminationGracePeriodSeconds`), systemd after 90.
const LATEST: Duration = Duration::from_secs(19);

/// Waits until the program is told to end: by a service manager, by Ctrl+C, or because the terminal
/// was closed. Signals that mean nothing to it are ignored from then on.
///
/// # Errors
/// When the operating system does not pass signals on.
#[cfg(unix)]
pub async fn told() -> io::Result<()> {
    use futures_util::future::{FutureExt as _, select_all};
    use tokio::signal::unix::{SignalKind, signal};
    for ignored in [SignalKind::user_defined1(), SignalKind::user_defined2(), SignalKind::alarm()] {
        drop(signal(ignored)?);
    }
    let ends = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
        SignalKind::quit(),
    ];
    let mut ends = ends.map(signal).into_iter().collect::<io::Result<Vec<_>>>()?;
    select_all(ends.iter_mut().map(|end| end.recv().boxed_local())).await;
    Ok(())
}

/// Waits until the program is told to end, by Ctrl+C.
///
/// # Errors
/// When the operating system does not pass it on.
#[cfg(not(unix))]
pub async fn told() -> io::Result<()> {
    tokio::signal::ctrl_c().await
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
