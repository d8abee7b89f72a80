//! What the pages call each event: its label, its icon, its colour, and how its sentence is made.
//!
//! An event that has no line here is told from its name, which says the kind of thing and what
//! became of it.

use super::hourly_sentence;
use super::sentence::{self, Parts};
use crate::base::text;
use crate::domain::activity::Recorded;

/// What the pages call an event.
pub(super) struct Words {
    event: &'static str,
    pub label: &'static str,
    pub icon: &'static str,
    /// `ev-green`, `ev-red`, or nothing.
    pub class: &'static str,
    says: fn(&Recorded) -> Parts,
}

const EVENTS: &[Words] = &[
    words("api_key.created", "Key created", "key-round").green().saying(sentence::key_created),
    words("api_key.edited", "Key edited", "pencil").saying(sentence::key_edited),
    words("api_key.rotated", "Key rotated", "refresh-cw").saying(sentence::key_rotated),
    words("api_key.secret_stopped", "Old secret stopped", "ban")
        .saying(|_| Parts::around("Stopped the old secret of ", "")),
    words("api_key.kept", "Key kept", "circle-check").saying(sentence::key_kept),
    words("api_key.revoked", "Key revoked", "ban").saying(sentence::key_revoked),
    words("api_key.leaked", "Leak reported", "triangle-alert").red().saying(sentence::key_leaked),
    words("leak.noted", "Note on a leak", "pencil")
        .saying(|_| Parts::around("Added a note to the leak report of ", "")),
    words("leak.closed", "Leak closed", "check")
        .saying(|_| Parts::around("Closed the leak report of ", "")),
    words("review.started", "Review started", "circle-dashed").saying(sentence::review_started),
    words("review.decided", "Review decided", "pencil").saying(sentence::review_decided),
    words("review.finished", "Review finished", "check").green().saying(sentence::review_finished),
    words("review.cancelled", "Review cancelled", "ban")
        .saying(|_| Parts::around("Cancelled the ", "")),
    words("session.signed_in", "Signed in", "log-in").saying(|_| Parts::plain("With password")),
    words("session.signed_out", "Signed out", "log-out")
        .saying(|_| Parts::plain("Ended the session")),
    words("session.sign_in_failed", "Sign-in failed", "circle-alert")
        .red()
        .saying(sentence::sign_in_failed),
    words("session.sign_ins_failed", "Sign-ins failed", "circle-alert")
        .red()
        .saying(hourly_sentence::sign_ins_failed),
    words("access.denied", "Access denied", "ban").red().saying(hourly_sentence::access_denied),
    words("organisation.set_up", "Set up", "settings").saying(sentence::set_up),
    words("member.added", "Member added", "user-plus").saying(sentence::member_added),
    words("member.password_reset_started", "Reset link made", "refresh-cw")
        .saying(|_| Parts::around("Made a link for a new password of ", "")),
    words("member.password_reset", "Password reset", "refresh-cw")
        .saying(|_| Parts::plain("Set a new password through a link")),
    words("member.invited", "Member invited", "user-plus").saying(sentence::member_invited),
    words("member.invitation_resent", "Invited again", "user-plus")
        .saying(|_| Parts::around("Made a new invitation link for ", "")),
    words("member.invitation_withdrawn", "Invitation withdrawn", "ban")
        .saying(|_| Parts::around("Withdrew the invitation of ", "")),
    words("member.invitation_accepted", "Invitation accepted", "user-plus")
        .green()
        .saying(|_| Parts::plain("Accepted the invitation")),
    words("member.edited", "Member edited", "pencil"),
    words("member.disabled", "Member disabled", "ban"),
    words("member.enabled", "Member enabled", "user-plus"),
    words("member.removed", "Member removed", "ban"),
    words("member.name_changed", "Name changed", "pencil"),
    words("member.password_changed", "Password changed", "refresh-cw")
        .saying(|_| Parts::plain("Changed their own password")),
    words("session.ended", "Session ended", "log-out")
        .saying(|_| Parts::plain("Ended another session of their own")),
    words("session.others_ended", "Sessions ended", "log-out")
        .saying(|_| Parts::plain("Ended all their other sessions")),
    words("scopes.imported", "Scopes imported", "shield").saying(sentence::scopes_imported),
    words("settings.changed", "Settings changed", "settings").saying(sentence::settings_changed),
    words("settings.mail_changed", "Mail server changed", "settings").saying(|entry| {
        match entry.changes().as_slice() {
            [] => Parts::plain("Confirmed the mail server as it is"),
            _ => sentence::settings_changed(entry),
        }
    }),
    words("settings.alerts_changed", "Alerts changed", "settings")
        .saying(sentence::settings_changed),
    words("settings.mail_tested", "Test message", "settings").saying(sentence::mail_tested),
    words("webhook.secret_replaced", "Signing secret replaced", "refresh-cw")
        .saying(|_| Parts::around("Made a new signing secret for the webhook ", "")),
    words("webhook.tested", "Webhook tested", "settings")
        .saying(|_| Parts::around("Sent a test message to the webhook ", "")),
    words("webhook.sent_again", "Webhook sent again", "refresh-cw")
        .saying(|_| Parts::around("Sent a message again to the webhook ", "")),
    words("mail.sent_again", "Email sent again", "refresh-cw")
        .saying(|_| Parts::around("Sent the email again to ", "")),
];

/// What the filter calls each kind of events, the icon of those without a line of their own.
const KINDS: [(&str, &str, &str); 13] = [
    ("api_key", "Keys", "key-round"),
    ("leak", "Leaks", "triangle-alert"),
    ("review", "Reviews", "circle-dashed"),
    ("role", "Roles", "shield"),
    ("scope", "Scopes", "shield"),
    ("scopes", "Imports of scopes", "shield"),
    ("member", "Members", "user-plus"),
    ("session", "Sign-ins", "log-in"),
    ("access", "Access", "ban"),
    ("settings", "Settings", "settings"),
    ("organisation", "Organisation", "settings"),
    ("webhook", "Webhooks", "settings"),
    ("mail", "Email", "settings"),
];

const fn words(event: &'static str, label: &'static str, icon: &'static str) -> Words {
    Words { event, label, icon, class: "", says: sentence::generic }
}

impl Words {
    const fn green(self) -> Self {
        Self { class: "ev-green", ..self }
    }

    const fn red(self) -> Self {
        Self { class: "ev-red", ..self }
    }

    const fn saying(self, says: fn(&Recorded) -> Parts) -> Self {
        Self { says, ..self }
    }
}

/// An event as templates draw it.
pub(super) struct EventView {
    pub label: String,
    pub icon: &'static str,
    pub class: &'static str,
}

/// What `event` is called.
pub(super) fn of(event: &str) -> EventView {
    match EVENTS.iter().find(|words| words.event == event) {
        Some(words) => {
            EventView { label: words.label.into(), icon: words.icon, class: words.class }
        }
        None => EventView { label: label(event), icon: icon(event), class: "" },
    }
}

/// What happened, in words around the name of what it happened to.
pub(super) fn say(entry: &Recorded) -> Parts {
    let known = EVENTS.iter().find(|words| words.event == entry.event);
    known.map_or(sentence::generic as fn(&Recorded) -> Parts, |words| words.says)(entry)
}

/// What the filter calls the kind of an event.
pub(super) fn kind_label(kind: &str) -> String {
    let known = KINDS.iter().find(|(name, ..)| *name == kind);
    known.map_or_else(|| label(kind), |(_, label, _)| (*label).to_owned())
}

/// Where a kind stands in the filter: known ones first, in their order.
pub(super) fn kind_position(kind: &str) -> usize {
    KINDS.iter().position(|(name, ..)| *name == kind).unwrap_or(KINDS.len())
}

/// `role.password_taken` is called "Role password taken".
fn label(event: &str) -> String {
    sentence::capital(&text::visible(event, 60).replace(['.', '_'], " "))
}

fn icon(event: &str) -> &'static str {
    let kind = event.split('.').next().unwrap_or_default();
    KINDS.iter().find(|(name, ..)| *name == kind).map_or("info", |(.., icon)| *icon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_events_are_called_by_their_names() {
        let view = of("role.edited");
        assert_eq!((view.label.as_str(), view.icon), ("Role edited", "shield"));
        assert_eq!(of("").label, "");
        let strange = of("\u{202e}<b>.x_y");
        assert_eq!((strange.label.as_str(), strange.icon), ("<b> x y", "info"));
    }

    #[test]
    fn no_event_has_two_lines() {
        for (n, words) in EVENTS.iter().enumerate() {
            assert!(!EVENTS[n + 1..].iter().any(|other| other.event == words.event));
        }
    }
}
