//! `latchkey doctor`: says what is wrong with an installation, and what to do about it.

use std::io::Write;
use std::process::ExitCode;

use super::arguments::ExamineInstallation;
use super::{CLOCK, write_line};
use crate::base::error::{Error, Result};
use crate::base::keyring::{KeyFile, Keyring};
use crate::base::network::TrustedRoots;
use crate::config::Config;
use crate::db::Db;
use crate::doctor::{self, Gateway, Installation, Level};
use crate::domain::settings;
use crate::gateway::IDENTITY;

/// Prints the report. The exit code is 0 when all is well, 1 after warnings and 2 after errors.
pub(super) fn run(
    config: &Config,
    options: &ExamineInstallation,
    output: &mut impl Write,
) -> Result<ExitCode> {
    let roots = TrustedRoots::load(config.server.ca_file.as_deref())?;
    let public_url = config.server.public_url(config.server.listen);
    let installation =
        Installation { config, public_url: &public_url, roots: &roots, clock: &CLOCK };
    let opened = open(config);
    let identity = IDENTITY;
    let identity: Vec<&str> = identity.iter().map(http::HeaderName::as_str).collect();
    let gateway = options.gateway.as_ref().map(|url| Gateway { url, identity: &identity });
    let report = if options.upgrade {
        doctor::examine_upgrade(&installation, &opened, gateway.as_ref())
    } else {
        let mut report = doctor::examine(&installation, &opened);
        doctor::examine_slowly(&installation, &opened, gateway.as_ref(), &mut report);
        report
    };
    let text = if options.json {
        serde_json::to_string_pretty(&report).map_err(Error::internal)?
    } else if options.support {
        report.without_names()
    } else {
        report.text()
    };
    write_line(output, text.trim_end())?;
    Ok(match report.level() {
        Level::Fine => ExitCode::SUCCESS,
        Level::Warning => ExitCode::from(1),
        Level::Error => ExitCode::from(2),
    })
}

/// Opens what exists, and creates nothing.
fn open(config: &Config) -> Result<(Db, Keyring)> {
    let keys = KeyFile::read(&config.database.secret_key_file)?;
    let db = Db::existing(&config.database.location)?;
    // A check says so if none of the master keys fits.
    let keyring = db.read_blocking(|connection| settings::keyring(connection, &keys));
    Ok((db, keyring.unwrap_or_else(|_| keys.newest().clone())))
}
