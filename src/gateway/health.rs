//! `/healthz` and `/readyz`, for load balancers and service managers.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder as _};

use crate::domain::settings;
use crate::web::{Site, error_page};

/// Whether the process is alive, and whether its database is usable; for load balancers.
pub fn register(config: &mut ServiceConfig) {
    let alive = async |site: web::Data<Site>| {
        let name = settings::installation_name(&site.keyring);
        ("ok\n".customize()).insert_header((settings::master_key::INSTALLATION_HEADER, name))
    };
    config.route("/healthz", web::get().to(alive)).route("/healthz", web::head().to(alive));
    config.route("/readyz", web::get().to(ready)).route("/readyz", web::head().to(ready));
}

async fn ready(site: web::Data<Site>) -> HttpResponse {
    let unready = match site.db.health(settings::get).await {
        Ok(health) => [
            (health.reads, "the database cannot be read\n"),
            (health.writes, "the database cannot be written\n"),
            (health.receives_changes, "changes made elsewhere are not heard of\n"),
        ]
        .into_iter()
        .filter_map(|(works, line)| (!works).then_some(line))
        .collect(),
        Err(_) => String::from("the server is stopping\n"),
    };
    if unready.is_empty() {
        error_page::plain(StatusCode::OK, "ok\n")
    } else {
        error_page::plain(StatusCode::SERVICE_UNAVAILABLE, unready)
    }
}
