//! Requests that were refused, as pages show them: one by one, and those of a kind together.

pub use super::store::Denied;
use super::{Outcome, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::KeyId;

/// How many a page shows.
const PAGE: usize = 25;
/// How many of a key are looked at to put those of a kind together: all that are kept.
const LOOKED_AT: i64 = 500;

/// What is refused for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    pub latest: Denied,
    /// When the first one was, of those that were kept.
    pub first: Timestamp,
    /// How many there were.
    pub count: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    #[default]
    Everybody,
    /// Those that bore a secret of that key.
    Key(KeyId),
    /// Those that bore no genuine secret.
    Strangers,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub whose: Whose,
    /// For which reason; for any without.
    pub reason: Option<Outcome>,
    /// From this instant on.
    pub since: Timestamp,
}

/// A place between two denials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page lies after the place, where they are older, or before it.
    pub is_after: bool,
    /// When the one beside the place was refused.
    pub at: Timestamp,
    /// The id of that one.
    pub request_id: String,
}

/// One page of denials.
#[derive(Clone, Debug)]
pub struct Page {
    /// The denials, newest first.
    pub denials: Vec<Denied>,
    /// Whether there are newer ones.
    pub has_before: bool,
    /// Whether there are older ones.
    pub has_after: bool,
}

/// The refused request with this id, if it was kept.
pub fn find(connection: &mut Connection, request_id: &str) -> Result<Option<Denied>> {
    store::denial(connection, request_id)
}

/// A page of denials.
pub fn list(connection: &mut Connection, filter: &Filter, cursor: Option<&Cursor>) -> Result<Page> {
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut denials = store::denials(connection, filter, cursor, limit)?;
    let has_more = denials.len() > PAGE;
    denials.truncate(PAGE);
    let is_after = cursor.is_none_or(|cursor| cursor.is_after);
    if !is_after {
        denials.reverse();
    }
    let has_before = if is_after { cursor.is_some() } else { has_more };
    let has_after = if is_after { has_more } else { true };
    Ok(Page { denials, has_before, has_after })
}

/// What was refused of a key since `since`: those with the same reason together, the kind with the
/// latest first.
pub fn alike(connection: &mut Connection, key_id: &KeyId, since: Timestamp) -> Result<Vec<Alike>> {
    Ok(together(kept(connection, key_id, since)?))
}

/// What is kept of a key's refused requests since `since`, the latest first.
pub(super) fn kept(
    connection: &mut Connection,
    key_id: &KeyId,
    since: Timestamp,
) -> Result<Vec<Denied>> {
    let filter = Filter { whose: Whose::Key(*key_id), reason: None, since };
    store::denials(connection, &filter, None, LOOKED_AT)
}

/// Those with the same reason together, the kind with the latest first.
pub(super) fn together(denials: Vec<Denied>) -> Vec<Alike> {
    let mut kinds: Vec<Alike> = Vec::new();
    for denied in denials {
        let known = kinds.iter_mut().find(|kind| {
            kind.latest.reason == denied.reason && kind.latest.detail == denied.detail
        });
        match known {
            Some(kind) => {
                kind.count += denied.count;
                kind.first = denied.at;
            }
            None => {
                kinds.push(Alike { first: denied.at, count: denied.count, latest: denied });
            }
        }
    }
    kinds
}

/// The keys with at least `often` refusals since the day of `since`, or with any that bore a secret
/// which no longer works; at most `limit`.
pub fn refused_keys(
    connection: &mut Connection,
    since: Timestamp,
    often: i64,
    limit: i64,
) -> Result<Vec<KeyId>> {
    store::refused_keys(connection, since, often, limit)
}

impl Cursor {
    /// Reads what [`Cursor::text`] wrote; `None` for anything else.
    pub fn parse(text: &str, is_after: bool) -> Option<Self> {
        let (at, request_id) = text.split_once('~')?;
        let is_id = request_id.len() <= 40 && request_id.bytes().all(|b| b.is_ascii_graphic());
        let at = Timestamp::from_millis(at.parse().ok()?);
        is_id.then(|| Self { is_after, at, request_id: request_id.into() })
    }

    /// The text that stands in the page's links.
    pub fn text(&self) -> String {
        format!("{}~{}", self.at.millis(), self.request_id)
    }

    /// The place beside a denial.
    pub fn beside(denied: &Denied, is_after: bool) -> Self {
        Self { is_after, at: denied.at, request_id: denied.request_id.clone() }
    }
}
