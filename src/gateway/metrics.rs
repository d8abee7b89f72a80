//! `/metrics`: metrics for Prometheus.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};

use crate::domain::verification::Verifier;
use crate::web::metrics::{CONTENT_TYPE, Metrics};

/// All metrics. Served only on the addresses for programs, never with the pages.
pub async fn metrics(verifier: web::Data<Verifier>, metrics: web::Data<Metrics>) -> HttpResponse {
    verifier.gauge();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type(CONTENT_TYPE)
        .body(metrics.text())
}
