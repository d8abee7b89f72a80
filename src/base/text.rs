//! Text that people type: which characters it may contain, how long it may be, and when two texts
//! are equal.
//!
//! Pure; does not depend on any feature. ASVS 1.3.3, 2.2.1.

mod email;
mod folding;

pub use email::{email_in_ascii, fold_email, is_email};
pub use folding::{FOLDING, fold, sort_key};

use crate::base::secret_scan;

/// Typed text, and the stored text that it replaces.
#[derive(Clone, Copy, Debug)]
pub struct TypedText<'a> {
    text: &'a str,
    stored: &'a str,
}

impl<'a> TypedText<'a> {
    /// Text that was typed into a form that showed `stored`.
    pub fn replacing(text: &'a str, stored: &'a str) -> Self {
        Self { text, stored }
    }

    /// The stored text, if it contains a secret key and the form came back as it was shown. Such
    /// text is older than the rule against secret keys, which must not block an edit of another
    /// field.
    fn unchanged(self) -> Option<String> {
        let shown = secret_scan::redacted(self.stored)?;
        let is_same = |shown: &str| shown.trim() == self.text.replace("\r\n", "\n").trim();
        is_same(&shown).then(|| self.stored.to_owned())
    }
}

impl<'a> From<&'a str> for TypedText<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, stored: "" }
    }
}

impl<'a> From<&'a String> for TypedText<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

/// Trims typed text and checks it as one line.
pub fn one_line<'a>(
    typed: impl Into<TypedText<'a>>,
    what: &str,
    longest: usize,
) -> Result<String, String> {
    checked(typed.into(), what, longest, is_forbidden)
}

/// Trims typed text, normalises its line ends to `\n`, and checks it as several lines.
pub fn lines<'a>(
    typed: impl Into<TypedText<'a>>,
    what: &str,
    longest: usize,
) -> Result<String, String> {
    checked(typed.into(), what, longest, |c| is_forbidden(c) && c != '\n' && c != '\t')
}

fn checked(
    typed: TypedText<'_>,
    what: &str,
    longest: usize,
    is_forbidden: impl Fn(char) -> bool,
) -> Result<String, String> {
    if let Some(stored) = typed.unchanged() {
        return Ok(stored);
    }
    let text = typed.text.replace("\r\n", "\n");
    let text = without_bom(without_secret(&text)?.trim()).trim();
    if text.chars().any(is_forbidden) {
        return Err(format!("{what} must not contain control or invisible characters"));
    }
    bounded(text, what, longest)
}

/// `text` without the byte order mark that some programs write at the start.
pub fn without_bom(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// `text`, unless it contains a secret key or the replacement that a form shows for one. For typed
/// text that does not go through [`one_line`] or [`lines`], which check it themselves.
pub fn without_secret(text: &str) -> Result<&str, String> {
    if secret_scan::contains_removed(text) || secret_scan::contains_secret(text) {
        return Err(secret_scan::MESSAGE.into());
    }
    Ok(text)
}

fn bounded(text: &str, what: &str, longest: usize) -> Result<String, String> {
    if text.chars().count() > longest {
        return Err(format!("{what} must be {} characters or fewer", thousands(longest as u64)));
    }
    Ok(text.to_owned())
}

/// Control characters, and characters that are invisible or change the direction of the following
/// text, so that one text can pass for another (Unicode TR 36). The zero-width joiner is allowed:
/// emoji need it.
pub fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The start of hostile text for a message: at most `longest` characters, without invisible ones.
pub fn visible(text: &str, longest: usize) -> String {
    let mut kept = text.chars().filter(|c| !is_forbidden(*c));
    let start: String = kept.by_ref().take(longest).collect();
    if kept.next().is_some() { format!("{start}…") } else { start }
}

/// `“name”` for sentences that are not HTML. A name that is written from right to left is isolated, so
/// that it does not move the quotation marks and words around it.
pub fn quoted(name: &str) -> String {
    if name.chars().any(is_right_to_left) {
        format!("“\u{2068}{name}\u{2069}”")
    } else {
        format!("“{name}”")
    }
}

/// Whether a character is in one of Unicode's blocks for Hebrew, Arabic and other scripts that are
/// written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// A form of `text` for URLs: its ASCII letters and digits in lower case, with other characters as
/// single hyphens, at most `longest` characters. May be empty.
pub fn slug(text: &str, longest: usize) -> String {
    let mut slug = String::new();
    for c in fold(text).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(longest);
    slug.trim_end_matches('-').to_owned()
}

/// `14,208`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_characters_are_rejected_and_ordinary_ones_kept() {
        for text in ["a\0b", "a\u{202e}b", "a\u{2066}b", "a\tb", "a\nb", "\u{200b}", "a\u{feff}b"] {
            assert!(one_line(text, "Name", 80).is_err(), "{text:?}");
        }
        for text in
            ["Billing worker – production", "<b>O'Neil</b>", "'; DROP TABLE x; --", "👩‍💻", "東京"]
        {
            assert_eq!(one_line(text, "Name", 80).as_deref(), Ok(text));
        }
        assert_eq!(one_line("\u{feff} a ", "Name", 80).as_deref(), Ok("a"));
    }

    #[test]
    fn a_secret_key_is_rejected_before_any_other_check() {
        let random = "a".repeat(secret_scan::RANDOM);
        let body = format!("lk_prod_{random}");
        let sum = secret_scan::checksum(&body);
        let secret = format!("{body}{}", str::from_utf8(&sum).expect("ASCII"));
        for text in [&secret, &format!("a\0{secret}"), &secret.repeat(9), "x lk_prod_… (removed)"]
        {
            assert_eq!(one_line(text, "Name", 80), Err(secret_scan::MESSAGE.into()), "{text}");
            assert_eq!(lines(text, "Notes", 80), Err(secret_scan::MESSAGE.into()), "{text}");
        }
        let stored = format!("Key:\n{secret}");
        let shown = "Key:\r\nlk_prod_… (removed)";
        assert_eq!(
            lines(TypedText::replacing(shown, &stored), "Notes", 80).as_deref(),
            Ok(&*stored)
        );
        assert!(lines(TypedText::replacing(&format!("{shown}."), &stored), "Notes", 80).is_err());
        assert_eq!(
            lines(TypedText::replacing(" Key: ", &stored), "Notes", 80).as_deref(),
            Ok("Key:")
        );
    }

    #[test]
    fn length_counts_characters_after_trimming() {
        assert!(one_line(&format!("  {}  ", "é".repeat(80)), "Name", 80).is_ok());
        assert_eq!(
            one_line(&"é".repeat(81), "Key name", 80),
            Err("Key name must be 80 characters or fewer".into())
        );
    }

    #[test]
    fn only_names_that_are_written_from_right_to_left_are_isolated() {
        assert_eq!(quoted("Billing – 東京 é"), "“Billing – 東京 é”");
        assert_eq!(quoted("خدمة (v2)"), "“\u{2068}خدمة (v2)\u{2069}”");
        assert_eq!(quoted("API שלום"), "“\u{2068}API שלום\u{2069}”");
    }

    #[test]
    fn slugs_hold_letters_digits_and_single_hyphens() {
        for (text, expected) in [
            ("Billing & invoices", "billing-invoices"),
            ("  Read/Write  ", "read-write"),
            ("ＦＵＬＬ access", "full-access"),
            ("Überblick", "berblick"),
            ("東京", ""),
            ("../../etc", "etc"),
            ("a\u{202e}b\0", "a-b"),
        ] {
            assert_eq!(slug(text, 40), expected, "{text}");
        }
        assert_eq!(slug("abc def", 4), "abc");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(14_208), "14,208");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }

    proptest! {
        #[test]
        fn accepted_text_contains_no_forbidden_character(text in "\\PC*|.*") {
            if let Ok(kept) = one_line(&text, "Name", 40) {
                prop_assert!(kept.chars().count() <= 40);
                prop_assert!(!kept.chars().any(is_forbidden));
            }
        }
    }
}
