//! The settings page: the organisation's settings and the mail server's.

mod fields;
mod mail;
mod show;

use crate::web::routes::Routes;

/// The routes of the settings.
pub fn routes(routes: &mut Routes) {
    routes.get("/settings", show::page);
    routes.post("/settings", show::save);
    routes.post("/settings/mail", mail::save);
    routes.post("/settings/mail/test", mail::test);
}
