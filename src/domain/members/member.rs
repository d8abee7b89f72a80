//! A member and the values that make one up.

use super::{Permission, Permissions};
use crate::base::clock::Timestamp;
use crate::base::text::{self, Typed};
use crate::db::types::{column_type, id};

/// The longest member name, in characters.
const LONGEST_NAME: usize = 80;
/// The longest email address (RFC 5321, 4.5.3.1.3, less the angle brackets).
const LONGEST_EMAIL: usize = 254;

/// The message for text that is not an address.
const MALFORMED: &str = "Enter an email address like name@example.com";

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: MemberId,
    /// The name that others see.
    pub name: MemberName,
    /// The address to sign in with.
    pub email: Email,
    /// Whether a super manager.
    pub super_manager: bool,
    /// What the member may do as a super manager.
    pub permissions: Permissions,
    /// Whether the member may sign in.
    pub state: State,
    /// When the member was added.
    pub created_at: Timestamp,
    /// When the member last signed in.
    pub last_signed_in_at: Option<Timestamp>,
    /// Counts the changes of what the member may do.
    pub version: i64,
}

/// Whether a member may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Active,
    /// May not, since then.
    Disabled(Timestamp),
    /// May accept the invitation, until then.
    Invited(Timestamp),
}

impl Member {
    /// Whether the member may do what `permission` names: only a super manager may do anything.
    pub fn may(&self, permission: Permission) -> bool {
        self.held().contains(permission)
    }

    /// What the member may do: without the role of a super manager, nothing.
    pub fn held(&self) -> Permissions {
        if self.super_manager { self.permissions } else { Permissions::default() }
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
    /// An id that the database or a session holds.
    pub fn stored(id: String) -> Self {
        Self(id)
    }
}

/// A member's name: 1 to 80 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberName(String);

column_type!(MemberName: Text, str, |name| name.as_str(), |name| Ok(Self(name)));

impl MemberName {
    /// Checks a name.
    pub fn parse<'a>(typed: impl Into<Typed<'a>>) -> Result<Self, String> {
        let name = text::one_line(typed, "Name", LONGEST_NAME)?;
        if name.is_empty() { Err("Enter a name".into()) } else { Ok(Self(name)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An email address: its text, and the folded form that the lookup and the throttle use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email {
    text: String,
    folded: String,
}

column_type!(Email: Text, str, |email| email.as_str(), |text| Ok(Self::stored(text)));

impl Email {
    /// Checks an address that somebody is to have. It is at a domain name, because mail to the
    /// address of a machine leads into the organisation's own network.
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

    /// The address that somebody typed to find a member by, who may have had it for long.
    pub fn look_up(text: &str) -> Result<Self, String> {
        use validator::ValidateEmail as _;
        let text = text::one_line(text, "Email address", LONGEST_EMAIL)?;
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

    /// The address in the form in which two are compared.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The form in which an older version of the program compared it, which tells the domain's forms
    /// apart.
    pub(super) fn formerly_folded(&self) -> String {
        text::fold(&self.text)
    }
}

/// Whether a domain is an IP address: as a literal (RFC 5321, 4.1.3), or in any of the forms of an
/// IPv4 address that programs accept, such as `127.1` and `0x7f000001`.
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
    fn an_address_at_an_ip_address_is_refused_but_still_finds_who_has_it() {
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
            let refused = Email::parse(&text).expect_err(&text);
            if Email::look_up(&text).is_ok() {
                assert!(refused.ends_with("instead of at an IP address"), "{text}: {refused}");
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
    fn every_spelling_of_an_address_folds_into_one() {
        let spellings = ["ines@example.com", " INES@Example.COM ", "ｉｎｅｓ@example.com"];
        for text in spellings {
            if let Ok(email) = Email::parse(text) {
                assert_eq!(email.folded(), "ines@example.com", "{text}");
            }
        }
        assert!(Email::parse("INES@Example.COM").is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
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
