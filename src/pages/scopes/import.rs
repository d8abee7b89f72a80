//! `/scopes/import`: the dialog that imports an OpenAPI document.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::preview;
use super::table::Table;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes::openapi;
use crate::pages::{Allowed, Viewer};
use crate::web::upload::Upload;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "scopes/import.html")]
struct Import<'a> {
    viewer: &'a Viewer,
    table: Table,
    document: String,
    errors: Invalid,
}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, String::new(), Invalid::default()).await
}

/// Reads the document and shows its scopes. Nothing is stored, so the token is not spent.
pub(super) async fn read(
    viewer: Allowed<ManageRoles>,
    upload: Upload,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let Upload { document, file, too_large } = upload;
    let mut errors = Invalid::default();
    if let Some((field, message)) = too_large {
        errors.add(field, message);
        return draw(StatusCode::PAYLOAD_TOO_LARGE, &viewer, &site, document, errors).await;
    }
    if !document.trim().is_empty() && !file.is_empty() {
        errors.add("document", "Paste a document or choose a file, not both");
        return draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, document, errors).await;
    }
    let field = if file.is_empty() { "document" } else { "upload" };
    let bytes = if file.is_empty() { document.clone().into_bytes() } else { file };
    // A large document takes a while, so the work runs off this thread.
    let proposal = web::block(move || openapi::read(&bytes)).await.map_err(Error::internal)?;
    match proposal {
        Ok(proposal) => preview::show(&viewer, &site, &proposal).await,
        Err(message) => {
            errors.add(field, message);
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, document, errors).await
        }
    }
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    document: String,
    errors: Invalid,
) -> Result<HttpResponse> {
    let table = site.db.read(|c| Table::load(c, String::new())).await?;
    page::page(status, &Import { viewer, table, document, errors })
}
