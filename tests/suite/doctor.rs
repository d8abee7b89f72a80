//! `latchkey doctor` and Settings → Health: what is wrong, and what to do.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use latchkey::domain::members::Permission;
use serde_json::Value;

use crate::start::Installation;
use crate::support::authority::Authority;
use crate::support::smtp::{Mode, Smtp};
use crate::support::{App, Page};

const HEALTH: &str = "/settings/health";

/// The level of a check, and its text.
fn row(page: &Page, id: &str) -> (String, String) {
    (page.text(&format!("#{id} .badge")), page.text(&format!("#{id} .wrap")))
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn finding<'a>(report: &'a Value, id: &str) -> &'a Value {
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("{id} in {report}"))
}

fn level<'a>(report: &'a Value, id: &str) -> &'a str {
    finding(report, id)["level"].as_str().expect("a level")
}

#[test]
fn the_page_says_what_an_organisation_needs_before_it_depends_on_latchkey() {
    let app = App::set_up();
    let client = app.super_manager();
    let page = client.get(HEALTH);
    for (id, words) in [
        ("super_managers", "Invite a second one"),
        ("two_step", "one stolen password is enough"),
        ("email", "Settings → Email"),
        ("backup", "No backup was made yet"),
        ("encryption", "Only browsers on this machine"),
    ] {
        let (level, text) = row(&page, id);
        assert_eq!(level, "Warning", "{id}: {text}");
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(row(&page, "database").0, "OK");
    assert!(!page.has("#activity"), "the whole activity is not read for each page");
    app.member("noor@meridianfreight.example", true, &Permission::ALL);
    app.sql("UPDATE settings SET two_step = 'super_managers', two_step_from = 9999999999999");
    let page = client.get(HEALTH);
    assert_eq!(row(&page, "super_managers").0, "OK");
    assert_eq!(row(&page, "two_step"), ("OK".into(), "Required for super managers.".into()));
}

#[test]
fn all_checks_try_the_public_url_the_mail_server_and_the_activity() {
    let (app, smtp) = (App::set_up(), Smtp::start(Mode::Accepts));
    let client = app.super_manager();
    crate::mail::use_server(&app, smtp.port);
    let page = client.submit(HEALTH, &[]);
    let url = &app.url;
    assert_eq!(
        row(&page, "public_url"),
        ("OK".into(), format!("{url} leads to this installation."))
    );
    assert_eq!(row(&page, "mail_server").0, "OK");
    assert_eq!(row(&page, "activity").0, "OK");
    assert_eq!(row(&page, "master_key").0, "OK");
    app.sql("UPDATE mail_server SET port = 1");
    app.sql("UPDATE activity SET actor_name = 'Mallory' WHERE number = 1");
    let page = client.submit(HEALTH, &[]);
    assert_eq!(row(&page, "mail_server").0, "Error");
    let (level, text) = row(&page, "activity");
    assert!(level == "Error" && text.contains("entry 1 is not what was recorded"), "{text}");
}

#[test]
fn the_copied_report_contains_no_names() {
    let app = App::set_up();
    let client = app.super_manager();
    let report = client.submit(HEALTH, &[]).text("#report");
    assert!(report.contains("warning super_managers") && report.contains("--listen"), "{report}");
    for name in ["127.0.0.1", "Meridian", "latchkey.db", "@", "http:"] {
        assert!(!report.contains(name), "{name}: {report}");
    }
}

#[test]
fn an_untrusted_proxy_is_noticed() {
    let app = App::set_up();
    let public_url = "https://keys.meridianfreight.example";
    let node = app.second_node_with_public_url(public_url);
    let client = node.super_manager();
    let page = client.get(HEALTH);
    assert_eq!(row(&page, "encryption").0, "OK");
    let (level, text) = row(&page, "proxy");
    assert!(level == "Warning" && text.contains("Is it a proxy?"), "{level} {text}");
}

#[test]
fn the_command_creates_nothing_and_says_what_is_missing() {
    let installation = Installation::new();
    let output = installation.run(&["doctor", "--json"], "");
    assert_eq!(output.status.code(), Some(2));
    let found = report(&output);
    for id in ["data_directory", "secret_key_file", "database"] {
        assert_eq!(level(&found, id), "error", "{id}");
    }
    assert!(!installation.data().exists());

    let mut running = installation.serve();
    running.set_up();
    let output = installation.run(&["doctor", "--json", "--public-url", &running.url], "");
    let found = report(&output);
    assert_eq!(output.status.code(), Some(1), "{found}");
    for id in ["data_directory", "secret_key_file", "free_space", "database", "public_url"] {
        assert_eq!(level(&found, id), "ok", "{id}: {found}");
    }
    let option = found["settings"].as_array().expect("settings").iter();
    let option = option.clone().find(|one| one["option"] == "--public-url").expect("an option");
    assert_eq!(option["source"], "command_line");
    drop(running);
    let file = installation.folder.path().join("backup").display().to_string();
    assert!(installation.run(&["backup", &file], "").status.success());
    let found = report(&installation.run(&["doctor", "--json"], ""));
    assert_eq!(level(&found, "backup"), "ok", "{found}");

    let text = installation.run(&["doctor"], "").stdout;
    let text = String::from_utf8(text).expect("text");
    assert!(text.starts_with("Warning  "), "what is wrong comes first: {text}");
    assert!(text.contains("does not lead here"), "nothing serves any more: {text}");
    let support = installation.run(&["doctor", "--support"], "").stdout;
    let support = String::from_utf8(support).expect("text");
    assert!(!support.contains(&installation.data().display().to_string()), "{support}");
}

#[test]
fn files_that_others_can_reach_and_a_wrong_master_key_are_errors() {
    let installation = Installation::new();
    installation.serve().stop();
    let (data, key) = (installation.data(), installation.data().join("secret.key"));
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("a mode");
    let found = report(&installation.run(&["doctor", "--json"], ""));
    assert_eq!(level(&found, "data_directory"), "warning");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");
    let found = report(&installation.run(&["doctor", "--json"], ""));
    assert_eq!(level(&found, "secret_key_file"), "error");
    fs::remove_file(&key).expect("removed");
    let other = Installation::new();
    other.serve().stop();
    fs::copy(other.data().join("secret.key"), &key).expect("copied");
    let found = report(&installation.run(&["doctor", "--json"], ""));
    assert_eq!(level(&found, "secret_key_file"), "ok");
    assert_eq!(level(&found, "master_key"), "error");
}

#[test]
fn an_expired_certificate_of_the_mail_server_is_an_error() {
    let (mut app, authority) = (App::set_up(), Authority::with_expired_servers());
    app.trust(&authority.file());
    let smtp = Smtp::trusted_by(Mode::Accepts, &authority);
    crate::mail::use_server(&app, smtp.port);
    app.sql("UPDATE mail_server SET security = 'tls'");
    let (level, text) = row(&app.super_manager().submit(HEALTH, &[]), "mail_server");
    assert_eq!(level, "Error");
    assert!(text.contains("cannot be trusted: it has expired"), "{text}");
}

/// Answers every request with a status; the body repeats one of the identity headers.
fn gateway(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/orders", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 4096];
            let length = stream.read(&mut request).expect("a request");
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let mut lines = request.lines();
            let body =
                lines.find(|line| line.starts_with("latchkey-environment")).unwrap_or_default();
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close");
            let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
        }
    });
    url
}

#[test]
fn a_gateway_that_does_not_ask_latchkey_is_an_error() {
    let installation = Installation::new();
    installation.serve().stop();
    let check = |status| {
        let url = gateway(status);
        report(&installation.run(&["doctor", "--json", "--gateway", &url], ""))
    };
    let found = check("200 OK");
    assert_eq!(level(&found, "gateway"), "error");
    assert_eq!(level(&found, "gateway_headers"), "error");
    let text = finding(&found, "gateway_headers")["text"].as_str().expect("text");
    assert!(text.contains("get through to the API"), "{text}");
    assert_eq!(level(&check("401 Unauthorized"), "gateway"), "ok");
}
