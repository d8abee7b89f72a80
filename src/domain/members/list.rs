//! Pages of members, ordered by name.

use std::collections::BTreeSet;

use super::{Member, MemberId, store};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;
use crate::db::keyset::{Cursor, Page, Walk};

/// For how many days a member must not have signed in to be listed as not seen.
pub const NOT_SEEN_DAYS: i64 = 90;

/// The active members who have not signed in for [`NOT_SEEN_DAYS`].
pub fn not_seen(connection: &mut Connection, now: Timestamp) -> Result<BTreeSet<MemberId>> {
    Ok(store::not_seen(connection, now.plus(-NOT_SEEN_DAYS * DAY))?.into_iter().collect())
}

/// How many members there are.
pub fn count(connection: &mut Connection) -> Result<usize> {
    Ok(store::names(connection)?.len())
}

/// A page of the members whose name or email address contains `search`, only those in `among` if it
/// is given. The database cannot sort
/// names the way readers expect, so this reads all names, and full rows only for the members on the
/// page.
pub fn page(
    connection: &mut Connection,
    search: &str,
    among: Option<&BTreeSet<MemberId>>,
    cursor: Option<&Cursor>,
) -> Result<Page<Member>> {
    let part = text::fold(search);
    let contains_search = |text: &str| text::fold(text).contains(&part);
    let mut all = store::names(connection)?;
    all.retain(|(_, name, email)| contains_search(name) || contains_search(email));
    all.retain(|(id, ..)| among.is_none_or(|among| among.contains(id)));
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let walk = |walk: &Walk<_>| {
        let picked = walk.pick(all, true, |(id, name, _)| position(id, name));
        let ids: Vec<MemberId> = picked.into_iter().map(|(id, ..)| id).collect();
        let mut members = store::by_ids(connection, &ids)?;
        if !walk.is_forward {
            members.reverse();
        }
        Ok(members)
    };
    Ok(Page::load(cursor, walk, |member| position(&member.id, member.name.as_str()))?.of(total))
}

fn position(id: &MemberId, name: &str) -> (String, String) {
    (text::sort_key(name), id.as_str().to_owned())
}
