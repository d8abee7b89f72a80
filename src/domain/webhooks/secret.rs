//! Signing secrets and signatures (Standard Webhooks 1.0: symmetric, `v1`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::base::clock::{SECOND, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::random;

/// The prefix of every signing secret.
const PREFIX: &str = "whsec_";

/// The secret that signs the messages to one endpoint: `whsec_` and 32 random bytes in base64. It is
/// displayed once and stored encrypted.
pub struct SigningSecret(Zeroizing<String>);

impl SigningSecret {
    /// Generates a new signing secret.
    pub fn random() -> Result<Self> {
        let bytes = Zeroizing::new(random::bytes::<32>()?);
        Ok(Self(Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_slice())))))
    }

    /// Parses a stored secret; `None` if it cannot be one.
    pub(super) fn stored(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok().filter(|text| text.starts_with(PREFIX))?;
        Some(Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, for the one page that shows it and for encrypted storage.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `v1,` and the signature of a message sent at `at`.
    pub(super) fn sign(&self, message_id: &str, at: Timestamp, body: &str) -> Result<String> {
        let encoded = self.0.strip_prefix(PREFIX).unwrap_or_default();
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(Error::internal)?);
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(Error::internal)?;
        mac.update(format!("{message_id}.{}.{body}", at.millis().div_euclid(SECOND)).as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_example_is_signed_as_published() {
        // From the reference implementations' test of `sign` in Standard Webhooks.
        let secret = SigningSecret::stored(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .expect("a signing secret");
        let at = Timestamp::from_millis(1_614_265_330_000);
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed.expect("signed"), expected);
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let secret = SigningSecret::random().expect("random");
        assert_eq!(secret.expose().len(), PREFIX.len() + 44);
        assert!(!format!("{secret:?}").contains(&secret.expose()[PREFIX.len()..]));
    }

    proptest! {
        #[test]
        fn the_reference_implementation_makes_the_same_signature(body in ".*", seconds in 0_i64..1 << 40) {
            let secret = SigningSecret::random().expect("random");
            let reference = standardwebhooks::Webhook::new(secret.expose()).expect("a secret");
            let expected = reference.sign("msg_x", seconds, body.as_bytes()).expect("signed");
            let at = Timestamp::from_millis(seconds * SECOND);
            prop_assert_eq!(secret.sign("msg_x", at, &body).expect("signed"), expected);
        }
    }
}
