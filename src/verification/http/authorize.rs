//! `/v1/authorize`: may this request pass? Any method; 200, 401, 403 or 503 and nothing else.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use url::form_urlencoded;

use super::bearer;
use super::problem::{refused, undecided};
use crate::error::Result;
use crate::verification::{Record, Verdict, Verifier, Wanted};
use crate::web::Site;

pub(super) async fn authorize(
    request: HttpRequest,
    site: web::Data<Site>,
    verifier: web::Data<Verifier>,
) -> HttpResponse {
    answer(&request, &site, &verifier).await.unwrap_or_else(|error| undecided(&error))
}

async fn answer(request: &HttpRequest, site: &Site, verifier: &Verifier) -> Result<HttpResponse> {
    let presented = bearer::presented(request.headers());
    let from = bearer::origin(request, site);
    let wanted = wanted(request.query_string());
    let now = site.clock.now();
    match verifier.verify(presented, &wanted, from, now).await? {
        Verdict::Pass(record) => Ok(passed(&record)),
        Verdict::Refuse(refusal) => refused(&refusal),
    }
}

/// Every `scope` of every parameter of that name is needed; two environments cannot both match.
fn wanted(query: &str) -> Wanted {
    let mut wanted = Wanted::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "scope" => wanted
                .scopes
                .extend(value.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned)),
            "environment" => {
                wanted.environment = Some(match wanted.environment.take() {
                    Some(other) if other != value => String::new(),
                    _ => value.into_owned(),
                });
            }
            _ => {}
        }
    }
    wanted
}

/// Every identity header is set: gateways forward the client's own where one is missing.
fn passed(record: &Record) -> HttpResponse {
    let scopes: Vec<&str> = record.scopes.iter().map(String::as_str).collect();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("Latchkey-Key-Id", record.key_id.as_str()))
        .insert_header(("Latchkey-Role", record.role.as_str()))
        .insert_header(("Latchkey-Scopes", scopes.join(" ")))
        .insert_header(("Latchkey-Environment", record.environment.slug()))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scopes_of_all_parameters_are_wanted() {
        let scopes = |query: &str| wanted(query).scopes.into_iter().collect::<Vec<_>>();
        assert_eq!(scopes("scope=b:r+a:r&scope=c:r%20%20a:r"), ["a:r", "b:r", "c:r"]);
        assert!(scopes("scope=&x=1").is_empty());
        assert_eq!(
            wanted("environment=staging&environment=production").environment.as_deref(),
            Some("")
        );
    }
}
