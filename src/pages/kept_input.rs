//! The input of a dialog that was submitted after the session had ended, kept until the same member
//! has signed in again; or before the member confirms at the provider who they are.
//!
//! Nothing is stored on the server before that: the sign-in page carries the input, encrypted for
//! the member whose session the form belonged to. For anyone else it cannot be opened.

use actix_session::Session;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{FORMER_MEMBER, SESSION_KEY};
use crate::base::clock::{HOUR, MINUTE, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::web::form::ORDINARY;

/// How long sealed input is valid, in milliseconds.
const LIFETIME: i64 = 4 * HOUR;
/// How long it is valid for a member who went to the provider to confirm who they are.
const LIFETIME_FOR_PROVIDER: i64 = 10 * MINUTE;
/// The maximum size of a form with sealed input, in bytes: base64 adds a third.
const MAX_FORM: usize = 2 * ORDINARY;
/// The key of sealed input in the session of a member who has just signed in.
const KEY: &str = "kept_input";

/// The input of a form, and the page that shows the form.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptInput {
    /// The path and query of the dialog.
    pub location: String,
    /// The fields, form-encoded.
    pub text: String,
    /// When the form was submitted.
    pub submitted_at: i64,
    /// Whether the member went to the provider to confirm who they are.
    #[serde(default)]
    pub is_for_provider: bool,
}

impl KeptInput {
    /// Encrypts it so that only `member` can open it.
    pub fn sealed_for(&self, keyring: &Keyring, member: &str) -> Result<String> {
        let text = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(keyring.seal(&label(member), &text)?))
    }

    /// The input in `sealed`; `None` if it was sealed for another member, changed, or too long ago.
    pub fn open(keyring: &Keyring, member: &str, sealed: &str, now: Timestamp) -> Option<Self> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let text = keyring.unseal(&label(member), &sealed)?;
        let kept: Self = serde_json::from_slice(&text).ok()?;
        let age = now.since(Timestamp::from_millis(kept.submitted_at));
        let lifetime = if kept.is_for_provider { LIFETIME_FOR_PROVIDER } else { LIFETIME };
        (age < lifetime).then_some(kept)
    }

    /// Leaves `sealed` for the page that shows the form.
    pub fn leave(session: &Session, sealed: &str) -> Result<()> {
        session.insert(KEY, sealed).map_err(Error::internal)
    }

    /// Whether input was left for a page.
    pub fn is_left(session: &Session) -> bool {
        session.contains_key(KEY)
    }

    /// The input that was left for the page at `location`.
    pub fn take(
        session: &Session,
        keyring: &Keyring,
        member: &str,
        location: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let sealed: String = session.get(KEY).ok()??;
        let kept = Self::open(keyring, member, &sealed, now);
        if kept.as_ref().is_none_or(|kept| kept.location == location) {
            session.remove(KEY);
        }
        kept.filter(|kept| kept.location == location)
    }
}

/// The maximum size of a form that may contain sealed input. Only those who have or had a session
/// may send more than `usual`.
pub(super) fn max_form_size(session: &Session, usual: usize) -> usize {
    let is_known = session.contains_key(SESSION_KEY) || session.contains_key(FORMER_MEMBER);
    if is_known { MAX_FORM } else { usual }
}

/// `sealed` if it has the form of sealed input, so that a page may repeat it.
pub(super) fn well_formed(sealed: String) -> String {
    let is_text = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if sealed.bytes().all(is_text) { sealed } else { String::new() }
}

fn label(member: &str) -> String {
    format!("input kept for {member}")
}
