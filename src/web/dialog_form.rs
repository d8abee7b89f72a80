//! The form of a dialog, whose input can be kept even if the form cannot be accepted.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::Site;
use super::body::Body;
use super::form::{ORDINARY, ProofFields, fields, parse, read, single, token_in, version};
use super::form_token::{self, FormToken};
use super::proof::proof;
use super::rejection::Rejection;
use crate::base::error::Result;
use crate::base::secret_scan;

/// The words in the names of fields that are never kept.
const UNKEPT: [&str; 6] =
    ["password", "client_secret", "token", "code", "assertion", "attestation"];

/// The form of a dialog. It arrives even if it cannot be accepted, so that its input can be kept.
pub struct DialogForm<T>(pub std::result::Result<SentForm<T>, Rejection>);

/// A form that could be read.
pub struct SentForm<T> {
    /// The fields. Unknown ones are ignored.
    pub fields: T,
    /// The token, checked but not spent yet; `None` if it is not valid, and nothing may be changed.
    pub token: Option<FormToken>,
    /// The version of the item that the form edits, if the form contains it.
    pub version: Option<i64>,
    /// The page that the form was opened from, if the form contains it; not checked.
    pub return_to: String,
    /// What proves who submitted the form.
    pub proof: ProofFields,
    body: Zeroizing<String>,
}

/// Where a form has led that was submitted before.
pub async fn earlier_location<T>(form: &SentForm<T>, site: &Site) -> Result<Option<String>> {
    let (token, keyring) = (single(&form.body, "form_token"), site.keyring.clone());
    let Some(token) = token else { return Ok(None) };
    site.db.read(move |connection| form_token::spent_location(connection, &keyring, &token)).await
}

impl<T: DeserializeOwned + 'static> FromRequest for DialogForm<T> {
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), Body::from_request(request, payload));
        Box::pin(async move {
            let Ok(body) = body.await;
            let body = read(&request, body, ORDINARY).await;
            Ok(Self(body.and_then(|body| SentForm::read(&request, body))))
        })
    }
}

impl<T: DeserializeOwned> SentForm<T> {
    fn read(
        request: &HttpRequest,
        body: Zeroizing<String>,
    ) -> std::result::Result<Self, Rejection> {
        let token = token_in(request, &body);
        match (fields(&body, &[]), token) {
            (Ok(fields), token) => Ok(Self {
                fields,
                token: token.ok(),
                version: version(&body),
                return_to: return_to(&body),
                proof: proof(&body),
                body,
            }),
            (Err(_), Err(stale)) => Err(stale),
            (Err(unreadable), Ok(_)) => Err(unreadable),
        }
    }

    /// The fields as text for [`restore`], without secret keys, passwords, codes and the token.
    /// `None` if the text is longer than any form may be.
    pub fn text_to_keep(&self) -> Option<String> {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(self.body.as_bytes()) {
            if !UNKEPT.iter().any(|word| name.contains(word)) {
                let without = secret_scan::without_secrets;
                text.append_pair(&without(&name), &without(&value));
            }
        }
        Some(text.finish()).filter(|text| text.len() <= ORDINARY)
    }
}

/// What a text contains that was kept.
pub struct Restored<T> {
    pub fields: T,
    pub version: Option<i64>,
    pub return_to: String,
}

/// Reads a text that was kept.
pub fn restore<T: DeserializeOwned>(text: &str) -> Option<Restored<T>> {
    Some(Restored { fields: parse(text)?, version: version(text), return_to: return_to(text) })
}

fn return_to(body: &str) -> String {
    single(body, "return").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_codes_tokens_and_secret_keys_are_not_kept() {
        let start = format!("lk_dev_{}", "a".repeat(secret_scan::RANDOM));
        let sum = secret_scan::checksum(&start);
        let secret = format!("{start}{}", str::from_utf8(&sum).expect("ASCII"));
        let body = format!(
            "form_token=x&version=3&name=A+b&notes=see+{secret}&confirm_password=p&password=p\
             &confirm_code=1&confirm_assertion=x&client_secret=s&secret=older&scopes=a&scopes=b"
        );
        let form = SentForm {
            fields: (),
            token: None,
            version: None,
            return_to: String::new(),
            proof: ProofFields::default(),
            body: Zeroizing::new(body),
        };
        let notes = "see+lk_dev_%E2%80%A6+%28removed%29";
        let kept = format!("version=3&name=A+b&notes={notes}&secret=older&scopes=a&scopes=b");
        assert_eq!(form.text_to_keep(), Some(kept));
    }

    #[test]
    fn text_that_becomes_longer_than_any_form_is_not_kept() {
        for (length, is_kept) in [(ORDINARY / 3 - 1, true), (ORDINARY / 3 + 1, false)] {
            let body = Zeroizing::new(format!("n={}", "\u{1}".repeat(length)));
            let form = SentForm {
                fields: (),
                token: None,
                version: None,
                return_to: String::new(),
                proof: ProofFields::default(),
                body,
            };
            assert_eq!(form.text_to_keep().is_some(), is_kept);
        }
    }
}
