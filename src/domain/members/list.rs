//! The members page by page, in the order of their names.

use super::{Member, MemberId, store};
use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;
use crate::db::keyset::{Cursor, Page, Walk};

/// A page of the members whose name or email address holds `search`. No column sorts names as readers
/// do, so that the names of all are read; the rest only of those on the page.
pub fn page(
    connection: &mut Connection,
    search: &str,
    cursor: Option<&Cursor>,
) -> Result<Page<Member>> {
    let part = text::fold(search);
    let holds = |text: &str| text::fold(text).contains(&part);
    let mut all = store::names(connection)?;
    all.retain(|(_, name, email)| holds(name) || holds(email));
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let walk = |walk: &Walk<_>| {
        let picked = walk.pick(all, true, |(id, name, _)| place(id, name));
        let ids: Vec<MemberId> = picked.into_iter().map(|(id, ..)| id).collect();
        let mut members = store::by_ids(connection, &ids)?;
        if !walk.is_forward {
            members.reverse();
        }
        Ok(members)
    };
    Ok(Page::load(cursor, walk, |member| place(&member.id, member.name.as_str()))?.of(total))
}

fn place(id: &MemberId, name: &str) -> (String, String) {
    (text::sort_key(name), id.as_str().to_owned())
}
