//! `latchkey backup`: writes the database into a file while other processes write to it.

use std::io::Write;
use std::path::Path;

use super::arguments::WriteBackup;
use super::progress::Shown;
use super::{CLOCK, backup_folder, existing, write_line};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::config::Config;
use crate::db::{self, Db};
use crate::domain::activity::Newest;
use crate::domain::{activity, backups};

pub(super) fn run(config: &Config, options: &WriteBackup, output: &mut impl Write) -> Result<()> {
    let now = CLOCK.now();
    let db = existing(config)?;
    db.check_integrity()?;
    let file = match options.keep {
        Some(_) => backup_folder::next_file(&options.path, now)?,
        None => options.path.clone(),
    };
    let newest = if options.pg_dump {
        // Read before the copy is made, so that the copy contains it.
        let newest = db.read_blocking(activity::newest)?;
        let size = db::pg_dump(&config.database.location, &file)?;
        write_line(
            output,
            &format!("Copied the database into {} ({size} bytes).", file.display()),
        )?;
        newest
    } else {
        write_rows(config, &file, now, output)?
    };
    note(&db, output)?;
    if let Some(keep) = options.keep {
        let removed = backup_folder::remove_older(&options.path, &file, keep)?;
        write_line(output, &format!("Kept the newest {keep}; removed {removed} older."))?;
    }
    describe(&newest, config, output)
}

fn write_rows(
    config: &Config,
    file: &Path,
    now: Timestamp,
    output: &mut impl Write,
) -> Result<Newest> {
    let about = |c: &mut db::Connection| backups::about(c, now);
    let written = db::copy::backup(&config.database.location, file, about, &mut Shown::new())?;
    let (rows, size) = (thousands(written.rows), written.size);
    write_line(
        output,
        &format!("Copied the database into {} ({rows} rows, {size} bytes).", file.display()),
    )?;
    Ok(Newest { number: written.about.newest_number, hash: written.about.newest_hash })
}

/// The backup is done even if this fails.
fn note(db: &Db, output: &mut impl Write) -> Result<()> {
    match backups::note(db, CLOCK.now()) {
        Ok(()) => Ok(()),
        Err(error) => write_line(
            output,
            &format!("The database could not store when this backup was made: {error}."),
        ),
    }
}

fn describe(newest: &Newest, config: &Config, output: &mut impl Write) -> Result<()> {
    let key = config.database.secret_key_file.display();
    if newest.number > 0 {
        let Newest { number, hash } = newest;
        write_line(
            output,
            &format!("It holds the activity up to entry {number} at least: {number}:{hash}"),
        )?;
        write_line(
            output,
            "Keep that line elsewhere: `latchkey activity verify --holds` checks it.",
        )?;
    }
    write_line(
        output,
        &format!(
            "The secret key file is not in it, and without it no secret key passes: keep a copy of {key} in another place."
        ),
    )
}
