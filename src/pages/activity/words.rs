//! The words for each event: its label, its icon, its colour, and its sentence.
//!
//! The sentence of an event without its own words is made from its name, which contains the kind of
//! item and what happened to it.

use super::sentence::{self, Parts};
use super::{hourly_sentence, key_sentence, sign_in_sentence};
use crate::base::text;
use crate::domain::activity::{Event, RecordedEntry};

/// The words for an event.
pub(super) struct Words {
    pub label: &'static str,
    pub icon: &'static str,
    /// `ev-green`, `ev-red`, or nothing.
    pub class: &'static str,
    sentence_of: fn(&RecordedEntry) -> Parts,
}

/// The words for an event; `None` if they can be made from its name.
#[expect(clippy::too_many_lines, reason = "a table")]
fn known(event: Event) -> Option<Words> {
    Some(match event {
        Event::KeyCreated => {
            words("Key created", "key-round").green().with_sentence(sentence::key_created)
        }
        Event::KeyEdited => words("Key edited", "pencil").with_sentence(sentence::key_edited),
        Event::KeyRotated => {
            words("Key rotated", "refresh-cw").with_sentence(key_sentence::key_rotated)
        }
        Event::SecretStopped => words("Old secret stopped", "ban")
            .with_sentence(|_| Parts::around("Stopped the old secret of ", "")),
        Event::KeySnoozed => words("Key snoozed", "clock").with_sentence(key_sentence::key_snoozed),
        Event::KeyRevoked => words("Key revoked", "ban").with_sentence(key_sentence::key_revoked),
        Event::KeyDisabled => {
            words("Key disabled", "ban").with_sentence(key_sentence::key_disabled)
        }
        Event::KeyEnabled => {
            words("Key enabled", "circle-check").green().with_sentence(key_sentence::key_enabled)
        }
        Event::ScheduleSkipped => {
            words("Kept disabled", "circle-alert").with_sentence(key_sentence::schedule_skipped)
        }
        Event::KeyLeaked => {
            words("Leak reported", "triangle-alert").red().with_sentence(key_sentence::key_leaked)
        }
        Event::LeakNoted => words("Note on a leak", "pencil")
            .with_sentence(|_| Parts::around("Added a note to the leak report of ", "")),
        Event::LeakClosed => words("Leak closed", "check")
            .with_sentence(|_| Parts::around("Closed the leak report of ", "")),
        Event::ReviewStarted => {
            words("Review started", "circle-dashed").with_sentence(sentence::review_started)
        }
        Event::ReviewDecided => {
            words("Review decided", "pencil").with_sentence(sentence::review_decided)
        }
        Event::ReviewFinished => {
            words("Review finished", "check").green().with_sentence(sentence::review_finished)
        }
        Event::ReviewCancelled => {
            words("Review cancelled", "ban").with_sentence(|_| Parts::around("Cancelled the ", ""))
        }
        Event::MasterKeyRotated => words("Master key rotated", "refresh-cw")
            .red()
            .with_sentence(|_| Parts::plain("Replaced the master key by another one")),
        Event::OldPepperEnded => {
            words("Old secrets ended", "ban").with_sentence(sentence::old_pepper_ended)
        }
        Event::DatabaseRestored => words("Database restored", "refresh-cw")
            .red()
            .with_sentence(|_| Parts::plain("Restored a backup of the database")),
        Event::RestoreChecked => words("Restore checked", "check")
            .green()
            .with_sentence(|_| Parts::plain("Compared the keys after a restore")),
        Event::SignedIn => words("Signed in", "log-in").with_sentence(sign_in_sentence::signed_in),
        Event::NewNetwork => words("New network", "circle-alert")
            .with_sentence(|_| Parts::plain("Signed in from a network that is new for them")),
        Event::BreakGlassSignIn => words("Break-glass sign-in", "triangle-alert")
            .red()
            .with_sentence(|_| Parts::plain("Signed in with a password while passwords are off")),
        Event::SignedOut => {
            words("Signed out", "log-out").with_sentence(|_| Parts::plain("Ended the session"))
        }
        Event::SignInFailed => words("Sign-in failed", "circle-alert")
            .red()
            .with_sentence(sign_in_sentence::sign_in_failed),
        Event::SecondStepFailed => words("Wrong code", "circle-alert")
            .red()
            .with_sentence(|_| Parts::around("Entered the password of ", " but a wrong code")),
        Event::TwoStepAppAdded => {
            words("App set up", "shield").green().with_sentence(sign_in_sentence::app_added)
        }
        Event::TwoStepAppRemoved => words("App removed", "ban")
            .red()
            .with_sentence(|_| Parts::plain("Removed their authenticator app")),
        Event::TwoStepCodesMade => words("Recovery codes made", "refresh-cw")
            .with_sentence(|_| Parts::plain("Made new recovery codes")),
        Event::TwoStepCodeUsed => {
            words("Recovery code used", "circle-alert").with_sentence(sign_in_sentence::code_used)
        }
        Event::TwoStepRemovedForMember => words("Two-step removed", "ban")
            .red()
            .with_sentence(|_| Parts::around("Removed the two-step verification of ", "")),
        Event::SignInsFailed => words("Sign-ins failed", "circle-alert")
            .red()
            .with_sentence(hourly_sentence::sign_ins_failed),
        Event::AccessDenied => {
            words("Access denied", "ban").red().with_sentence(hourly_sentence::access_denied)
        }
        Event::SetUp => words("Set up", "settings").with_sentence(sentence::set_up),
        Event::MemberAdded => {
            words("Member added", "user-plus").with_sentence(sentence::member_added)
        }
        Event::PasswordResetStarted => words("Reset link made", "refresh-cw")
            .with_sentence(|_| Parts::around("Made a link for a new password of ", "")),
        Event::PasswordReset => words("Password reset", "refresh-cw")
            .with_sentence(|_| Parts::plain("Set a new password through a link")),
        Event::MemberInvited => {
            words("Member invited", "user-plus").with_sentence(sentence::member_invited)
        }
        Event::InvitationResent => words("Invited again", "user-plus")
            .with_sentence(|_| Parts::around("Made a new invitation link for ", "")),
        Event::InvitationWithdrawn => words("Invitation withdrawn", "ban")
            .with_sentence(|_| Parts::around("Withdrew the invitation of ", "")),
        Event::InvitationAccepted => words("Invitation accepted", "user-plus")
            .green()
            .with_sentence(|_| Parts::plain("Accepted the invitation")),
        Event::MemberEdited => words("Member edited", "pencil"),
        Event::MemberDisabled => words("Member disabled", "ban"),
        Event::MemberContained => {
            words("Member contained", "shield").red().with_sentence(sentence::member_contained)
        }
        Event::MemberEnabled => words("Member enabled", "user-plus"),
        Event::MemberRemoved => words("Member removed", "ban"),
        Event::MemberLinked => words("Account linked", "user-plus")
            .with_sentence(|_| Parts::around("Linked ", " to an account at the provider")),
        Event::MemberUnlinked => words("Account unlinked", "ban").with_sentence(|_| {
            Parts::around("Ended the link of ", " to an account at the provider")
        }),
        Event::MemberPermissionsMapped => words("Permissions mapped", "shield")
            .with_sentence(sign_in_sentence::permissions_mapped),
        Event::MemberNameChanged => words("Name changed", "pencil"),
        Event::PasswordChanged => words("Password changed", "refresh-cw")
            .with_sentence(|_| Parts::plain("Changed their own password")),
        Event::SessionEnded => {
            words("Session ended", "log-out").with_sentence(sign_in_sentence::session_ended)
        }
        Event::OtherSessionsEnded => words("Sessions ended", "log-out")
            .with_sentence(|_| Parts::plain("Ended all their other sessions")),
        Event::PasskeyAdded => {
            words("Passkey added", "key-round").with_sentence(sign_in_sentence::passkey_added)
        }
        Event::PasskeyRenamed => {
            words("Passkey renamed", "pencil").with_sentence(sign_in_sentence::passkey_renamed)
        }
        Event::PasskeyRemoved => {
            words("Passkey removed", "ban").with_sentence(sign_in_sentence::passkey_removed)
        }
        Event::SessionsEndedByProvider => words("Sessions ended", "log-out")
            .with_sentence(|_| Parts::around("The provider ended the sessions of ", "")),
        Event::ScopesImported => {
            words("Scopes imported", "shield").with_sentence(sentence::scopes_imported)
        }
        Event::SettingsChanged => {
            words("Settings changed", "settings").with_sentence(sentence::settings_changed)
        }
        Event::MailChanged => words("Mail server changed", "settings").with_sentence(|entry| {
            match entry.changes().as_slice() {
                [] => Parts::plain("Confirmed the mail server as it is"),
                _ => sentence::settings_changed(entry),
            }
        }),
        Event::SsoChanged => {
            words("Single sign-on changed", "settings").with_sentence(sign_in_sentence::sso_changed)
        }
        Event::SsoEnforced => {
            words("Password sign-in changed", "shield").with_sentence(sentence::settings_changed)
        }
        Event::AlertsChanged => {
            words("Alerts changed", "settings").with_sentence(sentence::settings_changed)
        }
        Event::MailTested => words("Test message", "settings").with_sentence(sentence::mail_tested),
        Event::WebhookSecretReplaced => words("Signing secret replaced", "refresh-cw")
            .with_sentence(|_| Parts::around("Made a new signing secret for the webhook ", "")),
        Event::WebhookTested => words("Webhook tested", "settings")
            .with_sentence(|_| Parts::around("Sent a test message to the webhook ", "")),
        Event::WebhookSentAgain => words("Webhook sent again", "refresh-cw")
            .with_sentence(|_| Parts::around("Sent a message again to the webhook ", "")),
        Event::MailSentAgain => words("Email sent again", "refresh-cw")
            .with_sentence(|_| Parts::around("Sent the email again to ", "")),
        // Their names are sufficient.
        Event::RoleCreated
        | Event::RoleEdited
        | Event::RoleDeleted
        | Event::ScopeAdded
        | Event::ScopeEdited
        | Event::ScopeRemoved
        | Event::WebhookCreated
        | Event::WebhookEdited
        | Event::WebhookDeleted => return None,
    })
}

/// For each kind of event: its name, its label in the filter, and the icon of events without their
/// own words.
const KINDS: [(&str, &str, &str); 16] = [
    ("api_key", "Keys", "key-round"),
    ("leak", "Leaks", "triangle-alert"),
    ("review", "Reviews", "circle-dashed"),
    ("role", "Roles", "shield"),
    ("scope", "Scopes", "shield"),
    ("scopes", "Imports of scopes", "shield"),
    ("member", "Members", "user-plus"),
    ("session", "Sign-ins", "log-in"),
    ("two_step", "Two-step sign-in", "key-round"),
    ("access", "Access", "ban"),
    ("settings", "Settings", "settings"),
    ("sso", "Single sign-on", "shield"),
    ("organisation", "Organisation", "settings"),
    ("database", "Database", "settings"),
    ("webhook", "Webhooks", "settings"),
    ("mail", "Email", "settings"),
];

fn words(label: &'static str, icon: &'static str) -> Words {
    Words { label, icon, class: "", sentence_of: sentence::generic }
}

impl Words {
    fn green(self) -> Self {
        Self { class: "ev-green", ..self }
    }

    fn red(self) -> Self {
        Self { class: "ev-red", ..self }
    }

    fn with_sentence(self, sentence_of: fn(&RecordedEntry) -> Parts) -> Self {
        Self { sentence_of, ..self }
    }
}

/// An event for templates.
pub(super) struct EventView {
    pub label: String,
    pub icon: &'static str,
    pub class: &'static str,
}

/// The view of `event`.
pub(super) fn of(event: &str) -> EventView {
    match Event::parse(event).and_then(known) {
        Some(words) => {
            EventView { label: words.label.into(), icon: words.icon, class: words.class }
        }
        None => EventView { label: label(event), icon: icon(event), class: "" },
    }
}

/// What happened, as a sentence around the name of its subject.
pub(super) fn sentence(entry: &RecordedEntry) -> Parts {
    let known = Event::parse(&entry.event).and_then(known);
    known.map_or(sentence::generic as fn(&RecordedEntry) -> Parts, |words| words.sentence_of)(entry)
}

/// The label of a kind of event in the filter.
pub(super) fn kind_label(kind: &str) -> String {
    let known = KINDS.iter().find(|(name, ..)| *name == kind);
    known.map_or_else(|| label(kind), |(_, label, _)| (*label).to_owned())
}

/// The position of a kind in the filter: known kinds come first, in their order.
pub(super) fn kind_position(kind: &str) -> usize {
    KINDS.iter().position(|(name, ..)| *name == kind).unwrap_or(KINDS.len())
}

/// The label for `role.password_taken` is "Role password taken".
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
    fn unknown_events_are_labelled_by_their_names() {
        let view = of("role.edited");
        assert_eq!((view.label.as_str(), view.icon), ("Role edited", "shield"));
        assert_eq!(of("").label, "");
        let strange = of("\u{202e}<b>.x_y");
        assert_eq!((strange.label.as_str(), strange.icon), ("<b> x y", "info"));
    }
}
