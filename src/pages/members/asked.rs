//! What the dialogs of [`Step`] say.

use super::step::Step;
use super::words::moment;
use crate::base::clock::{DAY, Timestamp};
use crate::domain::members::Member;
use crate::domain::sign_in::invitation;

pub(super) struct Asked {
    pub title: String,
    pub warning: String,
    pub more: String,
    pub button: &'static str,
    pub is_danger: bool,
    /// What the notice says of the member afterwards.
    pub done: &'static str,
}

/// The same, where `NAME` stands for the member and `UNTIL` for the end of a new link.
struct Words {
    title: &'static str,
    warning: &'static str,
    more: &'static str,
    button: &'static str,
    is_danger: bool,
    done: &'static str,
}

const DISABLE: Words = Words {
    title: "Disable “NAME”?",
    warning: "NAME is signed out at once and can no longer sign in.",
    more: "Nothing else changes, and the member can be enabled again.",
    button: "Disable Member",
    is_danger: true,
    done: "disabled",
};

const ENABLE: Words = Words {
    title: "Enable “NAME”?",
    warning: "NAME can sign in again.",
    more: "The password and the permissions are those from before.",
    button: "Enable Member",
    is_danger: false,
    done: "enabled",
};

const REMOVE: Words = Words {
    title: "Remove “NAME”?",
    warning: DISABLE.warning,
    more: "This cannot be undone. API keys that the member created stay, and so does what the \
           activity says of the member.",
    button: "Remove Member",
    is_danger: true,
    done: "removed",
};

const WITHDRAW: Words = Words {
    title: "Withdraw the invitation of “NAME”?",
    warning: "The link that was handed out stops working at once.",
    more: "The same email address can be invited again.",
    button: "Withdraw Invitation",
    is_danger: true,
    done: "is no longer invited",
};

const INVITE_AGAIN: Words = Words {
    title: "Make a new link for “NAME”?",
    warning: "The link that was handed out before stops working.",
    more: "The new one works once, until UNTIL.",
    button: "Make New Link",
    is_danger: false,
    done: "invited",
};

const RESET_PASSWORD: Words = Words {
    title: "Reset the password of “NAME”?",
    warning: "NAME is signed out at once, and the present password stops working.",
    more: "You get a link to hand over, by which a new password is set. It works once, for one \
           hour.",
    button: "Reset Password",
    is_danger: true,
    done: "has to set a new password",
};

impl Asked {
    pub(super) fn of(step: Step, member: &Member, now: Timestamp) -> Self {
        let words = match step {
            Step::Disable => DISABLE,
            Step::Enable => ENABLE,
            Step::Remove => REMOVE,
            Step::Withdraw => WITHDRAW,
            Step::InviteAgain => INVITE_AGAIN,
            Step::ResetPassword => RESET_PASSWORD,
        };
        let named = |text: &str| text.replace("NAME", member.name.as_str());
        Self {
            title: named(words.title),
            warning: named(words.warning),
            more: words.more.replace("UNTIL", &moment(now.plus(invitation::DAYS * DAY))),
            button: words.button,
            is_danger: words.is_danger,
            done: words.done,
        }
    }
}
