//! The pages of leaks. The dialog that reports a leak is shown over the key's page, and belongs to
//! the dialogs of [`crate::domain::api_keys`].

mod change;
mod check;
mod index;
mod show;
mod timeline;
mod traces;
mod words;

use crate::web::routes::Routes;

/// The routes of leaks.
pub fn routes(routes: &mut Routes) {
    routes.get("/leaks", index::page);
    routes.get("/leaks/new", check::page);
    routes.post("/leaks/new", check::check);
    routes.get("/leaks/{leak_id}", show::page);
    routes.post("/leaks/{leak_id}/notes", change::note);
    routes.post("/leaks/{leak_id}/close", change::close);
}
