//! Every release can be upgraded and used, and what was released does not change.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;
use latchkey::base::keyring::Keyring;
use latchkey::db::Location;
use latchkey::domain::activity::verify;
use serde::{Deserialize, Serialize};

use super::{count_migrations, migrations};
use crate::activity::verify::{Shell, text_of};
use crate::support::{App, Client, Database, NOW, files, postgres_server};

/// The files of a release.
pub const SECRET_KEY: &str = "secret.key";
pub const MIGRATIONS: &str = "migrations.sha256";
pub const SQLITE: &str = "sqlite.db.gz";
pub const POSTGRES: &str = "postgres.sql.gz";

/// What is known about the content of a database, next to it in a file that ends in `json`.
#[derive(Serialize, Deserialize)]
pub struct Facts {
    /// When its newest rows were written, in milliseconds since 1970.
    pub at: i64,
    pub email: String,
    pub password: String,
    /// Secret keys that pass.
    pub passing: Vec<String>,
    pub denied: Vec<String>,
    /// Names of keys.
    pub names: Vec<String>,
}

/// The folder of each release.
fn releases() -> Vec<PathBuf> {
    let entries = fs::read_dir(super::folder()).expect("releases");
    let mut all: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    all.sort();
    assert!(!all.is_empty(), "there is a release");
    all
}

fn uncompressed(path: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    let file = fs::File::open(path).expect("a file");
    GzDecoder::new(file).read_to_end(&mut content).expect("gzip");
    content
}

fn sqlite(release: &Path) -> Database {
    let database = Database::sqlite();
    if let Location::Sqlite(path) = &database.location {
        files::write(path, 0o600, uncompressed(&release.join(SQLITE)));
    }
    database
}

fn postgres(release: &Path) -> Database {
    let database = Database::empty();
    let sql = String::from_utf8(uncompressed(&release.join(POSTGRES))).expect("text");
    database.connect().run(&sql);
    database
}

fn status(app: &App, secret: &str) -> u16 {
    let request = app.anonymous().http().get(format!("{}/v1/authorize", app.url));
    // This machine counts as a proxy, which has to name the client.
    request
        .header("x-forwarded-for", "203.0.113.7")
        .bearer_auth(secret)
        .send()
        .expect("an answer")
        .status()
        .as_u16()
}

fn sign_in(app: &App, facts: &Facts) -> Client {
    let client = app.anonymous();
    let fields = [("email", facts.email.as_str()), ("password", &facts.password)];
    let page = client.submit("/sign-in", &fields);
    assert_eq!((page.status, page.location()), (303, "/api-keys"), "{}", page.body);
    client
}

/// Upgrades the database of a release and uses it.
fn upgrade(release: &Path, name: &str, database: Database) {
    let facts = fs::read(release.join(name).with_extension("json")).expect("facts");
    let facts: Facts = serde_json::from_slice(&facts).expect("facts");
    let shell = Shell::new();
    let key = fs::read(release.join(SECRET_KEY)).expect("a key");
    files::write(&shell.0.path().join("secret.key"), 0o600, &key);

    let doctor = shell.run(&database.location, &["doctor", "--upgrade"]);
    assert_ne!(doctor.status.code(), Some(2), "{}", text_of(&doctor));
    for command in [&["migrate"][..], &["activity", "verify"]] {
        let output = shell.run(&database.location, command);
        assert!(output.status.success(), "{command:?}: {}", text_of(&output));
    }
    assert_eq!(count_migrations(&database), migrations(&database).len());

    let app = App::on(Arc::new(database), Keyring::from_bytes(key.trim_ascii()));
    app.advance(facts.at - NOW.millis());
    let client = sign_in(&app, &facts);
    for name in &facts.names {
        let page = client.get(&format!("/api-keys?q={}", name.replace(' ', "+")));
        assert!(page.text("main").contains(name), "{name}: {}", page.body);
    }
    for secret in &facts.passing {
        assert_eq!(status(&app, secret), 200);
    }
    for secret in &facts.denied {
        assert_eq!(status(&app, secret), 401);
    }
    let created = client.create_key(&[("name", "Made after the upgrade")]);
    assert_eq!(created.status, 200, "{}", created.body);
    assert_eq!(status(&app, &created.secret()), 200);
    app.write_usage();
    for path in ["/members", "/roles", "/webhooks", "/activity", "/alerts", "/reviews", "/settings"]
    {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    verify(&app.site.db, &app.site.keyring).expect("read").expect("whole");
}

#[test]
fn every_release_can_be_upgraded_and_used() {
    for release in releases() {
        upgrade(&release, SQLITE, sqlite(&release));
        if postgres_server().is_some() {
            upgrade(&release, POSTGRES, postgres(&release));
        }
    }
}

#[test]
fn a_released_migration_never_changes() {
    let now = super::write::digests();
    let now: BTreeMap<&str, &str> = now
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, path)| (path, digest))
        .collect();
    for release in releases() {
        let released = fs::read_to_string(release.join(MIGRATIONS)).expect("digests");
        assert!(released.lines().count() > 80, "{}", release.display());
        for line in released.lines() {
            let (digest, path) = line.split_once("  ").expect("a digest and a path");
            let version = release.file_name().expect("a version").display();
            assert_eq!(
                now.get(path),
                Some(&digest),
                "migrations/{path} was released in {version}: put it back, and add another migration"
            );
        }
    }
}

#[test]
fn every_release_in_the_changelog_has_a_database_of_both_kinds() {
    let changelog = include_str!("../../../CHANGELOG.md");
    let headings = changelog.lines().filter_map(|line| line.strip_prefix("## "));
    let released = headings.filter(|heading| !heading.contains("unreleased"));
    for version in released.filter_map(|heading| heading.split_whitespace().next()) {
        for file in [SECRET_KEY, MIGRATIONS, SQLITE, POSTGRES] {
            let path = super::folder().join(version).join(file);
            assert!(path.is_file(), "{}: see “Releasing” in CONTRIBUTING.md", path.display());
        }
    }
}
