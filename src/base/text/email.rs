//! Email addresses: which are well formed, and when two are the same.

use validator::ValidateEmail as _;

use super::fold;

/// Whether `text` is an address that strict servers take: what stands before the @ is words with
/// single dots between them (RFC 5322, 3.2.3), 64 characters at most (RFC 5321, 4.5.3.1.1).
pub fn is_email(text: &str) -> bool {
    let (local, _) = text.rsplit_once('@').unwrap_or_default();
    text.validate_email() && local.len() <= 64 && local.split('.').all(|word| !word.is_empty())
}

/// The form in which two addresses are compared: without regard to case, the domain in ASCII. So
/// `ann@bücher.example` and `ann@xn--bcher-kva.example` are one.
pub fn fold_email(address: &str) -> String {
    fold(&email_in_ascii(address))
}

/// The address with its domain in ASCII (RFC 5890, 2.3.2.1), as servers without SMTPUTF8 take it; as it
/// is where the domain has no such form.
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
    fn dots_stand_between_words_one_at_a_time() {
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
    fn a_domain_is_one_in_each_of_its_forms() {
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
