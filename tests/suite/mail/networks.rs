//! Email is never sent to private addresses, and replies of a mail server are never shown.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{queue, use_server};
use crate::support::{App, Client};

/// Saves a mail server, sends a test message and returns the notice about it.
fn send_test(client: &Client, host: &str, port: u16, security: &str) -> String {
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

/// Whether no client has connected.
fn has_no_connection(listener: &TcpListener) -> bool {
    listener.set_nonblocking(true).expect("a socket");
    listener.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn a_private_address_gives_the_same_error_for_open_and_closed_ports_and_is_not_connected_to() {
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
        let started = Instant::now();
        let notices = [port, 1, 22].map(|port| send_test(&manager, host, port, security));
        assert!(started.elapsed() < Duration::from_secs(5), "{host}");
        let why = " is not at a public address. To allow its network, start Latchkey with \
                   --mail-networks";
        assert!(notices[0].ends_with(why), "{host}: {}", notices[0]);
        assert!(notices.iter().all(|notice| *notice == notices[0]), "{host}: {notices:?}");
    }
    assert!(has_no_connection(&open));
}

#[test]
fn queued_messages_are_not_sent_to_a_private_address() {
    let app = App::without_mail_networks().with_organisation();
    let open = TcpListener::bind("127.0.0.1:0").expect("a port");
    use_server(&app, open.local_addr().expect("an address").port());
    queue(&app, "ines@example.com", "activity:1");
    assert_eq!(app.send_mail(), 0);
    let why = app.texts("SELECT last_error AS text FROM mail_outbox").remove(0);
    assert!(why.starts_with("localhost is not at a public address."), "{why}");
    assert!(has_no_connection(&open));
}

#[test]
fn without_encryption_an_allowed_network_allows_no_other_machine() {
    let app = App::set_up();
    let fields = [
        ("mail_host", "10.0.0.1"),
        ("mail_port", "25"),
        ("mail_security", "none"),
        ("mail_sender", "latchkey@meridianfreight.example"),
    ];
    let response = app.super_manager().submit_from("/settings", "/settings/mail", &fields);
    assert_eq!(response.status, 422);
    assert!(response.error_of("mail_security").contains("only this machine itself"));
}

#[test]
fn a_sender_at_an_ip_address_is_rejected() {
    let app = App::set_up();
    for sender in ["a@[127.0.0.1]", "a@[IPv6:::1]"] {
        let fields = [
            ("mail_host", "smtp.example.com"),
            ("mail_port", "25"),
            ("mail_security", "tls"),
            ("mail_sender", sender),
        ];
        let response = app.super_manager().submit_from("/settings", "/settings/mail", &fields);
        assert_eq!(response.status, 422, "{sender}");
        assert!(!response.error_of("mail_sender").is_empty());
    }
}

/// Starts an untrusted service that sends the first `good` valid replies and then `last`.
fn start_service(good: usize, last: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || drop(serve(&stream, good, last)));
        }
    });
    port
}

fn serve(mut stream: &TcpStream, good: usize, last: &str) -> std::io::Result<()> {
    let replies =
        ["220 FOREIGN", "250-FOREIGN\r\n250 AUTH PLAIN LOGIN", "235 FOREIGN", "250 FOREIGN"];
    let replies = replies.into_iter().chain(["250 FOREIGN"; 2]).take(good).chain([last]);
    let mut lines = BufReader::new(stream).lines();
    for (number, reply) in replies.enumerate() {
        if number > 0 && lines.next().transpose()?.is_none() {
            return Ok(());
        }
        stream.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    // Send nothing more and wait until the client disconnects.
    lines.try_for_each(|line| line.map(drop))
}

#[test]
fn replies_of_a_server_reach_neither_a_page_nor_the_database() {
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
        let port = start_service(good, last);
        let notice = send_test(&manager, "localhost", port, "none");
        assert!(notice.starts_with("localhost "), "{last}: {notice}");
        assert!(!notice.contains("FOREIGN"), "{last}: {notice}");
        app.sql("DELETE FROM mail_outbox");
        queue(&app, "ines@example.com", "activity:1");
        assert_eq!(app.send_mail(), 0, "{last}");
        assert!(!app.everything().iter().any(|row| row.contains("FOREIGN")), "{last}");
        assert!(!manager.get("/mail").body.contains("FOREIGN"), "{last}");
    }
}
