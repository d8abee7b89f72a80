//! The pages of webhooks, with one file each, on top of the operations of
//! [`crate::domain::webhooks`].

mod delete;
mod delivery;
mod details;
mod edit;
mod form;
mod index;
mod json;
mod new;
mod secret;
mod show;
mod table;
mod test;
mod words;

use crate::base::error::{Error, Result};
use crate::domain::webhooks::{EndpointId, Policy};
use crate::pages::Target;
use crate::web::Site;
use crate::web::routes::Routes;

/// The routes of webhooks.
pub fn routes(routes: &mut Routes) {
    routes.get("/webhooks", index::page);
    routes.dialog_to::<new::New>("/webhooks/new", "/webhooks");
    routes.get("/webhooks/{webhook_id}", show::page);
    routes.dialog::<edit::Edit>("/webhooks/{webhook_id}/edit");
    routes.dialog::<delete::Delete>("/webhooks/{webhook_id}/delete");
    routes.dialog::<secret::Replace>("/webhooks/{webhook_id}/secret");
    routes.post("/webhooks/{webhook_id}/test", test::send);
    routes.get("/webhooks/{webhook_id}/deliveries/{delivery_id}", delivery::page);
    routes.post("/webhooks/{webhook_id}/deliveries/{delivery_id}", delivery::send_again);
}

impl Target for EndpointId {
    fn parse(parameter: &str, _: &str) -> Option<Self> {
        Self::parse(parameter)
    }
}

fn id(text: &str) -> Result<EndpointId> {
    EndpointId::parse(text).ok_or(Error::NotFound)
}

fn location(id: &EndpointId) -> String {
    format!("/webhooks/{}", id.as_str())
}

impl From<&Site> for Policy {
    fn from(site: &Site) -> Self {
        Self::new(&site.webhook_networks, &site.trusted_roots)
    }
}
