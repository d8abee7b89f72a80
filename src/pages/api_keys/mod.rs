//! The pages of API keys, with one file each, on top of the operations of
//! [`crate::domain::api_keys`].

mod attention;
mod backdrop;
mod bulk;
mod disable;
mod disabled;
mod edit;
mod empty;
mod enable;
mod facts;
mod filter_bar;
mod form;
mod grants;
mod impact;
mod index;
mod leak;
mod list_check;
mod member_keys;
mod moved;
mod new;
mod origin;
mod overlap;
mod overview;
mod prefill;
mod query;
mod restored;
mod restored_done;
mod revoke;
mod rotate;
mod secret;
mod show;
mod stop_old_secret;
mod table;
mod usage;
mod words;

pub(in crate::pages) use origin::dialog_over_page;

use crate::domain::api_keys::KeyId;
use crate::pages::Target;
use crate::web::routes::Routes;

/// The routes of API keys.
pub fn routes(routes: &mut Routes) {
    routes.get("/api-keys", index::page);
    routes.dialog_to::<new::New>("/api-keys/new", "/api-keys");
    routes.get("/attention", attention::page);
    routes.get("/members/{member_id}/keys", member_keys::page);
    routes.get("/attention/restored", restored::page);
    routes.post("/attention/restored", restored::compare);
    routes.dialog::<restored_done::Done>("/attention/restored/done");
    // Registered before the routes of a single key, whose pattern they would match.
    routes.dialog::<bulk::disable::Disable>("/api-keys/bulk/disable");
    routes.dialog::<bulk::snooze::Snooze>("/api-keys/bulk/snooze");
    routes.dialog::<bulk::revoke::Revoke>("/api-keys/bulk/revoke");
    routes.dialog::<bulk::rotate::Rotate>("/api-keys/bulk/rotate");
    routes.get("/api-keys/selected/{action}", moved::bulk);
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
