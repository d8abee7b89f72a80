//! One-time codes, which open the set-up page, the page that sets a new password, and invitations,
//! and which connect the two steps of signing in.
//!
//! A code has 128 random bits, and only its keyed hash is stored. It is valid for one hour, seven
//! days for an invitation and five minutes between a password and a second factor, and is used up in the same transaction as the action that it permits.
//! ASVS 6.4.1, 6.4.6, 6.6.2, 6.6.3. This module does not depend on pages.

use super::store;
use crate::base::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::base::closed_set::closed_set;
use crate::base::error::Result;
use crate::base::keyring::{self, Keyring, hex};
use crate::base::random;
use crate::db::types::text_column;
use crate::db::{Connection, Transaction};
use crate::domain::mail;
use crate::domain::members::MemberId;

/// For how many days an invitation is valid.
pub(super) const INVITATION_DAYS: i64 = 7;
/// The length of a code in characters: 22 characters of base62 hold 131 bits.
const LENGTH: usize = 22;

closed_set! {
    /// What a code is for.
    pub(super) enum Purpose {
        /// Setting up the organisation and its first member.
        SetUp = "set_up",
        /// Setting a new password.
        PasswordReset = "password_reset",
        Invitation = "invitation",
        /// The second step of signing in, after the right password.
        SecondStep = "second_step",
    }
}
text_column!(Purpose);

impl Purpose {
    /// How long a code is valid, in milliseconds.
    pub(super) fn lifetime(self) -> i64 {
        match self {
            Self::SetUp | Self::PasswordReset => HOUR,
            Self::Invitation => INVITATION_DAYS * DAY,
            Self::SecondStep => 5 * MINUTE,
        }
    }
}

/// A valid code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// The member that the code is for, if it is for one.
    pub member: Option<MemberId>,
}

/// Issues a code, for `member` if given, and deletes expired codes.
pub(super) fn issue(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    purpose: Purpose,
    member: Option<&MemberId>,
    now: Timestamp,
) -> Result<String> {
    store::delete_expired_codes(tx, now)?;
    let code = random::text(random::BASE62, LENGTH)?;
    let hash = hash(keyring, &code);
    store::insert_code(tx, &hash, purpose, member, now, now.plus(purpose.lifetime()))?;
    Ok(code)
}

/// Ends every code of a member, and discards queued messages that contain one.
pub(super) fn end_all_of(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    now: Timestamp,
) -> Result<()> {
    store::delete_codes_of(tx, member)?;
    mail::withdraw_links(tx, member.as_str(), now)
}

/// Ends the sign-ins of a member that wait for their second step.
pub(super) fn end_second_steps_of(tx: &mut Transaction<'_>, member: &MemberId) -> Result<()> {
    store::delete_codes_for(tx, member, Purpose::SecondStep)
}

/// The code with this text; `None` if it is not valid or has another purpose.
pub(super) fn look_up(
    connection: &mut Connection,
    keyring: &Keyring,
    purpose: Purpose,
    code: &str,
    now: Timestamp,
) -> Result<Option<Code>> {
    let code = code.trim();
    if code.len() != LENGTH {
        return Ok(None);
    }
    store::live_code(connection, &hash(keyring, code), purpose, now)
}

/// Like [`look_up`], and uses up the code.
pub(super) fn consume(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    purpose: Purpose,
    code: &str,
    now: Timestamp,
) -> Result<Option<Code>> {
    let found = look_up(tx, keyring, purpose, code, now)?;
    let used = found.is_some() && store::delete_code(tx, &hash(keyring, code.trim()))?;
    Ok(found.filter(|_| used))
}

fn hash(keyring: &Keyring, code: &str) -> String {
    hex(&keyring.mac(keyring::Purpose::Web, &[b"code", code.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sign_in::fixture::Fixture;
    use crate::domain::sign_in::store::rows;

    fn consume_at(fixture: &Fixture, purpose: Purpose, code: &str, millis: i64) -> bool {
        let now = fixture.now().plus(millis);
        fixture.write(|tx| consume(tx, &fixture.keyring, purpose, code, now)).is_some()
    }

    fn issue_at(fixture: &Fixture, millis: i64) -> String {
        let now = fixture.now().plus(millis);
        fixture.write(|tx| issue(tx, &fixture.keyring, Purpose::SetUp, None, now))
    }

    #[test]
    fn a_code_works_once_for_its_purpose_and_for_an_hour() {
        let fixture = Fixture::new();
        let code = issue_at(&fixture, 0);
        assert_eq!(code.len(), 22);
        assert!(!consume_at(&fixture, Purpose::PasswordReset, &code, 0));
        assert!(!consume_at(&fixture, Purpose::SetUp, &code, HOUR));
        assert!(!consume_at(&fixture, Purpose::SetUp, &code[1..], 0));
        assert!(!consume_at(&fixture, Purpose::SetUp, "", 0));
        assert!(consume_at(&fixture, Purpose::SetUp, &format!(" {code}\n"), HOUR - 1));
        assert!(!consume_at(&fixture, Purpose::SetUp, &code, HOUR - 1));
    }

    #[test]
    fn several_codes_are_valid_at_once_and_expired_ones_are_deleted() {
        let fixture = Fixture::new();
        let [one, two] = [issue_at(&fixture, 0), issue_at(&fixture, 1)];
        assert!(consume_at(&fixture, Purpose::SetUp, &two, 2));
        assert!(consume_at(&fixture, Purpose::SetUp, &one, 2));
        issue_at(&fixture, 0);
        issue_at(&fixture, HOUR);
        assert_eq!(fixture.read(|connection| Ok(rows::count(connection).1)), 1);
    }
}
