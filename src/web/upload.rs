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
use super::form_token::FormToken;
use super::rejection::Rejection;

/// The maximum size of the body, in bytes: a document and some space for the other fields.
pub const MAX_SIZE: usize = 2 * 1024 * 1024 + 16 * 1024;

/// A document, and the form's token.
#[derive(Debug)]
pub struct Upload {
    pub document: String,
    /// The selected file; empty if there is none.
    pub file: Vec<u8>,
    /// The token, checked but not spent yet.
    pub token: FormToken,
}

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
                let SecretForm { fields: Pasted { document }, token } = form.await?;
                Ok(Self { document, file: Vec::new(), token })
            });
        }
        let (request, body) = (request.clone(), Body::from_request(request, payload));
        Box::pin(async move {
            let Ok(body) = body.await;
            let mut body = body.read(MAX_SIZE).await?;
            let body = std::mem::take(&mut *body).into();
            let mut parts = Parts::read(request.headers(), body).await?;
            let given = parts.all("form_token");
            let token =
                form::token(&request, given.iter().filter_map(|t| std::str::from_utf8(t).ok()))?;
            let document =
                String::from_utf8(parts.one("document")?).map_err(|_| Rejection::Unreadable)?;
            Ok(Self { document, file: parts.one("upload")?, token })
        })
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
