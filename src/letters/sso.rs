//! The emails to super managers about single sign-on.

use super::{Letter, when};
use crate::base::error::Result;
use crate::domain::activity::RecordedEntry;
use crate::domain::mail::Message;
use crate::domain::members::mail_server::Notification;
use crate::domain::sign_in::device;

/// The messages about a change of single sign-on, one for each recipient.
pub fn changed(notification: &Notification) -> Result<Vec<Message>> {
    let Notification { changes, organisation, who, .. } = notification;
    let or_nothing = |value: &str| if value.is_empty() { "nothing" } else { value }.to_owned();
    let facts = changes.iter().map(|change| {
        let (from, to) = (or_nothing(&change.from), or_nothing(&change.to));
        (change.field.clone(), format!("from {from} to {to}"))
    });
    let letter = Letter {
        heading: format!("{who} changed single sign-on of {organisation}"),
        paragraphs: vec![
            "If you did not expect the change, check it now: the provider decides who is signed \
             in, and groups decide what they may do."
                .into(),
        ],
        facts: facts.collect(),
        link: None,
    };
    addressed(
        letter,
        notification,
        &format!("Latchkey: single sign-on of {organisation} was changed"),
    )
}

/// The message about the sign-in by a break-glass member that `entry` records.
pub(super) fn break_glass(organisation: &str, entry: &RecordedEntry) -> Result<Message> {
    let who = entry.subject_name.as_deref().unwrap_or_default();
    let device = entry.user_agent.as_deref().unwrap_or_default();
    let letter = Letter {
        heading: format!("{who} signed in to {organisation} as a break-glass member"),
        paragraphs: vec![
            "Passwords are turned off, and only break-glass members may still use one, or a passkey. If you do \
             not know why this was needed, ask them now."
                .into(),
        ],
        facts: vec![
            ("When".into(), when(entry.at)),
            ("Device".into(), device::words(device)),
            ("Address".into(), entry.address.clone().unwrap_or_else(|| "unknown".into())),
        ],
        link: None,
    };
    letter.message(&format!("Latchkey: {who} signed in as a break-glass member"))
}

fn addressed(
    mut letter: Letter,
    notification: &Notification,
    subject: &str,
) -> Result<Vec<Message>> {
    letter.facts.push(("When".into(), when(notification.at)));
    let message = letter.message(subject)?;
    let to = notification.recipients.iter();
    Ok(to.map(|to| Message { to: to.as_str().into(), ..message.clone() }).collect())
}
