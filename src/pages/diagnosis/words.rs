//! Explanations of a cause: a heading, what happened, what to do, and where. Pure.

use super::{ends, flaw, lacks};
use crate::base::clock::{Timestamp, long_date};
use crate::domain::diagnosis::{Cause, KeyNow, Retry};
use crate::domain::members::{Permission, Permissions};
use crate::pages::Viewer;

const MISSING: &str = "The request bore no secret key. Send it in the Authorization header: “Bearer”, \
    a space and the secret key. If the client does so, look for a proxy that takes the header away.";
const MALFORMED: &str = "What the request bore is no secret key: cut off, mistyped, or a Key ID. Paste \
    it into the box to learn what is wrong with it.";
const REPLACED: &str = "The key was rotated, and this old secret key no longer works. Give the \
    application the key’s new secret key.";

/// The facts about the reader and the organisation that explanations need.
pub(super) struct Facts<'a> {
    /// The reader's permissions; links are shown only to members who may use them.
    pub may: Permissions,
    /// The prefix of new secret keys.
    pub prefix: &'a str,
    /// How many days denied requests are kept.
    pub kept: i32,
    pub now: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub href: String,
    pub label: String,
}

/// An explanation of a cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Explained {
    pub title: String,
    /// Paragraphs of one or two sentences.
    pub text: Vec<String>,
    pub links: Vec<Link>,
}

impl Explained {
    pub fn new(title: impl Into<String>, text: &[&str]) -> Self {
        let text = text.iter().map(ToString::to_string).collect();
        Self { title: title.into(), text, links: Vec::new() }
    }

    pub fn say(&mut self, text: impl Into<String>) {
        self.text.push(text.into());
    }

    pub fn link(
        &mut self,
        facts: &Facts<'_>,
        needs: Permission,
        href: impl Into<String>,
        label: impl Into<String>,
    ) {
        let link = Link { href: href.into(), label: label.into() };
        if facts.may.contains(needs) && !self.links.contains(&link) {
            self.links.push(link);
        }
    }
}

/// Explains a cause. `key` is the key that the request's secret belongs to.
pub(super) fn explain(
    cause: &Cause,
    again: Retry,
    key: Option<&KeyNow>,
    facts: &Facts<'_>,
) -> Explained {
    let mut explained = match (cause, key) {
        (Cause::MissingKey, _) => Explained::new("No API key", &[MISSING]),
        (Cause::Malformed(Some(malformed)), _) => {
            let (title, what, advice) = flaw::words(*malformed, 0);
            Explained::new(title, &[&what, advice])
        }
        (Cause::Malformed(None), _) => Explained::new("Not a secret key", &[MALFORMED]),
        (Cause::Unknown(start), _) => unknown(start.as_deref(), facts),
        (Cause::Scopes(missing), Some(key)) => lacks::scopes(missing, &key.details, facts),
        (Cause::Address(address), Some(key)) => {
            lacks::whitelist(address.as_deref(), again, key, facts)
        }
        (Cause::Environment, Some(key)) => ends::environment(&key.details.key),
        (Cause::Revoked, Some(key)) => ends::revoked(key, facts),
        (Cause::Expired, Some(key)) => ends::expired(&key.details.key, facts),
        (Cause::Superseded, _) => Explained::new("Secret key was replaced", &[REPLACED]),
        (_, None) => Explained::new("The key is gone", &["Nothing more is known of it."]),
    };
    match again {
        Retry::Passes => explained.say("Send the request again."),
        Retry::Dead(outcome) => explained.say(ends::since(outcome)),
        Retry::SameResult => {}
    }
    explained
}

/// Explains a secret key that does not exist and starts with `start`.
pub(super) fn unknown(start: Option<&str>, facts: &Facts<'_>) -> Explained {
    let mut explained = Explained::new(
        "Secret key does not match",
        &["No secret key like this exists here, though it is well formed."],
    );
    let prefix = start.and_then(|start| start.split('_').next()).unwrap_or(facts.prefix);
    explained.say(if prefix == facts.prefix {
        "It may belong to another Latchkey, such as the one for staging, or have gone when a backup \
         was restored. Find out where it was created, or create a key here."
            .to_owned()
    } else {
        format!(
            "It begins with {prefix}_, while keys that are created here begin with {}_. It was made \
             for another organisation or installation.",
            facts.prefix
        )
    });
    explained.link(facts, Permission::CreateKeys, "/api-keys/new", "Create a key");
    explained
}

/// `23 November 2026, 12:00 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{}, {} UTC", long_date(at.date()), at.time_of_day())
}

impl<'a> Facts<'a> {
    pub fn new(viewer: &'a Viewer) -> Self {
        let may =
            Permission::ALL.into_iter().filter(|permission| viewer.may(*permission)).collect();
        let settings = &viewer.settings;
        Self { may, prefix: &settings.secret_prefix, kept: settings.denials_days, now: viewer.now }
    }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
