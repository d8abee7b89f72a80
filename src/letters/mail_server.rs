//! The email to super managers when the mail server is changed.

use super::{Letter, when};
use crate::base::error::Result;
use crate::domain::mail::{self, Connector, Message};
use crate::domain::members::mail_server::Notification;

/// Sends the notification to as many recipients as the previous server accepts within five seconds.
pub async fn notify(notification: &Notification, connector: &Connector) {
    let message = match message(notification) {
        Ok(message) => message,
        Err(error) => return tracing::error!(%error, "nobody was notified of the mail server"),
    };
    let to = notification.recipients.iter();
    let messages: Vec<_> =
        to.map(|to| Message { to: to.as_str().into(), ..message.clone() }).collect();
    mail::send_in_time(&notification.through, connector, &messages).await;
}

fn message(notification: &Notification) -> Result<Message> {
    let Notification { changes, organisation, who, at, .. } = notification;
    let or_nothing = |value: &str| if value.is_empty() { "nothing" } else { value }.to_owned();
    let facts = changes.iter().map(|change| {
        let (from, to) = (or_nothing(&change.from), or_nothing(&change.to));
        (change.field.clone(), format!("from {from} to {to}"))
    });
    let letter = Letter {
        heading: format!("{who} changed the mail server of {organisation}"),
        paragraphs: vec![
            "This message came through the mail server that was used before. If you did not expect \
             the change, check it now: invitations and links that set passwords are mailed through \
             that server."
                .into(),
        ],
        facts: facts.chain([("When".into(), when(*at))]).collect(),
        link: None,
    };
    letter.message(&format!("Latchkey: the mail server of {organisation} was changed"))
}
