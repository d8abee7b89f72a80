//! The pages of scopes, with one file each, on top of the operations of [`crate::domain::scopes`]
//! and [`crate::domain::api_keys`].

mod delete;
mod edit;
mod gains;
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

/// The page to return to from a scope's dialog: its row in the table.
fn location(scope: &str) -> String {
    format!("{SCOPES}#{scope}")
}
