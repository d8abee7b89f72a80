//! The log, on standard error. Nothing waits for it: where nobody reads, lines are lost and counted.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogConfig, LogFormat};

/// How many lines may wait to be written.
const WAITING: usize = 8192;

/// The log, which writes what is left when it is dropped.
pub(super) struct Log {
    crowded_out: ErrorCounter,
    refused: Arc<AtomicU64>,
    _writer: WorkerGuard,
}

impl Log {
    /// Starts to log what the program and its libraries say, panics among it.
    pub(super) fn start(config: LogConfig) -> Self {
        let refused = Arc::new(AtomicU64::new(0));
        let output = Output { error: io::stderr(), refused: Arc::clone(&refused) };
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING);
        let (lines, writer) = builder.thread_name("log").finish(output);
        let crowded_out = lines.error_counter();
        // actix reports each client that breaks off or sends no HTTP as an error of its own.
        let targets = Targets::new()
            .with_default(LevelFilter::INFO)
            .with_target("actix_http", LevelFilter::OFF);
        let log = tracing_subscriber::fmt::layer()
            .with_ansi(io::stderr().is_terminal())
            .with_writer(lines);
        let registry = tracing_subscriber::registry().with(targets);
        match config.format {
            LogFormat::Text => registry.with(log).init(),
            LogFormat::Json => registry.with(log.json().flatten_event(true)).init(),
        }
        // The usual hook would write to standard error itself, and wait where nobody reads.
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            let thread = thread.name().unwrap_or("unnamed");
            tracing::error!(thread, "a fault in the program: {panic}");
        }));
        Self { crowded_out, refused, _writer: writer }
    }

    /// Counts the lines that were lost so far.
    pub(super) fn lost(&self) -> impl Fn() -> u64 + use<> {
        let (crowded_out, refused) = (self.crowded_out.clone(), Arc::clone(&self.refused));
        move || refused.load(Relaxed) + crowded_out.dropped_lines() as u64
    }
}

/// Standard error; what it does not take is counted.
struct Output {
    error: io::Stderr,
    refused: Arc<AtomicU64>,
}

impl Write for Output {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.error.write_all(line).is_err() {
            self.refused.fetch_add(1, Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Standard error keeps nothing back.
        Ok(())
    }
}
