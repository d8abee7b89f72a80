//! Sessions with a cookie: actix-session on top of the sessions of members, and self-contained
//! sessions for other visitors.
//!
//! A session without a member is never stored, so that strangers cannot fill the database: its key
//! contains the little data that a form needs, under a MAC. A session that has ended by itself
//! continues as such a session, which still tells whose it was. ASVS 3.3.1 to 3.3.4, 7.2.

use actix_session::SessionMiddleware;
use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};

use super::anonymous;
use crate::base::clock::Clock;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::config::PublicUrl;
use crate::db::{self, Db, Transaction};
use crate::domain::sign_in::sessions::{self, State};
use crate::pages::FORMER_MEMBER;
use crate::web::cookie;

/// The name of the cookie, without the common prefix or suffix.
const COOKIE: &str = "latchkey";

/// How long a browser keeps the cookie after the last page; the session ends earlier.
const COOKIE_AGE: Duration = Duration::hours(12);

/// The middleware of the dashboard's routes.
pub fn middleware(
    db: &Db,
    clock: &Clock,
    keyring: &Keyring,
    url: &PublicUrl,
) -> SessionMiddleware<Store> {
    let store = Store { db: db.clone(), clock: clock.clone(), keyring: keyring.clone() };
    // Issued again with every page, which also keeps pages out of the back/forward cache.
    let lifecycle = PersistentSession::default()
        .session_ttl(COOKIE_AGE)
        .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
    SessionMiddleware::builder(store, Key::from(keyring.cookie_key().as_slice()))
        .cookie_name(cookie::name(url, COOKIE))
        .cookie_secure(url.is_https())
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(lifecycle)
        .build()
}

/// How long a page waits for the request to be recorded in its session.
const TOUCH_WAIT: std::time::Duration = std::time::Duration::from_millis(100);
const TOUCH_FAILED: &str = "a request could not be noted in its session";

/// The storage of sessions.
#[derive(Clone)]
pub struct Store {
    db: Db,
    clock: Clock,
    keyring: Keyring,
}

impl SessionStore for Store {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        if anonymous::is_key(key.as_ref()) {
            return Ok(anonymous::open(&self.keyring, key.as_ref(), self.clock.now()));
        }
        self.load_stored(key.as_ref()).await.map_err(|error| LoadError::Other(error.into()))
    }

    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        self.begin(state).await.map_err(SaveError::Other)
    }

    async fn update(
        &self,
        key: SessionKey,
        mut state: State,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        if anonymous::is_key(key.as_ref()) {
            // A stranger who signs in gets a new key (ASVS 7.2.4).
            return self.begin(state).await.map_err(UpdateError::Other);
        }
        if sessions::member_id(&state).is_none() {
            if !state.contains_key(FORMER_MEMBER) {
                self.end(key.as_ref()).await.map_err(|error| UpdateError::Other(error.into()))?;
            }
            return self.begin(state).await.map_err(UpdateError::Other);
        }
        let is_renewed = state.remove(sessions::RENEW).is_some();
        let (keyring, now) = (self.keyring.clone(), self.clock.now());
        let text = key.as_ref().to_owned();
        let updated = self.write(move |tx| {
            if is_renewed {
                return sessions::renew(tx, &keyring, &text, &state, now);
            }
            sessions::update(tx, &keyring, &text, &state, now).map(|_| None)
        });
        match updated.await {
            Ok(None) => Ok(key),
            Ok(Some(new)) => {
                new.try_into().map_err(|error| UpdateError::Other(Error::internal(error).into()))
            }
            // The response is already finished, and may contain a secret. Only a notice is lost, or
            // a new key that the next request asks for again.
            Err(error) => {
                tracing::error!(%error, "what a session keeps could not be written");
                Ok(key)
            }
        }
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        // `load` has recorded the request, before any work that a failure in this function would
        // undo.
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        // Signing out has already ended the session, in the transaction that records it.
        if !anonymous::is_key(key.as_ref()) && self.exists(key.as_ref()).await? {
            self.end(key.as_ref()).await?;
        }
        Ok(())
    }
}

impl Store {
    async fn load_stored(&self, key: &str) -> Result<Option<State>> {
        let (keyring, now, text) = (self.keyring.clone(), self.clock.now(), key.to_owned());
        let read = move |connection: &mut _| match sessions::load(connection, &keyring, &text, now)?
        {
            Some(loaded) => Ok(Ok(loaded)),
            None => Ok(Err(sessions::load_ended(connection, &keyring, &text, now)?)),
        };
        let loaded = match self.db.read(read).await? {
            Ok(loaded) => loaded,
            Err(ended) => return Ok(ended.as_ref().map(anonymous::after)),
        };
        if loaded.touch_due {
            let (keyring, text) = (self.keyring.clone(), key.to_owned());
            let touch = self.write(move |tx| sessions::touch(tx, &keyring, &text, now));
            // If this is not recorded, the session only ends earlier; the page need not fail or
            // wait for another writer.
            match tokio::time::timeout(TOUCH_WAIT, touch).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "{TOUCH_FAILED}"),
                Err(error) => tracing::warn!(%error, "{TOUCH_FAILED}"),
            }
        }
        Ok(Some(loaded.state))
    }

    async fn begin(&self, state: State) -> Result<SessionKey, anyhow::Error> {
        let (keyring, now) = (self.keyring.clone(), self.clock.now());
        let key = if sessions::member_id(&state).is_some() {
            self.write(move |tx| sessions::save(tx, &keyring, &state, now)).await?
        } else {
            anonymous::seal(&keyring, &state, now)?
        };
        Ok(key.try_into().map_err(Error::internal)?)
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        let (keyring, key, now) = (self.keyring.clone(), key.to_owned(), self.clock.now());
        let read = move |c: &mut _| Ok(sessions::load(c, &keyring, &key, now)?.is_some());
        self.db.read(read).await
    }

    async fn end(&self, key: &str) -> Result<()> {
        let (keyring, key) = (self.keyring.clone(), key.to_owned());
        self.write(move |tx| sessions::end(tx, &keyring, &key)).await
    }

    /// Writes the session's own data, which does not count as a change by the page.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        db::track_writes(self.db.write(work)).await.0
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
