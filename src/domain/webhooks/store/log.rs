//! The SQL of the delivery log.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::{webhook_attempts, webhook_deliveries, webhook_messages};
use crate::domain::webhooks::{DeliveryId, EndpointId, MessageId};

/// A message to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint_id: EndpointId,
    pub message_id: MessageId,
    /// The type of event that it reports.
    #[diesel(select_expression = webhook_messages::event)]
    #[diesel(select_expression_type = webhook_messages::event)]
    pub event: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// The number of attempts since somebody last asked to send it again.
    pub tries: i64,
    /// The total number of attempts.
    pub attempts: i64,
    pub next_attempt_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub given_up_at: Option<Timestamp>,
    /// The result of the last attempt, as text.
    pub last_result: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_attempts)]
pub struct Attempt {
    pub number: i64,
    pub at: Timestamp,
    /// The duration in milliseconds.
    pub duration: i64,
    /// The status of the response, if there was one.
    pub status: Option<i32>,
    /// Why it failed; empty if it succeeded.
    pub error: String,
    /// The start of the response body, without invisible characters.
    pub answer: String,
}

/// A page of an endpoint's deliveries, newest first.
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

/// A delivery and its message body.
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
