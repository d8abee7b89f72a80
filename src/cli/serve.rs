//! `latchkey serve`: migrates, then serves until it is stopped.

use std::fs;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use super::announcement::Announcement;
use super::log::Log;
use crate::base::clock_steps::ClockSteps;
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::keyring::Keyring;
use crate::base::network::TrustedRoots;
use crate::config::{Config, DatabaseConfig, PublicUrl};
use crate::db::Db;
use crate::domain::sign_in::{SignInService, passkeys, set_up};
use crate::server::{self, Shared, Sockets};
use crate::web::Site;
use crate::web::connections::{Shares, Tls, raise_limit, widen_backlog};
use crate::web::export::Exports;
use crate::web::metrics::Metrics;

/// The file with the link to the set-up page, readable only by its owner.
const SET_UP_FILE: &str = "set-up-link.txt";

/// Serves until the program is stopped: after SIGTERM, requests in flight finish.
pub fn run(config: &Config) -> Result<()> {
    let log = Log::start(config.log);
    let (db, keyring) = super::open(config)?;
    let server = &config.server;
    let (listener, bound) = listen(server.listen, "--listen")?;
    let verify =
        server.verify_listen.map(|address| listen(address, "--verify-listen")).transpose()?;
    let measures =
        server.metrics_listen.map(|address| listen(address, "--metrics-listen")).transpose()?;
    let tls = server.tls.as_ref().map(|tls| Tls::open(&tls.certificate, &tls.key)).transpose()?;
    let at = verify.as_ref().map(|(_, at)| *at);
    let site = site(config, db, keyring, bound, at)?;
    let link = set_up_link(&site.db, &site.keyring, &config.database, &site.public_url)?;
    config.database.check_access();
    warn_of_other_hosts(&site)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let data_dir = &config.database.data_dir;
    let announcement = Announcement {
        dashboard: format!("{scheme}://{bound}"),
        gateways: verify.as_ref().map(|(_, at)| format!("{scheme}://{at}")),
        metrics: measures.as_ref().map(|(_, at)| format!("http://{at}/metrics")),
        set_up: link,
        data_dir: std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.clone()),
    };
    let metrics = Metrics::install(log.lost())?;
    let shared = Shared::new(site, Arc::new(SignInService::new()?))?;
    let shared = Shared { shares: Shares::of(raise_limit(), verify.is_some()), tls, ..shared };
    let [verify, measures] = [verify, measures].map(|bound| bound.map(|(socket, _)| socket));
    let sockets = Sockets { dashboard: listener, verify, metrics: measures };
    let announce = || announcement.print();
    let outcome = server::run(&shared, &sockets, server.workers, &metrics, announce);
    shared.site.db.close();
    outcome
}

/// The state that handlers need, from the command line.
fn site(
    config: &Config,
    db: Db,
    keyring: Keyring,
    dashboard: SocketAddr,
    verify: Option<SocketAddr>,
) -> Result<Site> {
    let server = &config.server;
    let public_url = server.public_url(dashboard);
    Ok(Site {
        config: Arc::new(config.clone()),
        db,
        keyring,
        clock: super::CLOCK,
        clock_steps: ClockSteps::default(),
        ehlo_name: server.ehlo_name(&public_url),
        public_url,
        gateway_url: server.gateway_url(dashboard, verify),
        trusted_proxies: server.trusted_proxies.clone(),
        credential_headers: server.credential_headers.clone(),
        introspection_max_age: server.introspection_max_age,
        webhook_networks: server.webhook_networks.clone(),
        exports: Exports::default(),
        mail_networks: server.mail_networks.clone(),
        trusted_roots: TrustedRoots::load(server.ca_file.as_deref())?,
    })
}

/// Logs how many passkeys were made for another host than that of the public URL: they do not work
/// until it is back.
fn warn_of_other_hosts(site: &Site) -> Result<()> {
    let host = site.public_url.host().to_string();
    let reading_host = host.clone();
    let others = site.db.read_blocking(move |c| passkeys::other_hosts(c, &reading_host))?;
    if !others.is_empty() {
        let others: Vec<String> =
            others.iter().map(|(host, count)| format!("{host} ({count})")).collect();
        tracing::warn!("passkeys made for {} do not work at {host}", others.join(", "));
    }
    Ok(())
}

/// Binds the address before anything is printed about it.
fn listen(address: SocketAddr, option: &str) -> Result<(TcpListener, SocketAddr)> {
    let failed = |error: io::Error| {
        let advice = format!("give another address with {option}");
        Error::Internal(format!("{address} cannot be listened on: {error}: {advice}"))
    };
    let listener = TcpListener::bind(address).map_err(failed)?;
    widen_backlog(&listener).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The link to the set-up page while there are no members; also saved in the data directory.
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
    files::create(&file).and_then(|mut file| writeln!(file, "{link}")).map_err(|error| {
        Error::Internal(format!("{} cannot be written: {error}", file.display()))
    })?;
    Ok(Some(link))
}
