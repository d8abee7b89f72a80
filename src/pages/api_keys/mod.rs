//! The pages of API keys, with one file each, on top of the operations of
//! [`crate::domain::api_keys`].

mod attention;
mod attention_words;
mod backdrop;
mod disable;
mod disabled;
mod edit;
mod empty;
mod enable;
mod facts;
mod form;
mod impact;
mod index;
mod leak;
mod list_check;
mod new;
mod other_concerns;
mod overlap;
mod prefill;
mod query;
mod revoke;
mod rotate;
mod secret;
mod selected;
mod show;
mod stop_old_secret;
mod table;
mod usage;
mod words;

use crate::domain::api_keys::KeyId;
use crate::pages::Target;
use crate::web::routes::Routes;

/// The routes of API keys.
pub fn routes(routes: &mut Routes) {
    routes.get("/api-keys", index::page);
    routes.dialog_to::<new::New>("/api-keys/new", "/api-keys");
    // Registered before the routes of a single key, whose pattern they would match.
    routes.dialog::<selected::disable::Disable>("/api-keys/selected/disable");
    routes.dialog::<selected::keep::Keep>("/api-keys/selected/keep");
    routes.dialog::<selected::revoke::Revoke>("/api-keys/selected/revoke");
    routes.dialog::<selected::rotate::Rotate>("/api-keys/selected/rotate");
    routes.get("/api-keys/{key_id}", show::page);
    routes.dialog::<edit::Edit>("/api-keys/{key_id}/edit");
    routes.dialog::<rotate::Rotate>("/api-keys/{key_id}/rotate");
    routes.dialog::<disable::Disable>("/api-keys/{key_id}/disable");
    routes.dialog::<enable::Enable>("/api-keys/{key_id}/enable");
    routes.dialog::<stop_old_secret::Stop>("/api-keys/{key_id}/stop-old-secret");
    routes.dialog::<leak::ReportLeak>("/api-keys/{key_id}/leak");
    routes.dialog::<revoke::Revoke>("/api-keys/{key_id}/revoke");
}

impl Target for KeyId {
    fn parse(parameter: &str, _: &str) -> Option<Self> {
        Self::parse(parameter)
    }
}
