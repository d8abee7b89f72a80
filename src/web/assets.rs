//! The stylesheet, script, icons and fonts under `/assets/`, as `build.rs` made them.
//!
//! A name changes with its content, so a browser may keep a file for good. Each goes out in the
//! form that the client prefers, compressed at build time. Knows no page and no feature.

use std::borrow::Cow;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETag, EntityTag, Header,
    HeaderMap, IfNoneMatch, VARY,
};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::EmbeddedFile;

use crate::base::closed_set::closed_set;

/// The addresses of the assets, for templates.
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
    let Some((encoding, file)) = negotiate(&accepted(request.headers()), forms) else {
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
        .insert_header((CONTENT_ENCODING, encoding.as_str()))
        .body(match file.data {
            Cow::Borrowed(content) => Bytes::from_static(content),
            Cow::Owned(content) => Bytes::from(content),
        })
}

/// By extension; none for a name that is not served, such as that of a compressed form.
fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml; charset=utf-8"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

/// The forms of a file, the one to prefer first; none for an unknown name.
fn forms(name: &str) -> Option<Vec<(Encoding, EmbeddedFile)>> {
    let plain = Files::get(name)?;
    let form = |encoding, suffix| Some((encoding, Files::get(&format!("{name}{suffix}"))?));
    let compressed = [form(Encoding::Brotli, ".br"), form(Encoding::Gzip, ".gz")];
    Some(compressed.into_iter().flatten().chain([(Encoding::Identity, plain)]).collect())
}

/// Strong, and different for each encoding, as the bytes are (RFC 9110, section 8.8.3).
fn entity_tag(file: &EmbeddedFile) -> EntityTag {
    let hash = &file.metadata.sha256_hash()[..10];
    EntityTag::new_strong(crate::base::keyring::hex(hash))
}

/// Whether the client already holds this form (RFC 9110, section 13.1.2).
fn is_held(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(held)) => held.iter().any(|held| held.weak_eq(tag)),
        Err(_) => false,
    }
}

closed_set! {
    enum Encoding {
        Brotli = "br",
        Gzip = "gzip",
        Identity = "identity",
    }
}

/// All `Accept-Encoding` lines as one; empty when there is none, which leaves identity.
fn accepted(headers: &HeaderMap) -> String {
    let lines: Vec<&str> =
        headers.get_all(ACCEPT_ENCODING).filter_map(|line| line.to_str().ok()).collect();
    lines.join(",")
}

/// The form with the greatest weight, the earlier of equals; none when each is refused.
fn negotiate<T>(accepted: &str, forms: Vec<(Encoding, T)>) -> Option<(Encoding, T)> {
    let weighed = forms.into_iter().map(|form| (weight(accepted, form.0), form));
    let best = weighed
        .filter(|(weight, _)| *weight > 0.0)
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, form)| form)
}

/// How much a client wants an encoding, 0 for not at all (RFC 9110, section 12.5.3). Identity that
/// is neither named nor excluded by `*` is acceptable, but only for want of anything else.
fn weight(accepted: &str, encoding: Encoding) -> f32 {
    let named = |wanted: &str| {
        accepted.split(',').find_map(|member| {
            let (coding, parameters) = member.split_once(';').unwrap_or((member, ""));
            coding.trim().eq_ignore_ascii_case(wanted).then(|| quality(parameters))
        })
    };
    let unnamed = if encoding == Encoding::Identity { f32::MIN_POSITIVE } else { 0.0 };
    named(encoding.as_str()).or_else(|| named("*")).unwrap_or(unnamed)
}

/// The `q` among a member's parameters: 1 when there is none, 0 when it cannot be read.
fn quality(parameters: &str) -> f32 {
    let mut pairs = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let Some((_, q)) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("q")) else {
        return 1.0;
    };
    q.trim().parse().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::http::StatusCode;
    use actix_web::http::header::IF_NONE_MATCH;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    fn chosen(accepted: &str) -> Option<Encoding> {
        let forms = vec![(Encoding::Brotli, ()), (Encoding::Gzip, ()), (Encoding::Identity, ())];
        negotiate(accepted, forms).map(|(encoding, ())| encoding)
    }

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

    #[test]
    fn a_browser_gets_brotli() {
        assert_eq!(chosen("gzip, deflate, br, zstd"), Some(Encoding::Brotli));
    }

    #[test]
    fn a_client_that_says_nothing_gets_the_plain_file() {
        assert_eq!(chosen(""), Some(Encoding::Identity));
        assert_eq!(chosen("deflate, zstd"), Some(Encoding::Identity));
    }

    #[test]
    fn weights_decide() {
        assert_eq!(chosen("br;q=0.5, gzip;q=0.8"), Some(Encoding::Gzip));
        assert_eq!(chosen("gzip;q=0.5, br;q=0.5, identity;q=1"), Some(Encoding::Identity));
        assert_eq!(chosen("GZIP ; Q=0.001"), Some(Encoding::Gzip));
    }

    #[test]
    fn a_weight_of_zero_refuses() {
        assert_eq!(chosen("br;q=0, gzip"), Some(Encoding::Gzip));
        assert_eq!(chosen("br;q=0.000, gzip;q=0"), Some(Encoding::Identity));
        assert_eq!(chosen("identity;q=0"), None);
        assert_eq!(chosen("*;q=0"), None);
        assert_eq!(chosen("*;q=0, gzip;q=0.1"), Some(Encoding::Gzip));
    }

    #[test]
    fn a_star_stands_for_what_is_not_named() {
        assert_eq!(chosen("*"), Some(Encoding::Brotli));
        assert_eq!(chosen("br;q=0, *"), Some(Encoding::Gzip));
        assert_eq!(chosen("gzip;q=0.9, *;q=0.2"), Some(Encoding::Gzip));
    }

    #[test]
    fn a_weight_that_cannot_be_read_refuses() {
        for weight in ["", "high", "-1", "2", "NaN"] {
            assert_eq!(chosen(&format!("br;q={weight}")), Some(Encoding::Identity), "q={weight}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_survived(accepted in ".{0,80}") {
            chosen(&accepted);
        }

        #[test]
        fn what_is_refused_is_never_chosen(
            members in prop::collection::vec(("br|gzip|identity|\\*|zstd", 0..10_u8), 0..6),
        ) {
            let list: Vec<_> = members.iter().map(|(name, q)| format!("{name};q=0.{q}")).collect();
            if let Some(chosen) = chosen(&list.join(", ")) {
                let q = |name| members.iter().find(|(coding, _)| coding == name).map(|(_, q)| *q);
                prop_assert_ne!(q(chosen.as_str()).or_else(|| q("*")), Some(0));
            }
        }
    }

    #[actix_web::test]
    async fn every_address_in_a_template_is_served_with_its_type() {
        let types = [
            (names::APP_CSS, "text/css; charset=utf-8"),
            (names::APP_JS, "text/javascript; charset=utf-8"),
            (names::ICONS, "image/svg+xml; charset=utf-8"),
            (names::FAVICON, "image/svg+xml; charset=utf-8"),
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
    async fn each_form_has_an_entity_tag_of_its_own() {
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
    async fn a_form_that_is_held_or_refused_is_not_sent() {
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
    async fn nothing_else_has_an_address() {
        let variants = [".br", ".gz"].map(|suffix| format!("{}{suffix}", names::APP_CSS));
        let unknown = ["app.css", "", "../Cargo.toml", "GEIST-OFL.txt", "."].map(str::to_owned);
        for name in variants.iter().chain(&unknown) {
            let response = get(name, "br", "").await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
            assert!(body(response).await.is_empty());
        }
    }

    /// Bytes as sent: with a page and the fonts, a first visit is to need 46 KB at most.
    #[actix_web::test]
    async fn the_assets_stay_within_their_budget() {
        let budgets = [(names::APP_CSS, 9216), (names::APP_JS, 2048), (names::ICONS, 3072)];
        for (address, budget) in budgets {
            let size = body(get(address, "br", "").await).await.len();
            assert!((1..=budget).contains(&size), "{address} is {size} bytes, {budget} allowed");
        }
    }
}
