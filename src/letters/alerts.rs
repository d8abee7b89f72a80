//! The emails about alerts and leaks.

use super::{Letter, sign_in, sso, when};
use crate::base::error::Result;
use crate::domain::activity::RecordedEntry;
use crate::domain::alerts::{Alert, Letters};
use crate::domain::mail::Message;

/// How many alerts a message lists.
const LISTED: usize = 50;

/// The email texts of a site.
pub struct AlertLetters {
    /// The public URL of the site.
    pub public_url: String,
}

impl Letters for AlertLetters {
    fn opened(&self, alerts: &[&Alert], organisation: &str) -> Result<Message> {
        let subject = match alerts {
            [alert] => alert.title.clone(),
            alerts => format!("{} alerts", alerts.len()),
        };
        let cut = match alerts.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" These are {LISTED} of them; the page shows the other {more}."),
        };
        let letter = Letter {
            heading: subject.clone(),
            paragraphs: vec![format!("Latchkey of {organisation} found this out.{cut}")],
            facts: alerts.iter().take(LISTED).map(|alert| fact(alert)).collect(),
            link: Some(self.all_alerts()),
        };
        letter.message(&format!("Latchkey: {subject}"))
    }

    fn digest(&self, open: &[Alert], closed: &[Alert], organisation: &str) -> Result<Message> {
        let count = |alerts: &[Alert], what: &str| match alerts.len() {
            0 => format!("No alert {what}"),
            1 => format!("1 alert {what}"),
            count => format!("{count} alerts {what}"),
        };
        let facts = open.iter().map(fact).chain(closed.iter().map(|alert| {
            let closed = alert.closed_at.map(when).unwrap_or_default();
            (alert.title.clone(), format!("Closed {closed}."))
        }));
        let letter = Letter {
            heading: format!("{} at {organisation}", count(open, "open")),
            paragraphs: vec![format!("{} in the last 24 hours.", count(closed, "closed"))],
            facts: facts.collect(),
            link: Some(self.all_alerts()),
        };
        letter.message(&format!("Latchkey: {}", count(open, "open").to_lowercase()))
    }

    fn leaked(&self, key_id: &str, entry: &RecordedEntry) -> Result<Message> {
        let url = &self.public_url;
        let link = match entry.details().get("leak").and_then(|leak| leak.as_str()) {
            Some(leak) => format!("{url}/leaks/{leak}"),
            None => format!("{url}/api-keys/{key_id}"),
        };
        let name = entry.subject_name.as_deref().unwrap_or_default();
        let heading = format!("A leak of “{name}” was reported");
        let letter = Letter {
            heading: heading.clone(),
            paragraphs: vec![
                "Look at what the key did, and make sure that its application gets a new secret key."
                    .into(),
            ],
            facts: vec![
                ("Key ID".into(), key_id.into()),
                ("Reported by".into(), entry.actor_name.clone()),
                ("When".into(), when(entry.at)),
            ],
            link: Some(("See the report".into(), link)),
        };
        letter.message(&format!("Latchkey: {heading}"))
    }

    fn new_network(&self, organisation: &str, entry: &RecordedEntry) -> Result<Message> {
        sign_in::new_network(&self.public_url, organisation, entry)
    }

    fn break_glass(&self, organisation: &str, entry: &RecordedEntry) -> Result<Message> {
        sso::break_glass(organisation, entry)
    }
}

impl AlertLetters {
    fn all_alerts(&self) -> (String, String) {
        ("See all alerts".into(), format!("{}/alerts", self.public_url))
    }
}

fn fact(alert: &Alert) -> (String, String) {
    (alert.title.clone(), format!("{} Since {}.", alert.detail, when(alert.since)))
}
