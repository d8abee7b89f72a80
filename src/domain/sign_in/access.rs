//! Ends sessions and links when a member's role, permissions or state change.

use super::{codes, sessions, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::mapped::{self, Applied};
use crate::domain::members::{
    self, Access, Member, MemberId, RequestedAccess, State, access, invitation,
};

/// The result of an edit.
#[derive(Clone, Debug)]
pub struct EditResult {
    /// The member after the edit.
    pub member: Member,
    /// Whether the edit ended the link of an invitation.
    pub link_stopped: bool,
}

/// Changes a member's role and permissions. If the member gains permissions, their links end,
/// because somebody may have seen a link while the member had fewer permissions.
pub fn edit(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    requested: &RequestedAccess,
    version: i64,
    context: &Context,
) -> Result<EditResult> {
    let (member, is_raised) = access::edit(tx, id, requested, version, context)?;
    let link_stopped = is_raised && matches!(member.state, State::Invited(_));
    if is_raised {
        codes::end_all_of(tx, id, context.now)?;
    }
    if link_stopped {
        invitation::expire(tx, id, context)?;
    }
    Ok(EditResult { member, link_stopped })
}

/// Gives the member the access that follows from their groups at the provider of single sign-on. As
/// with [`edit`], their links end if they gain permissions.
pub fn apply_groups(
    tx: &mut Transaction<'_>,
    member: &Member,
    after: Access,
    groups: &[String],
    context: &Context,
) -> Result<(Member, Applied)> {
    let (member, applied) = mapped::apply(tx, member, after, groups, context)?;
    if applied == (Applied::Changed { is_raised: true }) {
        codes::end_all_of(tx, &member.id, context.now)?;
    }
    Ok((member, applied))
}

/// Disables a member and ends their sessions and links, so that enabling the member does not restore
/// them.
pub fn disable(tx: &mut Transaction<'_>, id: &MemberId, context: &Context) -> Result<Member> {
    let member = members::access::disable(tx, id, context)?;
    codes::end_all_of(tx, id, context.now)?;
    sessions::end_all_of(tx, id)?;
    Ok(member)
}

/// How many sessions and one-time links of a member disabling them would end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAccess {
    pub sessions: usize,
    pub links: i64,
}

/// The sessions and one-time links of a member that work now.
pub fn open_access(
    connection: &mut Connection,
    id: &MemberId,
    now: Timestamp,
) -> Result<OpenAccess> {
    let sessions = store::times_of_live_sessions(connection, id, now)?.len();
    Ok(OpenAccess { sessions, links: store::count_live_codes_of(connection, id, now)? })
}
