//! `latchkey backup`: the copy is consistent although others write, and the program can serve it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use latchkey::db::{Db, Location};
use latchkey::domain::activity;

use crate::activity::verify::{Shell, text_of};
use crate::support::{App, Client, Database, PASSWORD, is_postgres};

/// Restores a backup to a new database, so that the program can be started on it.
fn restore(shell: &Shell, copy: &Path) -> Database {
    let database = Database::empty();
    let output = shell.run(&database.location, &["restore", &copy.to_string_lossy()]);
    assert!(output.status.success(), "{}", text_of(&output));
    database
}

fn file_names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|e| e.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

#[test]
fn a_backup_made_during_writes_contains_every_acknowledged_write_and_can_be_served() {
    let app = App::set_up();
    let manager = app.super_manager();
    let secret = manager.create_key(&[("name", "Billing worker")]).secret();
    let shell = Shell::new();
    let copy = shell.0.path().join("copy.backup");
    let is_done = AtomicBool::new(false);
    let acknowledged: Vec<String> = (0..5).map(|n| app.key(&format!("Before {n}"))).collect();
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            let writer = app.super_manager();
            for n in 0.. {
                writer.key_named(&format!("Meanwhile {n}"));
                if is_done.load(Ordering::Relaxed) || n > 80 {
                    break;
                }
            }
        });
        let output = shell.run(&app.database.location, &["backup", &copy.to_string_lossy()]);
        is_done.store(true, Ordering::Relaxed);
        output
    });
    let message = text_of(&output);
    assert!(output.status.success(), "{message}");
    assert!(message.contains("secret.key") && message.contains("is not in it"), "{message}");
    let mode = fs::metadata(&copy).expect("metadata").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(file_names(shell.0.path()), ["copy.backup", "secret.key"]);
    let bytes = fs::read(&copy).expect("read");
    for secret_bytes in [secret.as_bytes(), PASSWORD.as_bytes(), &[42; 32]] {
        assert!(
            !bytes.windows(secret_bytes.len()).any(|part| part == secret_bytes),
            "the backup contains a secret"
        );
    }

    let restored = restore(&shell, &copy);
    let db = Db::existing(&restored.location).expect("opened");
    let newest = activity::verify(&db, &app.site.keyring).expect("read").expect("an intact record");
    assert!(newest.number > 8, "{newest:?}");
    let keys = restored.connect().texts("SELECT id AS text FROM api_keys");
    for id in &acknowledged {
        assert!(keys.contains(id), "{id} is missing");
    }
    let line = message.lines().find(|line| line.contains("up to entry")).expect("the newest entry");
    let checkpoint = line.rsplit(' ').next().expect("a number and a hash");
    let verified = shell.run(&restored.location, &["activity", "verify", "--holds", checkpoint]);
    assert!(verified.status.success(), "{}", text_of(&verified));

    let mut serve = shell.command(&restored.location, &["serve", "--listen", "127.0.0.1:0"]);
    let mut child =
        serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let url = line.split_whitespace().last().expect("an address").to_owned();
    let client = Client::new(&url);
    let authorize = |secret: &str| {
        let request = client.http().get(format!("{url}/v1/authorize"));
        request.bearer_auth(secret).send().expect("an answer").status().as_u16()
    };
    let statuses = (authorize(&secret), authorize(&secret[..secret.len() - 1]));
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(statuses, (200, 401));
}

#[test]
fn a_backup_never_overwrites_a_file_and_leaves_no_partial_one() {
    let app = App::set_up();
    let shell = Shell::new();
    let folder = shell.0.path();
    fs::write(folder.join("there"), "precious").expect("written");
    std::os::unix::fs::symlink("nowhere", folder.join("link")).expect("a link");
    fs::create_dir(folder.join("folder")).expect("a folder");
    let before = file_names(folder);
    for target in ["there", "link", "folder", "absent/copy", "", "/", ".."] {
        let target = if target.is_empty() {
            String::new()
        } else {
            folder.join(target).display().to_string()
        };
        let output = shell.run(&app.database.location, &["backup", &target]);
        let message = text_of(&output);
        assert!(output.status.code().is_some_and(|code| code > 0), "{target}: {message}");
        assert!(
            message.starts_with("latchkey: ") && message.lines().count() == 1,
            "{target}: {message}"
        );
        assert_eq!(file_names(folder), before, "{target}");
    }
    assert_eq!(fs::read_to_string(folder.join("there")).expect("read"), "precious");
}

#[test]
fn a_backup_that_does_not_fit_on_the_disk_fails_and_leaves_no_file() {
    let app = App::set_up();
    let shell = Shell::new();
    let copy = shell.0.path().join("copy");
    let command = shell.command(&app.database.location, &["backup", &copy.to_string_lossy()]);
    let random = if is_postgres() { "md5(random()::text)" } else { "hex(randomblob(16))" };
    app.database.connect().run(&format!(
        "INSERT INTO usage_scopes (key_id, scope, day) WITH RECURSIVE many (n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 5000) SELECT {random}, {random}, 1 FROM many"
    ));
    // Simulates a full disk: no file may grow beyond this number of blocks of 512 bytes.
    let blocks = 100;
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell_command = Command::new("sh");
    shell_command
        .env_clear()
        .arg("-c")
        .arg(limited)
        .arg(command.get_program())
        .args(command.get_args());
    let output = shell_command.output().expect("the program runs");
    let message = text_of(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("latchkey: ") && message.lines().count() == 1, "{message}");
    assert_eq!(file_names(shell.0.path()), ["secret.key"]);
}

#[test]
fn a_directory_keeps_its_newest_backups_and_every_other_file() {
    let app = App::set_up();
    let shell = Shell::new();
    let folder = shell.0.path().join("backups");
    let keep = |number: &str| {
        let path = folder.to_string_lossy();
        shell.run(&app.database.location, &["backup", "--keep", number, &path])
    };
    let output = keep("2");
    assert!(output.status.success(), "{}", text_of(&output));
    let [first] = &file_names(&folder)[..] else { panic!("one file") };
    let modes = [&folder, &folder.join(first)]
        .map(|path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777);
    assert_eq!(modes, [0o700, 0o600]);
    restore(&shell, &folder.join(first));

    let monday = "latchkey-2026-11-23T031500Z.backup";
    let tuesday = "latchkey-2026-11-24T031500Z.backup";
    fs::rename(folder.join(first), folder.join(tuesday)).expect("renamed");
    for other in [monday, "notes.txt", &format!("{monday}.partial-7"), "before-the-move.backup"] {
        fs::write(folder.join(other), "").expect("written");
    }
    let output = keep("2");
    let message = text_of(&output);
    assert!(output.status.success(), "{message}");
    assert!(message.contains("Kept the newest 2; removed 2 older."), "{message}");
    let names = file_names(&folder);
    assert_eq!(names.len(), 4, "{names:?}");
    for kept in ["before-the-move.backup", "notes.txt", tuesday] {
        assert!(names.iter().any(|name| name == kept), "{kept}: {names:?}");
    }
}

#[test]
fn nothing_is_removed_when_the_new_backup_fails() {
    let app = App::set_up();
    let shell = Shell::new();
    let folder = shell.0.path().join("backups");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("latchkey-2026-11-23T031500Z.backup"), "").expect("written");
    let run = |path: &Path| {
        let path = path.to_string_lossy().into_owned();
        shell.run(&app.database.location, &["backup", "--keep", "1", &path])
    };
    let elsewhere = run(&shell.0.path().join("not-mounted/backups"));
    assert!(text_of(&elsewhere).contains("the directory above it does not exist"));
    assert_eq!(elsewhere.status.code(), Some(1));
    app.sql("ALTER TABLE settings RENAME TO lost");
    let failed = run(&folder);
    assert_eq!(failed.status.code(), Some(1), "{}", text_of(&failed));
    assert_eq!(file_names(&folder), ["latchkey-2026-11-23T031500Z.backup"]);
}

#[test]
fn a_failed_backup_of_postgresql_is_reported_without_the_password() {
    if !is_postgres() {
        return;
    }
    let app = App::set_up();
    let shell = Shell::new();
    let Location::Postgres(url) = &app.database.location else { panic!("PostgreSQL") };
    let copy = shell.0.path().join("copy");
    let with_password = url.replacen("latchkey@", "latchkey:hunter2%40home@", 1);
    let location = Location::Postgres(with_password);
    let backup = shell.run(&location, &["backup", "--pg-dump", &copy.to_string_lossy()]);
    assert!(backup.status.success(), "{}", text_of(&backup));
    // pg_dump is not found in this PATH.
    let other = shell.0.path().join("other");
    let mut command = shell.command(&location, &["backup", "--pg-dump", &other.to_string_lossy()]);
    let output = command.env("PATH", "/nowhere").output().expect("the program runs");
    let message = text_of(&output);
    assert!(message.starts_with("latchkey: pg_dump, PostgreSQL’s own program"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(file_names(shell.0.path()), ["copy", "secret.key"]);
}
