//! The settings page: the organisation's settings and the mail server's.

mod fields;
mod health;
mod mail;
mod show;

use crate::web::routes::Routes;

/// The links beside every page of the settings.
pub const SIDE: [(&str, &str); 11] = [
    ("/settings#organisation", "Organisation"),
    ("/settings#keys", "Keys"),
    ("/settings#sign-in", "Sign-in"),
    ("/settings#sessions", "Sessions"),
    ("/settings#retention", "Retention"),
    ("/settings/sso", "Single sign-on"),
    ("/settings#mail", "Email"),
    ("/mail", "Email log"),
    ("/settings/alerts", "Alerts"),
    ("/webhooks", "Webhooks"),
    ("/settings/health", "Health"),
];

/// The routes of the settings.
pub fn routes(routes: &mut Routes) {
    routes.get("/settings", show::page);
    routes.post("/settings", show::save);
    routes.get("/settings/health", health::page);
    routes.post("/settings/health", health::check);
    routes.post("/settings/mail", mail::save);
    routes.post("/settings/mail/test", mail::test);
}
