//! The message body and its row.

use serde::Serialize;

use super::{MessageId, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::secret_scan::json_without_secrets;
use crate::db::Transaction;

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    timestamp: String,
    data: &'a serde_json::Value,
}

/// Stores a message, which is the same for all its endpoints.
pub(super) fn insert(
    tx: &mut Transaction<'_>,
    event: &'static str,
    cause: &str,
    data: &serde_json::Value,
    at: Timestamp,
) -> Result<MessageId> {
    let data = &json_without_secrets(data);
    let body = Body { r#type: event, timestamp: at.rfc_3339_millis(), data };
    let body = serde_json::to_string(&body).map_err(Error::internal)?;
    let id = MessageId::random()?;
    store::insert_message(tx, &id, cause, event, &body, at)?;
    Ok(id)
}
