//! The form in which names are compared, and the form in which they are sorted.

use icu_casemap::CaseMapper;
use unicode_normalization::UnicodeNormalization as _;

/// The version of this module's output. Stored forms in a database are recomputed when it
/// increases.
pub const FOLDING: i64 = 1;

/// The form in which two texts are compared: it ignores case (Unicode 3.13, full case folding),
/// compatibility variants (NFKC), invisible characters, and repeated blanks between words. So the
/// names Straße and STRASSE are equal.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return without_repeated_blanks(&text.to_ascii_lowercase());
    }
    let visible: String = text.nfd().filter(|c| !is_invisible(*c)).collect();
    let folded: String = case_folded(&visible).nfkc().collect();
    // The compatibility form of a character may be case-folded in turn, as with ㎒.
    let folded: String = case_folded(&folded).nfkc().collect();
    without_repeated_blanks(&folded)
}

/// The form by whose bytes names are sorted: Latin and Greek letters sort with their unmarked
/// forms, so that É is found under E. Names that differ only in marks have a fixed order.
pub fn sort_key(text: &str) -> String {
    let folded = fold(text);
    if folded.is_ascii() {
        return folded;
    }
    let mut plain = String::with_capacity(folded.len());
    for c in folded.chars() {
        match without_mark(c) {
            Some(letters) => plain.push_str(letters),
            // й is a separate letter of the Cyrillic alphabet, after и.
            None if c == 'й' => plain.push(c),
            None => plain.extend(c.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))),
        }
    }
    let plain: String = plain.nfc().collect();
    // Folded text never has two blanks in a row, so these sort before any text that a longer name
    // has there.
    if plain == folded { folded } else { format!("{plain}  {folded}") }
}

fn case_folded(text: &str) -> String {
    CaseMapper::new().fold_string(text).into_owned()
}

fn without_repeated_blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters without a visible shape that names may contain, as emoji do (Unicode,
/// `Default_Ignorable_Code_Point`).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Latin letters with a mark that Unicode does not decompose.
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
    fn names_that_look_the_same_are_equal() {
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
        fn equal_names_have_equal_sort_keys_and_others_do_not(one in "\\PC{0,8}", other in "\\PC{0,8}") {
            prop_assert_eq!(fold(&one) == fold(&other), sort_key(&one) == sort_key(&other));
        }
    }
}
