//! The pages of scopes: one file each, over the verbs of [`crate::domain::scopes`] and of
//! [`crate::domain::api_keys::holders`].

mod delete;
mod edit;
mod import;
mod index;
mod new;
mod preview;
mod table;

use crate::web::routes::Routes;

/// The routes of scopes.
pub fn routes(routes: &mut Routes) {
    routes.get("/scopes", index::page);
    routes.post("/scopes", new::add);
    routes.get("/scopes/new", new::page);
    routes.get("/scopes/import", import::page);
    routes.post("/scopes/import", import::read);
    routes.post("/scopes/import/confirm", preview::confirm);
    routes.get("/scopes/{scope}/edit", edit::page);
    routes.post("/scopes/{scope}/edit", edit::save);
    routes.get("/scopes/{scope}/delete", delete::page);
    routes.post("/scopes/{scope}/delete", delete::remove);
}

/// Where closing a scope's dialog leads: to its row.
fn location(scope: &str) -> String {
    format!("/scopes#{scope}")
}
