//! Finds secret keys in a text that may contain anything. Pure and fast. The results are wiped when
//! they are dropped, and nothing else from the text is kept.

use crate::base::secret_scan;
use crate::domain::api_keys::SecretKey;

/// The largest number of secret keys that one scan returns.
pub const MAX_SECRETS: usize = 50;

/// The secret keys of a text.
#[derive(Debug, Default)]
pub struct Scan {
    /// Each secret key once, in the order of the text, at most [`MAX_SECRETS`].
    pub secrets: Vec<SecretKey>,
    /// Whether the text contains more.
    pub has_more: bool,
}

/// Finds the well-formed secret keys in `text`, whatever is around them and between their
/// characters.
pub fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    for found in secret_scan::find(text) {
        let is_known = scan.secrets.iter().any(|known| known.expose() == *found.secret);
        let Some(secret) = SecretKey::parse(&found.secret).filter(|_| !is_known) else { continue };
        if scan.secrets.len() == MAX_SECRETS {
            scan.has_more = true;
            break;
        }
        scan.secrets.push(secret);
    }
    scan
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
