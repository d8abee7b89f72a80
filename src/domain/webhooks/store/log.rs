//! The SQL of the delivery log.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::{webhook_attempts, webhook_deliveries, webhook_messages};
use crate::domain::webhooks::{DeliveryId, EndpointId, MessageId};

/// A message on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint_id: EndpointId,
    pub message_id: MessageId,
    /// The type of the event that it tells of.
    #[diesel(select_expression = webhook_messages::event)]
    #[diesel(select_expression_type = webhook_messages::event)]
    pub event: String,
    /// When it came about.
    pub created_at: Timestamp,
    /// How often it was tried since somebody last asked for that.
    pub tries: i64,
    /// How often it was tried.
    pub attempts: i64,
    pub next_attempt_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub given_up_at: Option<Timestamp>,
    /// What became of the last attempt, in words.
    pub last_result: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_attempts)]
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

/// An endpoint's deliveries, newest first.
pub(in crate::domain::webhooks) fn deliveries(
    connection: &mut Connection,
    endpoint: &EndpointId,
    only_failed: bool,
    walk: &Walk<Timestamp>,
) -> Result<Vec<Delivery>> {
    let mut query = webhook_deliveries::table
        .inner_join(webhook_messages::table)
        .filter(webhook_deliveries::endpoint_id.eq(endpoint))
        .select(Delivery::as_select())
        .into_boxed();
    if only_failed {
        query = query.filter(webhook_deliveries::given_up_at.is_not_null());
    }
    let (at, id) = (webhook_deliveries::created_at, webhook_deliveries::id);
    Ok(keyset!(query, walk, desc(at, id)).load(connection)?)
}

/// A delivery and what it sends.
pub(in crate::domain::webhooks) fn delivery(
    connection: &mut Connection,
    id: &DeliveryId,
) -> Result<Option<(Delivery, String)>> {
    Ok(webhook_deliveries::table
        .inner_join(webhook_messages::table)
        .filter(webhook_deliveries::id.eq(id))
        .select((Delivery::as_select(), webhook_messages::body))
        .first(connection)
        .optional()?)
}

/// The newest attempts of a delivery, newest first.
pub(in crate::domain::webhooks) fn attempts(
    connection: &mut Connection,
    id: &DeliveryId,
    limit: i64,
) -> Result<Vec<Attempt>> {
    Ok(webhook_attempts::table
        .filter(webhook_attempts::delivery_id.eq(id))
        .order(webhook_attempts::number.desc())
        .limit(limit)
        .select(Attempt::as_select())
        .load(connection)?)
}
