//! Deliveries: a message to one endpoint, with its status and attempts, and lists of deliveries.

use super::{Attempt, Delivery, DeliveryId, EndpointId, store};
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::db::keyset::{Cursor, Page};
pub use crate::db::outbox::Status;

/// How many attempts of a delivery are displayed; the newest ones.
const ATTEMPTS: i64 = 50;

/// A delivery with its message and attempts.
#[derive(Clone, Debug)]
pub struct Details {
    pub delivery: Delivery,
    pub body: String,
    /// The attempts, newest first.
    pub attempts: Vec<Attempt>,
}

/// A page of an endpoint's deliveries, newest first: all, or only those that have failed
/// permanently.
pub fn list(
    connection: &mut Connection,
    endpoint: &EndpointId,
    only_failed: bool,
    cursor: Option<&Cursor>,
) -> Result<Page<Delivery>> {
    let walk = |walk: &_| store::deliveries(connection, endpoint, only_failed, walk);
    Page::load(cursor, walk, |delivery| (delivery.created_at, delivery.id.as_str().to_owned()))
}

/// A delivery of this endpoint.
///
/// # Errors
/// [`Error::NotFound`] when it does not exist.
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
        Status::read(self.tries, self.next_attempt_at, self.delivered_at, self.given_up_at)
    }
}
