//! The stylesheet, script, icons and fonts under `/assets/`, which `build.rs` made.
//!
//! A name changes with its content, so a browser may cache a file permanently. Each file is sent in
//! the encoding that the client prefers, compressed at build time. Does not depend on any page or
//! feature.

use std::borrow::Cow;

use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETag, Encoding, EntityTag,
    Header, IfNoneMatch, VARY,
};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::EmbeddedFile;

/// The paths of the assets, for templates.
pub mod names {
    include!(concat!(env!("OUT_DIR"), "/asset_names.rs"));
}

#[derive(rust_embed::Embed)]
#[folder = "$OUT_DIR/assets"]
struct Files;

/// Answers GET and HEAD of `/assets/{name}`; 404 without a body for any other name.
pub async fn asset(path: Path<String>, request: HttpRequest) -> HttpResponse {
    let name = path.into_inner();
    let Some((media_type, forms)) = media_type(&name).zip(forms(&name)) else {
        return HttpResponse::NotFound().finish();
    };
    let accepted = AcceptEncoding::parse(&request).unwrap_or_else(|_| AcceptEncoding(Vec::new()));
    let wanted = accepted.negotiate(forms.iter().map(|(encoding, _)| encoding));
    let Some((encoding, file)) = forms.into_iter().find(|form| wanted.as_ref() == Some(&form.0))
    else {
        return HttpResponse::NotAcceptable().insert_header((VARY, "Accept-Encoding")).finish();
    };
    let tag = entity_tag(&file);
    let unchanged = is_held(&request, &tag);
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header(ETag(tag))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((VARY, "Accept-Encoding"));
    if unchanged {
        return response.finish();
    }
    // Naming even "identity" keeps a middleware from compressing it again on every request.
    response
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_ENCODING, encoding.to_string()))
        .body(match file.data {
            Cow::Borrowed(content) => Bytes::from_static(content),
            Cow::Owned(content) => Bytes::from(content),
        })
}

/// The media type by extension; `None` for names that are not served, such as those of compressed
/// forms.
fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml; charset=utf-8"),
        "png" => Some("image/png"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

/// The forms of a file; `None` for an unknown name.
fn forms(name: &str) -> Option<Vec<(Encoding, EmbeddedFile)>> {
    let plain = Files::get(name)?;
    let form = |encoding, suffix| Some((encoding, Files::get(&format!("{name}{suffix}"))?));
    let compressed = [form(Encoding::brotli(), ".br"), form(Encoding::gzip(), ".gz")];
    Some(compressed.into_iter().flatten().chain([(Encoding::identity(), plain)]).collect())
}

/// A strong tag that differs for each encoding, like the bytes (RFC 9110, section 8.8.3).
fn entity_tag(file: &EmbeddedFile) -> EntityTag {
    let hash = &file.metadata.sha256_hash()[..10];
    EntityTag::new_strong(crate::base::keyring::hex(hash))
}

/// Whether the client already has this form (RFC 9110, section 13.1.2).
fn is_held(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(held)) => held.iter().any(|held| held.weak_eq(tag)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::http::StatusCode;
    use actix_web::http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
    use actix_web::test::TestRequest;

    use super::*;

    async fn get(address: &str, accepted: &str, held: &str) -> HttpResponse {
        let name = address.trim_start_matches("/assets/").to_owned();
        let request = TestRequest::default().insert_header((ACCEPT_ENCODING, accepted));
        let request = request.insert_header((IF_NONE_MATCH, held)).to_http_request();
        asset(Path::from(name), request).await
    }

    fn header<'a>(response: &'a HttpResponse, name: &str) -> &'a str {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    async fn body(response: HttpResponse) -> Bytes {
        to_bytes(response.into_body()).await.unwrap_or_default()
    }

    #[actix_web::test]
    async fn a_client_gets_the_smallest_form_that_it_accepts() {
        let expected = [
            ("gzip, deflate, br, zstd", "br"),
            ("", "identity"),
            ("deflate, zstd", "identity"),
            ("br;q=0.5, gzip;q=0.8", "gzip"),
            ("gzip;q=0.5, br;q=0.5, identity;q=1", "identity"),
            ("br;q=0, gzip", "gzip"),
            ("br;q=0.000, gzip;q=0", "identity"),
            ("*;q=0, gzip;q=0.1", "gzip"),
            ("br;q=high", "identity"),
            ("br;q=2", "identity"),
        ];
        for (accepted, encoding) in expected {
            let response = get(names::APP_CSS, accepted, "").await;
            assert_eq!(header(&response, "content-encoding"), encoding, "{accepted:?}");
        }
    }

    #[actix_web::test]
    async fn a_client_that_accepts_no_form_gets_none() {
        for accepted in ["identity;q=0", "*;q=0"] {
            let response = get(names::APP_CSS, accepted, "").await;
            assert_eq!(response.status(), StatusCode::NOT_ACCEPTABLE, "{accepted}");
        }
    }

    #[actix_web::test]
    async fn every_address_in_a_template_is_served_with_its_type() {
        let types = [
            (names::APP_CSS, "text/css; charset=utf-8"),
            (names::APP_JS, "text/javascript; charset=utf-8"),
            (names::PASSKEY_JS, "text/javascript; charset=utf-8"),
            (names::ICONS, "image/svg+xml; charset=utf-8"),
            (names::FAVICON, "image/svg+xml; charset=utf-8"),
            (names::TOUCH_ICON, "image/png"),
            (names::FONT_SANS, "font/woff2"),
            (names::FONT_MONO, "font/woff2"),
        ];
        for (address, media_type) in types {
            let response = get(address, "", "").await;
            assert_eq!(response.status(), StatusCode::OK, "{address}");
            assert_eq!(header(&response, "content-type"), media_type);
            assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable");
            assert_eq!(header(&response, "vary"), "Accept-Encoding");
        }
    }

    #[actix_web::test]
    async fn each_form_has_a_different_entity_tag() {
        let mut seen = Vec::new();
        for accepted in ["br", "gzip", "identity"] {
            let response = get(names::APP_CSS, accepted, "").await;
            assert_eq!(header(&response, "content-encoding"), accepted);
            let tag = header(&response, "etag").to_owned();
            assert!(tag.starts_with('"') && !seen.contains(&tag), "{tag}");
            seen.push(tag);
        }
    }

    #[actix_web::test]
    async fn a_form_that_is_cached_or_not_accepted_is_not_sent() {
        let first = get(names::APP_JS, "br", "").await;
        let tag = header(&first, "etag").to_owned();
        for held in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = get(names::APP_JS, "br", &held).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{held}");
            assert_eq!(header(&again, "etag"), tag);
            assert!(body(again).await.is_empty());
        }
        let other_form = get(names::APP_JS, "gzip", &tag).await;
        assert_eq!(other_form.status(), StatusCode::OK);
        let refused = get(names::APP_JS, "*;q=0", "").await;
        assert_eq!(refused.status(), StatusCode::NOT_ACCEPTABLE);
    }

    #[actix_web::test]
    async fn other_names_are_not_found() {
        let variants = [".br", ".gz"].map(|suffix| format!("{}{suffix}", names::APP_CSS));
        let unknown = ["app.css", "", "../Cargo.toml", "GEIST-OFL.txt", "."].map(str::to_owned);
        for name in variants.iter().chain(&unknown) {
            let response = get(name, "br", "").await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
            assert!(body(response).await.is_empty());
        }
    }

    /// Sizes as sent: with a page and the fonts, a first visit must need 50 KB at most.
    #[actix_web::test]
    async fn the_assets_stay_within_their_budget() {
        let budgets = [
            (names::APP_CSS, 11_264),
            (names::APP_JS, 3072),
            (names::PASSKEY_JS, 1024),
            (names::ICONS, 3072),
        ];
        for (address, budget) in budgets {
            let size = body(get(address, "br", "").await).await.len();
            assert!((1..=budget).contains(&size), "{address} is {size} bytes, {budget} allowed");
        }
    }
}
