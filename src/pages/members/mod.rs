//! The pages of members and of personal preferences.

mod confirm;
mod contain;
mod edit;
mod form;
mod index;
mod invite;
mod link;
mod preferences;
mod step;
mod table;
mod words;

pub use words::{either, someone_to_ask};

use crate::domain::members::MemberId;
use crate::pages::Target;
use crate::web::routes::Routes;

/// The routes of members and of personal preferences.
pub fn routes(routes: &mut Routes) {
    routes.post("/preferences/theme", preferences::set_theme);
    routes.get("/members", index::page);
    routes.dialog_to::<invite::Invite>("/members/new", "/members");
    routes.dialog::<edit::Edit>("/members/{member_id}/edit");
    routes.dialog::<contain::Contain>("/members/{member_id}/contain");
    routes.dialog::<confirm::Confirm>("/members/{member_id}/disable");
    routes.dialog::<confirm::Confirm>("/members/{member_id}/enable");
    routes.dialog::<confirm::Confirm>("/members/{member_id}/delete");
    routes.dialog::<confirm::Confirm>("/members/{member_id}/invite");
    routes.dialog::<confirm::Confirm>("/members/{member_id}/withdraw");
    routes.dialog::<confirm::Confirm>("/members/{member_id}/reset-password");
    routes.dialog::<confirm::Confirm>("/members/{member_id}/two-step/remove");
}

impl Target for MemberId {
    fn parse(parameter: &str, _: &str) -> Option<Self> {
        Self::parse(parameter)
    }
}

/// The page to return to from a dialog about a member: the table, at the member's row.
pub(crate) fn row(id: &MemberId) -> String {
    format!("/members#{}", id.as_str())
}
