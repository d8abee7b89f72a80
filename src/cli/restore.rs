//! `latchkey restore`: puts a backup into an empty data directory or an empty database.

use std::io::Write;
use std::path::Path;

use super::progress::Shown;
use super::{CLOCK, write_line};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::base::text::thousands;
use crate::config::Config;
use crate::db::copy::{self, BackupFile};
use crate::domain::activity::Context;
use crate::domain::{backups, settings};

pub(super) fn run(config: &Config, file: &Path, output: &mut impl Write) -> Result<()> {
    config.database.check_not_moved().map_err(Error::Internal)?;
    let mut progress = Shown::new();
    let backup = BackupFile::open(file)?;
    let keyring = fitting_key(config, &backup, file)?;
    config.database.prepare_data_dir().map_err(Error::internal)?;
    let context = Context::command_line(keyring, CLOCK.now());
    copy::restore(
        &backup,
        &config.database.location,
        |tx, header| backups::finish_restore(tx, &header.about, &context),
        &mut progress,
    )?;
    drop(progress);
    let made_at = Timestamp::from_millis(backup.header.about.made_at).rfc_3339();
    let (rows, newest) = (thousands(backup.rows()), backup.header.about.newest_number);
    for line in [
        format!("Restored {} of {made_at}: {rows} rows, the activity up to entry {newest}.", file.display()),
        "Everyone is signed out, and links that were sent by email no longer work.".to_owned(),
        "Keys that were revoked, disabled or rotated since then pass again: before you let clients in, \
         sign in and open “After the restore” under Needs attention."
            .to_owned(),
    ] {
        write_line(output, &line)?;
    }
    Ok(())
}

/// The master key, if it is the one that the backup needs.
fn fitting_key(config: &Config, backup: &BackupFile, file: &Path) -> Result<Keyring> {
    let (needed, key) = (&backup.header.about.master_key, &config.database.secret_key_file);
    let advice = format!(
        "{} needs the secret key file with the fingerprint {needed}: put it at {}, or name it with \
         --secret-key-file",
        file.display(),
        key.display()
    );
    if !key.try_exists().unwrap_or(true) {
        return Err(Error::Internal(advice));
    }
    let keyring = Keyring::read(key)?;
    let found = settings::fingerprint(&keyring);
    if found == *needed {
        Ok(keyring)
    } else {
        Err(Error::Internal(format!("{advice}; the one there has the fingerprint {found}")))
    }
}
