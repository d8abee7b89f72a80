//! `/diagnosis`: one field for a request id, a key ID or a secret key, with the answer below it; and
//! the field in the header, which also finds names and addresses.

mod answer;
mod flaw;
mod inactive;
mod lookup;
mod missing;
mod page;
mod words;

use crate::web::routes::Routes;

/// The routes of the diagnosis.
pub fn routes(routes: &mut Routes) {
    routes.get("/diagnosis", page::page);
    routes.post("/diagnosis", page::ask);
    routes.post("/diagnosis/lookup", lookup::look_up);
}
