//! Writes the fixture of this release. Not a test: [CONTRIBUTING.md](../../../CONTRIBUTING.md) says
//! when to run it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use latchkey::base::keyring::{Keyring, hex};
use latchkey::db::Location;
use latchkey::demo;
use latchkey::domain::mail;
use latchkey::domain::members::{Permission, mail_server};
use sha2::{Digest as _, Sha256};

use super::fixtures::{Facts, MIGRATIONS, POSTGRES, SECRET_KEY, SQLITE};
use crate::support::{App, Client, Database, NOW, PASSWORD, postgres_server};

/// The master key of both databases.
const MASTER_KEY: [u8; 32] = [42; 32];
const EMAIL: &str = "release@meridianfreight.example";

#[test]
#[ignore = "writes tests/fixtures/releases, see CONTRIBUTING.md"]
fn write_the_fixture_of_this_release() {
    assert!(postgres_server().is_some(), "set LATCHKEY_TEST_POSTGRES");
    let folder = super::folder().join(env!("CARGO_PKG_VERSION"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(SECRET_KEY), MASTER_KEY).expect("written");
    fs::write(folder.join(MIGRATIONS), digests()).expect("written");
    for (database, name) in [(Database::sqlite(), SQLITE), (Database::empty(), POSTGRES)] {
        let database = Arc::new(database);
        let app = App::on(database.clone(), Keyring::from_bytes(&MASTER_KEY));
        let facts = serde_json::to_string_pretty(&fill(&app)).expect("JSON");
        drop(app);
        let content = match &database.location {
            Location::Sqlite(path) => {
                database.connect().run("VACUUM");
                fs::read(path).expect("a database")
            }
            Location::Postgres(url) => dump(url),
        };
        write_compressed(&folder.join(name), &content);
        fs::write(folder.join(name).with_extension("json"), facts + "\n").expect("written");
    }
}

/// Fills the database with the sample organisation and with what the test needs to know.
fn fill(app: &App) -> Facts {
    demo::fill(&app.site.db, &app.site.keyring, 12, 3, NOW).expect("a sample");
    app.member(EMAIL, true, &Permission::ALL);
    let phone = app.member("phone@meridianfreight.example", false, &[]);
    app.enrol(&phone);
    let server = mail::Draft {
        host: "smtp.example.com".into(),
        port: "587".into(),
        security: "starttls".into(),
        username: "latchkey".into(),
        password: "a password that is sealed".to_owned().into(),
        sender: "latchkey@meridianfreight.example".into(),
    };
    app.write(|tx, context| mail_server::change(tx, &server, context));
    let manager = app.signed_in(EMAIL);
    let (_, active) = create(&manager, "Release check");
    let (rotated, superseded) = create(&manager, "Release check, rotated");
    let fields = [("overlap", "7d"), ("lifetime", "90")];
    let rotation = manager.submit(&format!("/api-keys/{rotated}/rotate"), &fields);
    assert_eq!(rotation.status, 200, "{}", rotation.body);
    let (id, revoked) = create(&manager, "Release check, revoked");
    let path = format!("/api-keys/{id}/revoke");
    let page = manager.submit(&path, &[("confirmation", "Release check, revoked")]);
    assert_eq!(page.status, 303, "{}", page.body);
    Facts {
        at: app.site.clock.now().millis(),
        email: EMAIL.into(),
        password: PASSWORD.into(),
        passing: vec![active, superseded, rotation.secret()],
        denied: vec![revoked],
        names: vec!["Release check".into(), "Release check, rotated".into()],
    }
}

fn create(manager: &Client, name: &str) -> (String, String) {
    let page = manager.create_key(&[("name", name)]);
    assert_eq!(page.status, 200, "{}", page.body);
    (page.key_id(), page.secret())
}

/// The schema and the rows, as statements that need no psql.
fn dump(url: &str) -> Vec<u8> {
    let options = ["--no-owner", "--no-privileges", "--rows-per-insert=100", "--dbname", url];
    let output = Command::new(pg_dump()).args(options).output().expect("pg_dump runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    // psql's own commands, and settings that older servers do not know.
    let is_left_out = |line: &&str| {
        ["\\restrict ", "\\unrestrict ", "SET transaction_timeout"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let lines = text.lines().filter(|line| !is_left_out(line));
    lines.flat_map(|line| [line, "\n"]).collect::<String>().into_bytes()
}

/// Debian puts the program into a folder for each version.
fn pg_dump() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin/pg_dump"));
    programs.filter(|program| program.exists()).max().unwrap_or_else(|| "pg_dump".into())
}

fn write_compressed(path: &Path, content: &[u8]) {
    let file = fs::File::create(path).expect("a file");
    let mut to = GzEncoder::new(file, Compression::best());
    to.write_all(content).expect("written");
    to.finish().expect("written");
}

/// A digest of each migration, as sha256sum writes it.
pub(super) fn digests() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut lines = Vec::new();
    for database in ["postgres", "sqlite"] {
        for entry in fs::read_dir(root.join(database)).expect("migrations") {
            let name = entry.expect("an entry").file_name().into_string().expect("a name");
            for file in ["down.sql", "up.sql"] {
                let path = format!("{database}/{name}/{file}");
                let content = fs::read(root.join(&path)).expect("a migration");
                lines.push((path, hex(&Sha256::digest(content))));
            }
        }
    }
    lines.sort();
    let lines = lines.into_iter().map(|(path, digest)| format!("{digest}  {path}\n"));
    lines.collect::<Vec<_>>().concat()
}
