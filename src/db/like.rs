//! Patterns for LIKE.

/// The text with the wildcards of LIKE escaped by a backslash.
pub fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
