//! Identifiers: random, never secret.

use crate::db::types::id;

id! {
    /// Names an endpoint: `whk_` and 20 letters or digits.
    EndpointId, "whk_", BASE62, 20
}
id! {
    /// Names a message, the same to all endpoints and at each attempt: `msg_` and 20 letters or
    /// digits, as Standard Webhooks has it.
    MessageId, "msg_", BASE62, 20
}
id! {
    /// Names a message on its way to one endpoint: `dlv_` and 20 letters or digits.
    DeliveryId, "dlv_", BASE62, 20
}
