//! The form in which names are compared, and the one in which they are sorted.

use icu_casemap::CaseMapper;
use unicode_normalization::UnicodeNormalization as _;

/// Counts the changes of what this module makes of a text. Forms that a database holds are made again
/// when it has grown.
pub const FOLDING: i64 = 1;

/// The form in which two texts are compared: without regard to case (Unicode 3.13, full case folding),
/// to the way of writing (NFKC), to characters that cannot be seen, and to how many blanks stand
/// between words. So the names Straße and STRASSE are one.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return without_repeated_blanks(&text.to_ascii_lowercase());
    }
    let visible: String = text.nfd().filter(|c| !is_invisible(*c)).collect();
    let folded: String = case_folded(&visible).nfkc().collect();
    // What a character is equivalent to may have a case of its own, as ㎒ has.
    let folded: String = case_folded(&folded).nfkc().collect();
    without_repeated_blanks(&folded)
}

/// The form in which names are sorted by its bytes: Latin and Greek letters stand beside those without
/// marks, so that É is found under E. Names that differ in marks alone have a fixed order.
pub fn sort_key(text: &str) -> String {
    let folded = fold(text);
    if folded.is_ascii() {
        return folded;
    }
    let mut plain = String::with_capacity(folded.len());
    for c in folded.chars() {
        match without_mark(c) {
            Some(letters) => plain.push_str(letters),
            // A letter of its own in the Cyrillic alphabet, after и.
            None if c == 'й' => plain.push(c),
            None => plain.extend(c.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))),
        }
    }
    let plain: String = plain.nfc().collect();
    // Folded text never has two blanks in a row, so these sort before whatever a longer name has there.
    if plain == folded { folded } else { format!("{plain}  {folded}") }
}

fn case_folded(text: &str) -> String {
    CaseMapper::new().fold_string(text).into_owned()
}

fn without_repeated_blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters without a shape of their own that names may hold, as emoji do (Unicode,
/// `Default_Ignorable_Code_Point`).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Latin letters whose mark is a part of them, which Unicode does not take apart.
fn without_mark(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' | 'ǽ' | 'ǣ' => "ae",
        'đ' | 'ð' | 'ɖ' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ŋ' => "n",
        'ø' | 'ǿ' => "o",
        'œ' => "oe",
        'ŧ' => "t",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_look_alike_are_one() {
        for (one, other) in [
            ("Straße", "STRASSE"),
            ("a  b", "a b"),
            ("a\u{a0}b", " A B "),
            ("Caf\u{e9}", "CAFE\u{301}"),
            ("ＦＵＬＬ access", "Full Access"),
            ("o\u{fb03}ce", "OFFICE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("so\u{ad}ft", "soft"),
            ("a\u{200d}b", "ab"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("Émile"), fold("Emile"));
    }

    #[test]
    fn names_are_sorted_where_a_reader_looks_for_them() {
        let sorted = [
            "Ägypten", "angel", "Ægir", "Đorđe", "Emile", "Émile", "Emile x", "Łódź", "Ñandú",
            "nb", "øre", "Über", "zebra", "Ёлка", "йод", "東京",
        ];
        let mut names = sorted;
        names.reverse();
        names.sort_by_cached_key(|name| sort_key(name));
        let expected = [
            "Ægir", "Ägypten", "angel", "Đorđe", "Emile", "Émile", "Emile x", "Łódź", "Ñandú",
            "nb", "øre", "Über", "zebra", "Ёлка", "йод", "東京",
        ];
        assert_eq!(names, expected);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in ".*") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn names_that_are_one_are_sorted_as_one_and_others_apart(one in "\\PC{0,8}", other in "\\PC{0,8}") {
            prop_assert_eq!(fold(&one) == fold(&other), sort_key(&one) == sort_key(&other));
        }
    }
}
