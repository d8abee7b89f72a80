//! `/sign-out`.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::base::error::Result;
use crate::domain::sign_in;
use crate::pages::SignedIn;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Deserialize)]
pub(super) struct SignOutForm {}

/// Ends the session immediately, and makes the browser delete its cached data.
pub(super) async fn sign_out(
    viewer: SignedIn,
    _form: Form<SignOutForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (member, context) = (viewer.member.clone(), viewer.context());
    let session = viewer.session_reference.clone();
    site.db.write(move |tx| sign_in::sign_out(tx, &member, &session, &context)).await?;
    viewer.session().purge();
    let mut response = page::see_other("/sign-in");
    let clear = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), clear);
    Ok(response)
}
