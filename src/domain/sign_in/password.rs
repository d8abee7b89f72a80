//! Passwords as entered, and the rules for new ones.
//!
//! Pure functions; independent of hashing and members. NIST SP 800-63B 3.1.1; ASVS 6.2.1 to 6.2.12.
//!
//! Some keyboards write é as one character and others as two. Passwords are therefore normalised
//! (NFKC) before they are hashed, and the length of a new one is checked after that.

use std::fmt;

use unicode_normalization::{UnicodeNormalization as _, is_nfkc};

use zeroize::Zeroizing;
use zxcvbn::Score;

use crate::base::text;

/// The minimum length of a new password, in characters (ASVS 6.2.1 requires 8 and recommends 15).
const MIN_LENGTH: usize = 12;
/// The maximum length of a password, in characters (ASVS 6.2.9 requires at least 64).
const MAX_LENGTH: usize = 256;
/// How many characters of a new password zxcvbn examines. Its work grows steeply with the length,
/// and some inputs of a hundred characters keep it busy for a long time. A password that is hard to
/// guess is already hard to guess within these characters.
const MAX_EXAMINED_LENGTH: usize = 40;

/// A password. It is never displayed, compared, copied or stored, and it is wiped when dropped. Its
/// text is normalised but otherwise unchanged, not trimmed (ASVS 6.2.8).
pub struct Password {
    text: Zeroizing<String>,
    /// Whether the text is complete, not cut at the maximum length.
    whole: bool,
    /// The text as typed, if normalisation changed it, because older hashes were made from that
    /// text.
    typed: Option<Zeroizing<String>>,
}

impl Password {
    /// Checks a new password. `own_words` are words that others know about the person: name, email
    /// address, organisation.
    pub fn new_for(text: impl Into<Zeroizing<String>>, own_words: &[&str]) -> Result<Self, String> {
        let text = normalised(&text.into());
        if text.chars().any(char::is_control) {
            return Err("Password must not contain control characters".into());
        }
        match text.chars().take(MAX_LENGTH + 1).count() {
            0 => Err("Enter a password".into()),
            1..MIN_LENGTH => Err(format!("Password must be at least {MIN_LENGTH} characters")),
            MIN_LENGTH..=MAX_LENGTH if is_guessable(&text, own_words) => {
                Err("This password is too easy to guess. Three or four random words work well"
                    .into())
            }
            MIN_LENGTH..=MAX_LENGTH => Ok(Self { text, whole: true, typed: None }),
            _ => Err(format!("Password must be {MAX_LENGTH} characters or fewer")),
        }
    }

    /// A password for signing in, which may be any text. One that is too long costs the same work as
    /// any other and never matches.
    pub fn presented(text: impl Into<Zeroizing<String>>) -> Self {
        let typed = text.into();
        let text = normalised(&typed);
        let is_changed = *text != *typed;
        let (text, whole) = match text.char_indices().nth(MAX_LENGTH) {
            None => (text, true),
            Some((end, _)) => (Zeroizing::new(text[..end].to_owned()), false),
        };
        let may_be_old = is_changed && typed.chars().nth(MAX_LENGTH).is_none();
        Self { text, whole, typed: may_be_old.then_some(typed) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The password as typed, if an older hash may have been made from it.
    pub(super) fn as_typed(&self) -> Option<Self> {
        let text = self.typed.clone()?;
        Some(Self { text, whole: true, typed: None })
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The text to hash: NFKC, without the byte order mark that some files start with. Text that is
/// already normalised, as most is, is copied once.
fn normalised(typed: &str) -> Zeroizing<String> {
    let typed = text::without_bom(typed);
    if is_nfkc(typed) {
        return Zeroizing::new(typed.to_owned());
    }
    // One character becomes at most 18, each of at most 4 bytes. With this capacity the text is
    // never reallocated, which would leave a copy in memory.
    let mut text = Zeroizing::new(String::with_capacity(typed.len() * 18));
    text.extend(typed.nfkc());
    text
}

/// Whether an attacker who knows the person's own words needs fewer than 10^8 guesses, the threshold
/// of zxcvbn's score 3 (ASVS 6.2.4, 6.2.11).
fn is_guessable(text: &str, own_words: &[&str]) -> bool {
    let parts = own_words.iter().flat_map(|words| words.split(|c: char| !c.is_alphanumeric()));
    let known: Vec<&str> = own_words
        .iter()
        .copied()
        .chain(parts)
        .chain(["latchkey"])
        .filter(|word| !word.is_empty())
        .collect();
    let judged = text.char_indices().nth(MAX_EXAMINED_LENGTH).map_or(text, |(end, _)| &text[..end]);
    zxcvbn::zxcvbn(judged, &known).score() < Score::Three
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error_message(text: &str) -> String {
        let own = ["Ines Okafor", "ines@example.com", "Northwind Parcels"];
        Password::new_for(text.to_owned(), &own).map_or_else(|message| message, |_| String::new())
    }

    #[test]
    fn a_new_password_is_long_enough_and_hard_to_guess() {
        assert_eq!(error_message(""), "Enter a password");
        assert_eq!(error_message("k7$Qz!m2"), "Password must be at least 12 characters");
        let long: String = ('!'..='~').cycle().step_by(7).take(257).collect();
        assert_eq!(error_message(&long), "Password must be 256 characters or fewer");
        assert_eq!(error_message(&long[1..]), "");
        assert_eq!(error_message(&"correct harness batty stapler ".repeat(8)), "");
        assert_eq!(error_message("correct harness batty stapler"), "");
        assert_eq!(error_message("лошадь батарея скрепка"), "");
    }

    #[test]
    fn words_about_the_person_make_a_password_easy_to_guess() {
        let easy = "This password is too easy to guess. Three or four random words work well";
        for text in ["ines@example.com", "northwindparcels", "Okafor123456", "latchkeylatchkey"] {
            assert_eq!(error_message(text), easy, "{text}");
        }
        for text in ["aaaaaaaaaaaa", "password1234", "qwertyuiop12"] {
            assert_eq!(error_message(text), easy, "{text}");
        }
    }

    #[test]
    fn debug_output_hides_the_password() {
        let shown = format!("{:?}", Password::presented("hunter2".to_owned()));
        assert_eq!(shown, "Password(…)");
    }

    #[test]
    fn different_encodings_of_a_password_are_the_same_password() {
        // é as one character and as two; full-width letters; a ligature; a byte order mark.
        for (one, other) in [
            ("Caf\u{e9} au lait, bitte", "Cafe\u{301} au lait, bitte"),
            ("\u{ff23}afé au lait", "Café au lait"),
            ("o\u{fb03}ce hours only", "office hours only"),
            ("\u{feff}correct harness", "correct harness"),
        ] {
            let [one, other] = [one, other].map(|text| Password::presented(text.to_owned()));
            assert_eq!(one.bytes(), other.bytes());
        }
        let new = Password::new_for("Cafe\u{301} au lait, bitte".to_owned(), &[]).expect("valid");
        assert_eq!(new.bytes(), "Café au lait, bitte".as_bytes());
    }

    #[test]
    fn control_characters_are_rejected_in_a_new_password() {
        for text in ["correct\0harness batty", "correct\tharness batty", "correct harness batty\r"]
        {
            assert_eq!(
                error_message(text),
                "Password must not contain control characters",
                "{text:?}"
            );
        }
        assert_eq!(error_message("\u{feff}correct harness batty"), "");
    }

    proptest! {
        #[test]
        fn a_presented_password_is_bounded_and_normalised_but_otherwise_unchanged(text in "\\PC{0,300}") {
            let password = Password::presented(text.clone());
            let normalised: String = text.nfkc().collect();
            prop_assert_eq!(password.is_whole(), normalised.chars().count() <= 256);
            if password.is_whole() {
                prop_assert_eq!(password.bytes(), normalised.as_bytes());
            }
            prop_assert!(password.bytes().len() <= 4 * 256);
            let may_be_old = normalised != text && text.chars().count() <= 256;
            let typed = password.as_typed();
            prop_assert_eq!(typed.as_ref().map(Password::bytes), may_be_old.then_some(text.as_bytes()));
        }
    }
}
