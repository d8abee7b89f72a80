//! Members at the door of a page: who is asking, and may they.

mod gate;
mod navigation;
mod preferences;
mod viewer;

pub use gate::{Allowed, Public, SignedIn};
pub use navigation::Link;
pub use viewer::Viewer;

use crate::web::routes::Routes;

/// Where a session's state keeps the member's id.
pub const SESSION_KEY: &str = "member_id";

/// The routes of people's preferences.
pub fn routes(routes: &mut Routes) {
    routes.post("/preferences/theme", preferences::set_theme);
}
