//! The endpoints for programs, without sessions, pages or cookies.

mod authorize;
mod credentials;
mod endpoint;
mod expectations;
pub mod ext_authz;
mod introspect;
mod invalid_query;
mod metrics;
mod problem;

use actix_web::guard::fn_guard;
use actix_web::web::{self, ServiceConfig};

use endpoint::Endpoint;

pub use authorize::IDENTITY;
pub use expectations::{EarlyResponse, Expectations};
pub use metrics::metrics;

/// Registers the endpoints on a server.
pub fn register(config: &mut ServiceConfig) {
    // Any method and only the exact bytes of a path: a pattern would also match encoded ones.
    let is_asked = fn_guard(|context| Endpoint::of(context.head().uri.path()).is_some());
    config.service(web::scope("").guard(is_asked).default_service(web::to(authorize::authorize)));
    config.service(
        web::resource("/v1/introspect")
            .route(web::post().to(introspect::introspect))
            .default_service(web::to(introspect::only_post)),
    );
    config.route("/.well-known/oauth-authorization-server", web::get().to(introspect::metadata));
    config.service(web::resource("/v1/{path:.*}").default_service(web::to(problem::not_found)));
}
