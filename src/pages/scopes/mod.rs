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
    routes.dialog_to::<new::New>("/scopes/new", "/scopes");
    routes.get("/scopes/import", import::page);
    routes.post("/scopes/import", import::read);
    routes.post("/scopes/import/confirm", preview::confirm);
    routes.dialog::<edit::Edit>("/scopes/{scope}/edit");
    routes.dialog::<delete::Delete>("/scopes/{scope}/delete");
}

const SCOPES: &str = "/scopes";

/// Where closing a scope's dialog leads: to its row.
fn location(scope: &str) -> String {
    format!("{SCOPES}#{scope}")
}
