//! The log of email that was sent and is to be sent.

mod index;

use crate::web::routes::Routes;

/// The routes of the log of email.
pub fn routes(routes: &mut Routes) {
    routes.get("/mail", index::page);
    routes.post("/mail/{email_id}", index::send_again);
}
