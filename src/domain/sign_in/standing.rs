//! What a change of a member's standing does to the ways in: sessions end, links stop.

use super::{codes, sessions};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::activity::Author;
use crate::domain::members::{self, Member, MemberId, State, Wanted, invitation, standing};

/// How an edit ended.
#[derive(Clone, Debug)]
pub struct Edited {
    /// The member as it is now.
    pub member: Member,
    /// Whether an invitation's link stopped working with it.
    pub link_stopped: bool,
}

/// Changes what a member may do. Whoever was shown a link for the member when it was less must not
/// come to more by it, so links stop working.
pub fn edit(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    wanted: &Wanted,
    version: i64,
    author: &Author,
) -> Result<Edited> {
    let (member, is_raised) = standing::edit(tx, id, wanted, version, author)?;
    let link_stopped = is_raised && matches!(member.state, State::Invited(_));
    if is_raised {
        codes::end_all_of(tx, id, author.now)?;
    }
    if link_stopped {
        invitation::expire(tx, id, author)?;
    }
    Ok(Edited { member, link_stopped })
}

/// Disables a member: sessions and links end, so that enabling brings none back.
pub fn disable(tx: &mut Transaction<'_>, id: &MemberId, author: &Author) -> Result<Member> {
    let member = members::standing::disable(tx, id, author)?;
    codes::end_all_of(tx, id, author.now)?;
    sessions::end_all_of(tx, id)?;
    Ok(member)
}
