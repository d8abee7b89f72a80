//! Webhook receivers and mail servers with certificates of a private authority are trusted only if
//! the system or an option trusts that authority.

use std::fs;

use crate::mail::{queue, use_server};
use crate::support::authority::Authority;
use crate::support::receiver::{Mode as Answer, Receiver};
use crate::support::smtp::{Mode, Smtp};
use crate::support::{App, Shell};
use crate::webhooks::{enqueue, webhook};

#[test]
fn a_certificate_of_an_unknown_authority_is_not_trusted() {
    let (app, authority) = (App::set_up(), Authority::new());
    let receiver = Receiver::trusted_by(Answer::Answers(204, ""), &authority);
    let smtp = Smtp::trusted_by(Mode::Accepts, &authority);
    webhook(&app, &receiver.url);
    enqueue(&app, "activity:1");
    app.send_webhooks();
    let error = app.texts("SELECT error AS text FROM webhook_attempts");
    assert!(error[0].contains("TLS failed") && error[0].contains("UnknownIssuer"), "{error:?}");
    assert!(receiver.messages().is_empty());
    use_server(&app, smtp.port);
    for security in ["tls", "starttls"] {
        app.sql(&format!("UPDATE mail_server SET security = '{security}'"));
        queue(&app, "ines@example.com", security);
        assert_eq!(app.send_mail(), 0);
    }
    assert_eq!(smtp.message(), None);
}

#[test]
fn webhooks_and_email_arrive_if_the_file_contains_the_authority() {
    let (mut app, authority) = (App::set_up(), Authority::new());
    app.trust(&authority.file());
    let receiver = Receiver::trusted_by(Answer::Answers(204, ""), &authority);
    let smtp = Smtp::trusted_by(Mode::Accepts, &authority);
    webhook(&app, &receiver.url);
    enqueue(&app, "activity:1");
    assert_eq!(app.send_webhooks(), 1);
    assert_eq!(receiver.messages().len(), 1);
    use_server(&app, smtp.port);
    app.sql("UPDATE mail_server SET security = 'tls'");
    queue(&app, "ines@example.com", "activity:1");
    assert_eq!(app.send_mail(), 1);
    assert!(smtp.message().is_some());
}

#[test]
fn the_program_trusts_authorities_of_the_system_and_of_an_option() {
    let (shell, authority) = (Shell::new(), Authority::new());
    let smtp = Smtp::trusted_by(Mode::Accepts, &authority);
    let add = ["member", "add", "--email", "noor@example.com", "--name", "Noor", "--super-manager"];
    assert!(shell.run_with_input(&add, &[], b"correct horse battery staple\n").status.success());
    let (port, file) = (smtp.port.to_string(), authority.file());
    let option = file.to_str().expect("a path");
    let set = ["mail", "set", "--host", "localhost", "--port", &port, "--security", "tls"];
    let set = [&set[..], &["--sender", "latchkey@example.com"]].concat();
    let off = ["mail", "off", "--mail-networks", "127.0.0.0/8"];
    // Turning email off sends a last message through the server, if its certificate is trusted.
    for (options, variables, is_trusted) in [
        (&[][..], &[][..], false),
        (&["--ca-file", option], &[], true),
        (&[], &[("LATCHKEY_CA_FILE", &*file)], true),
        (&[], &[("SSL_CERT_FILE", &*file)], true),
    ] {
        assert!(shell.run(&set).status.success());
        let off = [&off[..], options].concat();
        assert!(shell.run_with_input(&off, variables, b"").status.success());
        assert_eq!(smtp.message().is_some(), is_trusted, "{options:?} {variables:?}");
    }
}

#[test]
fn a_file_without_certificates_stops_the_start_with_an_error_that_names_it() {
    let (shell, folder) = (Shell::new(), tempfile::tempdir().expect("a folder"));
    let [missing, empty] = ["missing.pem", "empty.pem"].map(|name| folder.path().join(name));
    fs::write(&empty, "no certificate").expect("written");
    for file in [missing, empty] {
        let option = file.to_str().expect("a path");
        let output = shell.run(&["serve", "--listen", "127.0.0.1:0", "--ca-file", option]);
        let line = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success());
        assert!(line.lines().count() == 1 && line.contains(option), "{line}");
    }
}
