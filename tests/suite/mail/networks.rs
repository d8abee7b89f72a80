//! Where email is never sent to, and what people never read of what answers there.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{queue, use_server};
use crate::support::{App, Client};

/// Saves a server and returns what the test message says.
fn tried(client: &Client, host: &str, port: u16, security: &str) -> String {
    let port = port.to_string();
    let fields = [
        ("mail_host", host),
        ("mail_port", &port),
        ("mail_security", security),
        ("mail_username", "latchkey"),
        ("mail_password", "hunter2 hunter2"),
        ("mail_sender", "latchkey@meridianfreight.example"),
    ];
    let saved = client.submit_from("/settings", "/settings/mail", &fields);
    assert_eq!(saved.status, 303, "{host}: {:?}", saved.errors());
    assert_eq!(client.submit_from("/settings", "/settings/mail/test", &[]).status, 303);
    let notice = client.get("/settings").text("#notice");
    notice.strip_prefix("No test message was sent. ").unwrap_or(&notice).to_owned()
}

/// Whether nobody connected.
fn was_left_alone(listener: &TcpListener) -> bool {
    listener.set_nonblocking(true).expect("a socket");
    listener.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn a_private_address_gets_one_answer_whether_a_port_is_open_or_closed_and_is_not_connected_to() {
    let app = App::without_mail_networks().with_organisation();
    let manager = app.super_manager();
    let open = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = open.local_addr().expect("an address").port();
    for (host, security) in [
        ("localhost", "none"),
        ("127.0.0.1", "none"),
        ("localhost", "starttls"),
        ("127.0.0.1", "tls"),
        ("2130706433", "tls"),
        ("0x7f.1", "tls"),
        ("[::1]", "tls"),
        ("[::ffff:127.0.0.1]", "tls"),
        ("0.0.0.0", "tls"),
        ("10.0.0.1", "starttls"),
        ("192.168.1.1", "tls"),
        ("169.254.169.254", "tls"),
        ("[fd00:ec2::254]", "tls"),
        ("[64:ff9b::7f00:1]", "tls"),
    ] {
        let begun = Instant::now();
        let answers = [port, 1, 22].map(|port| tried(&manager, host, port, security));
        assert!(begun.elapsed() < Duration::from_secs(5), "{host}");
        let why = " is not at a public address. To allow its network, start Latchkey with \
                   --mail-networks";
        assert!(answers[0].ends_with(why), "{host}: {}", answers[0]);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{host}: {answers:?}");
    }
    assert!(was_left_alone(&open));
}

#[test]
fn what_waits_in_the_outbox_is_not_sent_to_a_private_address_either() {
    let app = App::without_mail_networks().with_organisation();
    let open = TcpListener::bind("127.0.0.1:0").expect("a port");
    use_server(&app, open.local_addr().expect("an address").port());
    queue(&app, "ines@example.com", "activity:1");
    assert_eq!(app.send_mail(), 0);
    let why = app.texts("SELECT last_error AS text FROM mail_outbox").remove(0);
    assert!(why.starts_with("localhost is not at a public address."), "{why}");
    assert!(was_left_alone(&open));
}

#[test]
fn without_encryption_a_named_network_allows_no_other_machine() {
    let app = App::set_up();
    let fields = [
        ("mail_host", "10.0.0.1"),
        ("mail_port", "25"),
        ("mail_security", "none"),
        ("mail_sender", "latchkey@meridianfreight.example"),
    ];
    let answer = app.super_manager().submit_from("/settings", "/settings/mail", &fields);
    assert_eq!(answer.status, 422);
    assert!(answer.error_of("mail_security").contains("only this machine itself"));
}

#[test]
fn a_sender_at_an_address_without_a_name_is_rejected() {
    let app = App::set_up();
    for sender in ["a@[127.0.0.1]", "a@[IPv6:::1]"] {
        let fields = [
            ("mail_host", "smtp.example.com"),
            ("mail_port", "25"),
            ("mail_security", "tls"),
            ("mail_sender", sender),
        ];
        let answer = app.super_manager().submit_from("/settings", "/settings/mail", &fields);
        assert_eq!(answer.status, 422, "{sender}");
        assert!(!answer.error_of("mail_sender").is_empty());
    }
}

/// What a service says that is not to be trusted: at most this many good answers, then `last`.
fn service(good: usize, last: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || drop(talk(&stream, good, last)));
        }
    });
    port
}

fn talk(mut stream: &TcpStream, good: usize, last: &str) -> std::io::Result<()> {
    let answers =
        ["220 FOREIGN", "250-FOREIGN\r\n250 AUTH PLAIN LOGIN", "235 FOREIGN", "250 FOREIGN"];
    let answers = answers.into_iter().chain(["250 FOREIGN"; 2]).take(good).chain([last]);
    let mut lines = BufReader::new(stream).lines();
    for (number, answer) in answers.enumerate() {
        if number > 0 && lines.next().transpose()?.is_none() {
            return Ok(());
        }
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    // Answers nothing more and waits for the client to go.
    lines.try_for_each(|line| line.map(drop))
}

#[test]
fn nothing_that_a_server_says_reaches_a_page_or_the_database() {
    let app = App::set_up();
    let manager = app.super_manager();
    for (good, last) in [
        (0, "SSH-2.0-FOREIGN"),
        (0, "554 FOREIGN"),
        (0, "HTTP/1.1 400 FOREIGN"),
        (0, "-ERR FOREIGN \u{202e}"),
        (1, "502 FOREIGN"),
        (1, "FOREIGN"),
        (2, "535 FOREIGN"),
        (3, "550-FOREIGN\r\n550 FOREIGN"),
        (3, "450 FOREIGN"),
    ] {
        let port = service(good, last);
        let notice = tried(&manager, "localhost", port, "none");
        assert!(notice.starts_with("localhost "), "{last}: {notice}");
        assert!(!notice.contains("FOREIGN"), "{last}: {notice}");
        app.sql("DELETE FROM mail_outbox");
        queue(&app, "ines@example.com", "activity:1");
        assert_eq!(app.send_mail(), 0, "{last}");
        assert!(!app.everything().iter().any(|row| row.contains("FOREIGN")), "{last}");
        assert!(!manager.get("/mail").body.contains("FOREIGN"), "{last}");
    }
}
