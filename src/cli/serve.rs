//! `latchkey serve`: migrates, then serves until it is told to stop.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::config::{Config, DatabaseConfig, LogConfig, LogFormat, PublicUrl};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::keyring::{Keyring, private_file};
use crate::server::{self, Shared};
use crate::sign_in::{self, Door, set_up};
use crate::usage;
use crate::web::Site;
use crate::web::metrics::Metrics;
use crate::{alerts, mail, webhooks};

/// Holds the link to the set-up page, for its owner alone.
const SET_UP_FILE: &str = "set-up-link.txt";

/// Serves until the program is told to stop: SIGTERM lets requests in flight finish.
///
/// # Errors
/// When it cannot start.
pub fn run(config: &Config) -> Result<()> {
    start_log(config.log);
    let (db, keyring) = super::open(config)?;
    let server = &config.server;
    let (listener, bound) = listen(server.listen, "--listen")?;
    let verify =
        server.verify_listen.map(|address| listen(address, "--verify-listen")).transpose()?;
    let public_url = server.public_url(bound);
    let link = set_up_link(&db, &keyring, &config.database, &public_url)?;
    let site = Site {
        db,
        keyring,
        clock: super::CLOCK,
        public_url,
        trusted_proxies: server.trusted_proxies.clone(),
        webhook_networks: server.webhook_networks.clone(),
        mail_networks: server.mail_networks.clone(),
    };
    let mut lines =
        vec![format!("Latchkey {} listens on http://{bound}", env!("CARGO_PKG_VERSION"))];
    lines.extend(verify.iter().map(|(_, at)| format!("Gateways and services ask http://{at}")));
    lines
        .extend(link.map(|link| format!("Set up the first super manager within one hour: {link}")));
    announce(&lines)?;
    let metrics = Metrics::install()?;
    let shared = Shared::new(site, Arc::new(Door::new()?))?;
    let workers = server.workers.map(std::num::NonZeroUsize::get);
    let verify = verify.map(|(listener, _)| listener);
    server::run(&shared, listener, verify, workers, metrics, house_keeping)
}

/// Takes the address, before anything is said of it.
fn listen(address: SocketAddr, option: &str) -> Result<(TcpListener, SocketAddr)> {
    let refused = |error: io::Error| {
        let advice = format!("give another address with {option}");
        Error::Internal(format!("{address} cannot be listened on: {error}: {advice}"))
    };
    let listener = TcpListener::bind(address).map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

fn announce(lines: &[String]) -> Result<()> {
    let mut output = io::stdout().lock();
    for line in lines {
        writeln!(output, "{line}").map_err(Error::internal)?;
    }
    output.flush().map_err(Error::internal)
}

/// The link to the set-up page while there is no member; also kept in the data directory.
fn set_up_link(
    db: &Db,
    keyring: &Keyring,
    database: &DatabaseConfig,
    public_url: &PublicUrl,
) -> Result<Option<String>> {
    let file = database.data_dir.join(SET_UP_FILE);
    let _ = fs::remove_file(&file);
    if !db.read_blocking(set_up::is_open)? {
        return Ok(None);
    }
    let now = super::CLOCK.now();
    let code = db.write_blocking(|tx| set_up::begin(tx, keyring, now))?;
    let link = format!("{public_url}/set-up?code={code}");
    private_file(&file).and_then(|mut file| writeln!(file, "{link}")).map_err(|error| {
        Error::Internal(format!("{} cannot be written: {error}", file.display()))
    })?;
    Ok(Some(link))
}

/// What is done now and then: what is over is cleared away.
async fn house_keeping(db: Db, now: Timestamp) {
    if let Err(error) = db.write(move |tx| sign_in::purge(tx, now)).await {
        tracing::warn!(%error, "ended sessions could not be cleared away");
    }
    if let Err(error) = usage::clear_away(&db, now).await {
        tracing::warn!(%error, "old counts could not be cleared away");
    }
    if let Err(error) = webhooks::clear_away(&db, now).await {
        tracing::warn!(%error, "old deliveries of webhooks could not be cleared away");
    }
    if let Err(error) = alerts::clear_away(&db, now).await {
        tracing::warn!(%error, "old alerts could not be cleared away");
    }
    if let Err(error) = mail::clear_away(&db, now).await {
        tracing::warn!(%error, "old email could not be cleared away");
    }
}

fn start_log(config: LogConfig) {
    use tracing_subscriber::filter::LevelFilter;
    let log = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match config.format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
