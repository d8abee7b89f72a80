//! A message on its way to one endpoint: where it stands, its attempts, and lists of them.

use super::{Attempt, Delivery, DeliveryId, EndpointId, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Connection;

/// How many a page shows.
const PAGE: usize = 25;
/// How many attempts of a delivery are shown: the newest.
const ATTEMPTS: i64 = 50;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is sent for the first time as soon as possible.
    Queued,
    /// It failed and is tried again at that time.
    Retrying(Timestamp),
    Delivered(Timestamp),
    /// It was given up.
    Failed(Timestamp),
}

/// A delivery with all there is to know of it.
#[derive(Clone, Debug)]
pub struct Details {
    pub delivery: Delivery,
    pub body: String,
    /// The attempts, newest first.
    pub attempts: Vec<Attempt>,
}

/// A place between two deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page lies after the place, where they are older, or before it.
    pub is_after: bool,
    /// When the one beside the place came about.
    pub at: Timestamp,
    /// The id of that one.
    pub id: DeliveryId,
}

/// One page of deliveries.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The deliveries, newest first.
    pub deliveries: Vec<Delivery>,
    /// Whether there are newer ones.
    pub has_before: bool,
    /// Whether there are older ones.
    pub has_after: bool,
}

/// A page of an endpoint's deliveries: all, or those that were given up.
pub fn list(
    connection: &mut Connection,
    endpoint: &EndpointId,
    only_failed: bool,
    cursor: Option<&Cursor>,
) -> Result<Page> {
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut deliveries = store::deliveries(connection, endpoint, only_failed, cursor, limit)?;
    let has_more = deliveries.len() > PAGE;
    deliveries.truncate(PAGE);
    let is_after = cursor.is_none_or(|cursor| cursor.is_after);
    if !is_after {
        deliveries.reverse();
    }
    let has_before = if is_after { cursor.is_some() } else { has_more };
    let has_after = if is_after { has_more } else { true };
    Ok(Page { deliveries, has_before, has_after })
}

/// A delivery of that endpoint.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn details(
    connection: &mut Connection,
    endpoint: &EndpointId,
    id: &DeliveryId,
) -> Result<Details> {
    let found = store::delivery(connection, id)?;
    let (delivery, body) =
        found.filter(|(found, _)| found.endpoint_id == *endpoint).ok_or(Error::NotFound)?;
    let attempts = store::attempts(connection, id, ATTEMPTS)?;
    Ok(Details { delivery, body, attempts })
}

impl Delivery {
    pub fn status(&self) -> Status {
        match (self.next_attempt_at, self.delivered_at, self.given_up_at) {
            (Some(_), ..) if self.tries == 0 => Status::Queued,
            (Some(next), ..) => Status::Retrying(next),
            (None, Some(then), _) => Status::Delivered(then),
            (None, None, then) => Status::Failed(then.unwrap_or(self.created_at)),
        }
    }
}

impl Cursor {
    /// Reads what [`Cursor::text`] wrote; `None` for anything else.
    pub fn parse(text: &str, is_after: bool) -> Option<Self> {
        let (at, id) = text.split_once('~')?;
        let at = Timestamp::from_millis(at.parse().ok()?);
        Some(Self { is_after, at, id: DeliveryId::parse(id)? })
    }

    /// The text that stands in the page's links.
    pub fn text(&self) -> String {
        format!("{}~{}", self.at.millis(), self.id.as_str())
    }

    /// The place beside a delivery.
    pub fn beside(delivery: &Delivery, is_after: bool) -> Self {
        Self { is_after, at: delivery.created_at, id: delivery.id.clone() }
    }
}
