//! The dashboard: access control first, then a folder for each feature and a file for each page.

pub mod activity;
pub mod alerts;
pub mod api_keys;
pub mod diagnosis;
pub mod get_started;
pub mod leaks;
pub mod mail;
pub mod members;
pub mod reviews;
pub mod roles;
pub mod scopes;
pub mod settings;
pub mod sign_in;
pub mod sso;
pub mod usage;
pub mod webhooks;

mod access_denied;
mod confirmation;
mod denials;
mod dialog;
mod error_frame;
mod gate;
mod kept_input;
mod navigation;
mod return_to;
mod viewer;
mod visit;

pub use denials::record as record_denials;
pub use dialog::{Dialog, Frame, Input, LoadResult, NoFields, SubmitResult, Target};
pub use error_frame::frame as frame_errors;
pub use gate::{Allowed, AllowedAll, Public, SignedIn};
pub use members::{either, someone_to_ask};
pub use navigation::Link;
pub use viewer::Viewer;
pub use visit::Visit;

use crate::web::routes::Routes;

/// The key of the member's id in a session's state.
pub const SESSION_KEY: &str = "member_id";
/// The key of the id of the member whose ended session a visitor's session continues. It gives no
/// access; it only tells for whom input may be kept.
pub const FORMER_MEMBER: &str = "former_member";

/// The routes of all pages.
pub fn routes() -> Routes {
    let mut routes = Routes::default();
    activity::routes(&mut routes);
    alerts::routes(&mut routes);
    api_keys::routes(&mut routes);
    diagnosis::routes(&mut routes);
    get_started::routes(&mut routes);
    leaks::routes(&mut routes);
    mail::routes(&mut routes);
    members::routes(&mut routes);
    reviews::routes(&mut routes);
    roles::routes(&mut routes);
    scopes::routes(&mut routes);
    settings::routes(&mut routes);
    sign_in::routes(&mut routes);
    sso::routes(&mut routes);
    usage::routes(&mut routes);
    webhooks::routes(&mut routes);
    routes
}
