//! Every kind of message meets the requirements of strict receivers (RFC 5322, RFC 2045), and the
//! mail server is greeted as RFC 5321 requires.

use std::io::Write as _;
use std::process::{Command, Stdio};

use latchkey::base::clock::{DAY, HOUR};
use latchkey::domain::alerts::{self, Rule};
use latchkey::domain::members::Permission;
use latchkey::domain::settings;

use super::{queue, use_server};
use crate::support::authority::Authority;
use crate::support::smtp::{Mode, Smtp};
use crate::support::{App, Client, Shell};

const ORGANISATION: &str = "Größe & Söhne “東京” Verkehrsgesellschaft für Güter";
const NOOR: &str = "noor@meridianfreight.example";

/// Saves a mail server at `port`, with a sender whose domain is not ASCII.
fn save_server(client: &Client, port: u16) {
    let fields = [
        ("mail_host", "localhost"),
        ("mail_port", &port.to_string()),
        ("mail_security", "none"),
        ("mail_sender", "latchkey@bücher.example"),
    ];
    let saved = client.submit_from("/settings", "/settings/mail", &fields);
    assert_eq!(saved.status, 303, "{}", saved.body);
}

/// One message of each kind that the program sends.
fn one_of_each_kind() -> Vec<String> {
    let (app, smtp, old) = (App::set_up(), Smtp::start(Mode::Accepts), Smtp::start(Mode::Accepts));
    app.write(|tx, _| {
        let settings = settings::get(tx)?;
        settings::save(tx, &settings::Settings { organisation: ORGANISATION.into(), ..settings })
    });
    let noor = app.member(NOOR, true, &[Permission::ViewKeys]);
    let ines = app.super_manager();
    save_server(&ines, old.port);
    save_server(&ines, smtp.port);
    let mut messages = vec![old.wait_for_message()];
    assert_eq!(ines.submit_from("/settings", "/settings/mail/test", &[]).status, 303);
    let invited = [("name", "Zoë 東京"), ("email", "zoe@example.com")];
    assert_eq!(ines.submit_from("/members/new", "/members", &invited).status, 200);
    let reset = format!("/members/{}/reset-password", noor.id.as_str());
    assert_eq!(ines.submit(&reset, &[]).status, 200);
    let id = app.key("Größte “Löschung” – 東京");
    assert_eq!(ines.submit(&format!("/api-keys/{id}/leak"), &[]).status, 303);
    app.find_alerts();
    // Send the messages before their links expire.
    while app.send_mail() > 0 {}
    app.write(|tx, context| alerts::set_preferences(tx, &Rule::ALL, "daily", context));
    app.find_alerts();
    app.advance(DAY + 20 * HOUR);
    app.find_alerts();
    while app.send_mail() > 0 {}
    messages.extend(std::iter::from_fn(|| smtp.message()));
    messages
}

/// Checks the messages with Python's email parser and returns their subjects.
fn subjects(messages: &[String]) -> Vec<String> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/mail/check_headers.py");
    let mut python = Command::new("python3")
        .arg(program)
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let json = serde_json::to_vec(messages).expect("JSON");
    python.stdin.take().expect("a piped stdin").write_all(&json).expect("written");
    let output = python.wait_with_output().expect("the process ends");
    assert!(output.status.success(), "{messages:#?}");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn every_kind_of_message_has_every_header_that_strict_receivers_require() {
    let subjects = subjects(&one_of_each_kind());
    for kind in [
        "the mail server of ",
        "test message",
        "Ines Okafor invites you to Größe",
        "Set a new password for Größe",
        "A leak of “Größte “Löschung” – 東京” was reported",
        "Latchkey: 2 alerts",
        "Latchkey: 2 alerts open",
    ] {
        assert!(subjects.iter().any(|subject| subject.contains(kind)), "{kind}: {subjects:#?}");
    }
}

#[test]
fn a_retry_keeps_the_message_id_and_sending_again_creates_a_new_one() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Accepts));
    use_server(&app, 1);
    queue(&app, "ines@example.com", "activity:1");
    assert_eq!(app.send_mail(), 0);
    use_server(&app, smtp.port);
    let id = app.texts("SELECT id AS text FROM mail_outbox").remove(0);
    let sent = |id: &str| {
        app.advance(DAY);
        assert_eq!(app.send_mail(), 1);
        let message = smtp.message().expect("a message");
        let expected = format!("Message-ID: <{id}@meridianfreight.example>\n");
        assert!(message.contains(&expected), "{expected}: {message}");
    };
    sent(&id);
    // Simulate a crash after sending the message and before recording it.
    app.sql("UPDATE mail_outbox SET sent_at = NULL, next_attempt_at = 0");
    sent(&id);
    let manager = app.super_manager();
    assert_eq!(manager.submit_from("/mail", &format!("/mail/{id}"), &[]).status, 303);
    sent(&format!("{id}.1"));
}

#[test]
fn a_mail_server_without_ehlo_is_greeted_with_helo() {
    let app = App::set_up();
    let smtp = Smtp::start(Mode::NoEhlo);
    use_server(&app, smtp.port);
    queue(&app, "ines@example.com", "activity:1");
    assert_eq!(app.send_mail(), 1);
    let message = smtp.message().expect("a message");
    assert!(message.contains("Ines Okafor revoked it."), "{message}");
    let name = "keys.meridianfreight.example";
    assert_eq!(smtp.greetings()[..2], [format!("EHLO {name}"), format!("HELO {name}")]);
}

#[test]
fn a_mail_server_without_ehlo_also_works_over_tls() {
    let (mut app, authority) = (App::set_up(), Authority::new());
    app.trust(&authority.file());
    let smtp = Smtp::trusted_by(Mode::NoEhlo, &authority);
    use_server(&app, smtp.port);
    app.sql("UPDATE mail_server SET security = 'tls'");
    queue(&app, "ines@example.com", "activity:1");
    assert_eq!(app.send_mail(), 1);
    assert!(smtp.message().is_some());
}

#[test]
fn the_greeting_uses_the_host_of_the_public_url_or_the_configured_name() {
    let (shell, smtp) = (Shell::new(), Smtp::start(Mode::Accepts));
    let password = b"correct horse battery staple\n";
    let add = ["member", "add", "--email", NOOR, "--name", "Noor", "--super-manager"];
    assert!(shell.run_with_input(&add, &[], password).status.success());
    let port = smtp.port.to_string();
    // Each change is announced through the previous server.
    for (options, name) in [
        (&["--public-url", "https://keys.example.com:8443"][..], "keys.example.com"),
        (&["--public-url", "https://bücher.example"], "xn--bcher-kva.example"),
        (&["--public-url", "https://[2001:db8::1]"], "[IPv6:2001:db8::1]"),
        (&["--mail-ehlo-name", "mx.example.com"], "mx.example.com"),
        (&["--mail-ehlo-name", "192.0.2.1"], "[192.0.2.1]"),
        (&[], "[127.0.0.1]"),
    ] {
        let set = ["mail", "set", "--host", "localhost", "--port", &port, "--security", "none"];
        let set = [&set[..], &["--sender", "latchkey@example.com"]].concat();
        assert!(shell.run(&set).status.success());
        let off = [&["mail", "off", "--mail-networks", "127.0.0.0/8"], options].concat();
        assert!(shell.run(&off).status.success());
        smtp.wait_for_message();
        let greetings = smtp.greetings();
        assert!(
            greetings.iter().all(|greeting| *greeting == format!("EHLO {name}")),
            "{greetings:?}"
        );
    }
}
