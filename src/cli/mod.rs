//! The program's commands: one file for each.
//!
//! This module reads standard input and writes standard output. An error is one line on standard
//! error, with exit code 1.

mod activity;
mod announcement;
pub(crate) mod arguments;
mod backup;
mod backup_folder;
mod copy;
mod demo;
mod doctor;
mod health;
mod log;
mod mail;
mod manual;
mod member;
mod migrate;
mod progress;
mod restore;
mod rotate_secret_key;
mod serve;
mod sso;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use arguments::Command;

use crate::base::clock::Clock;
use crate::base::error::{Error, Result};
use crate::base::keyring::{KeyFile, Keyring};
use crate::base::progress::{Progress, Unwatched};
use crate::base::text;
use crate::config::{Config, DatabaseConfig};
use crate::db::Db;
use crate::domain::activity::Context;
use crate::domain::{self, attention, roles, scopes, settings};

/// Reads the command line and the environment, and runs the command.
pub fn run() -> ExitCode {
    match arguments::read() {
        Ok((command, config)) => run_command(&command, &config),
        Err(config_error) => config_error.report(),
    }
}

fn run_command(command: &Command, config: &Config) -> ExitCode {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let outcome = match command {
        Command::Serve => {
            drop((input, output));
            serve::run(config)
        }
        Command::Doctor(options) => match doctor::run(config, options, &mut output) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Demo(options) => demo::run(config, *options, &mut output),
        Command::Activity(command) => activity::run(config, command, &mut output),
        Command::Backup(options) => backup::run(config, options, &mut output),
        Command::Restore { file } => restore::run(config, file, &mut output),
        Command::Copy(options) => copy::run(config, options, &mut output),
        Command::RotateSecretKey(step) => rotate_secret_key::run(config, step, &mut output),
        Command::Migrate => migrate::run(config, &mut output),
        Command::Mail(command) => mail::run(config, command, &mut input, &mut output),
        Command::Sso(command) => sso::run(config, command, &mut output),
        Command::Health { url } => health::run(config, url.as_ref(), &mut output),
        Command::Completions { shell } => manual::completions(*shell, &mut output),
        Command::Man { directory } => manual::man(directory, &mut output),
        Command::Member(command) => member::run(config, command, &mut input, &mut output),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = error.to_string();
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            // If nothing reads standard error, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "latchkey: {line}");
            ExitCode::FAILURE
        }
    }
}

/// Opens the data directory, the master key and the database, brings the database up to date and
/// adds the built-in entries.
pub fn open(config: &Config) -> Result<(Db, Keyring)> {
    open_with_progress(config, &mut Unwatched)
}

fn open_with_progress(config: &Config, progress: &mut dyn Progress) -> Result<(Db, Keyring)> {
    config.database.check_not_moved().map_err(Error::Internal)?;
    if !config.database.secret_key_file.try_exists().unwrap_or(true) {
        check_key_exists(config)?;
    }
    config.database.prepare_data_dir().map_err(Error::internal)?;
    let keys = KeyFile::open(&config.database.secret_key_file)?;
    let DatabaseConfig { location, keeps_copy, .. } = &config.database;
    let db = Db::open_with_progress(location, *keeps_copy, progress)?;
    domain::draw_consequences(&db, CLOCK);
    let now = CLOCK.now();
    let is_newer = db.is_newer()?;
    let keyring = db.write_blocking(|tx| {
        let keyring = settings::keyring(tx, &keys)?;
        settings::prepare(tx, &keyring)?;
        // During a rolling upgrade, the built-in entries are those of the newer version.
        if is_newer {
            return Ok(keyring);
        }
        let context = Context::command_line(keyring.clone(), now);
        scopes::add_resources(tx, &[], &context)?;
        roles::add_built_in(tx, context.now)?;
        roles::update_built_in(tx, &context)?;
        Ok(keyring)
    })?;
    attention::fold_names(&db, now)?;
    config.database.restrict_files();
    Ok((db, keyring))
}

/// Returns an error if a database already exists: no secret key in it would work with a new master
/// key.
fn check_key_exists(config: &Config) -> Result<()> {
    if !Db::exists(&config.database.location, "settings", settings::exists)? {
        return Ok(());
    }
    let key = config.database.secret_key_file.display();
    Err(Error::Internal(format!(
        "{key} is missing, and the database was made with it: put it back, or name it with --secret-key-file"
    )))
}

/// The database as it is, for commands that change nothing.
fn existing(config: &Config) -> Result<Db> {
    let db = Db::existing(&config.database.location)?;
    config.database.restrict_files();
    Ok(db)
}

/// The clock of all commands.
const CLOCK: Clock = Clock::System;

/// Writes a line. A closed pipe, as with `head`, is not an error: the result of the command is the
/// same.
fn write_line(output: &mut impl Write, line: &str) -> Result<()> {
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Error::internal),
    }
}

/// Reads one line without its line end and the byte order mark that some shells add.
fn read_line(input: &mut impl BufRead) -> Result<zeroize::Zeroizing<String>> {
    let mut line = zeroize::Zeroizing::new(String::new());
    input.read_line(&mut line).map_err(Error::internal)?;
    let kept = line.strip_suffix('\n').unwrap_or(&line);
    let kept = kept.strip_suffix('\r').unwrap_or(kept);
    Ok(zeroize::Zeroizing::new(text::without_bom(kept).to_owned()))
}

#[cfg(test)]
mod tests;
