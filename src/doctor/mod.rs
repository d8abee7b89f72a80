//! What is wrong with an installation, and what to do about it: `latchkey doctor` prints it, and
//! Settings → Health shows it. Nothing is changed.
//!
//! One file for each group of checks. A check never fails: what cannot be found out is a finding.

mod database;
mod files;
mod finding;
mod gateway;
mod network;
mod organisation;
mod report;
mod upgrade;

pub use finding::{Finding, Level};
pub use gateway::Gateway;
pub use report::Report;

use crate::base::clock::Clock;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::base::network::TrustedRoots;
use crate::config::{Config, PublicUrl};
use crate::db::Db;

/// What to examine.
pub struct Installation<'a> {
    pub config: &'a Config,
    /// The URL that browsers use.
    pub public_url: &'a PublicUrl,
    pub roots: &'a TrustedRoots,
    pub clock: &'a Clock,
}

/// Examines files, the database and the organisation's settings. `opened` is the database, or why
/// it could not be opened.
pub fn examine(installation: &Installation<'_>, opened: &Result<(Db, Keyring)>) -> Report {
    let mut findings = files::examine(installation.config);
    findings.push(network::encryption(installation));
    match opened {
        Ok((db, keyring)) => {
            findings.extend(database::examine(installation, db, keyring));
            findings.extend(organisation::examine(installation, db));
        }
        Err(error) => findings.push(database::not_opened(error)),
    }
    Report::new(installation, findings)
}

/// Examines whether this version can take over: what "Before you upgrade" lists, in a database that
/// may not be migrated yet.
pub fn examine_upgrade(
    installation: &Installation<'_>,
    opened: &Result<(Db, Keyring)>,
    gateway: Option<&Gateway<'_>>,
) -> Report {
    let mut findings = files::examine(installation.config);
    findings.push(network::encryption(installation));
    match opened {
        Ok((db, keyring)) => findings.extend(database::examine(installation, db, keyring)),
        Err(error) => findings.push(database::not_opened(error)),
    }
    findings.extend(upgrade::examine(installation, opened));
    if let Some(gateway) = gateway {
        findings.extend(gateway::examine(gateway, installation.roots));
    }
    Report::new(installation, findings)
}

/// Also reads the whole activity, and tries the connections that Latchkey needs: its own URL, the
/// mail server and, if given, a gateway, for up to five seconds each.
pub fn examine_slowly(
    installation: &Installation<'_>,
    opened: &Result<(Db, Keyring)>,
    gateway: Option<&Gateway<'_>>,
    report: &mut Report,
) {
    report.findings.push(network::public_url(installation, opened));
    if let Ok((db, keyring)) = opened {
        report.findings.push(database::chain(db, keyring));
        report.findings.extend(network::mail_server(installation, db, keyring));
    }
    if let Some(gateway) = gateway {
        report.findings.extend(gateway::examine(gateway, installation.roots));
    }
}
