//! The pages of the activity log: the list, a single entry, and the export.

mod export;
mod hourly_sentence;
mod index;
mod key_sentence;
mod query;
mod sentence;
mod show;
mod sign_in_sentence;
mod subject;
mod words;

use crate::web::routes::Routes;

/// The routes of the activity.
pub fn routes(routes: &mut Routes) {
    routes.get("/activity", index::page);
    routes.get("/activity/export.csv", export::comma_separated);
    routes.get("/activity/export.jsonl", export::jsonl);
    routes.get("/activity/{number}", show::page);
}
