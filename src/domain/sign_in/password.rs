//! A password as somebody typed it, and what a new one must be.
//!
//! Pure; knows neither how it is hashed nor for whom. NIST SP 800-63B 3.1.1; ASVS 6.2.1 to 6.2.12.
//!
//! A keyboard may write é as one character or as two, and the next keyboard does it the other way. So
//! passwords are normalised (NFKC) before they are hashed, and one that is new is bounded afterwards.

use std::fmt;

use unicode_normalization::{UnicodeNormalization as _, is_nfkc};

use zeroize::Zeroizing;
use zxcvbn::Score;

use crate::base::text;

/// The fewest characters of a new password (ASVS 6.2.1 asks for 8, advises 15).
const SHORTEST: usize = 12;
/// The most characters that are looked at (ASVS 6.2.9 asks for 64 at least).
const LONGEST: usize = 256;
/// How much of a new password zxcvbn judges, in characters. Its work grows steeply with the length:
/// what is hard to guess is so within these, and a hundred of the wrong ones keep it busy for long.
const JUDGED: usize = 40;

/// A password: never shown, compared, copied or stored; wiped when dropped. Its text is normalised
/// and otherwise taken as it came, not trimmed (ASVS 6.2.8).
pub struct Password {
    text: Zeroizing<String>,
    /// Whether the text is the whole of what was typed.
    whole: bool,
    /// The text as it was typed, where it was not normalised: older hashes were made of it.
    typed: Option<Zeroizing<String>>,
}

impl Password {
    /// Checks a password that somebody wants to have. `own_words` are what others know of the
    /// person: name, email address, organisation.
    pub fn new_for(text: impl Into<Zeroizing<String>>, own_words: &[&str]) -> Result<Self, String> {
        let text = normalised(&text.into());
        if text.chars().any(char::is_control) {
            return Err("Password must not contain control characters".into());
        }
        match text.chars().take(LONGEST + 1).count() {
            0 => Err("Enter a password".into()),
            1..SHORTEST => Err(format!("Password must be at least {SHORTEST} characters")),
            SHORTEST..=LONGEST if is_guessable(&text, own_words) => {
                Err("This password is too easy to guess. Three or four random words work well"
                    .into())
            }
            SHORTEST..=LONGEST => Ok(Self { text, whole: true, typed: None }),
            _ => Err(format!("Password must be {LONGEST} characters or fewer")),
        }
    }

    /// A password that somebody signs in with: any text. One that is too long costs the same work
    /// as any other and never matches.
    pub fn presented(text: impl Into<Zeroizing<String>>) -> Self {
        let typed = text.into();
        let text = normalised(&typed);
        let is_changed = *text != *typed;
        let (text, whole) = match text.char_indices().nth(LONGEST) {
            None => (text, true),
            Some((end, _)) => (Zeroizing::new(text[..end].to_owned()), false),
        };
        let may_be_old = is_changed && typed.chars().nth(LONGEST).is_none();
        Self { text, whole, typed: may_be_old.then_some(typed) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The same as it was typed, if an older hash may be of that.
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

/// The form that is hashed: NFKC, without the byte order mark that files begin with. Already
/// normalised text, as nearly all is, is copied once.
fn normalised(typed: &str) -> Zeroizing<String> {
    let typed = text::without_bom(typed);
    if is_nfkc(typed) {
        return Zeroizing::new(typed.to_owned());
    }
    // At most 18 characters become of one, each of at most 4 bytes: the text is never moved, which
    // would leave a copy.
    let mut text = Zeroizing::new(String::with_capacity(typed.len() * 18));
    text.extend(typed.nfkc());
    text
}

/// Whether an attacker who knows the person's own words needs fewer than 10^8 guesses, which is
/// what score 3 of zxcvbn means (ASVS 6.2.4, 6.2.11).
fn is_guessable(text: &str, own_words: &[&str]) -> bool {
    let parts = own_words.iter().flat_map(|words| words.split(|c: char| !c.is_alphanumeric()));
    let known: Vec<&str> = own_words
        .iter()
        .copied()
        .chain(parts)
        .chain(["latchkey"])
        .filter(|word| !word.is_empty())
        .collect();
    let judged = text.char_indices().nth(JUDGED).map_or(text, |(end, _)| &text[..end]);
    zxcvbn::zxcvbn(judged, &known).score() < Score::Three
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(text: &str) -> String {
        let own = ["Ines Okafor", "ines@example.com", "Northwind Parcels"];
        Password::new_for(text.to_owned(), &own).map_or_else(|message| message, |_| String::new())
    }

    #[test]
    fn a_new_password_is_long_enough_and_hard_to_guess() {
        assert_eq!(refusal(""), "Enter a password");
        assert_eq!(refusal("k7$Qz!m2"), "Password must be at least 12 characters");
        let long: String = ('!'..='~').cycle().step_by(7).take(257).collect();
        assert_eq!(refusal(&long), "Password must be 256 characters or fewer");
        assert_eq!(refusal(&long[1..]), "");
        assert_eq!(refusal(&"correct harness batty stapler ".repeat(8)), "");
        assert_eq!(refusal("correct harness batty stapler"), "");
        assert_eq!(refusal("лошадь батарея скрепка"), "");
    }

    #[test]
    fn what_others_know_of_the_person_counts_for_little() {
        let easy = "This password is too easy to guess. Three or four random words work well";
        for text in ["ines@example.com", "northwindparcels", "Okafor123456", "latchkeylatchkey"] {
            assert_eq!(refusal(text), easy, "{text}");
        }
        for text in ["aaaaaaaaaaaa", "password1234", "qwertyuiop12"] {
            assert_eq!(refusal(text), easy, "{text}");
        }
    }

    #[test]
    fn a_password_shows_nothing_of_itself() {
        let shown = format!("{:?}", Password::presented("hunter2".to_owned()));
        assert_eq!(shown, "Password(…)");
    }

    #[test]
    fn a_password_is_the_same_however_its_characters_are_written() {
        // é as one character and as two; full-width letters; a ligature; a file's first bytes.
        for (one, other) in [
            ("Caf\u{e9} au lait, bitte", "Cafe\u{301} au lait, bitte"),
            ("\u{ff23}afé au lait", "Café au lait"),
            ("o\u{fb03}ce hours only", "office hours only"),
            ("\u{feff}correct harness", "correct harness"),
        ] {
            let [one, other] = [one, other].map(|text| Password::presented(text.to_owned()));
            assert_eq!(one.bytes(), other.bytes());
        }
        let new = Password::new_for("Cafe\u{301} au lait, bitte".to_owned(), &[]).expect("good");
        assert_eq!(new.bytes(), "Café au lait, bitte".as_bytes());
    }

    #[test]
    fn control_characters_are_rejected_in_a_new_password() {
        for text in ["correct\0harness batty", "correct\tharness batty", "correct harness batty\r"]
        {
            assert_eq!(refusal(text), "Password must not contain control characters", "{text:?}");
        }
        assert_eq!(refusal("\u{feff}correct harness batty"), "");
    }

    proptest! {
        #[test]
        fn what_is_presented_is_bounded_normalised_and_otherwise_as_it_came(text in "\\PC{0,300}") {
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
