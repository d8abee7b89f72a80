//! `latchkey backup`: copies the database while other processes write to it.

use std::io::Write;
use std::path::Path;

use super::{existing, write_line};
use crate::base::error::Result;
use crate::config::Config;
use crate::db;
use crate::domain::activity;

pub(super) fn run(config: &Config, file: &Path, output: &mut impl Write) -> Result<()> {
    // Read before the copy is made, so that the copy contains it.
    let db = existing(config)?;
    db.check_integrity()?;
    let newest = activity::newest(&db)?;
    let size = db::backup(&config.database.location, file)?;
    let key = config.database.secret_key_file.display();
    write_line(output, &format!("Copied the database into {} ({size} bytes).", file.display()))?;
    if newest.number > 0 {
        let activity::Newest { number, hash } = newest;
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
