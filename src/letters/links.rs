//! Emails from one person to another: one-time links, and the test message. They are only plain
//! text, as a person would write them.

use crate::base::clock::{Timestamp, long_date};
use crate::domain::mail::Message;

/// An invitation with a link that works until `until`.
pub fn invitation(who: &str, organisation: &str, link: &str, until: Timestamp) -> Message {
    let until = format!("{}, {} UTC", long_date(until.date()), until.time_of_day());
    plain(
        format!("{who} invites you to {organisation}"),
        format!(
            "{who} invites you to look after the API keys of {organisation}. Choose a password \
             here:\n\n{link}\n\nThe link works once, until {until}. If you do not know what this is \
             about, leave it.\n"
        ),
    )
}

/// A request to set a new password, with a link that works for an hour.
pub fn password_reset(who: &str, organisation: &str, link: &str) -> Message {
    plain(
        format!("Set a new password for {organisation}"),
        format!(
            "{who} made a link for you to set a new password for the API keys of \
             {organisation}:\n\n{link}\n\nIt works once, for one hour.\n"
        ),
    )
}

/// A test message, to the person who asked for it.
pub fn test(who: &str, public_url: &str) -> Message {
    plain(
        "Latchkey: test message".into(),
        format!(
            "This is the test message that {who} asked for in Latchkey at {public_url}.\n\n\
             If you can read it, email works.\n"
        ),
    )
}

fn plain(subject: String, text: String) -> Message {
    Message { to: String::new(), subject, text, html: None }
}
