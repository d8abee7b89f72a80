//! How members can prove who they are, and the proof of those who can only at the provider.

use crate::base::clock::{MINUTE, Timestamp};
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::{Member, ways_in};
use crate::domain::sign_in::{known, own_sessions, sessions, store};

/// How long a confirmation by the provider counts for one form where each action must be confirmed.
const ONE_FORM: i64 = 2 * MINUTE;

/// How a member can prove who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    pub password: bool,
    /// Whether a code is needed as well.
    pub code: bool,
    /// The URL of the provider, for members who have nothing else.
    pub provider: Option<String>,
}

impl Proofs {
    /// How the member can prove who they are now.
    pub fn of(connection: &mut Connection, member: &Member) -> Result<Self> {
        let ways = ways_in::of(connection, &member.id)?;
        let (password, code) = (ways.password, member.two_step_since.is_some());
        Ok(Self { password, code, provider: ways.provider.filter(|_| !password && !code) })
    }
}

/// Whether the provider confirmed at `at` who the member is, for a form that has not been sent since.
pub fn holds_for_one_form(at: Timestamp, now: Timestamp) -> bool {
    (0..ONE_FORM).contains(&now.since(at))
}

/// Notes that the provider has confirmed who uses the member's session.
pub fn confirm_elsewhere(
    tx: &mut Transaction<'_>,
    (member, session): (&Member, &str),
    context: &Context,
) -> Result<()> {
    let found = own_sessions::find(tx, &member.id, session, context.now)?;
    let found = found.ok_or_else(|| Error::Forbidden("the session has ended".into()))?;
    let network = known::network(context).to_string();
    store::confirm_session(tx, &found.id_hash, &network, context.now)?;
    let at = context.now.millis();
    sessions::put(tx, &member.id, session, sessions::CONFIRMED_BY_PROVIDER_AT, &at, context.now)
}

/// Uses up a confirmation by the provider that counts for one form.
pub fn use_up(
    tx: &mut Transaction<'_>,
    (member, session): (&Member, &str),
    context: &Context,
) -> Result<()> {
    sessions::put(tx, &member.id, session, sessions::CONFIRMED_BY_PROVIDER_AT, &0, context.now)
}
