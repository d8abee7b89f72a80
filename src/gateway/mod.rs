//! The endpoints for programs: no session, no page, no cookie.

mod authorize;
mod bearer;
mod front;
mod introspect;
mod metrics;
mod misunderstood;
mod problem;

use actix_web::web::{self, ServiceConfig};

pub use front::{Answered, Expectations, Front, FrontService};
pub use metrics::metrics;

/// Puts the endpoints on a server, but for the one that [`Front`] answers.
pub fn register(config: &mut ServiceConfig) {
    config.service(
        web::resource("/v1/introspect")
            .route(web::post().to(introspect::introspect))
            .default_service(web::to(introspect::only_post)),
    );
}
