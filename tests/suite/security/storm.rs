//! Floods of sign-in attempts by unknown clients must not keep members out.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use latchkey::base::clock::MINUTE;
use latchkey::domain::members::Permission;

use crate::support::{App, Client, PASSWORD, Page};

const INES: &str = "ines@meridianfreight.example";
const NOOR: &str = "noor@meridianfreight.example";

fn sign_in(client: &Client, email: &str) -> Page {
    client.submit("/sign-in", &[("email", email), ("password", PASSWORD)])
}

/// Sends attempts from one network, each as soon as the last is answered, until the storm ends.
fn storm(app: &App, number: usize, is_finished: &AtomicBool, busy: &AtomicUsize) {
    let client = app.anonymous().calling_from(&format!("192.0.2.{number}"));
    let token = client.get("/sign-in").form_token();
    let mut attempt = number;
    while !is_finished.load(Ordering::SeqCst) {
        attempt += 1;
        let unknown = format!("stranger{attempt}@example.com");
        let email = [INES, NOOR, &unknown][attempt % 3];
        let fields = [("email", email), ("password", "wrong"), ("form_token", &token)];
        let status = client.post("/sign-in", &fields).status;
        assert!(matches!(status, 422 | 429 | 503), "{status}");
        busy.fetch_add(usize::from(status == 503), Ordering::SeqCst);
    }
}

#[test]
fn a_storm_of_sign_ins_from_48_networks_does_not_keep_known_clients_out() {
    const OFFICE: &str = "203.0.113.50";
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    app.member(NOOR, true, &Permission::ALL);
    let known = app.signed_in(INES).cookie("latchkey-browser").expect("a cookie");
    assert_eq!(sign_in(&app.anonymous().calling_from(OFFICE), NOOR).status, 303);
    let (is_finished, busy) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failures = std::thread::scope(|scope| {
        for number in 1..=48 {
            let (app, is_finished, busy) = (&app, &is_finished, &busy);
            scope.spawn(move || storm(app, number, is_finished, busy));
        }
        let mut failures = Vec::new();
        for round in 0..5 {
            // After a minute the unknown clients may try again, and fill their queue again.
            app.advance(MINUTE);
            let (before, began) = (busy.load(Ordering::SeqCst), Instant::now());
            while busy.load(Ordering::SeqCst) < before + 48 {
                if began.elapsed() > Duration::from_mins(1) {
                    failures.push("the storm does not fill the queue".to_owned());
                    break;
                }
                std::thread::yield_now();
            }
            let browser = app.anonymous();
            browser.set_cookie("latchkey-browser", &known);
            let office = app.anonymous().calling_from(OFFICE);
            for (client, email, who) in [(browser, INES, "browser"), (office, NOOR, "network")] {
                let status = sign_in(&client, email).status;
                if status != 303 {
                    failures.push(format!("round {round}: the known {who} got {status}"));
                }
            }
        }
        is_finished.store(true, Ordering::SeqCst);
        failures
    });
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn a_member_with_a_session_or_a_valid_link_can_set_a_password_during_a_storm() {
    let app = App::set_up();
    let member = app.member(INES, true, &Permission::ALL);
    app.member(NOOR, true, &Permission::ALL);
    let noor = app.signed_in(NOOR);
    let code = app
        .write(|tx, context| latchkey::domain::sign_in::reset::begin(tx, &member.email, context))
        .1;
    let visitor = app.anonymous();
    visitor.get("/sign-in");
    let tokens = [noor.get("/account").form_token(), app.token(&visitor, "/reset-password")];
    let (is_finished, busy) = (AtomicBool::new(false), AtomicUsize::new(0));
    let statuses = std::thread::scope(|scope| {
        for number in 1..=24 {
            let (app, is_finished, busy) = (&app, &is_finished, &busy);
            scope.spawn(move || storm(app, number, is_finished, busy));
        }
        let began = Instant::now();
        while busy.load(Ordering::SeqCst) < 24 && began.elapsed() < Duration::from_mins(1) {
            std::thread::yield_now();
        }
        let new = "lantern orbit cabbage velvet";
        let fields = [("code", code.as_str()), ("password", new), ("form_token", &tokens[1])];
        let reset = visitor.post("/reset-password", &fields).status;
        let fields =
            [("current_password", PASSWORD), ("password", new), ("form_token", &tokens[0])];
        let changed = noor.post("/account/password", &fields).status;
        is_finished.store(true, Ordering::SeqCst);
        [reset, changed]
    });
    assert!(busy.into_inner() >= 24, "the storm fills the queue");
    assert_eq!(statuses, [303, 303]);
}

#[test]
fn requests_that_another_site_makes_a_browser_send_do_not_count_as_attempts() {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let office = "203.0.113.50";
    let victim = app.anonymous().calling_from(office);
    for _ in 0..8 {
        for path in ["/invitation?code=x", "/reset-password?code=x", "/set-up?code=x"] {
            assert_eq!(victim.get(path).status, 404, "{path}");
        }
    }
    // A form from another site is denied before it counts as an attempt.
    for path in ["/sign-in", "/invitation", "/reset-password", "/set-up"] {
        for _ in 0..6 {
            let request = victim.request(path).header("sec-fetch-site", "cross-site");
            assert_eq!(victim.send(request.body("email=x&code=x&password=x")).status, 403);
        }
    }
    for n in 0..20 {
        let client = app.anonymous().calling_from(office);
        let email = format!("x{n}@example.com");
        let page = client.submit("/sign-in", &[("email", &email), ("password", "x")]);
        assert_eq!(page.status, 422, "attempt {n}");
    }
    let after = app.anonymous().calling_from(office);
    assert_eq!(
        sign_in(&after, INES).status,
        429,
        "the attempts above are all that the network has"
    );
}

#[test]
fn a_password_is_checked_and_hashed_only_after_the_attempt_is_counted() {
    let app = App::new();
    let code = app.set_up_code();
    let visitor = app.anonymous();
    let token = visitor.get("/set-up").form_token();
    let set_up = |client: &Client, token: &str, code: &str, password: &str| {
        let fields = [
            ("form_token", token),
            ("code", code),
            ("organisation", "Meridian Freight"),
            ("resources", "orders"),
            ("name", "Ines Okafor"),
            ("email", INES),
            ("password", password),
        ];
        client.post("/set-up", &fields)
    };
    for n in 0..20 {
        assert_eq!(set_up(&visitor, &token, "", "aaaaaaaaaaaa").status, 422, "{n}");
    }
    let page = set_up(&visitor, &token, "", "aaaaaaaaaaaa");
    assert_eq!(page.status, 429, "the weak password is not checked: {}", page.body);
    // No password is hashed for a wrong code.
    let other = app.anonymous();
    let token = other.get("/set-up").form_token();
    assert_eq!(set_up(&other, &token, "0000000000000000000000", PASSWORD).status, 422);
    assert_eq!(app.sign_in_service.hasher.done(), 0);
    for email in ["a@[127.0.0.1]", "a@[IPv6:::1]", "a@127.1"] {
        let fields = [
            ("form_token", token.as_str()),
            ("code", &code),
            ("organisation", "Meridian Freight"),
            ("resources", "orders"),
            ("name", "Ines Okafor"),
            ("email", email),
            ("password", PASSWORD),
        ];
        let page = other.post("/set-up", &fields);
        let message = page.error_of("email");
        assert_eq!(page.status, 422);
        assert!(message.starts_with("Enter an email address"), "{email}: {message}");
    }
    assert_eq!(set_up(&other, &token, &code, PASSWORD).status, 303);
}
