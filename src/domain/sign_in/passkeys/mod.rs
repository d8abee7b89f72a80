//! Passkeys (WebAuthn): a member's second factor, and a way to sign in without a password.
//!
//! A passkey checks itself that it is its owner who uses it, which every ceremony here requires, so it
//! counts as both factors. A ceremony begins when its page is drawn, and ends with the form. ASVS
//! 6.3.3, 6.5.1, 6.7.2.

mod ceremony;
mod registration;
mod relying_party;
mod sign_in;
mod store;

pub use ceremony::{Answer, Ceremony, Purpose, Rejection};
pub use registration::{begin_registration, register};
pub use relying_party::RelyingParty;
pub use sign_in::{Outcome, sign_in};
pub use store::Passkey;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, PublicKeyCredential, WebauthnError,
};

use crate::base::error::{Error, Result};
use crate::base::text::{self, TypedText};
use crate::db::types::id;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Change, Context, Entry, Event};
use crate::domain::members::{Member, MemberId};
use store::StoredPasskey;

/// How many passkeys a member may have.
pub const MAX_PASSKEYS: usize = 10;
/// The maximum length of a passkey's name, in characters.
pub const MAX_NAME_LENGTH: usize = 80;

id! {
    /// Identifies a passkey: `psk_` and 16 letters or digits.
    PasskeyId, "psk_", BASE62, 16
}

/// What an accepted answer proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whose passkey it is.
    pub member: MemberId,
    /// The passkey's name.
    pub name: String,
}

/// Begins to sign in. For a visitor, the browser offers the passkeys that it knows. For `member`, who
/// has entered their password, it offers only theirs. `None` if there are none.
pub fn begin_sign_in(
    connection: &mut Connection,
    relying_party: &RelyingParty,
    member: Option<&MemberId>,
    form_token: &str,
    context: &Context,
) -> Result<Option<Ceremony>> {
    let allowed = match member {
        Some(member) => usable(connection, relying_party, member)?,
        None if store::has_any(connection, &relying_party.host)? => Vec::new(),
        None => return Ok(None),
    };
    if member.is_some() && allowed.is_empty() {
        return Ok(None);
    }
    begin_use(relying_party, Purpose::SignIn, allowed, form_token, context).map(Some)
}

/// Begins to confirm that it is `member` who is signed in; `None` if they have no passkey here.
pub fn begin_confirmation(
    connection: &mut Connection,
    relying_party: &RelyingParty,
    member: &MemberId,
    form_token: &str,
    context: &Context,
) -> Result<Option<Ceremony>> {
    let allowed = usable(connection, relying_party, member)?;
    if allowed.is_empty() {
        return Ok(None);
    }
    let purpose = Purpose::Confirmation(member);
    begin_use(relying_party, purpose, allowed, form_token, context).map(Some)
}

fn begin_use(
    relying_party: &RelyingParty,
    purpose: Purpose<'_>,
    allowed: Vec<Value>,
    form_token: &str,
    context: &Context,
) -> Result<Ceremony> {
    // The library limits answers to a list of passkeys only if its state contains all of them, which
    // would make the form large. `verify` looks up the passkey, so the list is only for the browser.
    let begun = relying_party.webauthn.start_discoverable_authentication();
    let (challenge, state) = begun.map_err(Error::internal)?;
    let mut options = serde_json::to_value(challenge.public_key).map_err(Error::internal)?;
    if let Some(list) = options.get_mut("allowCredentials") {
        *list = allowed.into();
    }
    Ceremony::new(purpose, &options, state, form_token, context)
}

/// Checks an answer, and stores that the passkey was used. The same transaction must spend the form's
/// token, or the answer could be used again.
pub fn verify(
    tx: &mut Transaction<'_>,
    relying_party: &RelyingParty,
    purpose: Purpose<'_>,
    answer: &Answer,
    context: &Context,
) -> Result<Result<Proof, Rejection>> {
    let read = answer.state(purpose, context).and_then(|state| Ok((state, answer.credential()?)));
    let (state, credential): (DiscoverableAuthentication, PublicKeyCredential) = match read {
        Ok(read) => read,
        Err(rejection) => return Ok(Err(rejection)),
    };
    let id = encoded(credential.get_credential_id());
    let Some(mut stored) = store::by_credential(tx, &id, &relying_party.host)? else {
        return Ok(Err(Rejection::Wrong));
    };
    let is_owner = match purpose {
        Purpose::Confirmation(member) => stored.member_id == *member,
        Purpose::SignIn | Purpose::Registration(_) => true,
    };
    let handle = ceremony::user_handle(&stored.member_id);
    let names_owner = credential.get_user_unique_id().is_none_or(|given| given == handle);
    if !is_owner || !names_owner || !check(relying_party, &credential, state, &mut stored)? {
        return Ok(Err(Rejection::Wrong));
    }
    store::set_used(tx, &stored, context.now)?;
    Ok(Ok(Proof { member: stored.member_id, name: stored.name }))
}

/// Checks the signature, and updates what it says about the passkey.
fn check(
    relying_party: &RelyingParty,
    credential: &PublicKeyCredential,
    state: DiscoverableAuthentication,
    stored: &mut StoredPasskey,
) -> Result<bool> {
    let mut passkey: webauthn_rs::prelude::Passkey =
        serde_json::from_str(&stored.public_key).map_err(Error::internal)?;
    let checked =
        relying_party.webauthn.finish_discoverable_authentication_v2(credential, state, &passkey);
    let result: AuthenticationResult = match checked {
        Ok(result) => result,
        Err(error) => {
            if matches!(error, WebauthnError::CredentialPossibleCompromise) {
                let id = stored.id.as_str();
                tracing::warn!(passkey = id, "a passkey's counter went back: it may be a copy");
            }
            return Ok(false);
        }
    };
    passkey.update_credential(&result);
    stored.public_key = serde_json::to_string(&passkey).map_err(Error::internal)?;
    stored.sign_count = result.counter().into();
    stored.backed_up = result.backup_state();
    Ok(true)
}

/// The member's passkeys that work here, as browsers want them listed.
fn usable(
    connection: &mut Connection,
    relying_party: &RelyingParty,
    member: &MemberId,
) -> Result<Vec<Value>> {
    let passkeys = store::usable_passkeys_of(connection, member, &relying_party.host)?;
    let descriptor = |passkey: &StoredPasskey| {
        let stored: Value = serde_json::from_str(&passkey.public_key).map_err(Error::internal)?;
        let mut listed = json!({ "type": "public-key", "id": passkey.credential_id });
        if let Some(transports) = stored.pointer("/cred/transports").filter(|t| t.is_array()) {
            listed["transports"] = transports.clone();
        }
        Ok(listed)
    };
    passkeys.iter().map(descriptor).collect()
}

/// All passkeys of a member, oldest first, including those that were made for another host.
pub fn list(connection: &mut Connection, member: &MemberId) -> Result<Vec<Passkey>> {
    store::passkeys_of(connection, member)
}

/// Whether the member has a passkey that works here.
pub fn has_usable(
    connection: &mut Connection,
    relying_party: &RelyingParty,
    member: &MemberId,
) -> Result<bool> {
    Ok(!store::usable_passkeys_of(connection, member, &relying_party.host)?.is_empty())
}

/// The hosts other than `host` for which passkeys were made, and how many for each.
pub fn other_hosts(connection: &mut Connection, host: &str) -> Result<Vec<(String, i64)>> {
    store::other_hosts(connection, host)
}

/// Renames a passkey of the member. Returns the new name; `None` if they have no such passkey.
///
/// # Errors
/// [`Error::Invalid`] when the name is not valid.
pub fn rename(
    tx: &mut Transaction<'_>,
    member: &Member,
    id: &PasskeyId,
    name: &str,
    context: &Context,
) -> Result<Option<String>> {
    let Some(passkey) = find(tx, &member.id, id)? else { return Ok(None) };
    let name = text::one_line(TypedText::replacing(name, &passkey.name), "Name", MAX_NAME_LENGTH)
        .and_then(|name| if name.is_empty() { Err("Enter a name".into()) } else { Ok(name) })
        .map_err(|message| Error::invalid("name", message))?;
    if name != passkey.name {
        store::set_name(tx, id, &name)?;
        let changes = [Change { field: "Name".into(), from: passkey.name, to: name.clone() }];
        let entry = Entry::about(Event::PasskeyRenamed, member.subject());
        activity::record(tx, context, &entry.with(json!({ "changes": changes })))?;
    }
    Ok(Some(name))
}

/// Removes a passkey of the member. Returns its name; `None` if they have no such passkey.
pub fn remove(
    tx: &mut Transaction<'_>,
    member: &Member,
    id: &PasskeyId,
    context: &Context,
) -> Result<Option<String>> {
    let Some(passkey) = find(tx, &member.id, id)? else { return Ok(None) };
    store::delete(tx, id)?;
    let entry = Entry::about(Event::PasskeyRemoved, member.subject());
    activity::record(tx, context, &entry.with(json!({ "passkey": passkey.name })))?;
    Ok(Some(passkey.name))
}

/// Deletes all passkeys of a member, and returns how many there were. The caller records it.
pub fn remove_all_of(tx: &mut Transaction<'_>, member: &MemberId) -> Result<usize> {
    store::delete_all_of(tx, member)
}

fn find(connection: &mut Connection, member: &MemberId, id: &PasskeyId) -> Result<Option<Passkey>> {
    let passkeys = store::passkeys_of(connection, member)?;
    Ok(passkeys.into_iter().find(|passkey| passkey.id == *id))
}

/// A credential id as it is stored.
fn encoded(credential_id: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(credential_id)
}
