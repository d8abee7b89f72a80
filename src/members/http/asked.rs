//! What the dialogs of [`Step`] say.

use super::step::Step;
use super::words::moment;
use crate::clock::{DAY, Timestamp};
use crate::members::Member;
use crate::sign_in::invitation;

pub(super) struct Asked {
    pub title: String,
    /// What matters most.
    pub warning: String,
    pub more: String,
    pub button: &'static str,
    pub is_danger: bool,
    /// What the notice says of the member afterwards.
    pub done: &'static str,
}

impl Asked {
    pub(super) fn of(step: Step, member: &Member, now: Timestamp) -> Self {
        let name = member.name.as_str();
        let signs_out = format!("{name} is signed out at once and can no longer sign in.");
        let asked = |title, warning: String, more: &str, button, is_danger, done| Self {
            title,
            warning,
            more: more.to_owned(),
            button,
            is_danger,
            done,
        };
        match step {
            Step::Disable => asked(
                format!("Disable “{name}”?"),
                signs_out,
                "Nothing else changes, and the member can be enabled again.",
                "Disable Member",
                true,
                "disabled",
            ),
            Step::Enable => asked(
                format!("Enable “{name}”?"),
                format!("{name} can sign in again."),
                "The password and the permissions are those from before.",
                "Enable Member",
                false,
                "enabled",
            ),
            Step::Remove => asked(
                format!("Remove “{name}”?"),
                signs_out,
                "This cannot be undone. API keys that the member created stay, and so does what the \
                 activity says of the member.",
                "Remove Member",
                true,
                "removed",
            ),
            Step::Withdraw => asked(
                format!("Withdraw the invitation of “{name}”?"),
                "The link that was handed out stops working at once.".into(),
                "The same email address can be invited again.",
                "Withdraw Invitation",
                true,
                "is no longer invited",
            ),
            Step::InviteAgain => asked(
                format!("Make a new link for “{name}”?"),
                "The link that was handed out before stops working.".into(),
                &format!(
                    "The new one works once, until {}.",
                    moment(now.plus(invitation::DAYS * DAY))
                ),
                "Make New Link",
                false,
                "invited",
            ),
            Step::ResetPassword => asked(
                format!("Reset the password of “{name}”?"),
                format!("{name} is signed out at once, and the present password stops working."),
                "You get a link to hand over, by which a new password is set. It works once, for one \
                 hour.",
                "Reset Password",
                true,
                "signed out",
            ),
        }
    }
}
