//! The texts of emails. A [`Letter`] is sent as plain text and as HTML with the same content. It
//! contains no secrets, only names, ids and text that pages show as well. Emails with one-time links
//! are in `links`.

mod alerts;
mod links;
mod mail_server;
mod sign_in;
pub mod sso;
mod two_step;

use askama::Template;

use crate::base::clock::{Timestamp, short_date};
use crate::base::error::{Error, Result};
use crate::base::secret_scan::without_secrets;
use crate::domain::mail::Message;

pub use alerts::AlertLetters;
pub use links::{invitation, password_reset, test};
pub use mail_server::notify;
pub use two_step::two_step_changed;

/// The content of a message. Its template has styles in attributes, because mail programs drop other
/// styles, and loads nothing external.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "letters/letter.html")]
pub struct Letter {
    /// The subject in one line.
    pub heading: String,
    pub paragraphs: Vec<String>,
    /// Facts, each with a label.
    pub facts: Vec<(String, String)>,
    /// The label of a link, and its URL.
    pub link: Option<(String, String)>,
}

impl Letter {
    /// A message with both parts, without a recipient yet.
    pub fn message(&self, subject: &str) -> Result<Message> {
        let html = self.render().map_err(Error::internal)?;
        Ok(Message {
            to: String::new(),
            subject: without_secrets(subject).into_owned(),
            text: without_secrets(&self.text()).into_owned(),
            html: Some(without_secrets(&html).into_owned()),
        })
    }

    fn text(&self) -> String {
        let mut blocks = vec![self.heading.clone()];
        blocks.extend(self.paragraphs.iter().cloned());
        let facts = self.facts.iter().map(|(name, value)| format!("{name}: {value}"));
        blocks.push(facts.collect::<Vec<_>>().join("\n"));
        blocks.extend(self.link.iter().map(|(label, url)| format!("{label}: {url}")));
        blocks.retain(|block| !block.is_empty());
        blocks.join("\n\n") + "\n"
    }
}

/// A time in the format of emails.
fn when(at: Timestamp) -> String {
    format!("{}, {} UTC", short_date(at.date()), at.time_of_day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letter(paragraph: &str) -> Letter {
        Letter {
            heading: "A key was revoked".into(),
            paragraphs: vec![paragraph.into()],
            facts: vec![("Key".into(), "Billing worker".into())],
            link: Some(("Look at the key".into(), "https://keys.example.com/a?b=1&c".into())),
        }
    }

    #[test]
    fn both_parts_have_the_same_content() {
        let message = letter("Ines revoked it.").message("Revoked").expect("rendered");
        let expected = "A key was revoked\n\nInes revoked it.\n\nKey: Billing worker\n\n\
                        Look at the key: https://keys.example.com/a?b=1&c\n";
        assert_eq!(message.text, expected);
        let html = message.html.expect("an HTML part");
        for part in ["<h1", "Ines revoked it.", "Billing worker", "?b=1&#38;c\"", "Look at the key"]
        {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("<link"));
    }

    proptest! {
        #[test]
        fn text_is_always_escaped(text in ".*") {
            let [plain, html] = ["", &text].map(|paragraph| letter(paragraph).render().expect("rendered"));
            for mark in ['<', '"'] {
                prop_assert_eq!(html.matches(mark).count(), plain.matches(mark).count());
            }
        }
    }
}
