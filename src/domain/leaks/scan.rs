//! Secret keys within a text that may hold anything. Pure and quick; what is found is wiped when it
//! is dropped, and nothing else of the text is kept.

use crate::base::secret_scan;
use crate::domain::api_keys::SecretKey;

/// How many secret keys are told of one text.
pub const MOST: usize = 50;

/// The secret keys of a text.
#[derive(Debug, Default)]
pub struct Scan {
    /// Each once, in the order of the text, [`MOST`] at most.
    pub secrets: Vec<SecretKey>,
    /// Whether there are more.
    pub has_more: bool,
}

/// Finds the well-formed secret keys in `text`, whatever is around and between their characters.
pub fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    for found in secret_scan::find(text) {
        let is_known = scan.secrets.iter().any(|known| known.expose() == *found.secret);
        let Some(secret) = SecretKey::parse(&found.secret).filter(|_| !is_known) else { continue };
        if scan.secrets.len() == MOST {
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
