//! The relying party, as WebAuthn calls the site for which passkeys are made.

use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

use crate::base::error::{Error, Result};
use crate::config::PublicUrl;

/// The name that some browsers show next to the host.
const NAME: &str = "Latchkey";

/// The site at its public URL. Its id is the host, so that a passkey works only at the host for which
/// it was made.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    pub(super) webauthn: Webauthn,
    pub(super) host: String,
}

impl RelyingParty {
    /// The site at `public_url`; `None` where browsers offer no passkeys: at an IP address, and over
    /// plain http on any host but this machine (<https://w3c.github.io/webappsec-secure-contexts/>).
    pub fn of(public_url: &PublicUrl) -> Result<Option<Self>> {
        let is_secure = public_url.is_https() || public_url.is_loopback();
        let url = Url::parse(public_url.origin()).map_err(Error::internal)?;
        let Some(host) = url.domain().filter(|_| is_secure) else { return Ok(None) };
        let builder = WebauthnBuilder::new(host, &url).map_err(Error::internal)?;
        let webauthn = builder.rp_name(NAME).build().map_err(Error::internal)?;
        Ok(Some(Self { webauthn, host: host.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_host_name_and_a_secure_context() {
        let host = |url: &str| {
            let url = PublicUrl::parse(url).expect("a URL");
            RelyingParty::of(&url).expect("no fault").map(|relying_party| relying_party.host)
        };
        for url in ["https://keys.example.com", "https://KEYS.example.com:8443"] {
            assert_eq!(host(url).as_deref(), Some("keys.example.com"), "{url}");
        }
        assert_eq!(host("http://localhost:8080").as_deref(), Some("localhost"));
        let none = [
            "http://keys.example.com",
            "https://192.0.2.1",
            "http://127.0.0.1:8080",
            "http://[::1]",
        ];
        for url in none {
            assert_eq!(host(url), None, "{url}");
        }
    }
}
