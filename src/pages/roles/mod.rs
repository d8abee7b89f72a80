//! The pages of roles: one file each, over the verbs of [`crate::domain::roles`] and of
//! [`crate::domain::api_keys::holders`].

mod delete;
mod edit;
mod form;
mod index;
mod loss;
mod new;
mod table;

use crate::web::routes::Routes;

/// The routes of roles.
pub fn routes(routes: &mut Routes) {
    routes.get("/roles", index::page);
    routes.post("/roles", new::create);
    routes.get("/roles/new", new::page);
    routes.get("/roles/{slug}/edit", edit::page);
    routes.post("/roles/{slug}/edit", edit::save);
    routes.get("/roles/{slug}/delete", delete::page);
    routes.post("/roles/{slug}/delete", delete::delete);
}

/// Where closing a role's dialog leads: to its row.
fn location(slug: &str) -> String {
    format!("/roles#role-{slug}")
}
