//! Messages are not lost when the process is killed.

use std::time::{Duration, Instant};

use crate::support::receiver::{Mode, Receiver};
use crate::support::{Client, Shell};

#[test]
fn messages_that_a_killed_process_did_not_send_are_sent_by_the_next_one() {
    let (shell, receiver) = (Shell::new(), Receiver::start(Mode::Answers(204, "")));
    let demo = shell.run(&["demo", "--keys", "8", "--days", "1"]);
    let output = String::from_utf8(demo.stdout).expect("text");
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
    // Dropping the server sends SIGKILL.
    drop(server);
    let (_server, _) = shell.serve_with(&options);
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut messages = Vec::new();
    while messages.is_empty() && Instant::now() < deadline {
        messages.extend(receiver.messages());
        std::thread::yield_now();
    }
    assert!(!messages.is_empty(), "no message was sent");
    // The message may be sent twice, but then with the same ID.
    assert!(
        messages
            .iter()
            .all(|message| message.headers["webhook-id"] == messages[0].headers["webhook-id"])
    );
    assert!(messages[0].body.contains(&id) && messages[0].body.contains("api_key.revoked"));
}
