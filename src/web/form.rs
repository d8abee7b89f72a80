//! Forms that people send: read whole, strictly, and only with the session's token.

use std::future::Future;
use std::pin::Pin;

use actix_session::SessionExt as _;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::Site;
use super::body::{Body, is_of_type};
use super::error_page::Refusal;
use super::form_token::{self, FormPage, FormToken};

/// The largest form but for those that carry documents, in bytes: the bounds of every field
/// together, percent-encoded.
pub const ORDINARY: usize = 64 * 1024;

/// A form's fields, and its token. The body is read only after the gate before it has opened, and
/// only up to `LARGEST` bytes.
#[derive(Debug)]
pub struct Form<T, const LARGEST: usize = ORDINARY> {
    /// The fields. Unknown ones are passed over.
    pub fields: T,
    /// The token, checked but not used up yet.
    pub token: FormToken,
}

impl<T: DeserializeOwned, const LARGEST: usize> FromRequest for Form<T, LARGEST> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), Body::from_request(request, payload));
        Box::pin(async move {
            let Ok(body) = body.await;
            let body = body.read(LARGEST).await?;
            if !is_of_type(&request, "application/x-www-form-urlencoded") {
                return Err(Refusal::Unreadable);
            }
            let body = std::str::from_utf8(&body).map_err(|_| Refusal::Unreadable)?;
            let given = url::form_urlencoded::parse(body.as_bytes())
                .filter_map(|(name, value)| (name == "form_token").then_some(value));
            let token = token(&request, given)?;
            if !is_well_encoded(body) {
                return Err(Refusal::Unreadable);
            }
            let fields = serde_html_form::from_str(body).map_err(|_| Refusal::Unreadable)?;
            Ok(Self { fields, token })
        })
    }
}

/// The one token among those `given`, if it is the session's and of a page that sends here.
pub(super) fn token(
    request: &HttpRequest,
    mut given: impl Iterator<Item = impl AsRef<str>>,
) -> Result<FormToken, Refusal> {
    let site = request.app_data::<web::Data<Site>>().ok_or(Refusal::StaleForm)?;
    let form_key: Option<String> =
        request.get_session().get(form_token::SESSION_KEY).ok().flatten();
    match (form_key, given.next(), given.next()) {
        (Some(key), Some(text), None) => {
            let page = FormPage::of(request);
            form_token::check(&site.keyring, &key, &page, text.as_ref(), site.clock.now())
                .ok_or(Refusal::StaleForm)
        }
        _ => Err(Refusal::StaleForm),
    }
}

/// Whether every `%` begins a byte and the bytes are UTF-8: a lenient reading could turn one text
/// into another.
fn is_well_encoded(body: &str) -> bool {
    let mut bytes = body.bytes();
    let mut decoded = Zeroizing::new(Vec::with_capacity(body.len()));
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        match byte {
            b'%' => match (digit(), digit()) {
                (Some(high), Some(low)) => decoded.extend(u8::try_from(high * 16 + low)),
                _ => return false,
            },
            _ => decoded.push(byte),
        }
    }
    str::from_utf8(&decoded).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_percent_encoding_is_told_from_sound() {
        for body in ["", "a=b", "a=%41%c3%A9&b=+", "a=%25zz"] {
            assert!(is_well_encoded(body), "{body}");
        }
        for body in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "a=%c3"] {
            assert!(!is_well_encoded(body), "{body}");
        }
    }
}
