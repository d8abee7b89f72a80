//! Permissions of the files that the program creates, under every umask, and how it handles a
//! master key that other users can read or change.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use latchkey::db::Location;
use tempfile::TempDir;

use crate::support::files::{mode, set_mode, write};
use crate::support::{Database, PASSWORD, is_postgres};

const KEY: &str = "a master key for tests, long enough to be one";
const OPEN_DIRECTORY: &str = "other users can reach the directory";
const RESTRICTED: &str = "the mode is 0600 now";
const MOUNTED: &str = "so that every user can read it: mount it with mode 0400";

/// Directories that every user can write to, as mounted volumes often are, and the program that
/// uses them.
struct Volume {
    folder: TempDir,
    umask: &'static str,
    /// The database, if it is outside the data directory.
    database: Option<Database>,
}

impl Volume {
    fn new(umask: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["data", "elsewhere"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
            set_mode(&folder.path().join(name), 0o777);
        }
        Self { folder, umask, database: None }
    }

    fn with_database_elsewhere(umask: &'static str) -> Self {
        Self { database: Some(Database::empty()), ..Self::new(umask) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self) -> PathBuf {
        self.path("data/secret.key")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.env_clear().arg("-c").arg(format!("umask {}; exec \"$0\" \"$@\"", self.umask));
        command.arg(env!("CARGO_BIN_EXE_latchkey")).args(arguments);
        command.arg("--data-dir").arg(self.path("data"));
        command.arg("--secret-key-file").arg(self.key());
        match self.database.as_ref().map(|database| &database.location) {
            Some(Location::Postgres(url)) => command.arg("--database-url").arg(url),
            Some(_) => command.arg("--database-url").arg(self.path("elsewhere/x.db")),
            None => &mut command,
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut child = self.command(arguments).spawn().expect("the program starts");
        // A command that fails to start does not read its input.
        let _ = child.stdin.take().expect("piped").write_all(format!("{PASSWORD}\n").as_bytes());
        child.wait_with_output().expect("an end")
    }

    /// Runs a command that must succeed, and returns what it writes to standard error.
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success(), "{arguments:?}: {errors}");
        errors
    }

    /// Runs a command that must fail, and returns what it writes to standard error.
    fn fail(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        errors
    }

    /// Serves until the returned value is dropped.
    fn serve(&self) -> Serving {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.spawn().expect("the program starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        output.read_line(&mut line).expect("a line");
        assert!(line.contains("listens on"), "{line}");
        Serving { child }
    }

    /// The names of all files. Asserts that only the owner can read and write each of them.
    fn private_files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for folder in ["data", "elsewhere"] {
            for entry in fs::read_dir(self.path(folder)).expect("a folder") {
                let path = entry.expect("an entry").path();
                assert_eq!(mode(&path), 0o600, "{} under umask {}", path.display(), self.umask);
                names.push(path.file_name().expect("a name").to_string_lossy().into_owned());
            }
        }
        names.sort();
        names
    }
}

struct Serving {
    child: Child,
}

impl Serving {
    /// Ends the program and returns its log.
    fn log(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        let mut log = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut log).expect("text");
        log
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn assert_once(text: &str, part: &str) {
    assert_eq!(text.matches(part).count(), 1, "{part:?} once in: {text}");
}

#[test]
fn every_file_is_private_under_every_umask_even_in_a_directory_open_to_others() {
    for umask in ["000", "022", "077"] {
        for volume in [Volume::new(umask), Volume::with_database_elsewhere(umask)] {
            volume.succeed(&["migrate"]);
            volume.private_files();
            let serving = volume.serve();
            assert!(volume.private_files().contains(&"set-up-link.txt".to_owned()));
            drop(serving);
            let add = ["member", "add", "--email", "ines@example.com", "--name", "Ines Okafor"];
            volume.succeed(&add);
            let backup = volume.path("elsewhere/copy").display().to_string();
            volume.succeed(&["backup", &backup]);
            let _serving = volume.serve();
            let files = volume.private_files();
            let is_sqlite = volume.database.is_none() || !is_postgres();
            let sqlite_endings: &[&str] =
                if is_sqlite { &["db", "db-wal", "db-shm", "lock"] } else { &[] };
            for ending in sqlite_endings.iter().chain(&["key", "copy"]) {
                let exists = files.iter().any(|name| name.rsplit('.').next() == Some(ending));
                assert!(exists, "{ending} in {files:?}");
            }
        }
        let volume = Volume::with_database_elsewhere(umask);
        volume.succeed(&["demo", "--keys", "1", "--days", "0"]);
        assert!(volume.private_files().contains(&"secret.key".to_owned()));
    }
}

#[test]
fn a_data_directory_that_the_program_creates_is_private_under_every_umask() {
    for umask in ["000", "022"] {
        let volume = Volume::new(umask);
        fs::remove_dir(volume.path("data")).expect("removed");
        assert_eq!(volume.succeed(&["migrate"]), "");
        assert_eq!(mode(&volume.path("data")), 0o700);
    }
}

#[test]
fn directories_that_others_can_reach_are_reported_at_startup_with_a_fix() {
    let volume = Volume::new("022");
    let data = volume.path("data");
    set_mode(&data, 0o700);
    assert!(!volume.serve().log().contains(OPEN_DIRECTORY));
    for mode in [0o777, 0o755, 0o710, 0o701, 0o2770] {
        set_mode(&data, mode);
        let log = volume.serve().log();
        assert_once(&log, OPEN_DIRECTORY);
        assert!(log.contains(&format!("chmod 700 {}", data.display())), "{mode:o}: {log}");
    }
    assert_eq!(volume.succeed(&["member", "list"]), "", "only serve writes a log");
    let elsewhere = Volume::with_database_elsewhere("022");
    set_mode(&elsewhere.path("data"), 0o700);
    let log = elsewhere.serve().log();
    if is_postgres() {
        assert!(!log.contains(OPEN_DIRECTORY), "{log}");
    } else {
        assert_once(&log, OPEN_DIRECTORY);
        assert!(log.contains(&elsewhere.path("elsewhere").display().to_string()), "{log}");
    }
}

#[test]
fn a_database_that_an_older_version_left_readable_is_made_private_at_startup() {
    let volume = Volume::new("022");
    set_mode(&volume.path("data"), 0o700);
    let running = volume.serve();
    let files = ["latchkey.db", "latchkey.db-wal", "latchkey.db-shm", "latchkey.lock"]
        .map(|name| volume.path("data").join(name));
    let leave_open = || {
        for file in &files {
            set_mode(file, 0o644);
        }
    };
    let backup = volume.path("elsewhere/copy").display().to_string();
    for command in [&["migrate"] as &[&str], &["backup", &backup], &["activity", "verify"]] {
        leave_open();
        assert_eq!(volume.succeed(command), "");
        volume.private_files();
    }
    leave_open();
    let log = volume.serve().log();
    assert_once(&log, RESTRICTED);
    assert!(files.iter().all(|file| log.contains(&file.display().to_string())), "{log}");
    assert!(!running.log().contains(RESTRICTED));
    assert!(!volume.serve().log().contains(RESTRICTED), "nothing is left to restrict");
    volume.private_files();
}

#[test]
fn a_database_name_is_a_path_even_with_special_characters() {
    let volume = Volume::new("022");
    for name in ["file:a?mode=memory.db", "50%20#1.db", ":memory:"] {
        let path = volume.path("elsewhere").join(name).display().to_string();
        volume.succeed(&["migrate", "--database-url", &path]);
        assert!(Path::new(&path).is_file(), "{path}");
    }
    volume.private_files();
}

const COMMANDS_THAT_READ_THE_KEY: [&[&str]; 6] = [
    &["serve", "--listen", "127.0.0.1:0"],
    &["migrate"],
    &["member", "list"],
    &["member", "reset-password", "--email", "ines@example.com"],
    &["activity", "verify"],
    &["demo"],
];

#[test]
fn a_master_key_that_others_can_read_or_change_is_rejected_with_a_fix() {
    let volume = Volume::new("022");
    set_mode(&volume.path("data"), 0o700);
    write(&volume.key(), 0o600, KEY);
    volume.succeed(&["migrate"]);
    for (mode, verb) in
        [(0o644, "read"), (0o640, "read"), (0o604, "read"), (0o666, "change"), (0o620, "change")]
    {
        write(&volume.key(), mode, KEY);
        for command in COMMANDS_THAT_READ_THE_KEY {
            let line = volume.fail(command);
            assert_eq!(line.lines().count(), 1, "{command:?}: {line}");
            let fix = format!("other users can {verb} it: chmod 600 {}", volume.key().display());
            assert!(line.starts_with("latchkey: ") && line.contains(&fix), "{mode:o}: {line}");
        }
    }
    for mode in [0o600, 0o400] {
        write(&volume.key(), mode, KEY);
        assert_eq!(volume.succeed(&["migrate"]), "", "{mode:o}");
    }
}

#[test]
fn the_file_that_a_symbolic_link_to_the_master_key_leads_to_is_checked() {
    let volume = Volume::new("022");
    let data = volume.path("data");
    set_mode(&data, 0o700);
    fs::create_dir(data.join("..2026_11_23")).expect("a folder");
    let target = data.join("..2026_11_23/secret.key");
    symlink("..2026_11_23", data.join("..data")).expect("a link");
    symlink("..data/secret.key", volume.key()).expect("a link");
    write(&target, 0o600, KEY);
    assert_eq!(volume.succeed(&["migrate"]), "");
    for mode in [0o644, 0o666] {
        write(&target, mode, KEY);
        assert!(volume.fail(&["migrate"]).contains("chmod 600"));
    }
}

#[test]
fn a_master_key_of_another_user_is_accepted_and_reported_if_everyone_can_read_it() {
    let volume = Volume::new("022");
    set_mode(&volume.path("data"), 0o700);
    if volume.folder.path().metadata().expect("a folder").uid() != 0 {
        // Only root can change the owner of a file. This file belongs to root, and everyone can
        // read it.
        fs::remove_file(volume.key()).ok();
        symlink("/etc/passwd", volume.key()).expect("a link");
        assert_once(&volume.serve().log(), MOUNTED);
        return;
    }
    for (mode, is_reported) in [(0o400, false), (0o440, false), (0o444, true), (0o644, true)] {
        write(&volume.key(), mode, KEY);
        chown(volume.key(), Some(65534), Some(65534)).expect("a new owner");
        assert_eq!(volume.succeed(&["member", "list"]), "", "{mode:o}");
        let log = volume.serve().log();
        assert_eq!(log.matches(MOUNTED).count(), usize::from(is_reported), "{mode:o}: {log}");
    }
    for mode in [0o666, 0o460] {
        write(&volume.key(), mode, KEY);
        chown(volume.key(), Some(65534), Some(65534)).expect("a new owner");
        assert!(volume.fail(&["migrate"]).contains("other users can change it"), "{mode:o}");
    }
}

#[test]
fn serving_as_root_is_reported() {
    let volume = Volume::new("022");
    let is_root = volume.folder.path().metadata().expect("a folder").uid() == 0;
    let log = volume.serve().log();
    assert_eq!(log.matches("Latchkey runs as root").count(), usize::from(is_root), "{log}");
}
