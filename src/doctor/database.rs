//! The database server, the record of who did what, and whether both fit the secret key file.

use super::Installation;
use super::finding::{Check, Finding};
use crate::base::error::Error;
use crate::base::keyring::Keyring;
use crate::config::Location;
use crate::db::{self, Db, Engine};
use crate::domain::{activity, settings};

const DATABASE: Check = Check("database", "Database");
const MASTER_KEY: Check = Check("master_key", "Master key");
const CLOCK: Check = Check("clock", "Clock");
const STANDBYS: Check = Check("standbys", "Standby servers");
const NOTIFICATIONS: Check = Check("notifications", "Changes by other nodes");
const ACTIVITY: Check = Check("activity", "Activity");

/// How far the clocks of this machine and the database may differ, in milliseconds.
const MAX_SKEW: i64 = 5_000;

pub(super) fn not_opened(error: &Error) -> Finding {
    DATABASE.error(
        format!("It cannot be used: {error}."),
        "Latchkey does not start until this is corrected. See --database-url and --data-dir.",
    )
}

pub(super) fn examine(installation: &Installation<'_>, db: &Db, keyring: &Keyring) -> Vec<Finding> {
    let location = &installation.config.database.location;
    let mut findings = match db::examine(location, || installation.clock.now().millis()) {
        Ok(engine) => server(location, &engine),
        Err(error) => vec![not_opened(&error)],
    };
    findings.push(master_key(db, keyring));
    findings
}

fn server(location: &Location, engine: &Engine) -> Vec<Finding> {
    let mut findings = vec![if engine.is_standby {
        DATABASE.error(
            format!("{} is a standby, which only follows another server.", engine.version),
            "Name the primary in --database-url, or all servers with target_session_attrs=read-write.",
        )
    } else {
        DATABASE.fine(format!("{}.", engine.version))
    }];
    if matches!(location, Location::Sqlite(_)) {
        return findings;
    }
    findings.extend(engine.clock_lead.map(clock));
    findings.push(standbys(engine));
    findings.push(match engine.notification {
        Some(millis) => NOTIFICATIONS.fine(format!("A notification arrives in {millis} ms.")),
        None => NOTIFICATIONS.warning(
            "Notifications of the database do not arrive, as behind a pooler that gives each \
             transaction another connection. Nodes hear of changes up to a second later.",
            "Give Latchkey a direct connection, or a pooler in session mode.",
        ),
    });
    findings
}

fn clock(lead: i64) -> Finding {
    let seconds = lead / 1000;
    if lead.abs() <= MAX_SKEW {
        return CLOCK.fine("The clocks of this machine and of the database agree.");
    }
    CLOCK.warning(
        format!("The clock of the database differs from this machine’s by {seconds} seconds."),
        "Run a time service on both. Keys expire, and sessions end, by this machine’s clock.",
    )
}

fn standbys(engine: &Engine) -> Finding {
    let Engine { standbys, synchronous_standbys: synchronous, .. } = *engine;
    if standbys > 0 && synchronous == 0 {
        return STANDBYS.warning(
            format!("Standby servers: {standbys}, none of them synchronous."),
            "A failover may bring back keys that were revoked in its last seconds. Set \
             synchronous_standby_names.",
        );
    }
    STANDBYS.fine(format!("Standby servers: {standbys}, synchronous: {synchronous}."))
}

fn master_key(db: &Db, keyring: &Keyring) -> Finding {
    let keyring = keyring.clone();
    // A database that was not migrated yet does not have the table for it.
    let former = db.read_blocking(settings::master_key::former).unwrap_or_default();
    match db.read_blocking(move |c| settings::check(c, &keyring)) {
        Ok(()) if former.last().is_some_and(|former| former.is_accepted) => MASTER_KEY.warning(
            "The secret key file belongs to this database. Secret keys from before the last rotation \
             of the master key still pass.",
            "Rotate the keys that Needs attention lists, then run latchkey rotate-secret-key \
             --end-old-pepper.",
        ),
        Ok(()) => MASTER_KEY.fine("The secret key file belongs to this database."),
        Err(error) => MASTER_KEY.error(
            format!("The secret key file does not fit: {error}."),
            "Name the file that the database was made with in --secret-key-file.",
        ),
    }
}

pub(super) fn chain(db: &Db, keyring: &Keyring) -> Finding {
    match activity::verify(db, keyring) {
        Ok(Ok(newest)) => {
            ACTIVITY.fine(format!("All {} entries are what was recorded.", newest.number))
        }
        Ok(Err(broken)) => ACTIVITY.error(
            format!("The record was changed: {broken}."),
            "Somebody changed the database. Compare it with a backup and with the messages to webhooks.",
        ),
        Err(error) => ACTIVITY.error(format!("It cannot be read: {error}."), "Check the database."),
    }
}
