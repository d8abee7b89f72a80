//! The endpoints for programs: no session, no page, no cookie.

mod authorize;
mod bearer;
mod introspect;
mod metrics;
mod problem;

use actix_web::web::{self, ServiceConfig};

pub use metrics::metrics;

/// Puts the endpoints on a server.
pub fn register(config: &mut ServiceConfig) {
    config
        .service(web::resource("/v1/authorize").route(web::route().to(authorize::authorize)))
        .service(
            web::resource("/v1/introspect")
                .route(web::post().to(introspect::introspect))
                .default_service(web::to(introspect::only_post)),
        );
}
