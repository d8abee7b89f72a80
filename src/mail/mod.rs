//! Email: through which server it is sent, sending it, and the outbox of what is sent later.
//!
//! The server's password is encrypted under a key from the secret key file. Uses activity and
//! settings; knows nobody who sends.

mod draft;
pub mod http;
mod letter;
pub mod outbox;
mod send;
mod server;
mod store;

pub use draft::Draft;
pub use letter::Letter;
pub use outbox::{clear_away, queue, send_due};
pub use send::{Message, send};
pub use server::{Security, Server};

use crate::activity::{self, Author, Change, Entry, Event};
use crate::db::{Connection, Transaction};
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::secret_scan;
use crate::settings;

/// The server that email is sent through; `None` where none is sent.
///
/// # Errors
/// When the database cannot be read, or the password cannot be decrypted.
pub fn server(connection: &mut Connection, keyring: &Keyring) -> Result<Option<Server>> {
    store::server(connection, keyring)
}

/// Whether the server's host, user name or sender holds a secret key: stored before that was rejected.
///
/// # Errors
/// When the database cannot be read.
pub fn holds_secret(connection: &mut Connection) -> Result<bool> {
    Ok(store::texts(connection)?.iter().any(|text| secret_scan::holds_secret(text)))
}

/// Changes the server as drafted; a draft without a host turns email off.
///
/// # Errors
/// [`Error::Invalid`] when the draft breaks rules.
pub fn change(tx: &mut Transaction<'_>, draft: &Draft, author: &Author) -> Result<Option<Server>> {
    let before = server(tx, &author.keyring)?;
    let after = draft.check(before.as_ref()).map_err(Error::Invalid)?;
    let changes = changes(before.as_ref(), after.as_ref());
    if !changes.is_empty() {
        store::replace(tx, after.as_ref(), &author.keyring)?;
        let details = serde_json::json!({ "changes": changes });
        let entry = Entry::about(Event::MailChanged, settings::subject()).with(details);
        activity::record(tx, author, &entry)?;
    }
    Ok(after)
}

/// Records that a test message to `recipient` was asked for; it is sent once that is on record.
///
/// # Errors
/// [`Error::Invalid`] when no server is set, or the database cannot be written.
pub fn test(tx: &mut Transaction<'_>, recipient: &str, author: &Author) -> Result<Server> {
    let server = server(tx, &author.keyring)?;
    let server = server.ok_or_else(|| Error::invalid("mail_host", "Save a mail server first"))?;
    let details = serde_json::json!({ "recipient": recipient, "host": server.host });
    let entry = Entry::about(Event::MailTested, settings::subject()).with(details);
    activity::record(tx, author, &entry)?;
    Ok(server)
}

/// What differs, in the words of the form; never a password.
fn changes(before: Option<&Server>, after: Option<&Server>) -> Vec<Change> {
    type Field = (&'static str, fn(&Server) -> String);
    const FIELDS: [Field; 5] = [
        ("Mail server", |server| server.host.clone()),
        ("Port", |server| server.port.to_string()),
        ("Encryption", |server| server.security.label().to_owned()),
        ("User name", |server| server.username.clone()),
        ("Sender", |server| server.sender.clone()),
    ];
    let shown = |server: Option<&Server>, value: fn(&Server) -> String| server.map(value);
    let mut changes: Vec<Change> = FIELDS
        .iter()
        .map(|(field, value)| Change {
            field: (*field).to_owned(),
            from: shown(before, *value).unwrap_or_default(),
            to: shown(after, *value).unwrap_or_default(),
        })
        .filter(|change| change.from != change.to)
        .collect();
    let password = |server: Option<&Server>| server.and_then(|server| server.password.clone());
    let [from, to] = [password(before), password(after)];
    if from != to {
        let state = |is_set: bool| if is_set { "set" } else { "not set" };
        let to = if from.is_some() && to.is_some() { "changed" } else { state(to.is_some()) };
        let (field, from) = ("Password".into(), state(from.is_some()).into());
        changes.push(Change { field, from, to: to.into() });
    }
    changes
}
