//! `latchkey rotate-secret-key` beside nodes that serve, and with processes that are killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use latchkey::base::keyring::KeyFile;

use crate::activity::verify::text_of;
use crate::support::{Client, PASSWORD, Server, Shell, is_postgres};
use crate::verification::wire::Request;
use crate::verification::{Key, assert_denied, assert_pass};

/// How long a node may take to notice a new file or a rotation: several times its interval.
const PATIENCE: Duration = Duration::from_mins(1);
const INES: &str = "ines@meridianfreight.example";

/// A set-up installation that serves, its URL, and its super manager.
fn start() -> (Shell, Server, Client) {
    let shell = Shell::new();
    let (server, lines) = shell.serve_lines(&[], 2);
    let after = |line: &str, words: &str| line.rsplit_once(words).expect("the line").1.to_owned();
    let (url, code) = (after(&lines[0], " on "), after(&lines[1], "code="));
    let manager = Client::new(&url);
    let fields = [
        ("code", code.as_str()),
        ("organisation", "Meridian Freight"),
        ("resources", "orders"),
        ("name", "Ines Okafor"),
        ("email", INES),
        ("password", PASSWORD),
    ];
    let page = manager.submit_from(&format!("/set-up?code={code}"), "/set-up", &fields);
    assert_eq!(page.status, 303, "{}", page.body);
    (shell, server, manager)
}

fn sign_in(url: &str) -> Client {
    let client = Client::new(url);
    let page = client.submit("/sign-in", &[("email", INES), ("password", PASSWORD)]);
    assert_eq!(page.status, 303, "{}", page.body);
    client
}

fn authorize(url: &str, secret: &str) -> crate::verification::wire::Response {
    Request::new(url, "GET", "/v1/authorize").bearer(secret).send()
}

/// Prepares a file with the current master key and a new one.
fn prepare(shell: &Shell) -> PathBuf {
    let file = shell.folder.path().join("next.key");
    let output = shell.run(&["rotate-secret-key", "--prepare", &file.display().to_string()]);
    let text = text_of(&output);
    assert!(output.status.success() && text.contains("Nothing was rotated yet"), "{text}");
    assert_eq!(KeyFile::read(&file).expect("a key file").keys().len(), 2);
    file
}

fn rotate(shell: &Shell, file: &Path) -> Output {
    shell.run(&["rotate-secret-key", "--new", &file.display().to_string()])
}

/// Rotates until the outcome is as expected, while nodes notice their new files.
fn rotate_until(shell: &Shell, file: &Path, is_expected: impl Fn(&Output) -> bool) -> String {
    let began = Instant::now();
    loop {
        let output = rotate(shell, file);
        if is_expected(&output) {
            return text_of(&output);
        }
        assert!(began.elapsed() < PATIENCE, "{}", text_of(&output));
    }
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "{what}");
    }
}

/// Replaces the secret key file as an operator does, in one step.
fn put_in_place(file: &Path, shell: &Shell) {
    let part = shell.folder.path().join("part.key");
    fs::copy(file, &part).expect("copied");
    fs::rename(&part, shell.key_file()).expect("renamed");
}

#[test]
fn two_nodes_serve_under_the_new_master_key_without_a_restart() {
    let (first, one, manager) = start();
    let second = first.on_the_same_database();
    fs::copy(first.key_file(), second.key_file()).expect("copied");
    let (two, other_url) = second.serve();
    let key = Key::new(&manager, &[]);
    let url = manager.url().to_owned();
    let file = prepare(&first);

    let refused = text_of(&rotate(&first, &file));
    for server in [&one, &two] {
        assert!(refused.contains(&format!("(process {})", server.id())), "{refused}");
    }
    put_in_place(&file, &first);
    let only_second = format!("(process {})", two.id());
    let refused = rotate_until(&first, &file, |output| {
        let text = text_of(output);
        assert!(!output.status.success(), "{text}");
        !text.contains(&format!("(process {})", one.id()))
    });
    assert!(refused.contains(&only_second), "{refused}");
    put_in_place(&file, &second);
    let done = rotate_until(&first, &file, |output| output.status.success());
    assert!(done.contains("The master key was rotated"), "{done}");
    assert!(text_of(&rotate(&first, &file)).contains("already"), "it was done");

    for url in [&url, &other_url] {
        // A node decides correctly before and after it notices.
        assert_pass(&authorize(url, &key.secret));
        wait_until("the node has the new master key", || {
            assert_pass(&authorize(url, &key.secret));
            let client = Client::new(url);
            let fields = [("email", INES), ("password", PASSWORD)];
            client.submit("/sign-in", &fields).status == 303
        });
    }
    assert_eq!(manager.get("/api-keys").status, 303, "everyone is signed out");
    let new = Key::new(&sign_in(&other_url), &[]);
    for url in [&url, &other_url] {
        wait_until("a new secret key passes", || authorize(url, &new.secret).status == 200);
        assert_pass(&authorize(url, &key.secret));
    }
    // The old master key is not needed any more.
    let lines = fs::read_to_string(&file).expect("the file");
    let newest = lines.lines().last().expect("a line");
    let one_key = first.folder.path().join("one.key");
    crate::support::files::write(&one_key, 0o600, newest);
    put_in_place(&one_key, &second);
    two.stop();
    let (two, other_url) = second.serve();
    assert_pass(&authorize(&other_url, &key.secret));
    let verified = second.run(&["activity", "verify"]);
    assert!(verified.status.success(), "{}", text_of(&verified));
    let ended = second.run(&["rotate-secret-key", "--end-old-pepper"]);
    assert!(text_of(&ended).contains("Revoked API keys: 1."), "{}", text_of(&ended));
    for url in [&url, &other_url] {
        wait_until("the old secret key is denied", || authorize(url, &key.secret).status == 401);
        assert_denied(&authorize(url, &key.secret));
        assert_pass(&authorize(url, &new.secret));
    }
    one.stop();
    two.stop();
}

#[test]
fn a_node_that_was_killed_holds_a_rotation_up_only_until_it_counts_as_gone() {
    let (shell, server, _manager) = start();
    let file = prepare(&shell);
    server.signal("KILL");
    drop(server);
    put_in_place(&file, &shell);
    assert!(!rotate(&shell, &file).status.success());
    shell.database.connect().run("UPDATE nodes SET seen_at = seen_at - 61000");
    let output = rotate(&shell, &file);
    assert!(output.status.success(), "{}", text_of(&output));
}

#[test]
fn a_rotation_that_was_killed_happened_as_a_whole_or_not_at_all() {
    let (shell, server, manager) = start();
    let key = Key::new(&manager, &[]);
    server.stop();
    // Enough secrets that the rotation takes a while.
    let digest =
        if is_postgres() { "sha256(CAST(CAST(i AS TEXT) AS BYTEA))" } else { "randomblob(32)" };
    shell.database.connect().run(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) \
         INSERT INTO api_key_secrets (digest, key_id, pepper_version, created_at, expires_at, \
         superseded_at, number, last_used_at) SELECT {digest}, '{}', 1, 1, 2, 2, -i, 0 FROM n",
        key.id
    ));
    let file = prepare(&shell);
    put_in_place(&file, &shell);
    for pause in [5, 50, 100, 200, 400, 800] {
        let arguments = ["rotate-secret-key", "--new", &file.display().to_string()];
        let mut command = shell.command(&arguments);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        std::thread::sleep(Duration::from_millis(pause));
        let _ = child.kill();
        let _ = child.wait();
        let verified = shell.run(&["activity", "verify"]);
        assert!(verified.status.success(), "after {pause} ms: {}", text_of(&verified));
        let rotations = "SELECT event AS text FROM activity WHERE event = 'master_key.rotated'";
        if shell.database.connect().texts(rotations).len() == 1 {
            break;
        }
        let old = "SELECT 'row' AS text FROM api_key_secrets WHERE former_proof IS NOT NULL";
        assert!(shell.database.connect().texts(old).is_empty(), "after {pause} ms");
    }
    let output = rotate(&shell, &file);
    assert!(output.status.success(), "{}", text_of(&output));
    let (server, url) = shell.serve();
    assert_pass(&authorize(&url, &key.secret));
    sign_in(&url);
    server.stop();
}

#[test]
fn a_prepared_file_is_complete_or_missing_after_a_kill_and_never_overwritten() {
    let (shell, server, _manager) = start();
    server.stop();
    let file = shell.folder.path().join("next.key");
    for pause in 0..40 {
        let mut command =
            shell.command(&["rotate-secret-key", "--prepare", &file.display().to_string()]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        std::thread::sleep(Duration::from_micros(pause * 250));
        let _ = child.kill();
        let _ = child.wait();
        if let Ok(text) = fs::read_to_string(&file) {
            assert_eq!(text.lines().count(), 2, "after {pause}: it is complete");
            assert!(text.lines().all(|line| line.len() == 64) && text.ends_with('\n'));
            fs::remove_file(&file).expect("removed");
        }
    }
    prepare(&shell);
    let again = shell.run(&["rotate-secret-key", "--prepare", &file.display().to_string()]);
    assert!(!again.status.success() && text_of(&again).contains("exists"), "{}", text_of(&again));
}
