//! What "Before you upgrade" in the changelog lists, as far as it can be seen: the options, and the
//! database as the version before left it. Some of its columns and tables may not exist yet.

use super::Installation;
use super::finding::{Check, Finding};
use crate::base::clock::{DAY, Timestamp, ago};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::keyring::Keyring;
use crate::config::Location;
use crate::db::release::VERSION;
use crate::db::{Connection, Db, Upgrade, path_of_copy};
use crate::domain::attention::before_upgrade;
use crate::domain::{backups, mail};

const OPTIONS: Check = Check("upgrade_options", "Options");
const MIGRATIONS: Check = Check("upgrade_migrations", "Migrations");
const COPY: Check = Check("upgrade_copy", "Copy before the migrations");
const BACKUP: Check = Check("upgrade_backup", "Backup before the upgrade");
const INTROSPECTION: Check = Check("upgrade_introspection", "Keys that ask about other keys");
const SECRETS: Check = Check("upgrade_secrets_in_text", "Secret keys in text");
const NAMES: Check = Check("upgrade_equal_names", "Equal names");
const MAIL: Check = Check("upgrade_mail_networks", "Mail server network");

/// How many ids a text names.
const NAMED: usize = 5;
const MEGABYTE: u64 = 1024 * 1024;

/// Examines what the upgrade needs. `opened` is the database, or why it could not be opened.
pub(super) fn examine(
    installation: &Installation<'_>,
    opened: &Result<(Db, Keyring)>,
) -> Vec<Finding> {
    let mut findings = vec![options(installation)];
    let Ok((db, keyring)) = opened else { return findings };
    match db.examine_upgrade() {
        Ok(upgrade) => {
            findings.push(migrations(&upgrade));
            findings.extend(copy(installation, &upgrade));
        }
        Err(error) => findings.push(MIGRATIONS.error(
            format!("Latchkey {VERSION} cannot use the database: {error}."),
            "Correct this before you replace the program.",
        )),
    }
    let now = installation.clock.now();
    findings.push(read(db, BACKUP, |c| Ok(backup(backups::last(c)?, now))));
    findings.push(read(db, INTROSPECTION, |c| {
        Ok(introspection(&before_upgrade::introspecting(c, now)?))
    }));
    findings.push(read(db, SECRETS, |c| Ok(secrets(&before_upgrade::with_secrets(c)?))));
    findings.push(read(db, NAMES, |c| Ok(names(&before_upgrade::with_equal_names(c)?))));
    findings.extend(mail_networks(installation, db, keyring));
    findings
}

fn read(db: &Db, check: Check, work: impl FnOnce(&mut Connection) -> Result<Finding>) -> Finding {
    db.read_blocking(work).unwrap_or_else(|error| not_known(check, &error))
}

/// What the version before stored in another form cannot be found out before the migrations.
fn not_known(check: Check, error: &Error) -> Finding {
    check.warning(
        format!("It is not known before the migrations: {error}."),
        "Read about it under “Before you upgrade” in the changelog.",
    )
}

fn options(installation: &Installation<'_>) -> Finding {
    match installation.config.server.check() {
        Ok(()) => OPTIONS.fine(format!("Latchkey {VERSION} serves with these options.")),
        Err(error) => OPTIONS.error(
            format!("Latchkey {VERSION} does not serve with these options: {}.", error.line()),
            "Correct the options. Give doctor the same options as serve.",
        ),
    }
}

fn migrations(upgrade: &Upgrade) -> Finding {
    let made_by = upgrade.made_by.as_deref();
    let made_by =
        made_by.map_or(String::new(), |version| format!(" It is from Latchkey {version}."));
    MIGRATIONS.fine(match upgrade.migrations {
        0 => format!("The database is up to date.{made_by}"),
        1 => format!("1 migration will run.{made_by}"),
        count => format!("{count} migrations will run.{made_by}"),
    })
}

/// Whether there is space for the copy, and as much again for what the migrations write.
fn copy(installation: &Installation<'_>, upgrade: &Upgrade) -> Option<Finding> {
    let (size, database) = (upgrade.copy?, &installation.config.database);
    let Location::Sqlite(path) = &database.location else { return None };
    if !database.keeps_copy {
        return Some(COPY.warning(
            "No copy is made, because of --no-copy.",
            "Make a backup first, or leave --no-copy out.",
        ));
    }
    let copy = path_of_copy(path);
    let free = files::free_space(copy.parent().unwrap_or(&copy)).unwrap_or_default();
    let (needed, free_megabytes) = (size.div_ceil(MEGABYTE), free / MEGABYTE);
    let text = format!("{} takes {needed} MB, and {free_megabytes} MB are free.", copy.display());
    Some(if free < size.saturating_mul(2) {
        COPY.error(text, "Free twice as much, or give --no-copy if you have a backup.")
    } else {
        COPY.fine(text)
    })
}

fn backup(last: Option<Timestamp>, now: Timestamp) -> Finding {
    let advice = "Run latchkey backup with the version that you have.";
    match last {
        None => BACKUP.warning("No backup was made yet.", advice),
        Some(last) if now.since(last) > DAY => {
            BACKUP.warning(format!("The last one was made {}.", ago(last, now)), advice)
        }
        Some(last) => BACKUP.fine(format!("The last one was made {}.", ago(last, now))),
    }
}

fn introspection(keys: &[String]) -> Finding {
    if keys.is_empty() {
        return INTROSPECTION.fine("No key with the role Full access asked in the last 90 days.");
    }
    INTROSPECTION.warning(
        format!("Keys with the role Full access that asked in the last 90 days: {}.", named(keys)),
        "Give them a custom role with the scope latchkey:introspect. Full access does not include \
         it.",
    )
}

fn secrets(found: &[String]) -> Finding {
    if found.is_empty() {
        return SECRETS.fine("No name, note or description contains one.");
    }
    SECRETS.warning(
        format!("These contain one: {}.", named(found)),
        "Remove it from the text, and rotate the key that it belongs to.",
    )
}

fn names(found: &[String]) -> Finding {
    if found.is_empty() {
        return NAMES.fine("All names of keys and roles, and all addresses of members, differ.");
    }
    NAMES.warning(
        format!("These have the name or address of another: {}.", named(found)),
        "Rename them. They keep working until then, and need another name at their next edit.",
    )
}

/// Whether the mail server is in a network that Latchkey connects to.
fn mail_networks(installation: &Installation<'_>, db: &Db, keyring: &Keyring) -> Option<Finding> {
    let keyring = keyring.clone();
    let server = match db.read_blocking(move |c| mail::server(c, &keyring)) {
        Ok(server) => server?,
        Err(error) => return Some(not_known(MAIL, &error)),
    };
    let networks = &installation.config.server.mail_networks;
    Some(match mail::check_network(&server, networks) {
        Ok(()) => MAIL.fine(format!("Latchkey connects to {}.", server.host)),
        Err(why) => MAIL.warning(
            format!("Latchkey does not connect to it: {why}."),
            "Give --mail-networks, as 127.0.0.0/8. Emails wait until then, for a day.",
        ),
    })
}

fn named(ids: &[String]) -> String {
    let shown = ids.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
