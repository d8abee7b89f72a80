//! Tells a service manager such as systemd that the program is ready, works and is stopping
//! (`sd_notify(3)`). Nothing happens without one, and nothing depends on it.

use sd_notify::NotifyState;

/// The program listens.
pub fn ready() {
    notify(NotifyState::Ready);
}

/// The program finishes requests in flight, then ends.
pub fn stopping() {
    notify(NotifyState::Stopping);
}

/// Says again and again that the event loop works, if the service manager restarts a program that
/// does not (`WatchdogSec=`). It does not depend on the database, whose outage no restart ends.
pub async fn keep_alive() {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = tokio::time::interval(limit / 2);
    loop {
        ticks.tick().await;
        notify(NotifyState::Watchdog);
    }
}

fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager could not be notified");
    }
}
