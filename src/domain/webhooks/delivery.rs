//! A message on its way to one endpoint: where it stands, its attempts, and lists of them.

use super::{DeliveryId, EndpointId, MessageId, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::db::keyset::{Cursor, Page};

/// How many attempts of a delivery are shown: the newest.
const ATTEMPTS: i64 = 50;

/// A message on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint_id: EndpointId,
    pub message_id: MessageId,
    /// The type of the event that it tells of.
    pub event: String,
    /// When it came about.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    pub status: Status,
    /// What became of the last attempt, in words.
    pub last_result: String,
}

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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub number: i64,
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration: i64,
    /// The status of the answer, if there was one.
    pub status: Option<i32>,
    /// Why it failed; empty when it did not.
    pub error: String,
    /// The start of the answer, without what cannot be seen.
    pub answer: String,
}

/// A delivery with all there is to know of it.
#[derive(Clone, Debug)]
pub struct Details {
    pub delivery: Delivery,
    pub body: String,
    /// The attempts, newest first.
    pub attempts: Vec<Attempt>,
}

/// A page of an endpoint's deliveries, newest first: all, or those that were given up.
pub fn list(
    connection: &mut Connection,
    endpoint: &EndpointId,
    only_failed: bool,
    cursor: Option<&Cursor>,
) -> Result<Page<Delivery>> {
    let walk = |walk: &_| store::deliveries(connection, endpoint, only_failed, walk);
    Page::load(cursor, walk, |delivery| (delivery.created_at, delivery.id.as_str().to_owned()))
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
