//! The reports page by page: those that are open first, the newest first.

use super::{Leak, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;

/// How many reports a page shows.
const PAGE: usize = 25;

/// The place behind a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the report is open.
    pub is_open: bool,
    /// When it was reported.
    pub at: Timestamp,
    pub id: String,
}

impl Cursor {
    /// Reads what [`Cursor::text`] wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '~');
        let (state, at, id) = (parts.next()?, parts.next()?, parts.next()?);
        let is_open = match state {
            "open" => true,
            "closed" => false,
            _ => return None,
        };
        let is_id = id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_graphic());
        let at = Timestamp::from_millis(at.parse().ok()?);
        is_id.then(|| Self { is_open, at, id: id.into() })
    }

    /// The text that stands in the page's links.
    pub fn text(&self) -> String {
        let state = if self.is_open { "open" } else { "closed" };
        format!("{state}~{}~{}", self.at.millis(), self.id)
    }

    /// The place behind `leak`.
    pub fn behind(leak: &Leak) -> Self {
        Self {
            is_open: leak.closed_at.is_none(),
            at: leak.reported_at,
            id: leak.id.as_str().to_owned(),
        }
    }
}

/// One page of reports.
#[derive(Clone, Debug)]
pub struct Page {
    pub leaks: Vec<Leak>,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

/// The page behind `cursor`, the first one without.
pub fn list(connection: &mut Connection, cursor: Option<&Cursor>) -> Result<Page> {
    let mut leaks = Vec::new();
    if cursor.is_none_or(|cursor| cursor.is_open) {
        leaks = store::walk(connection, true, cursor, PAGE + 1)?;
    }
    if leaks.len() <= PAGE {
        let cursor = cursor.filter(|cursor| !cursor.is_open);
        let room = PAGE + 1 - leaks.len();
        leaks.extend(store::walk(connection, false, cursor, room)?);
    }
    let has_more = leaks.len() > PAGE;
    leaks.truncate(PAGE);
    let next = leaks.last().filter(|_| has_more).map(Cursor::behind);
    Ok(Page { leaks, next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_nothing_else_is_one(at: i64, is_open: bool, text in ".{0,40}") {
            let at = Timestamp::from_millis(at);
            let cursor = Cursor { is_open, at, id: "leak_0123456789AB".into() };
            prop_assert_eq!(Cursor::parse(&cursor.text()), Some(cursor));
            let read = Cursor::parse(&text).map(|read| Cursor::parse(&read.text()));
            prop_assert!(read.is_none_or(|again| again.is_some()));
        }
    }
}
