//! Tests of the commands, from the command line to their output.

use std::ffi::OsString;
use std::io::Cursor;

use tempfile::TempDir;

use super::*;
use crate::domain::members::{self, Email};
use crate::domain::sign_in::hasher::PasswordCheck;
use crate::domain::sign_in::{Hasher, Password, Requester, invitation, reset};

struct Shell(TempDir);

impl Shell {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn config(&self, arguments: &[&str]) -> Config {
        self.parsed(arguments).1
    }

    fn parsed(&self, arguments: &[&str]) -> (Command, Config) {
        let folder = self.0.path().join("data");
        let fixed = ["latchkey".into(), "--data-dir".into(), folder.into_os_string()];
        let all = fixed.into_iter().chain(arguments.iter().map(OsString::from));
        let parsed = Config::parse(all, |_| None).expect("a configuration");
        arguments::settled(parsed).expect("a configuration")
    }

    fn member(&self, arguments: &[&str], typed: &str) -> Result<String> {
        let arguments: Vec<&str> =
            ["member"].into_iter().chain(arguments.iter().copied()).collect();
        let (command, config) = self.parsed(&arguments);
        let Command::Member(command) = &command else { panic!("{command:?}") };
        let (mut input, mut output) = (Cursor::new(typed.to_owned()), Vec::new());
        member::run(&config, command, &mut input, &mut output)?;
        Ok(String::from_utf8(output).expect("text"))
    }
}

impl Shell {
    fn mail(&self, arguments: &[&str], typed: &str) -> Result<String> {
        let arguments: Vec<&str> = ["mail"].into_iter().chain(arguments.iter().copied()).collect();
        let (command, config) = self.parsed(&arguments);
        let Command::Mail(command) = &command else { panic!("{command:?}") };
        let (mut input, mut output) = (Cursor::new(typed.to_owned()), Vec::new());
        mail::run(&config, command, &mut input, &mut output)?;
        Ok(String::from_utf8(output).expect("text"))
    }
}

const MAIL: [&str; 7] =
    ["set", "--host", "smtp.example.com", "--port", "587", "--security", "starttls"];

#[test]
fn the_mail_server_is_set_shown_without_its_password_and_turned_off() {
    let shell = Shell::new();
    let none = "No email is sent: no mail server is set.\n";
    assert_eq!(shell.mail(&["show"], "").expect("shown"), none);
    let sender = ["--sender", "latchkey@example.com"];
    let login = ["--username", "latchkey"];
    let arguments = [&MAIL[..], &sender, &login].concat();
    let output = shell.mail(&arguments, "hunter2 hunter2\nmore\n").expect("set");
    assert_eq!(output, "Email is sent through smtp.example.com at port 587.\n");
    assert_eq!(
        shell.mail(&["show"], "").expect("shown"),
        "Mail server  smtp.example.com\nPort         587\nEncryption   starttls\n\
         User name    latchkey\nPassword     set\nSender       latchkey@example.com\n"
    );
    let (db, keyring) = open(&shell.config(&[])).expect("opened");
    let server = db.read_blocking(|c| crate::domain::mail::server(c, &keyring)).expect("read");
    let password = server.and_then(|server| server.password).expect("a password");
    assert_eq!(password.as_str(), "hunter2 hunter2");
    // The same user name keeps its password; a different server does not receive it.
    assert!(shell.mail(&arguments, "\n").is_ok());
    let moved = arguments.iter().map(|argument| match *argument {
        "smtp.example.com" => "smtp.example.net",
        other => other,
    });
    let refused = shell.mail(&moved.collect::<Vec<_>>(), "\n").expect_err("refused").to_string();
    assert!(refused.starts_with("Enter the password again"), "{refused}");
    assert_eq!(shell.mail(&["off"], "").expect("off"), "No more email is sent.\n");
    assert_eq!(shell.mail(&["show"], "").expect("shown"), none);
}

#[test]
fn a_bad_mail_server_is_rejected_with_a_message() {
    let shell = Shell::new();
    let error = |arguments: &[&str]| {
        shell.mail(&[&MAIL[..], arguments].concat(), "").expect_err("refused").to_string()
    };
    assert!(error(&["--sender", "a@[127.0.0.1]"]).starts_with("Enter the sender"));
    let arguments = ["--sender", "latchkey@example.com", "--username", "latchkey"];
    assert_eq!(error(&arguments), "Enter the password of that user name");
    let empty =
        ["set", "--host", " ", "--port", "25", "--security", "tls", "--sender", "a@b.example"];
    assert!(
        shell.mail(&empty, "").is_err_and(|error| error.to_string().contains("name or an addr"))
    );
}

const INES: [&str; 5] = ["add", "--email", "ines@example.com", "--name", "Ines Okafor"];

#[test]
fn a_member_is_added_with_the_line_that_was_typed_as_the_password() {
    let shell = Shell::new();
    let arguments = [INES.as_slice(), &["--super-manager"]].concat();
    let output = shell.member(&arguments, " correct harness batty \r\nmore\n").expect("added");
    assert_eq!(output, "Added Ines Okafor <ines@example.com>, super manager, permissions: all\n");
    let (db, _) = open(&shell.config(&[])).expect("opened");
    let email = Email::parse("ines@example.com").expect("an address");
    let (_, hash) =
        db.read_blocking(|c| members::by_email(c, &email)).expect("read").expect("the member");
    let hasher = Hasher::start().expect("threads");
    let verify = |text: &str| {
        let password = Password::presented(text.to_owned());
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(hasher.verify(Requester::SetUp, password, hash.clone()))
    };
    assert_eq!(verify(" correct harness batty "), Ok(PasswordCheck::Right { rehashed: None }));
    assert_eq!(verify("correct harness batty"), Ok(PasswordCheck::Wrong));
}

#[test]
fn bad_passwords_and_taken_addresses_add_no_member() {
    let shell = Shell::new();
    let error = |typed: &str| shell.member(&INES, typed).expect_err("refused").to_string();
    assert_eq!(error(""), "Enter a password");
    assert_eq!(error("short\n"), "Password must be at least 12 characters");
    assert!(error("ines@example.com\n").contains("too easy to guess"));
    shell.member(&INES, "correct harness batty stapler\n").expect("added");
    let taken = error("correct harness batty stapler\n");
    assert_eq!(taken, "Another member already has this email address");
}

#[test]
fn members_are_listed_in_an_aligned_table() {
    let shell = Shell::new();
    let noor = ["add", "--email", "noor@example.com", "--name", "Noor", "--super-manager"];
    let noor = [noor.as_slice(), &["--permission", "api.key.view"]].concat();
    for arguments in [INES.as_slice(), &noor] {
        shell.member(arguments, "correct harness batty stapler\n").expect("added");
    }
    assert_eq!(
        shell.member(&["list"], "").expect("listed"),
        "Name         Email             Super manager  Permissions   State   Last signed in\n\
         Ines Okafor  ines@example.com  No             none          Active  Never\n\
         Noor         noor@example.com  Yes            api.key.view  Active  Never\n"
    );
}

#[test]
fn an_invited_member_is_listed_and_has_no_password_to_reset() {
    let shell = Shell::new();
    let (db, keyring) = open(&shell.config(&[])).expect("opened");
    let context = Context::command_line(keyring, CLOCK.now());
    let draft = members::invitation::Draft {
        name: "Noor".into(),
        email: "noor@example.com".into(),
        ..Default::default()
    };
    let id =
        db.write_blocking(|tx| invitation::invite(tx, &draft, &context)).expect("invited").0.id;
    assert!(shell.member(&["list"], "").expect("listed").contains("  Invited until "));
    let refused = shell.member(&["reset-password", "--email", "noor@example.com"], "");
    let output = refused.expect_err("refused").to_string();
    assert_eq!(output, "Noor has not accepted the invitation yet");
    db.write_blocking(|tx| members::invitation::expire(tx, &id, &context)).expect("expired");
    assert!(shell.member(&["list"], "").expect("listed").contains("  Invitation expired  "));
}

#[test]
fn a_reset_prints_a_link_that_works_once_for_an_hour() {
    let shell = Shell::new();
    shell.member(&INES, "correct harness batty stapler\n").expect("added");
    let arguments = [
        "reset-password",
        "--email",
        "INES@example.com",
        "--public-url",
        "https://keys.example.com",
    ];
    let output = shell.member(&arguments, "").expect("reset");
    let (link, rest) = output.split_once('\n').expect("two lines");
    let code = link.strip_prefix("https://keys.example.com/reset-password?code=").expect("a link");
    assert_eq!(code.len(), 22);
    assert!(rest.contains("one hour") && rest.contains("sessions"), "{rest}");
    let (db, keyring) = open(&shell.config(&[])).expect("opened");
    let whose =
        db.read_blocking(|c| reset::member_for_code(c, &keyring, code, CLOCK.now())).expect("read");
    assert!(whose.is_some());
    let nobody = shell.member(&["reset-password", "--email", "noor@example.com"], "");
    assert!(
        nobody.is_err_and(|e| e.to_string() == "No member has the email address noor@example.com")
    );
}

#[test]
fn another_secret_key_file_does_not_open_the_database() {
    let shell = Shell::new();
    let mut output = Vec::new();
    migrate::run(&shell.config(&["migrate"]), &mut output).expect("migrated");
    assert_eq!(output, b"The database is up to date.\n");
    let other = shell.0.path().join("other.key");
    let refused = open(&shell.config(&["--secret-key-file", &other.to_string_lossy()]));
    let message = refused.map(drop).expect_err("refused").to_string();
    assert!(message.contains("--secret-key-file"), "{message}");
}

#[cfg(unix)]
#[test]
fn the_data_directory_is_accessible_only_to_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = Shell::new();
    open(&shell.config(&[])).expect("opened");
    let mode = |path: &str| {
        let path = shell.0.path().join("data").join(path);
        path.metadata().expect("a file").permissions().mode() & 0o777
    };
    assert_eq!((mode("."), mode("secret.key")), (0o700, 0o600));
    let in_the_way = shell.0.path().join("file");
    std::fs::write(&in_the_way, "").expect("written");
    let mut config = shell.config(&[]);
    config.database.data_dir = in_the_way;
    let refused = open(&config);
    let message = refused.map(drop).expect_err("refused").to_string();
    assert!(message.starts_with("the data directory ") && !message.contains('\n'), "{message}");
}
