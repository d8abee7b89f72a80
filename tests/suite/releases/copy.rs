//! The copy of an SQLite file that is made before it is migrated. These tests always run on SQLite.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use latchkey::db::Location;

use super::{count_migrations, migrations, revert};
use crate::start::{Installation, error_line};
use crate::support::Database;

const NAME: &str = concat!("latchkey.db.before-", env!("CARGO_PKG_VERSION"));

fn file(installation: &Installation, name: &str) -> PathBuf {
    installation.data().join(name)
}

fn database(installation: &Installation, name: &str) -> Database {
    Database::borrowed(Location::Sqlite(file(installation, name)))
}

fn migrate(installation: &Installation) {
    let output = installation.run(&["migrate"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// An installation whose newest `count` migrations are still to be run.
fn before_migrations(count: usize) -> Installation {
    let installation = Installation::new();
    migrate(&installation);
    revert(&database(&installation, "latchkey.db"), count);
    installation
}

/// The copies and what is left of one, by name.
fn copies(installation: &Installation) -> Vec<String> {
    let entries = fs::read_dir(installation.data()).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
    let names = names.map(|name| name.expect("a name"));
    let mut names: Vec<_> = names.filter(|name| name.contains(".before-")).collect();
    names.sort();
    names
}

#[test]
fn the_copy_is_private_and_holds_the_state_before() {
    let installation = Installation::new();
    migrate(&installation);
    assert_eq!(copies(&installation), [""; 0], "a new database is not copied");
    migrate(&installation);
    assert_eq!(copies(&installation), [""; 0], "nothing is migrated");
    let live = database(&installation, "latchkey.db");
    live.connect().run("UPDATE settings SET organisation = 'Meridian Freight'");
    revert(&live, 2);
    migrate(&installation);
    assert_eq!(copies(&installation), [NAME]);
    let path = file(&installation, NAME);
    let mode = fs::metadata(&path).expect("a copy").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let all = migrations(&live).len();
    assert_eq!(count_migrations(&live), all);
    let copy = database(&installation, NAME);
    assert_eq!(count_migrations(&copy), all - 2);
    let query = "SELECT organisation AS text FROM settings";
    assert_eq!(copy.connect().texts(query), ["Meridian Freight"]);
    assert_eq!(
        copy.connect().texts("SELECT integrity_check AS text FROM pragma_integrity_check"),
        ["ok"]
    );
    // Another generation: a log of the database is never applied to its copy.
    let generation = "SELECT CAST(user_version AS TEXT) AS text FROM pragma_user_version";
    assert_ne!(copy.connect().texts(generation), live.connect().texts(generation));

    // The version before can go on with the copy.
    drop((live, copy));
    fs::rename(&path, file(&installation, "latchkey.db")).expect("put back");
    installation.serve().stop();
    assert_eq!(copies(&installation), [NAME]);
}

#[test]
fn without_space_nothing_is_migrated_unless_no_copy_is_wanted() {
    let installation = before_migrations(1);
    // A folder with something in it cannot be removed, so that the copy cannot be written.
    let obstacle = file(&installation, &format!("{NAME}.partial"));
    fs::create_dir(&obstacle).expect("a folder");
    fs::write(obstacle.join("x"), "").expect("written");
    let live = database(&installation, "latchkey.db");
    let before = count_migrations(&live);
    for command in [&["migrate"][..], &["serve", "--listen", "127.0.0.1:0"], &["member", "list"]] {
        let said = error_line(&installation.run(command, ""));
        assert!(said.contains(NAME) && said.contains("--no-copy"), "{said}");
        assert!(said.contains("was not migrated"), "{said}");
    }
    assert_eq!(count_migrations(&live), before);
    let output = installation.run(&["migrate", "--no-copy"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(count_migrations(&live), before + 1);
    assert!(!file(&installation, NAME).exists());
}

#[test]
fn an_incomplete_copy_is_written_again_and_leaves_nothing_behind() {
    let installation = before_migrations(1);
    fs::write(file(&installation, &format!("{NAME}.partial")), "half").expect("written");
    // A copy that cannot be read, as after a fault of the disk.
    fs::write(file(&installation, NAME), "no database").expect("written");
    migrate(&installation);
    assert_eq!(copies(&installation), [NAME]);
    let copy = database(&installation, NAME);
    assert_eq!(count_migrations(&copy), migrations(&copy).len() - 1);
}

#[test]
fn a_start_that_was_killed_keeps_its_copy_and_a_second_upgrade_replaces_it() {
    let installation = before_migrations(2);
    migrate(&installation);
    let (live, copy) = (database(&installation, "latchkey.db"), database(&installation, NAME));
    let all = migrations(&live).len();
    // Killed after the first of two migrations.
    revert(&live, 1);
    migrate(&installation);
    assert_eq!((count_migrations(&live), count_migrations(&copy)), (all, all - 2));

    // The version before was used again, and changed something since.
    drop(copy);
    revert(&live, 2);
    live.connect().run("UPDATE settings SET organisation = 'Changed since'");
    migrate(&installation);
    let copy = database(&installation, NAME);
    let query = "SELECT organisation AS text FROM settings";
    assert_eq!(copy.connect().texts(query), ["Changed since"]);
}

#[test]
fn the_newest_two_copies_are_kept_and_other_files_are_not_touched() {
    let installation = before_migrations(1);
    let day = Duration::from_hours(24);
    for (days, name) in [
        (3, "latchkey.db.before-0.0.9"),
        (1, "latchkey.db.before-0.0.7"),
        (2, "latchkey.db.before-0.0.8"),
        (9, "latchkey.db.before-the-move"),
        (9, "latchkey.db.before-0.0.1.gz"),
    ] {
        let made = fs::File::create(file(&installation, name)).expect("a file");
        made.set_modified(SystemTime::UNIX_EPOCH + (20_000 - days) * day).expect("a time");
    }
    migrate(&installation);
    let kept = [
        "latchkey.db.before-0.0.1.gz",
        "latchkey.db.before-0.0.7",
        NAME,
        "latchkey.db.before-the-move",
    ];
    assert_eq!(copies(&installation), kept);
}
