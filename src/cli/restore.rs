//! `latchkey restore`: puts a backup into an empty data directory or an empty database.

use std::io::Write;
use std::path::Path;

use super::progress::Shown;
use super::{CLOCK, write_line};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::KeyFile;
use crate::base::text::thousands;
use crate::config::Config;
use crate::db::copy::{self, BackupFile};
use crate::domain::{backups, settings};

pub(super) fn run(config: &Config, file: &Path, output: &mut impl Write) -> Result<()> {
    config.database.check_not_moved().map_err(Error::Internal)?;
    let mut progress = Shown::new();
    let backup = BackupFile::open(file)?;
    let keys = fitting_keys(config, &backup, file)?;
    config.database.prepare_data_dir().map_err(Error::internal)?;
    let now = CLOCK.now();
    copy::restore(
        &backup,
        &config.database.location,
        |tx, header| backups::finish_restore(tx, &header.about, &keys, now),
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

/// The secret key file, if the master key that the backup needs is in it.
fn fitting_keys(config: &Config, backup: &BackupFile, file: &Path) -> Result<KeyFile> {
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
    let keys = KeyFile::read(key)?;
    let found: Vec<String> = keys.keys().iter().map(settings::fingerprint).collect();
    if found.contains(needed) {
        Ok(keys)
    } else {
        let found = found.join(" and ");
        Err(Error::Internal(format!("{advice}; the one there has the fingerprint {found}")))
    }
}
