//! Email addresses: which are well formed, and when two are equal.

use validator::ValidateEmail as _;

use super::fold;

/// Whether strict servers accept the address `text`: the part before the @ consists of words with
/// single dots between them (RFC 5322, 3.2.3), at most 64 characters (RFC 5321, 4.5.3.1.1).
pub fn is_email(text: &str) -> bool {
    let (local, _) = text.rsplit_once('@').unwrap_or_default();
    text.validate_email() && local.len() <= 64 && local.split('.').all(|word| !word.is_empty())
}

/// The form in which two addresses are compared: case-insensitive, with the domain in ASCII. So
/// `ann@bücher.example` and `ann@xn--bcher-kva.example` are equal.
pub fn fold_email(address: &str) -> String {
    fold(&email_in_ascii(address))
}

/// The address with its domain in ASCII (RFC 5890, 2.3.2.1), as servers without SMTPUTF8 need it;
/// unchanged if the domain has no such form.
pub fn email_in_ascii(address: &str) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else { return address.to_owned() };
    match idna::domain_to_ascii(domain) {
        Ok(domain) => format!("{local}@{domain}"),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_only_single_dots_between_words() {
        for address in ["a@example.com", "a.b+c@example.com", "o'neil@bücher.example"] {
            assert!(is_email(address), "{address}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for address in
            ["a..b@example.com", ".a@example.com", "a.@example.com", "a@example..com", &long, "a"]
        {
            assert!(!is_email(address), "{address}");
        }
    }

    #[test]
    fn all_forms_of_a_domain_are_equal() {
        for address in [
            "ann@bücher.example",
            "ANN@BÜCHER.example",
            "ann@bu\u{308}cher.example",
            "ann@xn--bcher-kva.example",
            "Ann@XN--BCHER-KVA.example",
        ] {
            assert_eq!(fold_email(address), "ann@xn--bcher-kva.example", "{address}");
        }
        assert_eq!(fold_email("A@[127.0.0.1]"), "a@[127.0.0.1]");
    }
}
