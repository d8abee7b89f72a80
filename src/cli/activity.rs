//! `latchkey activity verify`: checks that the activity log has not been altered.

use std::io::Write;

use super::arguments::ActivityCommand;
use super::progress::Shown;
use super::{existing, write_line};
use crate::base::error::{Error, Result};
use crate::base::keyring::KeyFile;
use crate::base::text::thousands;
use crate::config::Config;
use crate::domain::activity::{self, Newest};
use crate::domain::{members, settings};

pub(super) fn run(
    config: &Config,
    command: &ActivityCommand,
    output: &mut impl Write,
) -> Result<()> {
    let ActivityCommand::Verify { holds } = command;
    let db = existing(config)?;
    db.check_integrity()?;
    let keys = KeyFile::read(&config.database.secret_key_file)?;
    let keyring = db.read_blocking(|c| settings::keyring(c, &keys))?;
    let broken = |what: String| Err(Error::Internal(format!("the activity is not whole: {what}")));
    let Newest { number, hash } =
        match activity::verify_with_progress(&db, &keyring, &mut Shown::new())? {
            Ok(newest) => newest,
            Err(what) => return broken(what.to_string()),
        };
    if number == 0 && db.read_blocking(members::any)? {
        return broken("every entry is missing".into());
    }
    if let Some(Newest { number, hash }) = holds {
        let held = db.read_blocking(|c| activity::find(c, *number))?;
        if held.is_none_or(|entry| crate::base::keyring::hex(&entry.hash) != *hash) {
            return broken(format!("entry {number} is not the one that you name"));
        }
    }
    let Some(last) = db.read_blocking(|c| activity::find(c, number))? else {
        return write_line(output, "There is no entry yet.");
    };
    let count = thousands(number.unsigned_abs());
    let whole = if number == 1 { "Entry 1 is".into() } else { format!("Entries 1 to {count} are") };
    let time = last.at.rfc_3339();
    write_line(
        output,
        &format!("{whole} whole; the last is number {count} of {time}: {number}:{hash}"),
    )
}
