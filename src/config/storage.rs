//! Where the data is stored: the data directory, the database, the master key.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::ConfigError;
use super::network::yes_or_no;
use crate::base::files;

/// The database's file name in the data directory.
const DATABASE: &str = "latchkey.db";
/// The master key's file name in the data directory.
const SECRET_KEY: &str = "secret.key";
/// The file that says that the data was moved to another database.
const MOVED: &str = "MOVED";

#[derive(Args)]
pub(super) struct StorageOptions {
    /// The directory for everything that is kept; made when missing
    #[arg(
        long,
        global = true,
        env = "LATCHKEY_DATA_DIR",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "./latchkey-data"
    )]
    data_dir: PathBuf,
    #[arg(
        long,
        global = true,
        env = "LATCHKEY_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        help = "postgres://…, or an SQLite file [default: latchkey.db in the data directory]"
    )]
    database_url: Option<OsString>,
    #[arg(
        long,
        global = true,
        env = "LATCHKEY_SECRET_KEY_FILE",
        hide_env_values = true,
        value_name = "FILE",
        help = "The file with the master key, made when missing; needed with PostgreSQL \
                [default: secret.key in the data directory]"
    )]
    secret_key_file: Option<OsString>,
    /// Do not copy an SQLite file to latchkey.db.before-VERSION before it is brought up to date
    #[arg(long, global = true, env = "LATCHKEY_NO_COPY", hide_env_values = true,
        value_parser = yes_or_no)]
    no_copy: bool,
}

/// The type of the database, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL URL.
    Postgres(String),
}

/// Where the data is stored.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// The directory for all stored data.
    pub data_dir: PathBuf,
    /// The database.
    pub location: Location,
    /// The file with the master key.
    pub secret_key_file: PathBuf,
    /// Whether an SQLite file is copied before it is migrated.
    pub keeps_copy: bool,
}

impl StorageOptions {
    pub(super) fn settle(self) -> Result<DatabaseConfig, ConfigError> {
        let location = match self.database_url {
            None => Location::Sqlite(self.data_dir.join(DATABASE)),
            Some(url) if url.to_string_lossy().trim().is_empty() => {
                return Err(ConfigError::new(
                    "--database-url (LATCHKEY_DATABASE_URL) is empty: give postgres://… or an SQLite \
                     file, or leave it out for latchkey.db in the data directory",
                ));
            }
            Some(url) => location(url)?,
        };
        let secret_key_file = match (
            self.secret_key_file.filter(|file| !file.is_empty()),
            &location,
        ) {
            (Some(file), _) => file.into(),
            (None, Location::Sqlite(_)) => self.data_dir.join(SECRET_KEY),
            (None, Location::Postgres(_)) => {
                return Err(ConfigError::new(
                    "--secret-key-file (LATCHKEY_SECRET_KEY_FILE) is needed with PostgreSQL: give \
                     every node the same file, and keep it out of the database's backups",
                ));
            }
        };
        let keeps_copy = !self.no_copy;
        Ok(DatabaseConfig { data_dir: self.data_dir, location, secret_key_file, keeps_copy })
    }
}

/// Parses `url`. The error never shows it: it may contain a password.
fn location(url: OsString) -> Result<Location, ConfigError> {
    let text = url.to_string_lossy();
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Location::Postgres(text.into_owned()));
    }
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if !path.is_empty() {
            return Ok(Location::Sqlite(path.into()));
        }
    } else if !text.contains("://") {
        return Ok(Location::Sqlite(url.into()));
    }
    Err(ConfigError::new(
        "--database-url (LATCHKEY_DATABASE_URL) is not understood: give postgres://…, \
         sqlite:PATH, or the path of an SQLite file",
    ))
}

/// Whether there is no file, or no directory that could have it.
fn is_absent(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl DatabaseConfig {
    /// Creates the data directory, only for its owner, if it does not exist, and checks that it can
    /// be written to.
    pub fn prepare_data_dir(&self) -> io::Result<()> {
        let named = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!(
                    "the data directory {} cannot be written to: {error}",
                    self.data_dir.display()
                ),
            )
        };
        files::create_directory(&self.data_dir).map_err(named)?;
        let trial = self.data_dir.join(format!(".trial-{}", std::process::id()));
        files::create(&trial).and_then(|_| fs::remove_file(&trial)).map_err(named)
    }

    /// Fails with one line if the SQLite database was copied to PostgreSQL and is used there.
    pub fn check_not_moved(&self) -> Result<(), String> {
        let file = self.data_dir.join(MOVED);
        match (&self.location, fs::read_to_string(&file)) {
            (Location::Sqlite(_), Ok(line)) if !line.trim().is_empty() => Err(line.trim().into()),
            (Location::Sqlite(_), Err(error)) if is_absent(error.kind()) => Ok(()),
            (Location::Sqlite(_), _) => {
                Err(format!("{} says that the data was moved", file.display()))
            }
            (Location::Postgres(_), _) => Ok(()),
        }
    }

    /// Leaves a file that keeps Latchkey from using the SQLite database, which was copied to `target`.
    pub fn mark_moved(&self, target: &str, at: &str) -> io::Result<()> {
        let file = self.data_dir.join(MOVED);
        let partial = files::with_ending(&file, ".partial");
        let _ = fs::remove_file(&partial);
        let mut written = files::create(&partial)?;
        writeln!(
            written,
            "the data in {} was moved to {target} at {at}: start Latchkey with that --database-url, or \
             delete {} if nothing uses that database",
            self.data_dir.display(),
            file.display()
        )?;
        files::put_in_place(&partial, &file)
    }

    /// Logs which directories other users can reach, and whether the process has more rights than
    /// it needs.
    pub fn check_access(&self) {
        files::check_user();
        files::check_directory(&self.data_dir);
        let Location::Sqlite(path) = &self.location else { return };
        if let Some(directory) = files::resolved(path).parent()
            && directory != files::resolved(&self.data_dir)
        {
            files::check_directory(directory);
        }
    }

    /// Removes other users' permissions from the files of the database, which earlier versions
    /// created with more permissions, and logs the change.
    pub fn restrict_files(&self) {
        let Location::Sqlite(path) = &self.location else { return };
        let database = files::resolved(path);
        let beside =
            ["", "-wal", "-shm", "-journal"].map(|ending| files::with_ending(&database, ending));
        files::restrict(&[&beside[..], &[path.with_extension("lock")]].concat());
    }
}
