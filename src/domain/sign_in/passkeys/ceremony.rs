//! Ceremonies, as WebAuthn calls making or using a passkey: from the options that the browser gets to
//! the answer that it sends.
//!
//! Nothing is stored before the answer arrives. The challenge is sealed into the form, bound to the
//! form's token. The transaction that accepts the answer must spend that token, so that an answer
//! works once.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::base::clock::{MINUTE, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring;
use crate::domain::activity::Context;
use crate::domain::members::MemberId;

/// How long a browser may take to answer, in milliseconds. The options give it the same time.
const LIFETIME: i64 = 5 * MINUTE;
/// What the script sends, without asking for a passkey, if its page is too old.
const LATE: &str = "late";

/// What a ceremony is for. An answer to one cannot be used for another.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'a> {
    /// Signing in. Who does so is known only from the answer.
    SignIn,
    /// Adding a passkey of the member.
    Registration(&'a MemberId),
    /// Confirming that it is the member who is signed in.
    Confirmation(&'a MemberId),
}

/// What the page needs for a ceremony.
#[derive(Clone, Debug)]
pub struct Ceremony {
    /// The options for `navigator.credentials`, as JSON with bytes in base64url.
    pub options: String,
    /// The sealed state, which the form sends back unchanged.
    pub state: String,
}

/// What the form of a ceremony sends.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The browser's credential as JSON.
    pub credential: String,
    /// [`Ceremony::state`].
    pub state: String,
    /// The form's token, already checked but not spent.
    pub form_token: String,
}

impl Answer {
    /// What is stored of an answer that was used without spending the form's token.
    pub(in crate::domain::sign_in) fn spent_hash(&self, context: &Context) -> String {
        let parts: [&[u8]; 2] = [b"answer of a passkey ", self.state.as_bytes()];
        keyring::hex(&context.keyring.mac(keyring::Purpose::Web, &parts))
    }
}

/// Why an answer is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The page was open for too long.
    Expired,
    /// It does not prove anything.
    Wrong,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Body<S> {
    started_at: i64,
    state: S,
}

impl Ceremony {
    /// A ceremony with this state, for the form with `form_token`.
    pub(super) fn new(
        purpose: Purpose<'_>,
        options: &serde_json::Value,
        state: impl Serialize,
        form_token: &str,
        context: &Context,
    ) -> Result<Self> {
        let body = Body { started_at: context.now.millis(), state };
        let body = serde_json::to_vec(&body).map_err(Error::internal)?;
        let sealed = context.keyring.seal(&label(purpose, form_token), &body)?;
        Ok(Self { options: options.to_string(), state: BASE64_URL_SAFE_NO_PAD.encode(sealed) })
    }
}

impl Answer {
    /// The state of the ceremony that this answers.
    pub(super) fn state<S: DeserializeOwned>(
        &self,
        purpose: Purpose<'_>,
        context: &Context,
    ) -> Result<S, Rejection> {
        if self.credential == LATE {
            return Err(Rejection::Expired);
        }
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(&self.state).map_err(|_| Rejection::Wrong)?;
        let body = context.keyring.unseal(&label(purpose, &self.form_token), &sealed);
        let body = body.ok_or(Rejection::Wrong)?;
        let body: Body<S> = serde_json::from_slice(&body).map_err(|_| Rejection::Wrong)?;
        let age = context.now.since(Timestamp::from_millis(body.started_at));
        if age < LIFETIME { Ok(body.state) } else { Err(Rejection::Expired) }
    }

    /// Whether the page was open for too long.
    pub fn is_late(&self, purpose: Purpose<'_>, context: &Context) -> bool {
        let state = self.state::<serde::de::IgnoredAny>(purpose, context);
        matches!(state, Err(Rejection::Expired))
    }

    /// The browser's credential.
    pub(super) fn credential<C: DeserializeOwned>(&self) -> Result<C, Rejection> {
        serde_json::from_str(&self.credential).map_err(|_| Rejection::Wrong)
    }
}

fn label(purpose: Purpose<'_>, form_token: &str) -> String {
    let purpose = match purpose {
        Purpose::SignIn => "sign-in".to_owned(),
        Purpose::Registration(member) => format!("registration {}", member.as_str()),
        Purpose::Confirmation(member) => format!("confirmation {}", member.as_str()),
    };
    format!("passkey {purpose} {form_token}")
}

/// The id of a member in their passkeys, which does not tell the id in the database. It must stay the
/// same for as long as there is a passkey, also when the master key is rotated.
pub(super) fn user_handle(member: &MemberId) -> [u8; 16] {
    let hash = Sha256::new_with_prefix("latchkey passkey user ").chain_update(member.as_str());
    hash.finalize().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sign_in::fixture::Fixture;

    fn opened(
        ceremony: &Ceremony,
        form_token: &str,
        purpose: Purpose<'_>,
        context: &Context,
    ) -> Result<u8, Rejection> {
        let (state, form_token) = (ceremony.state.clone(), form_token.to_owned());
        Answer { state, form_token, ..Answer::default() }.state(purpose, context)
    }

    #[test]
    fn a_state_opens_only_for_its_purpose_its_member_its_form_and_its_time() {
        let fixture = Fixture::new();
        let context = fixture.context([192, 0, 2, 1]);
        let [one, two] = [1, 2].map(|n| fixture.member(&format!("m{n}@example.com"), None).id);
        let all = [
            Purpose::SignIn,
            Purpose::Registration(&one),
            Purpose::Registration(&two),
            Purpose::Confirmation(&one),
            Purpose::Confirmation(&two),
        ];
        for (index, purpose) in all.into_iter().enumerate() {
            let options = serde_json::json!({});
            let made = Ceremony::new(purpose, &options, 7, "token", &context).expect("sealed");
            for (other_index, other) in all.into_iter().enumerate() {
                let expected = if index == other_index { Ok(7) } else { Err(Rejection::Wrong) };
                assert_eq!(opened(&made, "token", other, &context), expected, "{other:?}");
            }
            assert_eq!(opened(&made, "other", purpose, &context), Err(Rejection::Wrong));
            let at = |millis| Context { now: context.now.plus(millis), ..context.clone() };
            assert_eq!(opened(&made, "token", purpose, &at(LIFETIME - 1)), Ok(7));
            let late = opened(&made, "token", purpose, &at(LIFETIME));
            assert_eq!(late, Err(Rejection::Expired));
            let forged = Ceremony { state: "AAAA".into(), ..made };
            assert_eq!(opened(&forged, "token", purpose, &context), Err(Rejection::Wrong));
        }
    }

    #[test]
    fn a_user_handle_differs_for_each_member_and_stays_the_same() {
        let [one, two] = ["mem_1", "mem_2"].map(|id| MemberId::stored(id.into()));
        let hex = keyring::hex(&user_handle(&one));
        assert_eq!(hex, "6f46f7c063ed2ad9598047a524efe65f");
        assert_ne!(user_handle(&one), user_handle(&two));
    }
}
