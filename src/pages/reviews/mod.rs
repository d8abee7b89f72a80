//! The pages of reviews.

mod end;
mod export;
mod facts;
mod form;
mod index;
mod keep;
mod report;
mod row;
mod show;
mod start;
mod words;

use crate::web::routes::Routes;

/// The routes of reviews.
pub fn routes(routes: &mut Routes) {
    routes.get("/reviews", index::page);
    routes.post("/reviews", start::start);
    routes.get("/reviews/{review_id}", show::page);
    routes.post("/reviews/{review_id}", show::save);
    routes.dialog::<keep::Keep>("/reviews/{review_id}/keep");
    routes.dialog::<end::End>("/reviews/{review_id}/finish");
    routes.dialog::<end::End>("/reviews/{review_id}/cancel");
    routes.get("/reviews/{review_id}/report", report::page);
    routes.get("/reviews/{review_id}/report.csv", export::comma_separated);
}
