//! The settings of single sign-on: the provider, its mappings and the break-glass members.
//!
//! Every page here needs every permission: who chooses the provider chooses who is everybody.

mod break_glass;
mod fields;
mod mapping;
mod page;
mod test;

use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::members::mail_server::Notification;
use crate::domain::sso::MappingId;
use crate::domain::{activity, mail};
use crate::letters;
use crate::pages::Target;
use crate::web::routes::Routes;

/// The page to which every form of the page returns.
const PATH: &str = "/settings/sso";

/// The routes of the settings of single sign-on.
pub fn routes(routes: &mut Routes) {
    routes.get(PATH, page::page);
    routes.post(PATH, page::save);
    routes.post("/settings/sso/test", test::test);
    routes.post("/settings/sso/break-glass", break_glass::save);
    routes.dialog::<mapping::New>("/settings/sso/mappings/new");
    routes.dialog::<mapping::Edit>("/settings/sso/mappings/{mapping_id}/edit");
    routes.dialog::<mapping::Delete>("/settings/sso/mappings/{mapping_id}/delete");
}

impl Target for MappingId {
    fn parse(parameter: &str, _: &str) -> Option<Self> {
        Self::parse(parameter)
    }
}

/// Queues the emails to the other super managers, in the transaction of the change.
fn notify(tx: &mut Transaction<'_>, notification: Option<&Notification>) -> Result<()> {
    let Some(notification) = notification else { return Ok(()) };
    let cause = format!("sso:{}", activity::last_number(tx)?);
    let messages = letters::sso::changed(notification)?;
    messages.iter().try_for_each(|message| mail::queue(tx, message, &cause, notification.at))
}
