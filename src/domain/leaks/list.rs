//! The reports in pages: open reports first, newest first.

use super::{Leak, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Cursor, Page, Walk};

/// A page of reports.
pub fn list(connection: &mut Connection, cursor: Option<&Cursor>) -> Result<Page<Leak>> {
    Page::load(
        cursor,
        |walk| walk_open_and_closed(connection, walk),
        |leak| ((leak.closed_at.is_none(), leak.reported_at), leak.id.as_str().to_owned()),
    )
}

/// The rows of a walk through the open reports and then the closed ones, or the other way round.
/// Each state has its own index.
fn walk_open_and_closed(
    connection: &mut Connection,
    walk: &Walk<(bool, Timestamp)>,
) -> Result<Vec<Leak>> {
    let starts_open = walk.from.as_ref().map_or(walk.is_forward, |((is_open, _), _)| *is_open);
    let states = [walk.is_forward, !walk.is_forward];
    let mut leaks = Vec::new();
    for is_open in states.into_iter().skip_while(|is_open| *is_open != starts_open) {
        let mut of_state =
            walk.map(|((kind, at), id)| (*kind == is_open).then(|| (*at, id.clone())));
        of_state.limit -= leaks.len();
        leaks.extend(store::walk(connection, is_open, &of_state)?);
    }
    Ok(leaks)
}
