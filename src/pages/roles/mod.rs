//! The pages of roles, with one file each, on top of the operations of [`crate::domain::roles`] and
//! [`crate::domain::api_keys::holders`].

mod delete;
mod edit;
mod fields;
mod index;
mod loss;
mod new;
mod show;
mod table;

use crate::web::routes::Routes;

/// The routes of roles.
pub fn routes(routes: &mut Routes) {
    routes.get("/roles", index::page);
    routes.dialog_to::<new::New>("/roles/new", "/roles");
    routes.get("/roles/{slug}", show::page);
    routes.dialog::<edit::Edit>("/roles/{slug}/edit");
    routes.dialog::<delete::Delete>("/roles/{slug}/delete");
}

const ROLES: &str = "/roles";

/// The id of a role's row in the table.
fn row(slug: &str) -> String {
    format!("role-{slug}")
}

/// The page to return to from a role's dialog: its row in the table.
fn location(slug: &str) -> String {
    format!("{ROLES}#{}", row(slug))
}
