//! `latchkey copy`: moves an SQLite database into an empty PostgreSQL database.

use std::io::Write;

use super::arguments::CopyDatabase;
use super::progress::Shown;
use super::{CLOCK, write_line};
use crate::base::error::{Error, Result};
use crate::base::keyring::KeyFile;
use crate::base::text::thousands;
use crate::config::{Config, Location};
use crate::db;
use crate::db::copy::{self, Outcome};
use crate::domain::settings;

pub(super) fn run(config: &Config, options: &CopyDatabase, output: &mut impl Write) -> Result<()> {
    let Location::Sqlite(path) = &config.database.location else {
        return Err(Error::Internal(
            "copy reads an SQLite database: name its folder with --data-dir and leave out \
             --database-url"
                .into(),
        ));
    };
    config.database.check_not_moved().map_err(Error::Internal)?;
    if !path.is_file() {
        return Err(Error::Internal(format!(
            "there is no database {}: name its folder with --data-dir",
            path.display()
        )));
    }
    let keys = KeyFile::read(&config.database.secret_key_file)?;
    let target = db::url_without_password(&options.to);
    let mark = || {
        if options.keep_source {
            return Ok(());
        }
        let at = CLOCK.now().rfc_3339();
        config.database.mark_moved(&target, &at).map_err(Error::internal)
    };
    let outcome = copy::copy(
        path,
        &Location::Postgres(options.to.clone()),
        |connection| settings::keyring(connection, &keys).map(drop),
        mark,
        &mut Shown::new(),
    )?;
    write_line(output, &describe_outcome(outcome, &path.display().to_string(), &target))?;
    describe(config, options, &target, output)
}

fn describe_outcome(outcome: Outcome, source: &str, target: &str) -> String {
    match outcome {
        Outcome::Copied(rows) => {
            format!("Copied {source} to {target}: {} rows, each compared.", thousands(rows))
        }
        Outcome::WasThere(rows) => {
            let rows = thousands(rows);
            format!("{target} held the {rows} rows of {source} already, each compared.")
        }
    }
}

/// Says what to start now.
fn describe(
    config: &Config,
    options: &CopyDatabase,
    target: &str,
    output: &mut impl Write,
) -> Result<()> {
    let data = config.database.data_dir.display();
    let source = if options.keep_source {
        format!(
            "Latchkey still starts with {data}: start only one of the two, because a key that is \
             revoked in one still passes in the other."
        )
    } else {
        format!("Latchkey no longer starts with {data}.")
    };
    write_line(output, &source)?;
    let key = config.database.secret_key_file.display();
    write_line(
        output,
        &format!("Start Latchkey with --database-url {target} and --secret-key-file {key}."),
    )
}
