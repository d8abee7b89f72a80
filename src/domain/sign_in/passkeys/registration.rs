//! Adding passkeys.

use serde_json::{Value, json};
use webauthn_rs::prelude::{
    Credential, ParsedAttestation, PasskeyRegistration, RegisterPublicKeyCredential, Uuid,
    WebauthnError,
};

use super::store::{self, StoredPasskey};
use super::{
    Answer, Ceremony, MAX_NAME_LENGTH, MAX_PASSKEYS, PasskeyId, Purpose, Rejection, RelyingParty,
    ceremony, encoded,
};
use crate::base::error::{Error, Invalid, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::Member;
use crate::domain::sign_in::device;

/// The maximum length of a credential id in bytes (<https://www.w3.org/TR/webauthn-3/#credential-id>).
const MAX_CREDENTIAL_ID: usize = 1023;
/// The maximum length of a stored key in bytes. A key for RSA with 4096 bits takes a third of it.
const MAX_KEY: usize = 8 * 1024;

/// Begins to add a passkey. The browser does not offer devices that have one of the member's passkeys
/// already; `None` if the member has the maximum number.
pub fn begin_registration(
    connection: &mut Connection,
    relying_party: &RelyingParty,
    member: &Member,
    form_token: &str,
    context: &Context,
) -> Result<Option<Ceremony>> {
    if store::passkeys_of(connection, &member.id)?.len() >= MAX_PASSKEYS {
        return Ok(None);
    }
    let handle = Uuid::from_bytes(ceremony::user_handle(&member.id));
    let (email, name) = (member.email.as_str(), member.name.as_str());
    let begun = relying_party.webauthn.start_passkey_registration(handle, email, name, None);
    let (challenge, state) = begun.map_err(Error::internal)?;
    let mut options = serde_json::to_value(challenge.public_key).map_err(Error::internal)?;
    options["excludeCredentials"] = super::usable(connection, relying_party, &member.id)?.into();
    // The library discourages what makes signing in without an email address possible.
    options["authenticatorSelection"]["residentKey"] = Value::from("preferred");
    let purpose = Purpose::Registration(&member.id);
    Ceremony::new(purpose, &options, state, form_token, context).map(Some)
}

/// Adds the passkey in `answer`, and returns its name. Without a `name`, it is named after the
/// member's browser. The same transaction must spend the form's token.
///
/// # Errors
/// [`Error::Invalid`] when the name or the answer is not valid, or the member has the maximum number
/// of passkeys.
pub fn register(
    tx: &mut Transaction<'_>,
    relying_party: &RelyingParty,
    member: &Member,
    name: &str,
    answer: &Answer,
    context: &Context,
) -> Result<String> {
    let mut errors = Invalid::default();
    let name = errors.collect("name", text::one_line(name, "Name", MAX_NAME_LENGTH));
    let credential = check(relying_party, member, answer, context);
    let credential = errors.collect("attestation", credential.map_err(str::to_owned));
    if store::passkeys_of(tx, &member.id)?.len() >= MAX_PASSKEYS {
        let message = format!("You have {MAX_PASSKEYS} passkeys, the maximum. Remove one first");
        return Err(Error::invalid("attestation", message));
    }
    let (Some(name), Some(credential)) = (name, credential) else {
        return Err(Error::Invalid(errors));
    };
    let credential_id = encoded(&credential.cred_id);
    if store::is_registered(tx, &credential_id)? {
        return Err(Error::invalid("attestation", "This passkey was added before"));
    }
    let agent = context.origin.user_agent.as_deref().unwrap_or_default();
    let passkey = StoredPasskey {
        id: PasskeyId::random()?,
        member_id: member.id.clone(),
        credential_id,
        sign_count: credential.counter.into(),
        backed_up: credential.backup_state,
        public_key: key_text(credential)?,
        host: relying_party.host.clone(),
        name: if name.is_empty() { device::words(agent) } else { name },
        created_at: context.now,
    };
    store::insert(tx, &passkey)?;
    let entry = Entry::about(Event::PasskeyAdded, member.subject());
    activity::record(tx, context, &entry.with(json!({ "passkey": passkey.name })))?;
    Ok(passkey.name)
}

/// The new credential, or what is wrong with the answer.
fn check(
    relying_party: &RelyingParty,
    member: &Member,
    answer: &Answer,
    context: &Context,
) -> Result<Credential, &'static str> {
    const WRONG: &str = "The passkey could not be checked. Try again";
    let message = |rejection| match rejection {
        Rejection::Expired => "The page was open for too long. Try again",
        Rejection::Wrong => WRONG,
    };
    let state = answer.state::<PasskeyRegistration>(Purpose::Registration(&member.id), context);
    let state = state.map_err(message)?;
    let given = answer.credential::<RegisterPublicKeyCredential>().map_err(message)?;
    let passkey = relying_party.webauthn.finish_passkey_registration(&given, &state);
    let passkey = passkey.map_err(|error| match error {
        WebauthnError::UserNotVerified => {
            "This device did not ask for a PIN, a fingerprint or a face. Use another one"
        }
        _ => WRONG,
    })?;
    let mut credential = Credential::from(passkey);
    // Who made the device does not matter, and could be long.
    credential.attestation = ParsedAttestation::default();
    let is_short = credential.cred_id.len() <= MAX_CREDENTIAL_ID
        && key_text(credential.clone()).is_ok_and(|text| text.len() <= MAX_KEY);
    if is_short { Ok(credential) } else { Err(WRONG) }
}

/// What is stored of a credential.
fn key_text(credential: Credential) -> Result<String> {
    let passkey = webauthn_rs::prelude::Passkey::from(credential);
    serde_json::to_string(&passkey).map_err(Error::internal)
}
