//! Identifiers, which are random but not secret.

use crate::db::types::id;

id! {
    /// Identifies an endpoint: `whk_` and 20 letters or digits.
    EndpointId, "whk_", BASE62, 20
}
id! {
    /// Identifies a message, which has the same id for all endpoints and attempts: `msg_` and 20
    /// letters or digits, as Standard Webhooks specifies.
    MessageId, "msg_", BASE62, 20
}
id! {
    /// Identifies a delivery of a message to one endpoint: `dlv_` and 20 letters or digits.
    DeliveryId, "dlv_", BASE62, 20
}
