//! Copies the whole database at one point in time, while others write.
//!
//! SQLite makes the copy itself; for PostgreSQL, `pg_dump` does. The copy is written under a
//! temporary name, readable only by its owner, and renamed once all of it is on the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Connection, Location, error, generation};
use crate::base::error::{Error, Result};
use crate::base::files;
use diesel::sql_types::Text;
use diesel::{RunQueryDsl as _, sql_query};

/// Copies the database at `location` into `file`, which must not exist yet; returns the size of the
/// copy in bytes.
pub fn backup(location: &Location, file: &Path) -> Result<u64> {
    let named = |error: io::Error| {
        Error::Internal(format!("{} cannot be written: {error}", file.display()))
    };
    let file = std::path::absolute(file).map_err(named)?;
    if file.symlink_metadata().is_ok() {
        return Err(named(io::Error::other("it exists already, and a backup overwrites nothing")));
    }
    let partial = UnfinishedCopy::new(&file).map_err(named)?;
    match location {
        Location::Sqlite(_) => vacuum(location, &partial.0)?,
        Location::Postgres(url) => dump(url, &partial.0)?,
    }
    partial.finish(&file).map_err(named)
}

/// The unfinished copy; removed when dropped unless it is finished.
struct UnfinishedCopy(PathBuf);

impl UnfinishedCopy {
    fn new(file: &Path) -> io::Result<Self> {
        let name = file.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
        let mut partial = name.to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = file.with_file_name(partial);
        files::create(&partial)?;
        Ok(Self(partial))
    }

    /// Renames the copy to its final name, which must still be free.
    fn finish(self, file: &Path) -> io::Result<u64> {
        let copy = File::open(&self.0)?;
        copy.sync_all()?;
        files::create(file)?;
        fs::rename(&self.0, file).inspect_err(|_| drop(fs::remove_file(file)))?;
        if let Some(folder) = file.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(copy.metadata()?.len())
    }
}

impl Drop for UnfinishedCopy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        // SQLite may have left a journal next to it.
        let mut journal = self.0.clone().into_os_string();
        journal.push("-journal");
        let _ = fs::remove_file(journal);
    }
}

fn vacuum(location: &Location, to: &Path) -> Result<()> {
    let to = to.to_str().ok_or_else(|| {
        Error::Internal(format!("{} cannot be written: its name is not UTF-8", to.display()))
    })?;
    let mut connection = Connection::open(location).map_err(error::unavailable)?;
    sql_query("VACUUM INTO $1").bind::<Text, _>(to).execute(&mut connection)?;
    // A copy is a different file: the log of the original does not belong to it.
    generation::renew_closed(Path::new(to))
}

/// Passes the password in the environment, which only the same user can read; every user can read
/// the command line.
fn dump(url: &str, to: &Path) -> Result<()> {
    let (url, password) = without_password(url);
    let mut command = Command::new("pg_dump");
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password"]);
    command.arg("--file").arg(to).arg("--dbname").arg(url).stdin(Stdio::null());
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let output = command.output().map_err(|error| {
        Error::Internal(format!(
            "pg_dump, PostgreSQL’s own program for backups, does not run: {error}"
        ))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(Error::Internal(format!("pg_dump failed: {}", message.trim())))
}

/// `url` without its password, and the password, from either place where libpq accepts one.
fn without_password(url: &str) -> (String, Option<String>) {
    let (start, query) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = start.split_once("://").unwrap_or(("postgres", start));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (name, mut password) = match user.split_once(':') {
        Some((name, password)) => (name, Some(password)),
        None => (user, None),
    };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.strip_prefix("password=") {
            Some(value) => password = Some(value),
            None => kept.push(pair),
        }
    }
    let at = if user.is_empty() { "" } else { "@" };
    let mark = if kept.is_empty() { "" } else { "?" };
    let url = format!("{scheme}://{name}{at}{hosts}{path}{mark}{}", kept.join("&"));
    (url, password.map(decoded))
}

/// Decodes only percent-encoded characters.
fn decoded(text: &str) -> String {
    let pair = format!("p={}", text.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_removed_from_every_place_in_the_url() {
        for (url, rest, password) in [
            ("postgres://u@h/d", "postgres://u@h/d", None),
            ("postgres://h", "postgres://h", None),
            ("postgres://u:p%40%2B+s@h:5433/d", "postgres://u@h:5433/d", Some("p@++s")),
            ("postgres://u:p@h1:1,h2:2/d", "postgres://u@h1:1,h2:2/d", Some("p")),
            (
                "postgres://u@h/d?options=-c%20a%3Db&password=x%20y",
                "postgres://u@h/d?options=-c%20a%3Db",
                Some("x y"),
            ),
            ("postgresql:///d?host=/run&user=u", "postgresql:///d?host=/run&user=u", None),
        ] {
            let (kept, removed) = without_password(url);
            assert_eq!((kept.as_str(), removed.as_deref()), (rest, password), "{url}");
        }
    }
}
