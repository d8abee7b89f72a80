//! The words of names: where they begin, and which of them are verbs.

use crate::base::text;

/// Verbs that change nothing.
const READING: [&str; 11] = [
    "get", "read", "list", "search", "find", "query", "fetch", "view", "describe", "lookup",
    "count",
];
/// Verbs that change something.
const CHANGING: [&str; 16] = [
    "create", "update", "delete", "remove", "add", "set", "put", "post", "patch", "write", "edit",
    "insert", "modify", "cancel", "replace", "upsert",
];

pub(super) fn is_reading(word: &str) -> bool {
    READING.contains(&word)
}

pub(super) fn is_verb(word: &str) -> bool {
    is_reading(word) || CHANGING.contains(&word)
}

/// `text` with a hyphen wherever a word begins with a capital letter: `customer-Balances` for
/// `customerBalances`, `API-Keys` for `APIKeys`, and `user-IDs` for `userIDs`.
pub(super) fn separated(text: &str) -> String {
    let text = text.replace("OAuth", "Oauth");
    let mut separated = String::with_capacity(text.len() + 8);
    let mut before = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let begins_word = letter.is_uppercase()
            && before.is_some_and(|before: char| {
                let mut rest = letters.clone();
                let is_before_small = rest.next().is_some_and(|next| {
                    let is_plural = next == 's' && !rest.next().is_some_and(char::is_lowercase);
                    next.is_lowercase() && !is_plural
                });
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && is_before_small)
            });
        if begins_word {
            separated.push('-');
        }
        separated.push(letter);
        before = Some(letter);
    }
    separated
}

/// The resource that `text` names: its words in lower case, from the first letter on, joined by
/// hyphens. `None` if there are none, or if the text contains a secret key, which would no longer
/// be recognised in this form.
pub(super) fn resource(text: &str) -> Option<String> {
    let slug = text::slug(&separated(text::without_secret(text).ok()?), usize::MAX);
    let name = slug.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_run_together_are_separated() {
        for (text, expected) in [
            ("CustomerBalanceTransactions", "customer-balance-transactions"),
            ("customerBalances", "customer-balances"),
            ("APIKeys", "api-keys"),
            ("userIDs", "user-ids"),
            ("APIs", "apis"),
            ("OAuth2Tokens", "oauth2-tokens"),
            ("S3Buckets", "s3-buckets"),
            ("Sales Orders", "sales-orders"),
            ("core_v1", "core-v1"),
            ("orders", "orders"),
            ("ORDERS", "orders"),
            ("1-Click Applications", "click-applications"),
            ("ÄrgerListe", "rger-liste"),
        ] {
            assert_eq!(resource(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(resource("東京 2020"), None);
    }
}
