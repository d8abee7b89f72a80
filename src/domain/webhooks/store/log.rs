//! The SQL of the delivery log.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::{webhook_attempts, webhook_deliveries, webhook_messages};
use crate::domain::webhooks::delivery::Status;
use crate::domain::webhooks::{Attempt, Delivery, DeliveryId, EndpointId, MessageId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
struct Row {
    id: DeliveryId,
    endpoint_id: EndpointId,
    message_id: MessageId,
    created_at: Timestamp,
    tries: i64,
    attempts: i64,
    next_attempt_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    given_up_at: Option<Timestamp>,
    last_result: String,
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
        .select((Row::as_select(), webhook_messages::event))
        .into_boxed();
    if only_failed {
        query = query.filter(webhook_deliveries::given_up_at.is_not_null());
    }
    let (at, id) = (webhook_deliveries::created_at, webhook_deliveries::id);
    let rows: Vec<(Row, String)> = keyset!(query, walk, desc(at, id)).load(connection)?;
    Ok(rows.into_iter().map(read).collect())
}

/// A delivery and what it sends.
pub(in crate::domain::webhooks) fn delivery(
    connection: &mut Connection,
    id: &DeliveryId,
) -> Result<Option<(Delivery, String)>> {
    let found: Option<(Row, String, String)> = webhook_deliveries::table
        .inner_join(webhook_messages::table)
        .filter(webhook_deliveries::id.eq(id))
        .select((Row::as_select(), webhook_messages::event, webhook_messages::body))
        .first(connection)
        .optional()?;
    Ok(found.map(|(row, event, body)| (read((row, event)), body)))
}

/// The newest attempts of a delivery, newest first.
pub(in crate::domain::webhooks) fn attempts(
    connection: &mut Connection,
    id: &DeliveryId,
    limit: i64,
) -> Result<Vec<Attempt>> {
    let rows: Vec<(i64, Timestamp, i64, Option<i32>, String, String)> = webhook_attempts::table
        .filter(webhook_attempts::delivery_id.eq(id))
        .order(webhook_attempts::number.desc())
        .limit(limit)
        .select((
            webhook_attempts::number,
            webhook_attempts::at,
            webhook_attempts::duration,
            webhook_attempts::status,
            webhook_attempts::error,
            webhook_attempts::answer,
        ))
        .load(connection)?;
    let read = |(number, at, duration, status, error, answer)| Attempt {
        number,
        at,
        duration,
        status,
        error,
        answer,
    };
    Ok(rows.into_iter().map(read).collect())
}

fn read((row, event): (Row, String)) -> Delivery {
    let status = match (row.next_attempt_at, row.delivered_at, row.given_up_at) {
        (Some(_), ..) if row.tries == 0 => Status::Queued,
        (Some(next), ..) => Status::Retrying(next),
        (None, Some(then), _) => Status::Delivered(then),
        (None, None, then) => Status::Failed(then.unwrap_or(row.created_at)),
    };
    Delivery {
        id: row.id,
        endpoint_id: row.endpoint_id,
        message_id: row.message_id,
        event,
        created_at: row.created_at,
        attempts: row.attempts,
        status,
        last_result: row.last_result,
    }
}
