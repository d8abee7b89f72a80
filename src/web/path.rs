//! Paths within the site in a request: where to go next, and where it came from.

use actix_web::HttpRequest;
use actix_web::http::header;
use url::Url;

use crate::base::secret_scan;
use crate::config::PublicUrl;

/// `next` as a path of this site, with its query; `None` for anything that could lead elsewhere,
/// and for text with a secret key.
pub fn own(next: &str) -> Option<String> {
    // Browsers drop tabs and line ends in URLs and read backslashes as slashes.
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if secret_scan::contains_secret(next) {
        return None;
    }
    if !is_plain || !next.starts_with('/') || next.starts_with("//") {
        return None;
    }
    let base = Url::parse("http://site.invalid").ok()?;
    let url = base.join(next).ok()?;
    (url.origin() == base.origin() && !url.path().starts_with("//")).then(|| path_and_query(&url))
}

/// The page of this site that the request came from.
pub fn referrer(request: &HttpRequest, site: &PublicUrl) -> Option<String> {
    let referrer = request.headers().get(header::REFERER)?.to_str().ok()?;
    let url = Url::parse(referrer).ok()?;
    (url.origin().ascii_serialization() == site.origin())
        .then(|| path_and_query(&url))
        .and_then(|path| own(&path))
}

fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_our_own_paths_are_followed() {
        assert_eq!(own("/api-keys?view=expired").as_deref(), Some("/api-keys?view=expired"));
        for next in [
            "",
            "api-keys",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "javascript:alert(1)",
            "/..//evil.example",
            "/.//evil.example",
            "\\\\evil",
            " /x",
        ] {
            assert_eq!(own(next), None, "{next:?}");
        }
    }

    proptest! {
        #[test]
        fn a_followed_path_stays_on_the_site(next in "[/\\\\.a-z:@?#\t\n%0-9]{0,24}") {
            if let Some(path) = own(&next) {
                let site = Url::parse("https://keys.example.com").expect("a URL");
                let url = site.join(&path).expect("joins");
                prop_assert_eq!(url.origin(), site.origin());
            }
        }
    }
}
