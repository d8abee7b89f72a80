//! The program itself, killed at the worst moment.

use std::time::{Duration, Instant};

use crate::support::receiver::{Manner, Receiver};
use crate::support::{Client, Shell};

#[test]
fn what_a_process_could_not_tell_before_it_was_killed_is_told_by_the_next() {
    let (shell, receiver) = (Shell::new(), Receiver::start(Manner::Answers(204, "")));
    let made = shell.run(&["demo", "--keys", "8", "--days", "1"]);
    let output = String::from_utf8(made.stdout).expect("text");
    let password = output.lines().find_map(|line| line.strip_prefix("Password:"));
    let password = password.and_then(|rest| rest.split_whitespace().next()).expect("a password");
    let options = ["--webhook-networks", "127.0.0.0/8"];
    let (server, url) = shell.serve_with(&options);
    let manager = Client::new(&url);
    let email = "ines@meridianfreight.example";
    let page = manager.submit("/sign-in", &[("email", email), ("password", password)]);
    assert_eq!(page.status, 303, "{}", page.body);
    let fields = [("url", receiver.url.as_str()), ("events", "api_key.revoked")];
    assert_eq!(manager.submit_from("/webhooks/new", "/webhooks", &fields).status, 200);
    let id = manager.key_named("Billing worker");
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    // SIGKILL.
    drop(server);
    let (_server, _) = shell.serve_with(&options);
    let patience = Instant::now() + Duration::from_mins(1);
    let mut told = Vec::new();
    while told.is_empty() && Instant::now() < patience {
        told.extend(receiver.messages());
        std::thread::yield_now();
    }
    assert!(!told.is_empty(), "nobody was told");
    // Once, or twice under the same id.
    assert!(
        told.iter().all(|message| message.headers["webhook-id"] == told[0].headers["webhook-id"])
    );
    assert!(told[0].body.contains(&id) && told[0].body.contains("api_key.revoked"));
}
