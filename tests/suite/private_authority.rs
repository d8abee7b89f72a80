//! Receivers of webhooks and mail servers that an organisation's own certificate authority vouches
//! for: trusted where the system or an option says so.

use std::fs;

use crate::mail::{queue, use_server};
use crate::support::authority::Authority;
use crate::support::receiver::{Manner as Answer, Receiver};
use crate::support::smtp::{Manner, Smtp};
use crate::support::{App, Shell};
use crate::webhooks::{enqueue, webhook};

#[test]
fn nobody_is_trusted_by_an_authority_that_nobody_named() {
    let (app, authority) = (App::set_up(), Authority::new());
    let receiver = Receiver::vouched_for(Answer::Answers(204, ""), &authority);
    let smtp = Smtp::vouched_for(Manner::Takes, &authority);
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
fn webhooks_and_email_arrive_where_an_authority_in_the_file_vouches_for_the_receiver() {
    let (mut app, authority) = (App::set_up(), Authority::new());
    app.trust(&authority.file());
    let receiver = Receiver::vouched_for(Answer::Answers(204, ""), &authority);
    let smtp = Smtp::vouched_for(Manner::Takes, &authority);
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
fn the_program_trusts_what_the_system_trusts_and_what_an_option_names() {
    let (shell, authority) = (Shell::new(), Authority::new());
    let smtp = Smtp::vouched_for(Manner::Takes, &authority);
    let add = ["member", "add", "--email", "noor@example.com", "--name", "Noor", "--super-manager"];
    assert!(shell.run_typing(&add, &[], b"correct horse battery staple\n").status.success());
    let (port, file) = (smtp.port.to_string(), authority.file());
    let option = file.to_str().expect("a path");
    let set = ["mail", "set", "--host", "localhost", "--port", &port, "--security", "tls"];
    let set = [&set[..], &["--sender", "latchkey@example.com"]].concat();
    let off = ["mail", "off", "--mail-networks", "127.0.0.0/8"];
    // The server before is told of each change.
    for (options, variables, is_trusted) in [
        (&[][..], &[][..], false),
        (&["--ca-file", option], &[], true),
        (&[], &[("LATCHKEY_CA_FILE", &*file)], true),
        (&[], &[("SSL_CERT_FILE", &*file)], true),
    ] {
        assert!(shell.run(&set).status.success());
        let off = [&off[..], options].concat();
        assert!(shell.run_typing(&off, variables, b"").status.success());
        assert_eq!(smtp.message().is_some(), is_trusted, "{options:?} {variables:?}");
    }
}

#[test]
fn a_file_without_certificates_stops_the_start_with_a_line_that_names_it() {
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
