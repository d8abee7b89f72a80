//! `/diagnosis/lookup`: the field in the header of every page. It leads to the page about what was
//! typed. It is sent by POST, so that a pasted secret key never becomes part of a URL.

use std::net::IpAddr;

use actix_web::{HttpResponse, web};

use super::page::{Fields, MAX_SIZE, answer_secret};
use crate::base::error::Result;
use crate::base::secret_scan;
use crate::domain::api_keys::{self, KeyId};
use crate::domain::diagnosis::Question;
use crate::domain::members::permission::ViewKeys;
use crate::pages::Allowed;
use crate::web::form::SecretForm;
use crate::web::{Site, page, query};

/// Text without a blank from this length on may be a credential of any kind, in characters.
const LONG: usize = 32;

/// Nothing is written, so the token is not spent.
pub(super) async fn look_up(
    viewer: Allowed<ViewKeys>,
    form: SecretForm<Fields, MAX_SIZE>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let text = form.fields.question;
    let trimmed = text.trim();
    let href = match Question::read(trimmed) {
        Question::Nothing => "/api-keys".to_owned(),
        Question::Request(id) => format!("/diagnosis?q={id}"),
        Question::Key(id) => of_key(&site, &id).await?,
        Question::Other => match trimmed.parse::<IpAddr>() {
            Ok(address) => list("/usage/address", &address.to_canonical().to_string()),
            Err(_) if may_be_secret(trimmed) => return answer_secret(&viewer, &site, text).await,
            Err(_) => list("/api-keys", trimmed),
        },
    };
    Ok(page::see_other(&href))
}

/// The page of the key with this ID; if there is none, the keys whose IDs start with it.
async fn of_key(site: &Site, text: &str) -> Result<String> {
    if let Some(id) = KeyId::parse(text)
        && site.db.read(move |c| api_keys::find(c, &id)).await?.is_some()
    {
        return Ok(format!("/api-keys/{}", id.as_str()));
    }
    Ok(list("/api-keys", text))
}

fn list(path: &str, search: &str) -> String {
    query::href(path, &[("q".to_owned(), search.to_owned())])
}

/// Whether the text must not become part of a URL. A credential may have other words around it, as
/// in `Bearer lk_prod_…`.
fn may_be_secret(text: &str) -> bool {
    let is_long = |word: &str| word.chars().count() >= LONG;
    secret_scan::contains_secret(text)
        || text
            .split_whitespace()
            .any(|word| is_long(word) || secret_scan::starts_like_secret(word))
}
