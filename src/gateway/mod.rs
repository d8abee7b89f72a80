//! The endpoints for programs, without sessions, pages or cookies.

mod authorize;
mod credentials;
mod endpoint;
pub mod ext_authz;
mod fast_path;
mod health;
mod introspect;
mod invalid_query;
mod metrics;
mod problem;

use actix_web::web::{self, ServiceConfig};

pub use authorize::IDENTITY;
pub use fast_path::{EarlyResponse, Expectations, FastPath, FastPathService};
pub use health::register as health;
pub use metrics::metrics;

/// Registers the endpoints on a server, except those that [`FastPath`] serves.
pub fn register(config: &mut ServiceConfig) {
    config.service(
        web::resource("/v1/introspect")
            .route(web::post().to(introspect::introspect))
            .default_service(web::to(introspect::only_post)),
    );
    config.route("/.well-known/oauth-authorization-server", web::get().to(introspect::metadata));
    config.service(web::resource("/v1/{path:.*}").default_service(web::to(problem::not_found)));
}
