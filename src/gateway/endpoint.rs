//! The two addresses at which gateways ask whether a request may pass. They differ only in where the
//! question and the client's request are.

use actix_web::dev::RequestHead;

use super::credentials;
use super::ext_authz::{self, InvalidPath};
use crate::domain::usage::RequestLine;
use crate::domain::verification::{InvalidQuery, Requirements};

const AUTHORIZE: &str = "/v1/authorize";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `/v1/authorize`: the question is the query, and headers name the client's request.
    Authorize,
    /// `/v1/ext-authz/…`: the question and the client's request are in the path.
    ExtAuthz,
}

/// Why a question is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InvalidQuestion<'a> {
    Query(InvalidQuery<'a>),
    Path(InvalidPath),
}

impl Endpoint {
    pub(super) fn of(path: &str) -> Option<Self> {
        if path == AUTHORIZE {
            Some(Self::Authorize)
        } else {
            let rest = path.strip_prefix(ext_authz::PATH)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(Self::ExtAuthz)
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Authorize => AUTHORIZE,
            Self::ExtAuthz => ext_authz::PATH,
        }
    }

    /// What the gateway requires.
    pub(super) fn question(
        self,
        head: &RequestHead,
    ) -> Result<Requirements<'_>, InvalidQuestion<'_>> {
        match self {
            Self::Authorize => Requirements::read(head.uri.query().unwrap_or_default()),
            Self::ExtAuthz => {
                let parsed =
                    ext_authz::parse(path_and_query(head)).map_err(InvalidQuestion::Path)?;
                Requirements::read_decoded(parsed.question)
            }
        }
        .map_err(InvalidQuestion::Query)
    }

    /// The client's request, as far as it is known.
    pub(super) fn request_line(self, head: &RequestHead) -> RequestLine<'_> {
        match self {
            Self::Authorize => credentials::request_line(&head.headers),
            Self::ExtAuthz => RequestLine {
                method: Some(head.method.as_str().as_bytes()),
                target: ext_authz::target(path_and_query(head)).map(str::as_bytes),
            },
        }
    }
}

fn path_and_query(head: &RequestHead) -> &str {
    head.uri.path_and_query().map_or("", |path| path.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_paths_are_endpoints() {
        for path in ["/v1/ext-authz", "/v1/ext-authz/", "/v1/ext-authz/-/x"] {
            assert_eq!(Endpoint::of(path), Some(Endpoint::ExtAuthz), "{path}");
        }
        assert_eq!(Endpoint::of("/v1/authorize"), Some(Endpoint::Authorize));
        for path in
            ["/", "/v1/authorize/", "/v1/authorize/x", "/v1/ext-authzx", "//v1/ext-authz/-/"]
        {
            assert_eq!(Endpoint::of(path), None, "{path}");
        }
    }
}
