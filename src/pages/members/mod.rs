//! The pages of members, and of people's preferences.

mod asked;
mod edit;
mod form;
mod index;
mod invite;
mod link;
mod preferences;
mod step;
mod table;
mod words;

use actix_web::web;

use step::Step;
pub use words::either;

use crate::domain::members::MemberId;
use crate::domain::members::permission::ManageMembers;
use crate::pages::{Allowed, NoFields, Target};
use crate::web::Site;
use crate::web::form::Form;
use crate::web::routes::Routes;

/// The routes of members and of people's preferences.
pub fn routes(routes: &mut Routes) {
    routes.post("/preferences/theme", preferences::set_theme);
    routes.get("/members", index::page);
    routes.post("/members", invite::invite);
    routes.get("/members/new", invite::page);
    routes.dialog::<edit::Edit>("/members/{member_id}/edit");
    step(routes, "/members/{member_id}/disable", Step::Disable);
    step(routes, "/members/{member_id}/enable", Step::Enable);
    step(routes, "/members/{member_id}/delete", Step::Remove);
    step(routes, "/members/{member_id}/invite", Step::InviteAgain);
    step(routes, "/members/{member_id}/withdraw", Step::Withdraw);
    step(routes, "/members/{member_id}/reset-password", Step::ResetPassword);
}

fn step(routes: &mut Routes, path: &'static str, step: Step) {
    type Id = web::Path<String>;
    type Here = web::Data<Site>;
    routes.get(path, move |viewer: Allowed<ManageMembers>, id: Id, site: Here| {
        step::page(step, viewer, id, site)
    });
    routes.post(
        path,
        move |viewer: Allowed<ManageMembers>, id: Id, form: Form<NoFields>, site: Here| {
            step::take(step, viewer, id, form, site)
        },
    );
}

impl Target for MemberId {
    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// Where a dialog about a member leads back to: the table, at the member's row.
pub(crate) fn row(id: &MemberId) -> String {
    format!("/members#{}", id.as_str())
}
