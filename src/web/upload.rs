//! A form with a document, pasted or as a file: `multipart/form-data`, or url-encoded if there is
//! no file.

use std::future::Future;
use std::pin::Pin;

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

use super::body::{Body, is_of_type};
use super::form::{self, SecretFields, SecretForm};
use super::rejection::Rejection;

/// The maximum size of a file, in bytes.
const MAX_FILE_SIZE: usize = 8 * 1024 * 1024;
/// The maximum size of a pasted document, in bytes.
const MAX_PASTED_SIZE: usize = 2 * 1024 * 1024;
/// Space for the other fields, in bytes.
const OTHER_FIELDS: usize = 16 * 1024;
/// The maximum size of a form with a pasted document or its scopes, in bytes.
pub const MAX_SIZE: usize = MAX_PASTED_SIZE + OTHER_FIELDS;

/// A document. The form's token is checked, but not spent.
#[derive(Debug, Default)]
pub struct Upload {
    pub document: String,
    /// The selected file; empty if there is none.
    pub file: Vec<u8>,
    /// The field that is too large, and what to do about it. The token of such a form may be
    /// missing, and both documents are empty.
    pub too_large: Option<(&'static str, &'static str)>,
}

const FILE_TOO_LARGE: (&str, &str) = ("upload", "The file must be 8 MB or smaller");
const PASTED_TOO_LARGE: (&str, &str) =
    ("document", "Pasted text must be 2 MB or smaller. Choose a file instead");

#[derive(Deserialize)]
struct Pasted {
    #[serde(default)]
    document: String,
}

impl SecretFields for Pasted {
    /// Read in memory; code that stores parts of it removes secret keys and reports that.
    const AS_TYPED: &'static [&'static str] = &["document"];
}

impl FromRequest for Upload {
    type Error = Rejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Rejection>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !is_of_type(request, "multipart/form-data") {
            let form = SecretForm::<Pasted, MAX_SIZE>::from_request(request, payload);
            return Box::pin(async move {
                match form.await {
                    Ok(form) => Ok(Self { document: form.fields.document, ..Self::default() }),
                    Err(Rejection::TooLarge(_)) => Ok(Self::too_large(PASTED_TOO_LARGE)),
                    Err(rejection) => Err(rejection),
                }
            });
        }
        let (request, body) = (request.clone(), Body::from_request(request, payload));
        Box::pin(async move {
            let Ok(body) = body.await;
            let mut body = match body.read(MAX_FILE_SIZE + OTHER_FIELDS).await {
                Err(Rejection::TooLarge(_)) => return Ok(Self::too_large(FILE_TOO_LARGE)),
                body => body?,
            };
            let body = std::mem::take(&mut *body).into();
            let mut parts = Parts::read(request.headers(), body).await?;
            let given = parts.all("form_token");
            form::token(&request, given.iter().filter_map(|t| std::str::from_utf8(t).ok()))?;
            let document =
                String::from_utf8(parts.one("document")?).map_err(|_| Rejection::Unreadable)?;
            let file = parts.one("upload")?;
            Ok(match (file.len(), document.len()) {
                (size, _) if size > MAX_FILE_SIZE => Self::too_large(FILE_TOO_LARGE),
                (_, size) if size > MAX_PASTED_SIZE => Self::too_large(PASTED_TOO_LARGE),
                _ => Self { document, file, too_large: None },
            })
        })
    }
}

impl Upload {
    fn too_large(error: (&'static str, &'static str)) -> Self {
        Self { too_large: Some(error), ..Self::default() }
    }
}

/// The parts of a body, by name.
struct Parts(Vec<(String, Vec<u8>)>);

impl Parts {
    async fn read(headers: &HeaderMap, body: web::Bytes) -> Result<Self, Rejection> {
        let mut multipart = Multipart::new(headers, stream::iter([Ok(body)]));
        let mut parts = Vec::new();
        while let Some(field) = multipart.next().await {
            let mut field = field.map_err(|_| Rejection::Unreadable)?;
            let name = field.name().unwrap_or_default().to_owned();
            let mut bytes = Vec::new();
            while let Some(chunk) = field.next().await {
                bytes.extend_from_slice(&chunk.map_err(|_| Rejection::Unreadable)?);
            }
            parts.push((name, bytes));
        }
        Ok(Self(parts))
    }

    fn all(&mut self, name: &str) -> Vec<Vec<u8>> {
        self.0.extract_if(.., |(other, _)| other == name).map(|(_, bytes)| bytes).collect()
    }

    /// A repeated field makes the form unreadable, as in any other form.
    fn one(&mut self, name: &str) -> Result<Vec<u8>, Rejection> {
        let mut found = self.all(name);
        match found.len() {
            0 | 1 => Ok(found.pop().unwrap_or_default()),
            _ => Err(Rejection::Unreadable),
        }
    }
}
