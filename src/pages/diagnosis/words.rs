//! Explanations of a cause: a heading, what happened, what to do, and where. Pure.

use super::{flaw, inactive, missing};
use crate::base::clock::{Timestamp, long_date};
use crate::domain::diagnosis::{Cause, CurrentKey, Retry};
use crate::domain::members::{Permission, Permissions};
use crate::pages::Viewer;

const MISSING: &str = "The request had no secret key. Send it in the Authorization header: “Bearer”, \
    a space and the secret key. If the client does so, look for a proxy that takes the header away.";
const MALFORMED: &str = "What the request sent is not a secret key: it is cut off, mistyped, or a Key \
    ID. Paste it into the box to see what is wrong with it.";
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
pub(super) struct Explanation {
    pub title: String,
    /// Paragraphs of one or two sentences.
    pub text: Vec<String>,
    pub links: Vec<Link>,
}

impl Explanation {
    pub fn new(title: impl Into<String>, text: &[&str]) -> Self {
        let text = text.iter().map(ToString::to_string).collect();
        Self { title: title.into(), text, links: Vec::new() }
    }

    pub fn add_text(&mut self, text: impl Into<String>) {
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
    retry: Retry,
    key: Option<&CurrentKey>,
    facts: &Facts<'_>,
) -> Explanation {
    let mut explanation = match (cause, key) {
        (Cause::MissingKey, _) => Explanation::new("No API key", &[MISSING]),
        (Cause::Malformed(Some(malformed)), _) => {
            let (title, what, advice) = flaw::words(*malformed, 0);
            Explanation::new(title, &[&what, advice])
        }
        (Cause::Malformed(None), _) => Explanation::new("Not a secret key", &[MALFORMED]),
        (Cause::Unknown(start), _) => unknown(start.as_deref(), facts),
        (Cause::Scopes(missing), Some(key)) => missing::scopes(missing, &key.details, facts),
        (Cause::Address(address), Some(key)) => {
            missing::whitelist(address.as_deref(), retry, key, facts)
        }
        (Cause::Environment, Some(key)) => inactive::environment(&key.details.key),
        (Cause::Revoked, Some(key)) => inactive::revoked(key, facts),
        (Cause::Disabled, Some(key)) => inactive::disabled(key, facts),
        (Cause::Expired, Some(key)) => inactive::expired(&key.details.key, facts),
        (Cause::Superseded, _) => Explanation::new("Secret key was replaced", &[REPLACED]),
        (_, None) => Explanation::new("The key is gone", &["No further details are available."]),
    };
    match retry {
        Retry::Passes => explanation.add_text("Send the request again."),
        Retry::Inactive(outcome) => explanation.add_text(inactive::since(outcome)),
        Retry::SameResult => {}
    }
    explanation
}

/// Explains a secret key that does not exist and starts with `start`.
pub(super) fn unknown(start: Option<&str>, facts: &Facts<'_>) -> Explanation {
    let mut explanation = Explanation::new(
        "Secret key does not match",
        &["No secret key like this exists here, though it is well formed."],
    );
    let prefix = start.and_then(|start| start.split('_').next()).unwrap_or(facts.prefix);
    explanation.add_text(if prefix == facts.prefix {
        "It may belong to another Latchkey, such as the one for staging, or may have been lost when a \
         backup was restored. Find out where it was created, or create a key here."
            .to_owned()
    } else {
        format!(
            "It begins with {prefix}_, while keys that are created here begin with {}_. It was made \
             for another organisation or installation.",
            facts.prefix
        )
    });
    explanation.link(facts, Permission::CreateKeys, "/api-keys/new", "Create a key");
    explanation
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
