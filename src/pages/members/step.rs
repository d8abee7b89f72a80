//! The actions on a member that need confirmation, with the texts of their dialogs.

use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::activity::Context;
use crate::domain::members::{self, Member, MemberId, State};
use crate::domain::sign_in::{access, invitation, reset, two_step};
use crate::letters;

/// An action on a member. In its texts, `NAME` is replaced with the member's name, and `UNTIL` with
/// the end of a new link.
pub(super) struct Step {
    /// The last part of its path.
    pub id: &'static str,
    pub title: &'static str,
    pub warning: &'static str,
    pub more: &'static str,
    pub button: &'static str,
    pub is_danger: bool,
    /// The predicate of the notice afterwards.
    pub done: &'static str,
    /// Whether the action is possible for a member.
    pub fits: fn(&Member) -> bool,
    pub verb: Verb,
}

/// The operation of a step.
pub(super) enum Verb {
    Change(Act<Member>),
    /// Deletes the member.
    Remove(Act<Member>),
    /// Creates the code of a one-time link.
    MakeLink(Act<(Member, String)>),
}

type Act<T> = fn(&mut Transaction<'_>, &MemberId, &Context) -> Result<T>;

const SIGNED_OUT: &str = "NAME is signed out at once and can no longer sign in.";

pub(super) static STEPS: [Step; 7] = [
    Step {
        id: "disable",
        title: "Disable “NAME”?",
        warning: SIGNED_OUT,
        more: "Nothing else changes, and the member can be enabled again.",
        button: "Disable Member",
        is_danger: true,
        done: "disabled",
        fits: Member::is_active,
        verb: Verb::Change(access::disable),
    },
    Step {
        id: "enable",
        title: "Enable “NAME”?",
        warning: "NAME can sign in again.",
        more: "The password and the permissions are those from before.",
        button: "Enable Member",
        is_danger: false,
        done: "enabled",
        fits: |member| matches!(member.state, State::Disabled(_)),
        verb: Verb::Change(members::access::enable),
    },
    Step {
        id: "delete",
        title: "Remove “NAME”?",
        warning: SIGNED_OUT,
        more: "This cannot be undone. API keys that the member created stay, and so does what the \
               activity says of the member.",
        button: "Remove Member",
        is_danger: true,
        done: "removed",
        fits: |member| !matches!(member.state, State::Invited(_)),
        verb: Verb::Remove(members::access::remove),
    },
    Step {
        id: "invite",
        title: "Make a new link for “NAME”?",
        warning: "The link that was handed out before stops working.",
        more: "The new one works once, until UNTIL.",
        button: "Make New Link",
        is_danger: false,
        done: "invited",
        fits: |member| matches!(member.state, State::Invited(_)),
        verb: Verb::MakeLink(invitation::invite_again),
    },
    Step {
        id: "withdraw",
        title: "Withdraw the invitation of “NAME”?",
        warning: "The link that was handed out stops working at once.",
        more: "The same email address can be invited again.",
        button: "Withdraw Invitation",
        is_danger: true,
        done: "is no longer invited",
        fits: |member| matches!(member.state, State::Invited(_)),
        verb: Verb::Remove(members::invitation::withdraw),
    },
    Step {
        id: "reset-password",
        title: "Reset the password of “NAME”?",
        warning: "NAME is signed out at once, and the present password stops working.",
        more: "You get a link to hand over, by which a new password is set. It works once, for one \
               hour.",
        button: "Reset Password",
        is_danger: true,
        done: "has to set a new password",
        fits: Member::is_active,
        verb: Verb::MakeLink(reset::begin_for),
    },
    Step {
        id: "two-step/remove",
        title: "Remove the two-step verification of “NAME”?",
        warning: "NAME is signed out at once, and the password alone signs them in from then on.",
        more: "Do this only if you are sure that it is NAME who asks: call them, or ask in person. \
               They are notified by email, and can set it up again.",
        button: "Remove Two-Step Verification",
        is_danger: true,
        done: "signs in with the password alone",
        fits: |member| member.two_step_since.is_some(),
        verb: Verb::Change(remove_two_step),
    },
];

fn remove_two_step(tx: &mut Transaction<'_>, id: &MemberId, context: &Context) -> Result<Member> {
    let change = two_step::remove_for_member(tx, id, context)?;
    letters::two_step_changed(tx, &change, context)?;
    Ok(change.member)
}
