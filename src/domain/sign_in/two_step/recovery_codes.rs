//! Recovery codes, for members who have lost their authenticator app or passkey.
//!
//! Pure functions. A code has 50 random bits, which the throttle makes enough, and only its keyed
//! hash is stored (ASVS 6.5.2, 6.5.3).

use crate::base::error::Result;
use crate::base::keyring::{self, Keyring, hex};
use crate::base::random;
use crate::domain::members::MemberId;

/// How many codes a member has.
pub(super) const COUNT: usize = 10;
/// The length of a code in characters.
const LENGTH: usize = 10;
/// The position of the dash.
const HALF: usize = LENGTH / 2;

/// New codes, for example `7QF2M-8KDX4`.
pub(super) fn new() -> Result<Vec<String>> {
    let code = || {
        let text = random::text(random::CROCKFORD, LENGTH)?;
        let (start, end) = text.split_at(HALF);
        Ok(format!("{start}-{end}"))
    };
    std::iter::repeat_with(code).take(COUNT).collect()
}

/// The hash of a code that somebody typed; `None` if the text cannot be a code. Case, spaces and
/// dashes do not matter, and letters that look like digits count as those digits, as Crockford's
/// base32 says.
pub(super) fn hash(keyring: &Keyring, member: &MemberId, typed: &str) -> Option<String> {
    let digit = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let separators = |c: &char| !c.is_whitespace() && *c != '-';
    let code: String = typed.chars().filter(separators).map(digit).take(LENGTH + 1).collect();
    let is_code =
        code.len() == LENGTH && code.bytes().all(|byte| random::CROCKFORD.contains(&byte));
    is_code.then(|| {
        let parts = [b"recovery code ", member.as_str().as_bytes(), b" ", code.as_bytes()];
        hex(&keyring.mac(keyring::Purpose::Web, &parts))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash_of(member: &str, typed: &str) -> Option<String> {
        let keyring = Keyring::from_bytes(&[7; 32]);
        hash(&keyring, &MemberId::stored(member.into()), typed)
    }

    #[test]
    fn ten_different_codes_are_made() {
        let mut codes = new().expect("random");
        assert!(codes.iter().all(|code| code.len() == 11 && &code[5..6] == "-"), "{codes:?}");
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), COUNT);
    }

    #[test]
    fn spelling_does_not_matter_but_the_member_does() {
        let code = hash_of("mem_1", "10QF2-8KDX4").expect("a code");
        for typed in [" loqf2 8kdx4", "IOQF28KDX4", "1-0-q-f-2-8-k-d-x-4"] {
            assert_eq!(hash_of("mem_1", typed).as_ref(), Some(&code), "{typed}");
        }
        assert_ne!(hash_of("mem_2", "10QF2-8KDX4"), Some(code));
        for typed in ["", "10QF2-8KDX", "10QF2-8KDX44", "10QF2-8KDXU", "10QF2_8KDX4", "١0QF28KDX4"]
        {
            assert_eq!(hash_of("mem_1", typed), None, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".*") {
            hash_of("mem_1", &text);
        }
    }
}
