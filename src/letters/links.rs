//! Letters of one person to another: one-time links, and the test message. Plain text alone, as somebody
//! would write it.

use crate::base::clock::{Timestamp, long_date};
use crate::domain::mail::Message;

/// Invites somebody through a link that works until then.
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

/// Has somebody set a new password through a link that works for an hour.
pub fn password_reset(who: &str, organisation: &str, link: &str) -> Message {
    plain(
        format!("Set a new password for {organisation}"),
        format!(
            "{who} made a link for you to set a new password for the API keys of \
             {organisation}:\n\n{link}\n\nIt works once, for one hour.\n"
        ),
    )
}

/// Shows that email works, to who asked for it.
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
