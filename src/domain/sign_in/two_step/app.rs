//! Time-based one-time codes of an authenticator app (RFC 6238): SHA-1, 6 digits, 30 seconds, and one
//! step of tolerance on either side, which is what authenticator apps support.
//!
//! Pure functions; does not depend on the database.

use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::base::clock::{SECOND, Timestamp};
use crate::base::error::{Error, Result};

/// The length of a secret in bytes, which RFC 4226, 4 recommends.
const SECRET_LENGTH: usize = 20;
/// The number of digits of a code.
const DIGITS: usize = 6;
/// The length of a time step, in milliseconds.
const STEP: i64 = 30 * SECOND;
/// How many characters of the secret form a group when a person reads it.
const GROUP: usize = 4;

/// The secret that the server and the app share.
#[derive(Clone)]
pub struct AppSecret(Zeroizing<[u8; SECRET_LENGTH]>);

impl AppSecret {
    /// The secret with these bytes; `None` if their number is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The secret in base32, in groups of four characters, for typing it into an app.
    pub fn groups(&self) -> Result<String> {
        let text = Zeroizing::new(self.totp("", "")?.secret().to_base32());
        let groups = text.as_bytes().chunks(GROUP).filter_map(|group| str::from_utf8(group).ok());
        Ok(groups.collect::<Vec<_>>().join(" "))
    }

    /// The URL that an app reads from a QR code. The app shows the issuer and the account.
    pub fn url(&self, issuer: &str, account: &str) -> Result<Zeroizing<String>> {
        self.totp(issuer, account)?.to_url().map(Zeroizing::new).map_err(Error::internal)
    }

    /// The time step whose code `typed` is, if it is the current one or next to it. Spaces in the
    /// code are ignored.
    pub fn step_of(&self, typed: &str, now: Timestamp) -> Result<Option<i64>> {
        let Some(code) = digits(typed) else { return Ok(None) };
        let seconds = u64::try_from(now.millis() / SECOND).map_err(Error::internal)?;
        let step = self.totp("", "")?.check(&code, seconds);
        step.map(|step| i64::try_from(step).map_err(Error::internal)).transpose()
    }

    /// The code that the app shows at a time.
    #[cfg(test)]
    pub(in crate::domain::sign_in) fn code_at(&self, now: Timestamp) -> String {
        let seconds = u64::try_from(now.millis() / SECOND).expect("a time after 1970");
        self.totp("", "").expect("a secret").generate(seconds).to_string()
    }

    fn totp(&self, issuer: &str, account: &str) -> Result<Totp> {
        // A colon separates the two in the URL.
        let part = |text: &str| text.replace(':', " ");
        Builder::new()
            .with_secret(*self.0)
            .with_issuer(Some(part(issuer)))
            .with_account_name(part(account))
            .build()
            .map_err(Error::internal)
    }
}

/// The digits of a code without spaces; `None` if the text is not a code of an app.
pub(super) fn digits(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then_some(digits)
}

/// When a time step started.
pub(super) fn start_of(step: i64) -> Timestamp {
    Timestamp::from_millis(step.saturating_mul(STEP))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The secret of the test vectors in RFC 6238, appendix B.
    fn secret() -> AppSecret {
        AppSecret::from_bytes(b"12345678901234567890").expect("20 bytes")
    }

    fn step(code: &str, seconds: i64) -> Option<i64> {
        let now = Timestamp::from_millis(seconds * SECOND);
        secret().step_of(code, now).expect("a time after 1970")
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step(code, seconds), Some(seconds / 30), "{code}");
        }
    }

    #[test]
    fn a_code_is_accepted_one_step_early_or_late_and_with_spaces() {
        let at = |offset: i64| step("081804", 1_111_111_109 + offset).is_some();
        assert_eq!([-30, 0, 30].map(at), [true; 3]);
        assert_eq!([-90, -60, 60, 90].map(at), [false; 4]);
        assert!(step(" 081 804 ", 1_111_111_109).is_some());
        for code in ["", "08180", "0818040", "08180a", "٠٨١٨٠٤", "-81804"] {
            assert_eq!(step(code, 1_111_111_109), None, "{code}");
        }
    }

    #[test]
    fn the_secret_is_shown_as_text_and_as_a_url() {
        let secret = secret();
        assert_eq!(secret.groups().expect("base32"), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let url = secret.url("Meridian: Freight", "ines@example.com").expect("a URL");
        let (path, query) = url.split_once('?').expect("a query");
        assert_eq!(path, "otpauth://totp/Meridian%20%20Freight:ines%40example.com");
        assert!(query.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{query}");
        assert!(query.contains("issuer=Meridian%20%20Freight"), "{query}");
    }

    proptest! {
        #[test]
        fn any_text_is_checked_without_an_error(text in ".*", seconds in 0_i64..4_000_000_000) {
            let now = Timestamp::from_millis(seconds * SECOND);
            if let Some(step) = secret().step_of(&text, now).expect("no error") {
                prop_assert!((step - seconds / 30).abs() <= 1);
            }
        }
    }
}
