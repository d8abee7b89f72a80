//! The pages of alerts: open and closed alerts, and which rules are on.

mod index;
mod preferences;

use crate::web::routes::Routes;

/// The routes of alerts.
pub fn routes(routes: &mut Routes) {
    routes.get("/alerts", index::page);
    routes.get("/settings/alerts", preferences::page);
    routes.post("/settings/alerts", preferences::save);
}
