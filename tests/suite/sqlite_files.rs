//! The files of an SQLite database: what a stop leaves, and which of them belong together.
//!
//! On SQLite whatever the other tests run on, since the program is started on files of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, Instant};

use crate::activity::verify::text_of;
use crate::start::{House, Running, refusal};
use crate::support::{Client, PASSWORD};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];
const VERIFY: [&str; 2] = ["activity", "verify"];

fn file(house: &House, name: &str) -> PathBuf {
    house.data().join(name)
}

fn is_log_there(house: &House) -> bool {
    file(house, "latchkey.db-wal").exists()
}

/// Copies the file that a stop left, and nothing beside it, to another data directory.
fn copied(house: &House) -> House {
    let copy = House::new();
    fs::create_dir(copy.data()).expect("a folder");
    for name in ["latchkey.db", "secret.key"] {
        fs::copy(file(house, name), file(&copy, name)).expect("copied");
    }
    copy
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

fn verified(output: &Output) -> String {
    let line = text_of(output);
    assert!(output.status.success(), "{line}");
    line
}

#[test]
fn a_stop_leaves_everything_in_one_file() {
    let house = House::new();
    let mut running = house.serve();
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
        assert!(!is_log_there(&house), "round {round}");
        running = house.serve();
    }
    running.stop();
    for command in [&["migrate"][..], &VERIFY, &["member", "list"], &["mail", "off"]] {
        let output = house.run(command, "");
        assert!(output.status.success(), "{}", text_of(&output));
        assert!(!is_log_there(&house), "after {command:?}");
    }
    let copy = copied(&house);
    let line = verified(&copy.run(&VERIFY, ""));
    let number = line.split("the last is number ").nth(1).and_then(|rest| rest.split(' ').next());
    let number = number.expect(&line);
    assert!(line.starts_with(&format!("Entries 1 to {number} are whole; ")), "{line}");
    let serving = copy.serve();
    assert_eq!(status(&serving, &revoked), 401, "the revoked key");
    let page = sign_in(&serving).get("/api-keys?view=active");
    assert!(page.body.contains("60"), "{}", page.body);
}

#[test]
fn a_log_of_another_state_of_the_file_is_never_applied() {
    let house = House::new();
    let mut running = house.serve();
    running.set_up().key_named("Kept");
    let hot_copy = house.folder.path().join("hot.db");
    running.stop();
    let earlier = copied(&house);
    let running = house.serve();
    let client = sign_in(&running);
    client.key_named("Later");
    let backup = house.run(&["backup", &hot_copy.to_string_lossy()], "");
    assert!(backup.status.success(), "{}", text_of(&backup));
    client.key_named("Latest");
    running.kill();
    assert!(is_log_there(&house));
    let current = fs::read(file(&house, "latchkey.db")).expect("read");
    let log = fs::read(file(&house, "latchkey.db-wal")).expect("read");

    let nowhere = house.folder.path().join("nowhere.db");
    for other in [file(&earlier, "latchkey.db"), hot_copy, nowhere] {
        let _ = fs::remove_file(file(&house, "latchkey.db"));
        let is_copied = fs::copy(&other, file(&house, "latchkey.db")).is_ok();
        let copy = house.folder.path().join("copy.db").display().to_string();
        for command in [&SERVE[..], &VERIFY, &["backup", &copy], &["member", "list"]] {
            let line = refusal(&house.run(command, ""));
            let is_named = line.contains("latchkey.db-wal belongs to another state");
            assert!(is_named || !is_copied && line.contains("no database"), "{line}");
            assert_eq!(fs::read(file(&house, "latchkey.db-wal")).expect("read"), log);
            assert_eq!(file(&house, "latchkey.db").exists(), is_copied);
        }
    }

    // The file that it does belong to, also elsewhere and without the index.
    fs::write(file(&house, "latchkey.db"), current).expect("written");
    let elsewhere = copied(&house);
    fs::write(file(&elsewhere, "latchkey.db-wal"), log).expect("written");
    for house in [&house, &elsewhere] {
        verified(&house.run(&VERIFY, ""));
        let page = sign_in(&house.serve()).get("/api-keys");
        assert!(page.body.contains("Latest"), "{}", page.body);
    }

    // The older file as a restore leaves it when the log is moved away.
    verified(&earlier.run(&VERIFY, ""));
    let page = sign_in(&earlier.serve()).get("/api-keys");
    assert!(page.body.contains("Kept") && !page.body.contains("Later"), "{}", page.body);
}

#[test]
fn a_crash_during_a_start_never_keeps_the_next_one_from_starting() {
    let house = House::new();
    let log = file(&house, "latchkey.db-wal");
    for round in 0..12 {
        let mut command = house.command(&SERVE);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().expect("started");
        // From an empty folder to a start that finds the log of another start, at any point of it.
        for _ in 0..round * 40 {
            let _ = fs::metadata(&log);
            std::thread::yield_now();
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    let mut running = house.serve();
    running.set_up().key_named("Billing worker");
    for _ in 0..3 {
        running.kill();
        running = house.serve();
        assert!(sign_in(&running).get("/api-keys").body.contains("Billing worker"));
    }
}

#[test]
fn damage_is_found_before_a_copy_is_made_of_it() {
    let house = House::new();
    let mut running = house.serve();
    running.set_up().key_named("Billing worker");
    running.stop();
    {
        use diesel::Connection as _;
        use diesel::connection::SimpleConnection as _;
        let path = file(&house, "latchkey.db");
        let mut connection =
            diesel::SqliteConnection::establish(&path.to_string_lossy()).expect("opened");
        // An index that lacks an entry of its table.
        connection
            .batch_execute(
                "PRAGMA writable_schema = ON; \
                 CREATE INDEX damaged ON api_keys (id) WHERE 0; \
                 UPDATE sqlite_schema SET sql = 'CREATE INDEX damaged ON api_keys (id)' \
                 WHERE name = 'damaged'",
            )
            .expect("damaged");
    }
    let copy = house.folder.path().join("copy.db");
    for command in [&VERIFY[..], &["backup", &copy.to_string_lossy()]] {
        let line = refusal(&house.run(command, ""));
        assert!(line.contains("the database is damaged: "), "{line}");
    }
    assert!(!copy.exists());
}

/// Waits, for a few seconds, until the secret key gets that answer.
fn wait_for(running: &Running, secret: &str, expected: u16) {
    in_the_end(expected, || status(running, secret));
}

/// Waits, for a few seconds, until `status` is as expected: what was found is kept for a second.
fn in_the_end(expected: u16, status: impl Fn() -> u16) {
    let begun = Instant::now();
    while status() != expected {
        assert!(begun.elapsed() < Duration::from_secs(5), "never {expected}");
    }
}

#[test]
fn nothing_is_read_or_written_while_the_files_are_not_those_that_were_opened() {
    let house = House::new();
    let mut running = house.serve();
    let client = running.set_up();
    let secret = client.create_key(&[]).secret();
    wait_for(&running, &secret, 200);
    let away = house.folder.path().join("away");
    let ready = || running.client().get("/readyz").status;
    for name in ["latchkey.db", "latchkey.db-wal", "latchkey.db-shm"] {
        let path = file(&house, name);
        for is_replaced in [false, true] {
            fs::rename(&path, &away).expect("moved");
            if is_replaced {
                fs::copy(&away, &path).expect("copied");
            }
            let name_of = [("name", "Lost worker")];
            assert_eq!(client.post("/api-keys", &name_of).status, 503, "{name}");
            assert_eq!(client.get("/api-keys").status, 503, "{name}");
            in_the_end(503, ready);
            wait_for(&running, &secret, 503);
            fs::rename(&away, &path).expect("moved back");
            wait_for(&running, &secret, 200);
            assert_eq!(client.get("/api-keys").status, 200, "{name}");
            in_the_end(200, ready);
        }
    }
    let log = house.log();
    for name in ["latchkey.db", "latchkey.db-wal", "latchkey.db-shm"] {
        assert!(log.contains(&format!("{name} was deleted or replaced")), "{log}");
    }
    client.key_named("Kept worker");
    running.stop();
    assert!(!is_log_there(&house));
    let page = sign_in(&house.serve()).get("/api-keys");
    assert!(page.body.contains("Kept worker") && !page.body.contains("Lost worker"));
}
