//! A letter, written once and sent as plain text and as HTML that say the same.

use std::fmt::Write as _;

use super::Message;
use crate::base::secret_scan::without_secrets;

/// What a message says. Both parts are made of it; everything is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// What it is about, in a line.
    pub heading: String,
    pub paragraphs: Vec<String>,
    /// Facts, each with what it is called.
    pub facts: Vec<(String, String)>,
    /// Where to go on: what the link is called, and its URL.
    pub link: Option<(String, String)>,
}

impl Message {
    /// A message with both parts.
    pub fn of(to: &str, subject: &str, letter: &Letter) -> Self {
        Self {
            to: to.to_owned(),
            subject: without_secrets(subject).into_owned(),
            text: without_secrets(&letter.text()).into_owned(),
            html: Some(without_secrets(&letter.html()).into_owned()),
        }
    }
}

impl Letter {
    fn text(&self) -> String {
        let mut blocks = vec![self.heading.clone()];
        blocks.extend(self.paragraphs.iter().cloned());
        let facts = self.facts.iter().map(|(name, value)| format!("{name}: {value}"));
        blocks.push(facts.collect::<Vec<_>>().join("\n"));
        blocks.extend(self.link.iter().map(|(label, url)| format!("{label}: {url}")));
        blocks.retain(|block| !block.is_empty());
        blocks.join("\n\n") + "\n"
    }

    /// Styles stand in attributes, since mail programs drop the rest. Nothing is loaded from
    /// anywhere.
    fn html(&self) -> String {
        let heading = escaped(&self.heading);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{heading}</title></head>\n\
             <body style=\"margin:0;padding:24px;background:#f8f8f6;color:#18191c;\
             font:15px/22px system-ui,-apple-system,'Segoe UI',sans-serif\">\n\
             <div style=\"max-width:560px;margin:0 auto;padding:24px;background:#ffffff;\
             border:1px solid #e6e6e2;border-radius:10px\">\n\
             <h1 style=\"margin:0 0 16px;font-size:18px;line-height:26px\">{heading}</h1>\n"
        );
        // Writing to a String cannot fail.
        for paragraph in &self.paragraphs {
            let _ = writeln!(html, "<p style=\"margin:0 0 16px\">{}</p>", escaped(paragraph));
        }
        if !self.facts.is_empty() {
            html.push_str("<table style=\"margin:0 0 16px;border-collapse:collapse\">\n");
            for (name, value) in &self.facts {
                let _ = writeln!(
                    html,
                    "<tr><th style=\"padding:2px 16px 2px 0;text-align:left;vertical-align:top;\
                     font-weight:400;color:#4f5159\">{}</th><td style=\"padding:2px 0\">{}</td></tr>",
                    escaped(name),
                    escaped(value)
                );
            }
            html.push_str("</table>\n");
        }
        if let Some((label, url)) = &self.link {
            let (label, url) = (escaped(label), escaped(url));
            let _ = writeln!(
                html,
                "<p style=\"margin:0\"><a href=\"{url}\" style=\"color:#3145c4\">{label}</a></p>"
            );
        }
        html.push_str("</div></body></html>\n");
        html
    }
}

/// Text as HTML, in elements and in quoted attributes alike.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("<br>\n"),
            c => html.push(c),
        }
    }
    html
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
        let message = Message::of("ines@example.com", "Revoked", &letter("Ines revoked it."));
        let expected = "A key was revoked\n\nInes revoked it.\n\nKey: Billing worker\n\n\
                        Look at the key: https://keys.example.com/a?b=1&c\n";
        assert_eq!(message.text, expected);
        let html = message.html.expect("a part");
        for part in ["<h1", "Ines revoked it.", "Billing worker", "?b=1&amp;c\"", "Look at the key"]
        {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("<link"));
    }

    proptest! {
        #[test]
        fn no_text_becomes_markup(text in ".*") {
            let plain = letter("").html().matches('<').count();
            let html = letter(&text).html();
            let breaks = text.matches('\n').count();
            prop_assert_eq!(html.matches('<').count(), plain + breaks);
            prop_assert_eq!(html.matches('"').count(), letter("").html().matches('"').count());
        }
    }
}
