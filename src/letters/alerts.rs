//! What emails say. Never a secret: they are made of names, ids and what pages say anyway.

use super::Alert;
use crate::base::clock::{Timestamp, short_date};
use crate::domain::mail::Letter;

/// How many alerts a message tells of one by one.
const TOLD: usize = 50;

/// Alerts that opened, or got more urgent.
pub(super) fn opened(alerts: &[&Alert], organisation: &str, url: &str) -> (String, Letter) {
    let subject = match alerts {
        [alert] => alert.title.clone(),
        alerts => format!("{} alerts", alerts.len()),
    };
    let cut = match alerts.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" These are {TOLD} of them; the page shows the other {more}."),
    };
    let letter = Letter {
        heading: subject.clone(),
        paragraphs: vec![format!("Latchkey of {organisation} found this out.{cut}")],
        facts: alerts.iter().take(TOLD).map(|alert| fact(alert)).collect(),
        link: Some(("See all alerts".into(), format!("{url}/alerts"))),
    };
    (format!("Latchkey: {subject}"), letter)
}

/// What is open, and what closed, once a day.
pub(super) fn digest(
    open: &[Alert],
    closed: &[Alert],
    organisation: &str,
    url: &str,
) -> (String, Letter) {
    let count = |alerts: &[Alert], what: &str| match alerts.len() {
        0 => format!("No alert {what}"),
        1 => format!("1 alert {what}"),
        count => format!("{count} alerts {what}"),
    };
    let heading = format!("{} at {organisation}", count(open, "open"));
    let facts = open.iter().map(fact).chain(closed.iter().map(|alert| {
        (alert.title.clone(), format!("Closed {}.", alert.closed_at.map(when).unwrap_or_default()))
    }));
    let letter = Letter {
        heading,
        paragraphs: vec![format!("{} in the last 24 hours.", count(closed, "closed"))],
        facts: facts.collect(),
        link: Some(("See all alerts".into(), format!("{url}/alerts"))),
    };
    (format!("Latchkey: {}", count(open, "open").to_lowercase()), letter)
}

/// A key that was reported as leaked.
pub(super) fn leaked(
    name: &str,
    key_id: &str,
    actor: &str,
    at: Timestamp,
    link: &str,
) -> (String, Letter) {
    let heading = format!("A leak of “{name}” was reported");
    let letter = Letter {
        heading: heading.clone(),
        paragraphs: vec![
            "Look at what the key did, and make sure that its application gets a new secret key."
                .into(),
        ],
        facts: vec![
            ("Key ID".into(), key_id.into()),
            ("Reported by".into(), actor.into()),
            ("When".into(), when(at)),
        ],
        link: Some(("See the report".into(), link.into())),
    };
    (format!("Latchkey: {heading}"), letter)
}

fn fact(alert: &Alert) -> (String, String) {
    (alert.title.clone(), format!("{} Since {}.", alert.detail, when(alert.since)))
}

fn when(at: Timestamp) -> String {
    format!("{}, {} UTC", short_date(at.date()), at.time_of_day())
}
