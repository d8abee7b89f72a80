//! `/diagnosis`: one field for a request id, a key ID or a secret key, with the answer below it.

mod answer;
mod flaw;
mod inactive;
mod missing;
mod page;
mod words;

use crate::web::routes::Routes;

/// The routes of the diagnosis.
pub fn routes(routes: &mut Routes) {
    routes.get("/diagnosis", page::page);
    routes.post("/diagnosis", page::ask);
}
