//! Submitted forms: read completely, strictly, and only with the session's token.

use std::future::Future;
use std::pin::Pin;

use actix_session::{Session, SessionExt as _};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::Site;
use super::body::{Body, is_of_type};
use super::form_token::{self, FormPage, FormToken};
pub use super::proof::ProofFields;
use super::proof::proof;
use super::rejection::Rejection;
use crate::base::secret_scan;

/// The maximum size of a form without a document, in bytes: the limits of all fields together,
/// percent-encoded.
pub const ORDINARY: usize = 64 * 1024;
/// The maximum size of a form without a session, in bytes: thousands may arrive at once.
pub const STRANGERS: usize = 16 * 1024;

/// A form's fields, and its token. The body is read only after the gate has let the request pass,
/// and only up to `MAX_SIZE` bytes.
///
/// A secret key in any field is removed before a handler sees it, as in `lk_prod_… (removed)`, so
/// that it appears in no log, session or page; [`crate::base::text`] rejects the remaining text.
#[derive(Debug)]
pub struct Form<T, const MAX_SIZE: usize = ORDINARY> {
    /// The fields. Unknown ones are ignored.
    pub fields: T,
    /// The token, checked but not spent yet.
    pub token: FormToken,
    /// The version of the item that the form edits, if the form contains it.
    pub version: Option<i64>,
    /// What proves who submitted the form.
    pub proof: ProofFields,
}

/// A form that another server sends, which has no session and no token of ours. What it asks for
/// must be proved by its fields.
#[derive(Debug)]
pub struct ForeignForm<T, const MAX_SIZE: usize> {
    /// The fields. Unknown ones are ignored.
    pub fields: T,
}

/// A form in which some fields arrive as they were typed.
#[derive(Debug)]
pub struct SecretForm<T, const MAX_SIZE: usize = ORDINARY> {
    /// The fields. Unknown ones are ignored.
    pub fields: T,
    /// The token, checked but not spent yet.
    pub token: FormToken,
    /// What proves who submitted the form.
    pub proof: ProofFields,
}

/// A [`SecretForm`] that arrives even if its token is no longer valid, such as after signing in on
/// another page of the same browser. In that case the handler must not change anything.
#[derive(Debug)]
pub struct LateForm<T, const MAX_SIZE: usize = ORDINARY> {
    /// The fields. Unknown ones are ignored.
    pub fields: T,
    /// The token, checked but not spent yet; `None` if it is not valid.
    pub token: Option<FormToken>,
}

/// The fields of a [`SecretForm`].
pub trait SecretFields: DeserializeOwned {
    /// The names of the fields that arrive as they were typed: passwords, one-time codes, and text
    /// that is scanned in memory and never stored.
    const AS_TYPED: &'static [&'static str];

    /// The maximum size of the body in a visitor's session, in bytes; `usual` is that of the form.
    fn max_size(_session: &Session, usual: usize) -> usize {
        usual
    }
}

type Extracted<F> = Pin<Box<dyn Future<Output = Result<F, Rejection>>>>;

impl<T: DeserializeOwned + 'static, const MAX_SIZE: usize> FromRequest for Form<T, MAX_SIZE> {
    type Error = Rejection;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extract(request, payload, MAX_SIZE, |body, token| {
            let token = token?;
            let (version, proof) = (version(body), proof(body));
            Ok(Self { fields: fields(body, &[])?, token, version, proof })
        })
    }
}

impl<T: DeserializeOwned + 'static, const MAX_SIZE: usize> FromRequest
    for ForeignForm<T, MAX_SIZE>
{
    type Error = Rejection;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extract(request, payload, MAX_SIZE, |body, _| Ok(Self { fields: fields(body, &[])? }))
    }
}

impl<T: SecretFields + 'static, const MAX_SIZE: usize> FromRequest for SecretForm<T, MAX_SIZE> {
    type Error = Rejection;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extract(request, payload, MAX_SIZE, |body, token| {
            let token = token?;
            Ok(Self { fields: fields(body, T::AS_TYPED)?, token, proof: proof(body) })
        })
    }
}

impl<T: SecretFields + 'static, const MAX_SIZE: usize> FromRequest for LateForm<T, MAX_SIZE> {
    type Error = Rejection;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let largest = T::max_size(&request.get_session(), MAX_SIZE);
        extract(request, payload, largest, |body, token| {
            let token = token.ok();
            let fields = fields(body, T::AS_TYPED);
            let fields =
                fields.map_err(|why| if token.is_some() { why } else { Rejection::StaleForm })?;
            Ok(Self { fields, token })
        })
    }
}

/// Reads a form, and lets `make` check its text and its token.
fn extract<F: 'static>(
    request: &HttpRequest,
    payload: &mut Payload,
    largest: usize,
    make: fn(&str, Result<FormToken, Rejection>) -> Result<F, Rejection>,
) -> Extracted<F> {
    let (request, body) = (request.clone(), Body::from_request(request, payload));
    Box::pin(async move {
        let Ok(body) = body.await;
        let text = read(&request, body, largest).await?;
        make(&text, token_in(&request, &text))
    })
}

/// Reads the query of a URL. A query that cannot be parsed gives the default.
pub fn from_query<T: DeserializeOwned + Default>(query: &str) -> T {
    serde_html_form::from_str(query).unwrap_or_default()
}

/// The text of a form.
pub(super) async fn read(
    request: &HttpRequest,
    body: Body,
    largest: usize,
) -> Result<Zeroizing<String>, Rejection> {
    let mut body = body.read(largest).await?;
    if !is_of_type(request, "application/x-www-form-urlencoded") {
        return Err(Rejection::Unreadable);
    }
    // Moved, not copied, so that the wiped buffer is the only one.
    match String::from_utf8(std::mem::take(&mut *body)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(Rejection::Unreadable)
        }
    }
}

/// The token of the form in `body`.
pub(super) fn token_in(request: &HttpRequest, body: &str) -> Result<FormToken, Rejection> {
    let fields = form_urlencoded::parse(body.as_bytes());
    token(request, fields.filter_map(|(name, value)| (name == "form_token").then_some(value)))
}

/// The version in `body`, if it is the only one.
pub(super) fn version(body: &str) -> Option<i64> {
    single(body, "version")?.parse().ok()
}

/// The value of the field `name` in `body`, if there is exactly one.
pub(super) fn single(body: &str, name: &str) -> Option<String> {
    let fields = form_urlencoded::parse(body.as_bytes());
    let mut values = fields.filter(|(field, _)| field == name).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then(|| value.into_owned())
}

/// The fields of the form in `body`.
pub(super) fn fields<T: DeserializeOwned>(body: &str, as_typed: &[&str]) -> Result<T, Rejection> {
    if !is_well_encoded(body) {
        return Err(Rejection::Unreadable);
    }
    let redacted = redacted(body, as_typed);
    let body = redacted.as_ref().map_or(body, |body| body.as_str());
    serde_html_form::from_str(body).map_err(|_| Rejection::Unreadable)
}

/// Parses form-encoded text.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_html_form::from_str(text).ok()
}

/// Form-encodes names and values; a value without any gives an empty text.
pub(super) fn text(fields: impl Serialize) -> String {
    serde_html_form::to_string(fields).unwrap_or_default()
}

/// The body without the secret keys in its fields, except those in `as_typed`; `None` if there are
/// none.
fn redacted(body: &str, as_typed: &[&str]) -> Option<Zeroizing<String>> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let mut is_changed = false;
    for (name, value) in form_urlencoded::parse(body.as_bytes()) {
        let (name, value) = (Zeroizing::new(name.into_owned()), Zeroizing::new(value.into_owned()));
        let is_typed = as_typed.contains(&name.as_str());
        let without = secret_scan::redacted(&value).filter(|_| !is_typed);
        let name_without = secret_scan::redacted(&name);
        is_changed |= without.is_some() || name_without.is_some();
        let name = name_without.map_or(name, Zeroizing::new);
        form.append_pair(&name, &without.map_or(value, Zeroizing::new));
    }
    let form = Zeroizing::new(form.finish());
    is_changed.then_some(form)
}

/// The single token in `given`, if it belongs to the session and to a page that may submit here.
pub(super) fn token(
    request: &HttpRequest,
    mut given: impl Iterator<Item = impl AsRef<str>>,
) -> Result<FormToken, Rejection> {
    let site = request.app_data::<web::Data<Site>>().ok_or(Rejection::StaleForm)?;
    let form_key: Option<String> =
        request.get_session().get(form_token::SESSION_KEY).ok().flatten();
    match (form_key, given.next(), given.next()) {
        (Some(key), Some(text), None) => {
            let page = FormPage::of(request);
            form_token::check(&site.keyring, &key, &page, text.as_ref(), site.clock.now())
                .ok_or(Rejection::StaleForm)
        }
        _ => Err(Rejection::StaleForm),
    }
}

/// Whether every `%` starts an encoded byte and the bytes are UTF-8: lenient parsing could turn one
/// text into another.
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
    fn a_secret_key_is_removed_from_every_field_except_those_named() {
        let body = format!("lk_dev_{}", "a".repeat(secret_scan::RANDOM));
        let sum = secret_scan::checksum(&body);
        let secret = format!("{body}{}", str::from_utf8(&sum).expect("ASCII"));
        let sent = format!("name=a+{secret}&password={secret}&{secret}=x&scopes=b&scopes={secret}");
        let redacted = redacted(&sent, &["password"]).expect("a secret key");
        let removed = "lk_dev_%E2%80%A6+%28removed%29";
        let left =
            format!("name=a+{removed}&password={secret}&{removed}=x&scopes=b&scopes={removed}");
        assert_eq!(*redacted, left);
        assert!(super::redacted("name=lk_dev_&password=x", &[]).is_none());
    }

    #[test]
    fn broken_percent_encoding_is_detected() {
        for body in ["", "a=b", "a=%41%c3%A9&b=+", "a=%25zz"] {
            assert!(is_well_encoded(body), "{body}");
        }
        for body in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "a=%c3"] {
            assert!(!is_well_encoded(body), "{body}");
        }
    }
}
