//! The email to a member about a sign-in from a network that is new for them.

use latchkey::base::clock::DAY;
use latchkey::domain::members::Permission;

use crate::support::smtp::{Mode, Smtp};
use crate::support::{App, Client, PASSWORD};

const INES: &str = "ines@meridianfreight.example";
const NOOR: &str = "noor@meridianfreight.example";
const HOME: &str = "203.0.113.9";
const AWAY: &str = "2001:db8::7";
const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Signs in as `email` from an address with Firefox.
fn sign_in(app: &App, email: &str, address: &str) -> Client {
    let client = app.anonymous().calling_from(address);
    let token = client.get("/sign-in").form_token();
    let fields = [("email", email), ("password", PASSWORD), ("form_token", &token)];
    let request = client.request("/sign-in").header("sec-fetch-site", "same-origin");
    let request = request.header("user-agent", FIREFOX);
    let page = client.send(request.body(crate::support::encoded(&fields)));
    assert_eq!(page.status, 303, "{}", page.body);
    client
}

/// The recipient and the subject of each email about a sign-in.
fn outbox(app: &App) -> Vec<String> {
    app.find_alerts();
    app.texts(
        "SELECT recipient || ': ' || subject AS text FROM mail_outbox \
         WHERE subject LIKE '%sign-in%' ORDER BY created_at, id",
    )
}

fn new_networks(app: &App) -> i64 {
    app.number("SELECT COUNT(*) FROM activity WHERE event = 'session.new_network'")
}

/// An app whose mail server is `smtp`.
fn app_with_mail_server(smtp: &Smtp) -> App {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let port = smtp.port.to_string();
    let server = [
        ("mail_host", "localhost"),
        ("mail_port", port.as_str()),
        ("mail_security", "none"),
        ("mail_sender", "latchkey@meridianfreight.example"),
    ];
    let ines = sign_in(&app, INES, HOME);
    assert_eq!(ines.submit_from("/settings", "/settings/mail", &server).status, 303);
    app
}

#[test]
fn a_member_is_told_of_a_sign_in_from_a_new_network() {
    let smtp = Smtp::start(Mode::Accepts);
    let app = app_with_mail_server(&smtp);
    app.member(NOOR, false, &[]);
    sign_in(&app, NOOR, AWAY);
    sign_in(&app, INES, HOME);
    assert_eq!(outbox(&app), [""; 0], "a first sign-in, and one from a known network");
    app.advance(DAY);
    sign_in(&app, INES, AWAY);
    sign_in(&app, INES, "2001:db8::8");
    let sent = [format!("{INES}: Latchkey: new sign-in to Meridian Freight")];
    assert_eq!(outbox(&app), sent);
    assert_eq!(outbox(&app), sent, "an entry is processed once");
    app.send_mail();
    let mut message = smtp.wait_for_message();
    while !message.contains("New sign-in") {
        message = smtp.wait_for_message();
    }
    for part in [
        "When: 24 Nov 2026",
        "Device: Firefox on Windows",
        "Address: 2001:db8::7",
        "end all other sessions and change your",
        "tell a super manager",
        &format!("{}/account", app.url),
    ] {
        assert!(message.replace("=\r\n", "").contains(part), "{part}: {message}");
    }
    let ines = sign_in(&app, INES, HOME);
    let activity = ines.get("/activity?event=session.new_network").text("table");
    assert!(activity.contains("Signed in from a network that is new for them"), "{activity}");
    app.advance(180 * DAY);
    sign_in(&app, INES, AWAY);
    assert_eq!((outbox(&app).len(), new_networks(&app)), (2, 2), "a network is forgotten");
}

#[test]
fn without_a_mail_server_it_is_only_recorded() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    sign_in(&app, INES, HOME);
    sign_in(&app, INES, AWAY);
    assert_eq!((outbox(&app), new_networks(&app)), (Vec::new(), 1));
}

#[test]
fn each_member_has_networks_of_their_own_and_they_end_with_the_member() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    app.member(NOOR, false, &[]);
    for email in [INES, NOOR] {
        sign_in(&app, email, HOME);
    }
    assert_eq!(app.count("member_networks"), 2);
    sign_in(&app, NOOR, AWAY);
    assert_eq!(new_networks(&app), 1);
    app.sql(&format!("DELETE FROM members WHERE email_folded = '{NOOR}'"));
    assert_eq!(app.count("member_networks"), 1);
}
