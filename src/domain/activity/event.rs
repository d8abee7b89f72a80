//! The events that the activity records, and their entries.

use serde::{Deserialize, Serialize};

use crate::base::closed_set::closed_set;

closed_set! {
    /// The events that are recorded, by their names in the database and in exports.
    pub enum Event {
        /// The organisation and its first super manager were set up.
        SetUp = "organisation.set_up",
        /// The master key was replaced by another one.
        MasterKeyRotated = "master_key.rotated",
        /// Secrets from before the last rotation of the master key are no longer accepted.
        OldPepperEnded = "master_key.old_pepper_ended",
        /// A backup of the database was restored.
        DatabaseRestored = "database.restored",
        /// Somebody has checked the keys of a restored database.
        RestoreChecked = "database.restore_checked",
        /// A member signed in.
        SignedIn = "session.signed_in",
        /// A member signed in from a network that is new for them.
        NewNetwork = "session.new_network",
        /// A member signed out.
        SignedOut = "session.signed_out",
        /// A sign-in failed.
        SignInFailed = "session.sign_in_failed",
        /// A wrong code followed a right password.
        SecondStepFailed = "session.second_step_failed",
        /// A break-glass member signed in while passwords were off.
        BreakGlassSignIn = "session.break_glass",
        /// Sign-ins failed, counted over an hour.
        SignInsFailed = "session.sign_ins_failed",
        /// A member repeatedly made requests without the permission for them, counted over an hour.
        AccessDenied = "access.denied",
        /// A member was added.
        MemberAdded = "member.added",
        /// Somebody was invited to become a member.
        MemberInvited = "member.invited",
        /// A new link was made for an invitation; the previous link stopped working.
        InvitationResent = "member.invitation_resent",
        /// An invitation was withdrawn.
        InvitationWithdrawn = "member.invitation_withdrawn",
        /// An invitation was accepted.
        InvitationAccepted = "member.invitation_accepted",
        /// A member's permissions were changed.
        MemberEdited = "member.edited",
        /// A member was disabled.
        MemberDisabled = "member.disabled",
        /// A member who may be compromised was contained: disabled, and their keys listed.
        MemberContained = "member.contained",
        /// A disabled member was enabled.
        MemberEnabled = "member.enabled",
        /// A member was removed.
        MemberRemoved = "member.removed",
        /// A member changed their own name.
        MemberNameChanged = "member.name_changed",
        /// A member was linked to an account at the provider of single sign-on.
        MemberLinked = "member.linked",
        /// The link of a member to an account at the provider was ended.
        MemberUnlinked = "member.unlinked",
        /// The groups of a member at the provider changed their permissions.
        MemberPermissionsMapped = "member.permissions_mapped",
        /// A member changed their own password.
        PasswordChanged = "member.password_changed",
        /// A member ended one of their own sessions.
        SessionEnded = "session.ended",
        /// A member ended all of their own sessions but one.
        OtherSessionsEnded = "session.others_ended",
        /// The provider of single sign-on ended the sessions of a member.
        SessionsEndedByProvider = "session.ended_by_provider",
        /// A member's password was removed, and a link to set a new one was made.
        PasswordResetStarted = "member.password_reset_started",
        /// A member set a new password through a link.
        PasswordReset = "member.password_reset",
        /// A member set up an authenticator app.
        TwoStepAppAdded = "two_step.app_added",
        /// A member removed their authenticator app.
        TwoStepAppRemoved = "two_step.app_removed",
        /// A member made new recovery codes.
        TwoStepCodesMade = "two_step.codes_made",
        /// A recovery code was used.
        TwoStepCodeUsed = "two_step.code_used",
        /// Somebody else removed all second factors of a member.
        TwoStepRemovedForMember = "two_step.removed_for_member",
        /// A member added a passkey.
        PasskeyAdded = "two_step.passkey_added",
        /// A member renamed one of their passkeys.
        PasskeyRenamed = "two_step.passkey_renamed",
        /// A member removed one of their passkeys.
        PasskeyRemoved = "two_step.passkey_removed",
        /// The settings were changed.
        SettingsChanged = "settings.changed",
        /// The mail server was changed.
        MailChanged = "settings.mail_changed",
        /// The choice of alert rules, or when alert emails are sent, was changed.
        AlertsChanged = "settings.alerts_changed",
        /// Single sign-on was changed.
        SsoChanged = "sso.changed",
        /// Passwords were turned off except for break-glass members, or allowed again.
        SsoEnforced = "sso.enforced",
        /// A test email was requested.
        MailTested = "settings.mail_tested",
        /// An API key was created.
        KeyCreated = "api_key.created",
        /// An API key was edited.
        KeyEdited = "api_key.edited",
        /// An API key was given a new secret.
        KeyRotated = "api_key.rotated",
        /// The old secret of an API key was ended before its overlap was due to end.
        SecretStopped = "api_key.secret_stopped",
        /// An API key was revoked.
        KeyRevoked = "api_key.revoked",
        /// An API key was disabled.
        KeyDisabled = "api_key.disabled",
        /// A disabled API key was enabled.
        KeyEnabled = "api_key.enabled",
        /// A disabled API key was not enabled or revoked as scheduled.
        ScheduleSkipped = "api_key.schedule_skipped",
        /// Somebody reviewed why an API key needs attention, and hid it from the list for a while.
        KeySnoozed = "api_key.kept",
        /// A role was created.
        RoleCreated = "role.created",
        /// A role was edited.
        RoleEdited = "role.edited",
        /// A role was deleted.
        RoleDeleted = "role.deleted",
        /// A scope was added.
        ScopeAdded = "scope.added",
        /// A scope's description was edited.
        ScopeEdited = "scope.edited",
        /// A scope was removed.
        ScopeRemoved = "scope.removed",
        /// Scopes were added from an OpenAPI document.
        ScopesImported = "scopes.imported",
        /// A webhook was created.
        WebhookCreated = "webhook.created",
        /// A webhook was edited.
        WebhookEdited = "webhook.edited",
        /// A webhook was deleted.
        WebhookDeleted = "webhook.deleted",
        /// A webhook was given a new signing secret.
        WebhookSecretReplaced = "webhook.secret_replaced",
        /// A test message to a webhook was requested.
        WebhookTested = "webhook.tested",
        /// A message to a webhook was sent again.
        WebhookSentAgain = "webhook.sent_again",
        /// An email message was sent again.
        MailSentAgain = "mail.sent_again",
        /// A secret of an API key was reported as leaked.
        KeyLeaked = "api_key.leaked",
        /// A note was added to the report of a leak.
        LeakNoted = "leak.noted",
        /// The report of a leak was closed.
        LeakClosed = "leak.closed",
        /// A review of all active keys was started.
        ReviewStarted = "review.started",
        /// Decisions on keys of a review were recorded.
        ReviewDecided = "review.decided",
        /// A review was finished.
        ReviewFinished = "review.finished",
        /// A review was cancelled.
        ReviewCancelled = "review.cancelled",
    }
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The kind of subject, for example `api_key`.
    pub kind: &'static str,
    pub id: String,
    /// The subject's name when the event happened.
    pub name: String,
}

/// A changed value, as the interface shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's label, for example "Role".
    pub field: String,
    pub from: String,
    pub to: String,
}

/// An entry that is to be recorded.
#[derive(Clone, Debug)]
pub struct Entry {
    pub event: Event,
    pub subject: Option<Subject>,
    /// Further details as a JSON object. Never contains a secret.
    pub details: serde_json::Value,
}

impl Entry {
    /// An entry about `subject` without details.
    pub fn about(event: Event, subject: Subject) -> Self {
        Self { event, subject: Some(subject), details: serde_json::json!({}) }
    }

    /// The same entry with `details`.
    #[must_use]
    pub fn with(self, details: serde_json::Value) -> Self {
        Self { details, ..self }
    }
}
