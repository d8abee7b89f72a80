//! The log of sent and queued email.

mod index;

use crate::domain::mail::Connector;
use crate::web::Site;
use crate::web::routes::Routes;

/// The routes of the email log.
pub fn routes(routes: &mut Routes) {
    routes.get("/mail", index::page);
    routes.post("/mail/{email_id}", index::send_again);
}

impl From<&Site> for Connector {
    fn from(site: &Site) -> Self {
        Self {
            networks: site.mail_networks.clone(),
            ehlo_name: site.ehlo_name.clone(),
            roots: site.trusted_roots.clone(),
        }
    }
}
