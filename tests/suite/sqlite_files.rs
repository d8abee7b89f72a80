//! The files of an SQLite database: which ones remain after a stop, and which ones belong together.
//!
//! These tests always run on SQLite, because they start the program on files of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use crate::activity::verify::text_of;
use crate::start::{Installation, Running, error_line};
use crate::support::{Client, PASSWORD};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];
const VERIFY: [&str; 2] = ["activity", "verify"];

fn file(installation: &Installation, name: &str) -> PathBuf {
    installation.data().join(name)
}

fn has_write_ahead_log(installation: &Installation) -> bool {
    file(installation, "latchkey.db-wal").exists()
}

/// Copies the database of a stopped program to another data directory, without a write-ahead log.
fn copy_database(installation: &Installation) -> Installation {
    let copy = Installation::new();
    fs::create_dir(copy.data()).expect("a folder");
    for name in ["latchkey.db", "secret.key"] {
        fs::copy(file(installation, name), file(&copy, name)).expect("copied");
    }
    copy
}

/// Restores a backup into another data directory.
fn restore(installation: &Installation, backup: &Path) -> Installation {
    let restored = Installation::new();
    fs::create_dir(restored.data()).expect("a folder");
    fs::copy(file(installation, "secret.key"), file(&restored, "secret.key")).expect("copied");
    let output = restored.run(&["restore", &backup.to_string_lossy()], "");
    assert!(output.status.success(), "{}", text_of(&output));
    restored
}

fn sign_in(running: &Running) -> Client {
    let client = running.client();
    let fields = [("email", "ines@example.com"), ("password", PASSWORD)];
    assert_eq!(client.submit("/sign-in", &fields).status, 303);
    client
}

fn status(running: &Running, secret: &str) -> u16 {
    let client = running.client();
    let request = client.http().get(format!("{}/v1/authorize", running.url)).bearer_auth(secret);
    request.send().expect("an answer").status().as_u16()
}

fn assert_success(output: &Output) -> String {
    let line = text_of(output);
    assert!(output.status.success(), "{line}");
    line
}

#[test]
fn a_stop_leaves_everything_in_one_file() {
    let installation = Installation::new();
    let mut running = installation.serve();
    let client = running.set_up();
    let created = client.create_key(&[("name", "Old worker")]);
    let (id, revoked) = (created.text("#key-id"), created.secret());
    let revoke = format!("/api-keys/{id}/revoke");
    for round in 0..6 {
        let client = sign_in(&running);
        for n in 0..10 {
            client.key_named(&format!("Worker {round}-{n}"));
        }
        if round == 5 {
            assert_eq!(status(&running, &revoked), 200);
            let answer = client.submit_from(&revoke, &revoke, &[("confirmation", "Old worker")]);
            assert_eq!(answer.status, 303, "{}", answer.body);
        }
        running.stop();
        assert!(!has_write_ahead_log(&installation), "round {round}");
        running = installation.serve();
    }
    running.stop();
    for command in [&["migrate"][..], &VERIFY, &["member", "list"], &["mail", "off"]] {
        let output = installation.run(command, "");
        assert!(output.status.success(), "{}", text_of(&output));
        assert!(!has_write_ahead_log(&installation), "after {command:?}");
    }
    let copy = copy_database(&installation);
    let line = assert_success(&copy.run(&VERIFY, ""));
    let number = line.split("the last is number ").nth(1).and_then(|rest| rest.split(' ').next());
    let number = number.expect(&line);
    assert!(line.starts_with(&format!("Entries 1 to {number} are whole; ")), "{line}");
    let serving = copy.serve();
    assert_eq!(status(&serving, &revoked), 401, "the revoked key");
    let page = sign_in(&serving).get("/api-keys?view=active");
    assert!(page.body.contains("60"), "{}", page.body);
}

#[test]
fn a_write_ahead_log_of_another_database_is_never_applied() {
    let installation = Installation::new();
    let mut running = installation.serve();
    running.set_up().key_named("Kept");
    let hot_copy = installation.folder.path().join("hot.backup");
    running.stop();
    let earlier = copy_database(&installation);
    let running = installation.serve();
    let client = sign_in(&running);
    client.key_named("Later");
    let backup = installation.run(&["backup", &hot_copy.to_string_lossy()], "");
    assert!(backup.status.success(), "{}", text_of(&backup));
    let restored = restore(&installation, &hot_copy);
    client.key_named("Latest");
    running.kill();
    assert!(has_write_ahead_log(&installation));
    let current = fs::read(file(&installation, "latchkey.db")).expect("read");
    let log = fs::read(file(&installation, "latchkey.db-wal")).expect("read");

    let nowhere = installation.folder.path().join("nowhere.db");
    for other in [file(&earlier, "latchkey.db"), file(&restored, "latchkey.db"), nowhere] {
        let _ = fs::remove_file(file(&installation, "latchkey.db"));
        let is_copied = fs::copy(&other, file(&installation, "latchkey.db")).is_ok();
        let copy = installation.folder.path().join("copy.db").display().to_string();
        for command in [&SERVE[..], &VERIFY, &["backup", &copy], &["member", "list"]] {
            let line = error_line(&installation.run(command, ""));
            let is_named = line.contains("latchkey.db-wal belongs to another state");
            assert!(is_named || !is_copied && line.contains("no database"), "{line}");
            assert_eq!(fs::read(file(&installation, "latchkey.db-wal")).expect("read"), log);
            assert_eq!(file(&installation, "latchkey.db").exists(), is_copied);
        }
    }

    // The log is applied to its own database, also in another folder and without the shm file.
    fs::write(file(&installation, "latchkey.db"), current).expect("written");
    let elsewhere = copy_database(&installation);
    fs::write(file(&elsewhere, "latchkey.db-wal"), log).expect("written");
    for installation in [&installation, &elsewhere] {
        assert_success(&installation.run(&VERIFY, ""));
        let page = sign_in(&installation.serve()).get("/api-keys");
        assert!(page.body.contains("Latest"), "{}", page.body);
    }

    // An older copy can be served once the log was moved away.
    assert_success(&earlier.run(&VERIFY, ""));
    let page = sign_in(&earlier.serve()).get("/api-keys");
    assert!(page.body.contains("Kept") && !page.body.contains("Later"), "{}", page.body);
}

#[test]
fn a_crash_during_a_start_never_prevents_the_next_start() {
    let installation = Installation::new();
    let log = file(&installation, "latchkey.db-wal");
    for round in 0..12 {
        let mut command = installation.command(&SERVE);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().expect("started");
        // The crash comes later in each round: first in an empty folder, then at any point of a
        // start that finds the log of an earlier one.
        for _ in 0..round * 40 {
            let _ = fs::metadata(&log);
            std::thread::yield_now();
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    let mut running = installation.serve();
    running.set_up().key_named("Billing worker");
    for _ in 0..3 {
        running.kill();
        running = installation.serve();
        assert!(sign_in(&running).get("/api-keys").body.contains("Billing worker"));
    }
}

#[test]
fn a_damaged_database_is_not_copied() {
    let installation = Installation::new();
    let mut running = installation.serve();
    running.set_up().key_named("Billing worker");
    running.stop();
    {
        use diesel::Connection as _;
        use diesel::connection::SimpleConnection as _;
        let path = file(&installation, "latchkey.db");
        let mut connection =
            diesel::SqliteConnection::establish(&path.to_string_lossy()).expect("opened");
        // Creates an index that lacks the entries of its table.
        connection
            .batch_execute(
                "PRAGMA writable_schema = ON; \
                 CREATE INDEX damaged ON api_keys (id) WHERE 0; \
                 UPDATE sqlite_schema SET sql = 'CREATE INDEX damaged ON api_keys (id)' \
                 WHERE name = 'damaged'",
            )
            .expect("damaged");
    }
    let copy = installation.folder.path().join("copy.db");
    for command in [&VERIFY[..], &["backup", &copy.to_string_lossy()]] {
        let line = error_line(&installation.run(command, ""));
        assert!(line.contains("the database is damaged: "), "{line}");
    }
    assert!(!copy.exists());
}

/// Waits up to five seconds until a request with the secret key gets this status.
fn wait_for_decision(running: &Running, secret: &str, expected: u16) {
    wait_for_status(expected, || status(running, secret));
}

/// Waits up to five seconds until `status` is as expected. The program checks its files once a
/// second.
fn wait_for_status(expected: u16, status: impl Fn() -> u16) {
    let begun = Instant::now();
    while status() != expected {
        assert!(begun.elapsed() < Duration::from_secs(5), "the status never became {expected}");
    }
}

#[test]
fn nothing_is_read_or_written_while_a_database_file_is_missing_or_replaced() {
    let installation = Installation::new();
    let mut running = installation.serve();
    let client = running.set_up();
    let secret = client.create_key(&[]).secret();
    wait_for_decision(&running, &secret, 200);
    let away = installation.folder.path().join("away");
    let ready = || running.client().get("/readyz").status;
    for name in ["latchkey.db", "latchkey.db-wal", "latchkey.db-shm"] {
        let path = file(&installation, name);
        for is_replaced in [false, true] {
            fs::rename(&path, &away).expect("moved");
            if is_replaced {
                fs::copy(&away, &path).expect("copied");
            }
            let fields = [("name", "Lost worker")];
            assert_eq!(client.post("/api-keys", &fields).status, 503, "{name}");
            assert_eq!(client.get("/api-keys").status, 503, "{name}");
            wait_for_status(503, ready);
            wait_for_decision(&running, &secret, 503);
            fs::rename(&away, &path).expect("moved back");
            wait_for_decision(&running, &secret, 200);
            assert_eq!(client.get("/api-keys").status, 200, "{name}");
            wait_for_status(200, ready);
        }
    }
    let log = installation.log();
    for name in ["latchkey.db", "latchkey.db-wal", "latchkey.db-shm"] {
        assert!(log.contains(&format!("{name} was deleted or replaced")), "{log}");
    }
    client.key_named("Kept worker");
    running.stop();
    assert!(!has_write_ahead_log(&installation));
    let page = sign_in(&installation.serve()).get("/api-keys");
    assert!(page.body.contains("Kept worker") && !page.body.contains("Lost worker"));
}
