//! Who must have a second factor, and from when on.

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{Actor, Context};
use crate::domain::members::{self, Member, MemberId};
use crate::domain::settings::{self, Draft, Settings, TwoStep};

/// What the settings require of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// No second factor, or the member has one.
    Met,
    /// A second factor from then on.
    From(Timestamp),
    /// A second factor, before the member can do anything else.
    Missing,
}

impl Requirement {
    pub fn of(member: &Member, settings: &Settings, now: Timestamp) -> Self {
        if member.two_step_since.is_some() || !applies(member, settings) {
            return Self::Met;
        }
        match settings.two_step_from {
            Some(from) if from > now => Self::From(from),
            _ => Self::Missing,
        }
    }
}

/// Whether the settings require a second factor of the member, now or later.
fn applies(member: &Member, settings: &Settings) -> bool {
    match settings.two_step {
        TwoStep::Optional => false,
        TwoStep::SuperManagers => member.super_manager,
        TwoStep::Everyone => true,
    }
}

/// Changes the settings. Who requires a second factor of others must have one.
///
/// # Errors
/// Those of [`settings::change`].
pub fn change_settings(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    version: i64,
    context: &Context,
) -> Result<()> {
    let may_require = match &context.actor {
        Actor::Member { id, .. } => {
            let member = members::find(tx, &MemberId::stored(id.clone()))?;
            member.is_some_and(|member| member.two_step_since.is_some())
        }
        Actor::CommandLine | Actor::Anonymous | Actor::System => true,
    };
    settings::change(tx, draft, version, may_require, context)
}

/// Denies the removal of the last second factor of a member who must have one.
pub(super) fn check_removable(
    connection: &mut Connection,
    member: &Member,
    now: Timestamp,
) -> Result<()> {
    let settings = settings::get(connection)?;
    let without = Member { two_step_since: None, ..member.clone() };
    match Requirement::of(&without, &settings, now) {
        Requirement::Missing => {
            let message = "Your organisation requires two-step verification. Add another app or passkey first";
            Err(Error::invalid("", message))
        }
        Requirement::Met | Requirement::From(_) => Ok(()),
    }
}
