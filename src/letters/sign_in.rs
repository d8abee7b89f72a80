//! The email to a member whose account was used from a network that is new for them.

use super::{Letter, when};
use crate::base::error::Result;
use crate::domain::activity::RecordedEntry;
use crate::domain::mail::Message;
use crate::domain::sign_in::device;

/// The message about the sign-in that `entry` records.
pub(super) fn new_network(
    public_url: &str,
    organisation: &str,
    entry: &RecordedEntry,
) -> Result<Message> {
    let device = entry.user_agent.as_deref().unwrap_or_default();
    let address = entry.address.clone().unwrap_or_else(|| "unknown".into());
    let letter = Letter {
        heading: format!("New sign-in to Latchkey of {organisation}"),
        paragraphs: vec![
            "Somebody signed in to your account from a network that it was not used from before. \
             If it was you, you do not need to do anything."
                .into(),
            "If it was not you, open your account page now: end all other sessions and change your \
             password. Then tell a super manager."
                .into(),
        ],
        facts: vec![
            ("When".into(), when(entry.at)),
            ("Device".into(), device::words(device)),
            ("Address".into(), address),
        ],
        link: Some(("Open your account page".into(), format!("{public_url}/account"))),
    };
    letter.message(&format!("Latchkey: new sign-in to {organisation}"))
}
