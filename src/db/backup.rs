//! A copy of the whole database, as it stood at one time, while others write.
//!
//! SQLite makes it itself, PostgreSQL's own `pg_dump` does otherwise. It is written under another
//! name, for its owner alone, and gets its own only when all of it is on the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Connection, Location, error, generation};
use crate::base::error::{Error, Result};
use crate::base::files;
use diesel::sql_types::Text;
use diesel::{RunQueryDsl as _, sql_query};

/// Copies the database at `location` into `file`, which must not be there yet; says how many bytes
/// that took.
pub fn backup(location: &Location, file: &Path) -> Result<u64> {
    let named = |error: io::Error| {
        Error::Internal(format!("{} cannot be written: {error}", file.display()))
    };
    let file = std::path::absolute(file).map_err(named)?;
    if file.symlink_metadata().is_ok() {
        return Err(named(io::Error::other("it exists already, and a backup overwrites nothing")));
    }
    let partial = Partial::new(&file).map_err(named)?;
    match location {
        Location::Sqlite(_) => vacuum(location, &partial.0)?,
        Location::Postgres(url) => dump(url, &partial.0)?,
    }
    partial.finish(&file).map_err(named)
}

/// The unfinished copy; gone unless it is finished.
struct Partial(PathBuf);

impl Partial {
    fn new(file: &Path) -> io::Result<Self> {
        let name = file.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
        let mut partial = name.to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = file.with_file_name(partial);
        files::create(&partial)?;
        Ok(Self(partial))
    }

    /// Gives the copy its name, which nobody else may have taken meanwhile.
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

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        // What SQLite may have left beside it.
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
    // A copy is another file: the log of the one that it was made from does not belong to it.
    generation::renew_closed(Path::new(to))
}

/// The password goes through the environment, which only the same user may look at; the command
/// line is anybody's to read.
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
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::Internal(format!("pg_dump failed: {}", said.trim())))
}

/// `url` as it is but for its password, in either place where libpq takes one.
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

/// Percent signs decoded, and nothing else.
fn decoded(text: &str) -> String {
    let pair = format!("p={}", text.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_the_url_wherever_it_stands() {
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
            let (kept, taken) = without_password(url);
            assert_eq!((kept.as_str(), taken.as_deref()), (rest, password), "{url}");
        }
    }
}
