//! Whether a gateway asks Latchkey before it lets a request through.

use url::Url;

use super::finding::{Check, Finding};
use crate::base::network::TrustedRoots;
use crate::base::outgoing::{BodyLimit, Client, http};

const GATEWAY: Check = Check("gateway", "Gateway");
const HEADERS: Check = Check("gateway_headers", "Identity headers at the gateway");

/// The value of identity headers that only Latchkey may set.
const FORGED: &str = "key_FORGEDBYDOCTOR";
const MAX_BODY: u64 = 64 * 1024;
const START: &str = "Start the gateway, or correct the URL.";
const ASK: &str = "The gateway must ask /v1/authorize first: see docs/protect-your-api.md.";

/// A gateway to examine.
pub struct Gateway<'a> {
    /// Of a request that needs a key.
    pub url: &'a Url,
    /// The headers that only Latchkey may set.
    pub identity: &'a [&'a str],
}

pub(super) fn examine(gateway: &Gateway<'_>, roots: &TrustedRoots) -> Vec<Finding> {
    let url = gateway.url;
    let client = Client::for_operator(roots);
    let send = |headers: &[&str]| {
        let mut request = http::Request::get(url.as_str());
        for header in headers {
            request = request.header(*header, FORGED);
        }
        let request = request.body(Vec::new()).map_err(|error| error.to_string())?;
        client.send(request, BodyLimit::Start(MAX_BODY))
    };
    vec![without_a_key(url, send(&[])), forged(url, send(gateway.identity))]
}

type Answer = Result<http::Response<Vec<u8>>, String>;

fn without_a_key(url: &Url, answer: Answer) -> Finding {
    match answer {
        Err(why) => GATEWAY.error(format!("{url} does not answer: {why}."), START),
        Ok(answer) if is_denial(&answer) => {
            GATEWAY.fine(format!("{url} denies a request without a key."))
        }
        Ok(answer) => {
            let status = answer.status().as_u16();
            let text = format!("{url} answers a request without a key with status {status}.");
            GATEWAY.error(text, ASK)
        }
    }
}

fn forged(url: &Url, answer: Answer) -> Finding {
    match answer {
        Err(why) => HEADERS.error(format!("{url} does not answer: {why}."), START),
        Ok(answer) if String::from_utf8_lossy(answer.body()).contains(FORGED) => HEADERS.error(
            "A client’s own Latchkey- headers get through to the API.",
            "Remove them from requests before you add those of Latchkey’s answer.",
        ),
        Ok(answer) if is_denial(&answer) => {
            HEADERS.fine("A request with forged identity headers and without a key is denied.")
        }
        Ok(_) => HEADERS
            .error("A request with forged identity headers and without a key gets through.", ASK),
    }
}

fn is_denial(answer: &http::Response<Vec<u8>>) -> bool {
    matches!(answer.status().as_u16(), 401 | 403)
}
