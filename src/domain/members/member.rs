//! Members and their value types.

use super::{Permission, Permissions};
use crate::base::clock::Timestamp;
use crate::base::text::{self, TypedText};
use crate::db::types::{column_type, id};

/// The longest member name, in characters.
const MAX_NAME_LENGTH: usize = 80;
/// The longest email address (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX_EMAIL_LENGTH: usize = 254;

/// The message for text that is not an email address.
const MALFORMED: &str = "Enter an email address like name@example.com";

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: MemberId,
    /// The name that others see.
    pub name: MemberName,
    /// The address to sign in with.
    pub email: Email,
    pub super_manager: bool,
    /// The member's permissions as a super manager.
    pub permissions: Permissions,
    /// Whether the member may sign in.
    pub state: State,
    pub created_at: Timestamp,
    pub last_signed_in_at: Option<Timestamp>,
    /// Since when the member has had a second factor; `None` without one.
    pub two_step_since: Option<Timestamp>,
    /// Incremented by each change to the member's role or permissions.
    pub version: i64,
}

/// Whether a member may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Active,
    /// The member cannot sign in since then.
    Disabled(Timestamp),
    /// The member can accept the invitation until then.
    Invited(Timestamp),
}

impl Member {
    /// Whether the member has `permission`. Members who are not super managers have none.
    pub fn may(&self, permission: Permission) -> bool {
        self.held().contains(permission)
    }

    /// The member's effective permissions: none without the super manager role.
    pub fn held(&self) -> Permissions {
        if self.super_manager { self.permissions } else { Permissions::default() }
    }

    /// Whether the member may have permissions.
    pub fn is_super_manager(&self) -> bool {
        self.super_manager
    }

    /// Whether the member may sign in.
    pub fn is_active(&self) -> bool {
        self.state == State::Active
    }

    /// The first letters of the first and last word of the name.
    pub fn initials(&self) -> String {
        let mut words = self.name.0.split_whitespace();
        let first = words.next().and_then(|word| word.chars().next());
        let last = words.next_back().and_then(|word| word.chars().next());
        first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
    }
}

id! {
    /// Identifies a member: `mem_` and 16 letters or digits.
    MemberId, "mem_", BASE62, 16
}

impl MemberId {
    /// An id that was read from the database or a session.
    pub fn stored(id: String) -> Self {
        Self(id)
    }
}

/// A member's name: 1 to 80 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberName(String);

column_type!(MemberName: Text, str, |name| name.as_str(), |name| Ok(Self(name)));

impl MemberName {
    pub fn parse<'a>(typed: impl Into<TypedText<'a>>) -> Result<Self, String> {
        let name = text::one_line(typed, "Name", MAX_NAME_LENGTH)?;
        if name.is_empty() { Err("Enter a name".into()) } else { Ok(Self(name)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An email address: the original text, and the folded form that lookups and the throttle use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email {
    text: String,
    folded: String,
}

column_type!(Email: Text, str, |email| email.as_str(), |text| Ok(Self::stored(text)));

impl Email {
    /// Checks an address for a new member. It must be at a domain name, because mail to an IP
    /// address could reach the organisation's internal network.
    pub fn parse(text: &str) -> Result<Self, String> {
        let email = Self::look_up(text)?;
        if !text::is_email(&email.text) {
            return Err(MALFORMED.into());
        }
        if is_ip_address(email.domain()) {
            return Err("Enter an email address at a domain, like name@example.com, instead of at an IP address".into());
        }
        Ok(email)
    }

    /// The address that was typed to find a member. Its rules are less strict, because existing
    /// members may have older addresses.
    pub fn look_up(text: &str) -> Result<Self, String> {
        use validator::ValidateEmail as _;
        let text = text::one_line(text, "Email address", MAX_EMAIL_LENGTH)?;
        if text.is_empty() {
            return Err("Enter an email address".into());
        }
        if !text.validate_email() {
            return Err(MALFORMED.into());
        }
        Ok(Self { folded: text::fold_email(&text), text })
    }

    fn stored(text: String) -> Self {
        Self { folded: text::fold_email(&text), text }
    }

    fn domain(&self) -> &str {
        self.text.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address as it was typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The folded address, for comparisons.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The folded form that older versions of the program used, which kept different spellings of
    /// the domain distinct.
    pub(super) fn legacy_folded(&self) -> String {
        text::fold(&self.text)
    }
}

/// Whether a domain is an IP address: a literal (RFC 5321, 4.1.3), or any form of an IPv4 address
/// that programs accept, such as `127.1` and `0x7f000001`.
fn is_ip_address(domain: &str) -> bool {
    use url::{Host, ParseError};
    domain.starts_with('[')
        || matches!(
            Host::parse(domain),
            Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(ParseError::InvalidIpv4Address)
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ip_address_domain_is_rejected_but_can_be_looked_up() {
        for domain in [
            "[127.0.0.1]",
            "[IPv6:::1]",
            "[IPv6:2001:db8::1]",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "1.2.3.4.5",
        ] {
            let text = format!("a@{domain}");
            let message = Email::parse(&text).expect_err(&text);
            if Email::look_up(&text).is_ok() {
                assert!(message.ends_with("instead of at an IP address"), "{text}: {message}");
            }
        }
        assert!(Email::look_up("a@[127.0.0.1]").is_ok());
        for text in
            ["a@example.com", "a@1und1.example", "a@127.0.0.1.example", "a@xn--bcher-kva.example"]
        {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn all_spellings_of_an_address_fold_to_the_same_form() {
        let spellings = ["ines@example.com", " INES@Example.COM ", "ｉｎｅｓ@example.com"];
        for text in spellings {
            if let Ok(email) = Email::parse(text) {
                assert_eq!(email.folded(), "ines@example.com", "{text}");
            }
        }
        assert!(Email::parse("INES@Example.COM").is_ok());
    }

    #[test]
    fn invalid_addresses_are_rejected() {
        for text in [
            "a..b@example.com",
            ".a@example.com",
            "",
            " ",
            "ines",
            "@example.com",
            "a@b@c",
            "a b@example.com",
            "a\u{202e}@example.com",
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(300))).is_err());
    }
}
