//! Explanations of a malformed secret key: what is wrong with it, and what to do.

use crate::domain::api_keys::Flaw;

const AGAIN: &str = "Copy it again from where it was saved, as a whole.";

/// For each flaw: a heading, the cause, and what to do.
const WORDS: [(Flaw, &str, &str, &str); Flaw::ALL.len()] = [
    (
        Flaw::Empty,
        "No secret key after “Bearer”",
        "Nothing follows “Bearer” in the Authorization header.",
        "Look at the variable that should hold the secret key: it is likely to be empty.",
    ),
    (
        Flaw::KeyId,
        "A Key ID in place of the secret key",
        "A Key ID identifies a key. It is not a credential.",
        "Send the secret key, which was shown once when the key was created. If nobody saved it, \
         rotate the key to get a new one.",
    ),
    (
        Flaw::Spaces,
        "Spaces or line breaks in the secret key",
        "Without them it is well formed.",
        "Take them out where it is stored. A file that holds it may end with a line break.",
    ),
    (
        Flaw::Around,
        "Something stands around the secret key",
        "It is well formed, but quotes, “Bearer”, a variable’s name or a second key stand beside it.",
        "Store the secret key alone, and send “Bearer”, a space and the secret key.",
    ),
    (
        Flaw::Masked,
        "A part of the secret key is hidden",
        "Dots or asterisks stand for a part of it.",
        "Copy it from where it was saved when it was created. Latchkey shows it once.",
    ),
    (
        Flaw::Prefix,
        "Not a secret key of Latchkey’s",
        "It does not begin with a prefix and an environment, as secret keys do.",
        "Check whether it belongs to another service or is another kind of credential.",
    ),
    (
        Flaw::Environment,
        "No environment in the secret key",
        "Its prefix is not followed by “prod”, “stag” or “dev”.",
        AGAIN,
    ),
    (
        Flaw::Characters,
        "A character that no secret key has",
        "It consists of the letters A to Z and a to z, digits, and two underscores. Letters of \
         other alphabets may look the same.",
        AGAIN,
    ),
    (Flaw::Truncated, "The secret key is cut off", "Its end is missing.", AGAIN),
    (Flaw::TooLong, "The secret key is too long", "It is longer than any secret key.", AGAIN),
    (
        Flaw::Checksum,
        "A typo in the secret key",
        "Its last six characters follow from the others, and they do not fit: at least one \
         character is wrong.",
        AGAIN,
    ),
    (
        Flaw::TwoHeaders,
        "Two Authorization headers",
        "Latchkey cannot tell which one to use.",
        "Send one. A proxy on the way may add another.",
    ),
    (
        Flaw::NotText,
        "An Authorization header that is not text",
        "It contains bytes that are not valid UTF-8.",
        AGAIN,
    ),
    (
        Flaw::Separator,
        "No space after “Bearer”",
        "A tab follows it, or nothing at all.",
        "Send “Bearer”, a space and the secret key.",
    ),
];

/// The heading, the cause, and what to do. `characters` is the number of missing or extra
/// characters; 0 if unknown.
pub(super) fn words(flaw: Flaw, characters: usize) -> (&'static str, String, &'static str) {
    let found = WORDS.iter().find(|(other, ..)| *other == flaw);
    let (title, case, advice) = found
        .map_or(("Not a secret key", "", AGAIN), |&(_, title, case, advice)| (title, case, advice));
    let count = match characters {
        1 => "1 character".to_owned(),
        many => format!("{many} characters"),
    };
    let case = match flaw {
        _ if characters == 0 => case.to_owned(),
        Flaw::Truncated => format!("It lacks {count} at its end."),
        Flaw::TooLong => format!("It has {count} more than a secret key has."),
        _ => case.to_owned(),
    };
    (title, case, advice)
}
