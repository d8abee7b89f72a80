//! Emails: their words. A [`Letter`] is sent as plain text and as HTML that say the same, and holds no
//! secret: it is made of names, ids and what pages say anyway. One-time links are in `links`.

mod alerts;
mod links;
mod mail_server;

use askama::Template;

use crate::base::clock::{Timestamp, short_date};
use crate::base::error::{Error, Result};
use crate::base::secret_scan::without_secrets;
use crate::domain::mail::Message;

pub use alerts::AlertLetters;
pub use links::{invitation, password_reset, test};
pub use mail_server::notify;

/// What a message says. Styles stand in attributes of its template, since mail programs drop the rest,
/// and nothing is loaded from anywhere.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "letters/letter.html")]
pub struct Letter {
    /// What it is about, in a line.
    pub heading: String,
    pub paragraphs: Vec<String>,
    /// Facts, each with what it is called.
    pub facts: Vec<(String, String)>,
    /// Where to go on: what the link is called, and its URL.
    pub link: Option<(String, String)>,
}

impl Letter {
    /// A message with both parts, to nobody yet.
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

/// A time, as letters tell it.
fn when(at: Timestamp) -> String {
    format!("{}, {} UTC", short_date(at.date()), at.time_of_day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letter(said: &str) -> Letter {
        Letter {
            heading: "A key was revoked".into(),
            paragraphs: vec![said.into()],
            facts: vec![("Key".into(), "Billing worker".into())],
            link: Some(("Look at the key".into(), "https://keys.example.com/a?b=1&c".into())),
        }
    }

    #[test]
    fn both_parts_say_the_same() {
        let message = letter("Ines revoked it.").message("Revoked").expect("rendered");
        let expected = "A key was revoked\n\nInes revoked it.\n\nKey: Billing worker\n\n\
                        Look at the key: https://keys.example.com/a?b=1&c\n";
        assert_eq!(message.text, expected);
        let html = message.html.expect("a part");
        for part in ["<h1", "Ines revoked it.", "Billing worker", "?b=1&#38;c\"", "Look at the key"]
        {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("<link"));
    }

    proptest! {
        #[test]
        fn no_text_becomes_markup(text in ".*") {
            let [plain, html] = ["", &text].map(|said| letter(said).render().expect("rendered"));
            for mark in ['<', '"'] {
                prop_assert_eq!(html.matches(mark).count(), plain.matches(mark).count());
            }
        }
    }
}
