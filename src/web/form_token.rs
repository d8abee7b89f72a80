//! Form tokens: each form has one, bound to the session and the page, for a single use.
//!
//! A token is a MAC under the session's form key, so that nothing is stored until it is used; then
//! its hash is stored, with the location that the form led to, in the transaction of the form's
//! change. A second submit changes nothing and leads to the same location. ASVS 3.5.1.
//!
//! All forms of a page share one token. A form's action accepts the tokens of one page: the nearest
//! at or above its own path that answers GET, so that `/account/password` accepts those of
//! `/account`. An action that adds to a list, such as `/api-keys`, also accepts those of the list's
//! `new` dialog and of the pages of its items. The header's forms accept those of every page
//! ([`EVERYWHERE`]).

use actix_session::Session;
use actix_web::{HttpRequest, web};
use subtle::ConstantTimeEq as _;

use super::routes::Pages;
use super::store;
use crate::base::clock::{HOUR, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::{Keyring, Purpose, hex};
use crate::base::random;
use crate::db::{Connection, Transaction};

/// The key of the form key in a session's state.
pub const SESSION_KEY: &str = "form_key";
/// How long a form is valid, in milliseconds: the maximum length of a session.
const LIFETIME: i64 = 12 * HOUR;

/// The actions of forms that are on every page.
const EVERYWHERE: [&str; 3] = ["/sign-out", "/preferences/theme", "/diagnosis/lookup"];

/// The page that a request shows, or whose form it submits.
#[derive(Clone, Debug)]
pub struct FormPage {
    path: String,
    /// The list to which the page may add an item.
    list: String,
    /// The path to which the request's form is sent.
    action: String,
}

impl FormPage {
    /// The page of `request`.
    pub fn of(request: &HttpRequest) -> Self {
        // Decoded, so that every spelling of a path is the same page.
        let action = request.match_info().as_str();
        let pages = request.app_data::<web::Data<Pages>>().zip(request.match_pattern());
        let nearest = pages.as_ref().map(|(pages, pattern)| pages.nearest(pattern, action));
        let (pattern, path) = nearest.unwrap_or((action, action));
        let is_item = pattern.ends_with("/new") || pattern.ends_with('}');
        let list = path.rsplit_once('/').filter(|_| is_item).map_or("", |(list, _)| list);
        Self { path: path.into(), list: list.into(), action: action.into() }
    }

    /// The page at `path`, which adds nothing to a list.
    pub fn at(path: &str) -> Self {
        Self { path: path.into(), list: String::new(), action: path.into() }
    }

    /// Whether a token with these tags may be submitted here.
    fn accepts(&self, keyring: &Keyring, page: &str, list: &str) -> bool {
        EVERYWHERE.contains(&&*self.action)
            || page == tag(keyring, &self.path)
            || (!self.action.is_empty() && list == tag(keyring, &self.action))
    }
}

/// A token that was checked against the session and the page.
#[derive(Clone, Debug)]
pub struct FormToken {
    text: String,
    issued: i64,
}

/// A token that has not been used yet.
pub struct UnusedToken {
    hash: String,
    expires_at: i64,
}

/// A new form key, for a new session.
pub fn new_key() -> Result<String> {
    random::text(random::BASE62, 22)
}

/// The session's form key; creates one for a visitor without one.
pub fn key_of(session: &Session) -> Result<String> {
    if let Some(key) = session.get(SESSION_KEY).map_err(Error::internal)? {
        return Ok(key);
    }
    let key = new_key()?;
    session.insert(SESSION_KEY, &key).map_err(Error::internal)?;
    Ok(key)
}

/// A fresh token for the forms on `page` in the session with `form_key`.
pub fn mint(keyring: &Keyring, form_key: &str, page: &FormPage, now: Timestamp) -> Result<String> {
    let [path, list] = [&page.path, &page.list].map(|path| tag(keyring, path));
    let random = random::text(random::BASE62, 16)?;
    let body = format!("{}.{path}.{list}.{random}", now.millis());
    let mac = mac(keyring, form_key, &body);
    Ok(format!("{body}.{mac}"))
}

/// Checks a token that was sent to `page` against the session with `form_key`; `None` if it belongs
/// to another session or page, or is too old.
pub fn check(
    keyring: &Keyring,
    form_key: &str,
    page: &FormPage,
    text: &str,
    now: Timestamp,
) -> Option<FormToken> {
    let (body, given) = text.rsplit_once('.')?;
    if !bool::from(mac(keyring, form_key, body).as_bytes().ct_eq(given.as_bytes())) {
        return None;
    }
    let mut parts = body.split('.');
    let issued = parts.next()?.parse().ok()?;
    let (path, list) = (parts.next()?, parts.next()?);
    let age = now.since(Timestamp::from_millis(issued));
    let is_good = age < LIFETIME && page.accepts(keyring, path, list);
    is_good.then(|| FormToken { text: text.to_owned(), issued })
}

/// Where the form with the token `text` has led; `None` if it was not submitted successfully. The
/// token need not be valid any more.
pub fn spent_location(
    connection: &mut Connection,
    keyring: &Keyring,
    text: &str,
) -> Result<Option<String>> {
    store::spent_location(connection, &spent_hash(keyring, text))
}

fn spent_hash(keyring: &Keyring, text: &str) -> String {
    hex(&keyring.mac(Purpose::Web, &[b"spent form token ", text.as_bytes()]))
}

impl FormToken {
    /// The token as the form contained it, to bind other fields of the form to it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// When the form was issued.
    pub fn issued(&self) -> Timestamp {
        Timestamp::from_millis(self.issued)
    }

    /// Where the form has led, if it was submitted successfully before.
    pub fn spent_location(
        &self,
        connection: &mut Connection,
        keyring: &Keyring,
    ) -> Result<Option<String>> {
        spent_location(connection, keyring, &self.text)
    }

    /// Spends the token for a form that leads to `location`.
    ///
    /// # Errors
    /// [`Error::AlreadySubmitted`] if it was used before.
    pub fn spend(&self, tx: &mut Transaction<'_>, keyring: &Keyring, location: &str) -> Result<()> {
        self.check_unused(tx, keyring)?.spend(tx, location)
    }

    /// The token, for a form whose location is known only after its write.
    ///
    /// # Errors
    /// [`Error::AlreadySubmitted`] if it was used before.
    pub fn check_unused(&self, tx: &mut Transaction<'_>, keyring: &Keyring) -> Result<UnusedToken> {
        let hash = spent_hash(keyring, &self.text);
        match store::spent_location(tx, &hash)? {
            Some(location) => Err(Error::AlreadySubmitted(location)),
            None => Ok(UnusedToken { hash, expires_at: self.issued.saturating_add(LIFETIME) }),
        }
    }
}

impl UnusedToken {
    /// Spends the token, in the transaction that found it unspent.
    pub fn spend(self, tx: &mut Transaction<'_>, location: &str) -> Result<()> {
        store::insert_spent(tx, &self.hash, location, self.expires_at)
    }
}

/// The tag of a path in a token.
fn tag(keyring: &Keyring, path: &str) -> String {
    let tag = keyring.mac(Purpose::Web, &[b"form page ", path.as_bytes()]);
    hex(tag.get(..6).unwrap_or(&tag))
}

fn mac(keyring: &Keyring, form_key: &str, body: &str) -> String {
    let mac =
        keyring.mac(Purpose::Web, &[b"form token ", form_key.as_bytes(), b" ", body.as_bytes()]);
    hex(mac.get(..16).unwrap_or(&mac))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

    fn page(path: &str, list: &str) -> FormPage {
        FormPage { path: path.into(), list: list.into(), action: path.into() }
    }

    #[test]
    fn a_token_works_only_for_its_session_its_page_and_its_time() {
        let keyring = Keyring::from_bytes(&[1; 32]);
        let here = page("/api-keys/new", "/api-keys");
        let token = mint(&keyring, "mine", &here, NOW).expect("random");
        let accepts = |keyring: &Keyring, key, page: &FormPage, now| {
            check(keyring, key, page, &token, now).is_some()
        };
        assert!(accepts(&keyring, "mine", &here, NOW));
        assert!(accepts(&keyring, "mine", &page("/api-keys", ""), NOW));
        assert!(!accepts(&keyring, "mine", &page("/roles", ""), NOW));
        assert!(!accepts(&keyring, "mine", &page("/roles/new", "/roles"), NOW));
        assert!(accepts(&keyring, "mine", &page("/sign-out", ""), NOW));
        assert!(!accepts(&keyring, "theirs", &here, NOW));
        assert!(!accepts(&keyring, "mine", &here, NOW.plus(LIFETIME)));
        assert!(!accepts(&Keyring::from_bytes(&[2; 32]), "mine", &here, NOW));
    }

    #[test]
    fn a_page_without_a_list_adds_to_none() {
        let keyring = Keyring::from_bytes(&[1; 32]);
        let token = mint(&keyring, "mine", &page("/settings", ""), NOW).expect("random");
        let nowhere = FormPage { action: String::new(), ..page("/account", "") };
        assert!(check(&keyring, "mine", &nowhere, &token, NOW).is_none());
    }

    proptest! {
        #[test]
        fn no_forged_token_passes(text in ".*", flip in 0_usize..90) {
            let (keyring, here) = (Keyring::from_bytes(&[1; 32]), page("/settings", ""));
            prop_assert!(check(&keyring, "mine", &here, &text, NOW).is_none());
            let mut bytes = mint(&keyring, "mine", &here, NOW).expect("random").into_bytes();
            let at = flip % bytes.len();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).expect("ASCII");
            prop_assert!(check(&keyring, "mine", &here, &changed, NOW).is_none());
        }
    }
}
