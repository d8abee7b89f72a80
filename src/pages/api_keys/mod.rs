//! The pages of API keys: one file each, over the verbs of [`crate::domain::api_keys`].

mod behind;
mod edit;
mod form;
mod index;
mod leak;
mod list_check;
mod new;
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
mod work;
mod work_other;

use crate::web::routes::Routes;

/// The routes of API keys.
pub fn routes(routes: &mut Routes) {
    routes.get("/api-keys", index::page);
    routes.post("/api-keys", new::create);
    routes.get("/api-keys/new", new::page);
    // Before those of one key, whose path they would fit.
    routes.get("/api-keys/selected/keep", selected::keep::page);
    routes.post("/api-keys/selected/keep", selected::keep::keep);
    routes.get("/api-keys/selected/revoke", selected::revoke::page);
    routes.post("/api-keys/selected/revoke", selected::revoke::revoke);
    routes.get("/api-keys/selected/rotate", selected::rotate::page);
    routes.post("/api-keys/selected/rotate", selected::rotate::rotate);
    routes.get("/api-keys/{key_id}", show::page);
    routes.get("/api-keys/{key_id}/edit", edit::page);
    routes.post("/api-keys/{key_id}/edit", edit::save);
    routes.get("/api-keys/{key_id}/rotate", rotate::page);
    routes.post("/api-keys/{key_id}/rotate", rotate::rotate);
    routes.get("/api-keys/{key_id}/stop-old-secret", stop_old_secret::page);
    routes.post("/api-keys/{key_id}/stop-old-secret", stop_old_secret::stop);
    routes.get("/api-keys/{key_id}/leak", leak::page);
    routes.post("/api-keys/{key_id}/leak", leak::report);
    routes.get("/api-keys/{key_id}/revoke", revoke::page);
    routes.post("/api-keys/{key_id}/revoke", revoke::revoke);
}
