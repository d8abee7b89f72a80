//! The log, on standard error. Logging never blocks: if nothing reads the output, lines are lost
//! and counted.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogConfig, LogFormat};

/// The maximum number of lines that wait to be written.
const WAITING: usize = 8192;

/// The log, which writes the remaining lines when it is dropped.
pub(super) struct Log {
    dropped: ErrorCounter,
    failed: Arc<AtomicU64>,
    _writer: WorkerGuard,
}

impl Log {
    /// Starts to log what the program and its libraries report, including panics.
    pub(super) fn start(config: LogConfig) -> Self {
        let failed = Arc::new(AtomicU64::new(0));
        let output = Output { error: io::stderr(), failed: Arc::clone(&failed) };
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING);
        let (lines, writer) = builder.thread_name("log").finish(output);
        let dropped = lines.error_counter();
        // actix logs an error for each client that disconnects or sends something other than HTTP,
        // and the library for passkeys one for each answer that it cannot read. Where it listens is
        // printed already.
        let targets = Targets::new()
            .with_default(LevelFilter::INFO)
            .with_target("actix_http", LevelFilter::OFF)
            .with_target("actix_server", LevelFilter::WARN)
            .with_target("webauthn_rs", LevelFilter::OFF);
        let log = tracing_subscriber::fmt::layer()
            .with_ansi(io::stderr().is_terminal())
            .with_writer(lines);
        let registry = tracing_subscriber::registry().with(targets);
        match config.format {
            LogFormat::Text => registry.with(log).init(),
            LogFormat::Json => registry.with(log.json().flatten_event(true)).init(),
        }
        // The default hook would write to standard error itself, and block if nothing reads it.
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            let thread = thread.name().unwrap_or("unnamed");
            tracing::error!(thread, "a fault in the program: {panic}");
        }));
        Self { dropped, failed, _writer: writer }
    }

    /// Returns a function that counts the lines lost so far.
    pub(super) fn lost(&self) -> impl Fn() -> u64 + use<> {
        let (dropped, failed) = (self.dropped.clone(), Arc::clone(&self.failed));
        move || failed.load(Relaxed) + dropped.dropped_lines() as u64
    }
}

/// Standard error; counts the lines that it does not accept.
struct Output {
    error: io::Stderr,
    failed: Arc<AtomicU64>,
}

impl Write for Output {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.error.write_all(line).is_err() {
            self.failed.fetch_add(1, Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Standard error is not buffered.
        Ok(())
    }
}
