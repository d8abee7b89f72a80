//! `latchkey rotate-secret-key`: replaces the master key.

use std::io::Write;
use std::path::Path;

use super::arguments::RotateSecretKey;
use super::progress::Shown;
use super::{CLOCK, open, write_line};
use crate::base::error::Result;
use crate::base::keyring::KeyFile;
use crate::base::text::thousands;
use crate::config::Config;
use crate::domain::activity::Context;
use crate::domain::master_key::{self, Rotated};
use crate::domain::settings;

pub(super) fn run(config: &Config, step: &RotateSecretKey, output: &mut impl Write) -> Result<()> {
    match step {
        RotateSecretKey { prepare: Some(file), .. } => prepare(config, file, output),
        RotateSecretKey { new: Some(file), .. } => rotate(config, file, output),
        _ => end_old_pepper(config, output),
    }
}

fn prepare(config: &Config, file: &Path, output: &mut impl Write) -> Result<()> {
    let current = &config.database.secret_key_file;
    let keys = KeyFile::read(current)?.extend_into(file)?;
    let (file, current) = (file.display(), current.display());
    let fingerprint = settings::fingerprint(keys.newest());
    for line in [
        format!(
            "Wrote {file}: the current master key, and a new one with the fingerprint {fingerprint}."
        ),
        format!(
            "Nothing was rotated yet. Put this file in the place of {current} on every node; those \
             that serve read it within {} seconds.",
            master_key::REPORT_INTERVAL.as_secs()
        ),
        format!("Then run latchkey rotate-secret-key --new {file}"),
    ] {
        write_line(output, &line)?;
    }
    Ok(())
}

fn rotate(config: &Config, file: &Path, output: &mut impl Write) -> Result<()> {
    let keys = KeyFile::read(file)?;
    let (db, keyring) = open(config)?;
    let (new, old) = (settings::fingerprint(keys.newest()), settings::fingerprint(&keyring));
    if new == old {
        let file = file.display();
        return write_line(
            output,
            &format!("The database belongs to the last master key in {file} already ({new})."),
        );
    }
    let context = Context::command_line(keyring, CLOCK.now());
    let mut progress = Shown::new();
    let rotated =
        db.write_blocking(|tx| master_key::rotate(tx, keys.newest(), &context, &mut progress))?;
    drop(progress);
    let has_it = KeyFile::read(&config.database.secret_key_file)
        .is_ok_and(|file| file.keys().iter().any(|key| settings::fingerprint(key) == new));
    for line in describe(config, file, [&old, &new], rotated, has_it) {
        write_line(output, &line)?;
    }
    Ok(())
}

/// What was done, and what is left to do.
fn describe(
    config: &Config,
    file: &Path,
    [old, new]: [&str; 2],
    Rotated { keys, recovery_codes }: Rotated,
    has_it: bool,
) -> Vec<String> {
    let (file, current) = (file.display(), config.database.secret_key_file.display());
    let mut lines = vec![
        format!("The master key was rotated: its fingerprint is {new}."),
        "Everyone is signed out, and links that were sent by email no longer work.".to_owned(),
    ];
    if recovery_codes > 0 {
        lines.push(format!("Members who must make new recovery codes: {recovery_codes}."));
    }
    if keys > 0 {
        let keys = thousands(keys as u64);
        lines.push(format!(
            "API keys whose secrets are from before the rotation and still pass: {keys}. Rotate \
             them (Needs attention lists them), then run latchkey rotate-secret-key \
             --end-old-pepper."
        ));
    }
    lines.push(if has_it {
        format!("Now delete every line but the last from {current} on every node.")
    } else {
        format!("Latchkey starts only with the new one: put {file} in the place of {current}.")
    });
    lines.push(format!(
        "Backups from before need the master key with the fingerprint {old}: keep it as long as them."
    ));
    lines
}

fn end_old_pepper(config: &Config, output: &mut impl Write) -> Result<()> {
    let (db, keyring) = open(config)?;
    let context = Context::command_line(keyring, CLOCK.now());
    let revoked = db.write_blocking(|tx| master_key::end_old_pepper(tx, &context))?;
    write_line(
        output,
        &format!(
            "Secret keys from before the rotation no longer pass. Revoked API keys: {revoked}."
        ),
    )
}
