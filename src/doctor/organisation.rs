//! What an organisation needs before it depends on Latchkey.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Installation;
use super::finding::{Check, Finding};
use crate::base::clock::{DAY, Timestamp, ago};
use crate::base::error::Result;
use crate::db::{Connection, Db};
use crate::domain::activity::{self, Event};
use crate::domain::settings::TwoStep;
use crate::domain::webhooks::Endpoint;
use crate::domain::{backups, mail, members, settings, webhooks};

const SET_UP: Check = Check("set_up", "Set-up");
const SUPER_MANAGERS: Check = Check("super_managers", "Super managers");
const TWO_STEP: Check = Check("two_step", "Two-step verification");
const EMAIL: Check = Check("email", "Email");
const WEBHOOKS: Check = Check("webhooks", "Webhooks");
const BACKUP: Check = Check("backup", "Backup");
const PROXY: Check = Check("proxy", "Trusted proxies");
const ORGANISATION: Check = Check("organisation", "Organisation");

/// After how many milliseconds without a backup it is time for another.
const BACKUP_AGE: i64 = 7 * DAY;
/// How many sign-ins are looked at for their addresses.
const MAX_SIGN_INS: usize = 100;

pub(super) fn examine(installation: &Installation<'_>, db: &Db) -> Vec<Finding> {
    let since = installation.clock.now().plus(-30 * DAY);
    let now = installation.clock.now();
    let read = db.read_blocking(move |connection| {
        let sign_ins = activity::recent(connection, Event::SignedIn, since, MAX_SIGN_INS)?;
        let addresses = sign_ins.iter().filter_map(|entry| entry.address.as_ref()?.parse().ok());
        let addresses = addresses.collect::<BTreeSet<IpAddr>>();
        let mut findings = people(connection)?;
        findings.push(backup(backups::last(connection)?, now));
        Ok((findings, addresses))
    });
    match read {
        Ok((mut findings, addresses)) => {
            findings.push(proxy(installation, &addresses));
            findings
        }
        Err(error) => {
            vec![ORGANISATION.error(format!("It cannot be read: {error}."), "Check the database.")]
        }
    }
}

fn people(connection: &mut Connection) -> Result<Vec<Finding>> {
    if !members::any(connection)? {
        return Ok(vec![SET_UP.warning(
            "Latchkey is not set up yet.",
            "Start Latchkey and open the set-up link that it prints.",
        )]);
    }
    let has_two = members::has_two_super_managers(connection)?;
    let is_mail_set = mail::server_is_set(connection)?;
    Ok(vec![
        super_managers(has_two),
        two_step(settings::get(connection)?.two_step),
        email(is_mail_set),
        receivers(&webhooks::all(connection)?),
    ])
}

fn super_managers(has_two: bool) -> Finding {
    if has_two {
        return SUPER_MANAGERS.fine("There are two or more.");
    }
    let advice = "Invite a second one: nobody else can help when the first one is away.";
    SUPER_MANAGERS.warning("There is only one.", advice)
}

fn two_step(setting: TwoStep) -> Finding {
    if setting == TwoStep::Optional {
        return TWO_STEP.warning(
            "It is optional: one stolen password is enough to create keys.",
            "Require it in Settings → Sign-in, at least for super managers.",
        );
    }
    TWO_STEP.fine(format!("{}.", setting.label()))
}

fn email(is_mail_set: bool) -> Finding {
    if is_mail_set {
        return EMAIL.fine("A mail server is set.");
    }
    EMAIL.warning(
        "No mail server is set, so nobody is notified of alerts and of keys that expire.",
        "Set one in Settings → Email.",
    )
}

fn receivers(webhooks: &[Endpoint]) -> Finding {
    let is_failing = |one: &&Endpoint| one.is_active && one.failing_since.is_some();
    let failing: Vec<String> = webhooks.iter().filter(is_failing).map(Endpoint::name).collect();
    if failing.is_empty() {
        return WEBHOOKS.fine(match webhooks.len() {
            0 => "None is set up.".into(),
            1 => "One is set up, and works.".into(),
            count => format!("{count} are set up, and none of them fails."),
        });
    }
    WEBHOOKS.warning(
        format!("These fail: {}.", failing.join(", ")),
        "Open Settings → Webhooks: the log says what the receivers answered.",
    )
}

fn backup(last: Option<Timestamp>, now: Timestamp) -> Finding {
    let advice = "Run latchkey backup every day, and keep its files and the secret key file apart.";
    match last {
        None => BACKUP.warning("No backup was made yet.", advice),
        Some(last) if now.since(last) > BACKUP_AGE => {
            BACKUP.warning(format!("The last one was made {}.", ago(last, now)), advice)
        }
        Some(last) => BACKUP.fine(format!("The last one was made {}.", ago(last, now))),
    }
}

/// Whether the addresses of people are those of a proxy that is not trusted.
fn proxy(installation: &Installation<'_>, addresses: &BTreeSet<IpAddr>) -> Finding {
    let server = &installation.config.server;
    let is_behind_proxy = installation.public_url.is_https() && server.tls.is_none();
    let is_trusted = |address: &IpAddr| server.trusted_proxies.contains(*address);
    let only = addresses.first().filter(|_| addresses.len() == 1);
    match only {
        Some(address) if is_behind_proxy && !is_trusted(address) => PROXY.warning(
            format!("All sign-ins of the last 30 days came from {address}."),
            "Is it a proxy? Then name it in --trusted-proxies: limits on guessing, IP whitelists and \
             the activity take its address for everybody’s.",
        ),
        _ => PROXY.fine(match addresses.len() {
            0 => "Nobody has signed in in the last 30 days.".into(),
            1 => "Sign-ins of the last 30 days came from 1 address.".into(),
            count => format!("Sign-ins of the last 30 days came from {count} addresses."),
        }),
    }
}
