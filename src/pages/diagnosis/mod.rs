//! `/diagnosis`: one box that takes a request id, a Key ID or a secret key, and the answer below it.

mod answer;
mod ends;
mod flaw;
mod lacks;
mod page;
mod words;

use crate::web::routes::Routes;

/// The routes of the diagnosis.
pub fn routes(routes: &mut Routes) {
    routes.get("/diagnosis", page::page);
    routes.post("/diagnosis", page::ask);
}
