//! The email to a member about a change in how they sign in.

use super::{Letter, when};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::activity::{Actor, Context};
use crate::domain::mail::{self, Message};
use crate::domain::settings;
use crate::domain::sign_in::device;
use crate::domain::sign_in::two_step::{Change, ChangeKind};

/// Queues the email in the transaction of the change.
pub fn two_step_changed(
    tx: &mut Transaction<'_>,
    change: &Change,
    context: &Context,
) -> Result<()> {
    let organisation = settings::get(tx)?.organisation;
    let message = Message {
        to: change.member.email.as_str().into(),
        ..letter(change, &organisation, context).message(&subject(change.kind))?
    };
    let cause = format!("two-step {:?} at {}", change.kind, context.now.millis());
    mail::queue(tx, &message, &cause, context.now)
}

fn subject(kind: ChangeKind) -> String {
    let what = match kind {
        ChangeKind::AppAdded => "an authenticator app was set up",
        ChangeKind::AppReplaced => "your authenticator app was replaced",
        ChangeKind::AppRemoved => "your authenticator app was removed",
        ChangeKind::PasskeyAdded => "a passkey was added",
        ChangeKind::PasskeyRemoved => "a passkey was removed",
        ChangeKind::CodesMade => "new recovery codes were made",
        ChangeKind::CodeUsed { .. } => "a recovery code was used",
        ChangeKind::RemovedForMember => "your two-step verification was removed",
    };
    format!("Latchkey: {what}")
}

fn letter(change: &Change, organisation: &str, context: &Context) -> Letter {
    let heading = match change.kind {
        ChangeKind::AppAdded => "An authenticator app was set up for your account".into(),
        ChangeKind::AppReplaced => "The authenticator app of your account was replaced".into(),
        ChangeKind::AppRemoved => "The authenticator app of your account was removed".into(),
        ChangeKind::PasskeyAdded => "A passkey was added to your account".into(),
        ChangeKind::PasskeyRemoved => "A passkey of your account was removed".into(),
        ChangeKind::CodesMade => "New recovery codes were made for your account".into(),
        ChangeKind::CodeUsed { left } => {
            format!("A recovery code was used. You have {left} left")
        }
        ChangeKind::RemovedForMember => {
            format!("{} removed the two-step verification of your account", context.actor.name())
        }
    };
    let mut facts =
        vec![("Organisation".into(), organisation.to_owned()), ("When".into(), when(context.now))];
    if let Some(address) = context.origin.address {
        facts.push(("From".into(), address.to_string()));
    }
    if let Some(agent) = &context.origin.user_agent {
        facts.push(("Device".into(), device::words(agent)));
    }
    if context.actor == Actor::CommandLine {
        facts.push(("How".into(), "On the command line of the server".into()));
    }
    Letter { heading, paragraphs: vec![advice(change.kind).into()], facts, link: None }
}

fn advice(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::CodeUsed { .. } => {
            "If you lost your phone or passkey, set up a new one in your account settings. If this \
             was not you, change your password and tell a super manager at once: someone has your \
             password and one of your recovery codes."
        }
        ChangeKind::RemovedForMember => {
            "You can sign in with your password alone until you set it up again in your account \
             settings. If you did not ask for this, tell another super manager at once."
        }
        _ => {
            "If this was not you, change your password, end your other sessions in your account \
             settings, and tell a super manager at once."
        }
    }
}
