//! PostgreSQL's own program for backups, and URLs without their password.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Location;
use super::copy::UnfinishedCopy;
use crate::base::error::{Error, Result};

/// Has `pg_dump` write the database at `location` into `file`, which must not exist yet; returns
/// the size of the file in bytes.
pub fn pg_dump(location: &Location, file: &Path) -> Result<u64> {
    let Location::Postgres(url) = location else {
        return Err(Error::Internal(
            "--pg-dump is only for PostgreSQL: leave it out for an SQLite database".into(),
        ));
    };
    let partial = UnfinishedCopy::new(file)?;
    dump(url, &partial.path)?;
    partial.finish()
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

/// `url` without its password, to be shown.
pub fn url_without_password(url: &str) -> String {
    without_password(url).0
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
