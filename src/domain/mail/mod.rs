//! Email: the mail server, sending, and the outbox of messages that are sent later.
//!
//! The server's password is encrypted with a key from the secret key file. Uses activity and
//! settings. Does not know the features that send email.

mod connector;
mod draft;
mod helo;
mod links;
pub mod outbox;
mod policy;
mod send;
mod server;
mod store;

pub use connector::Connector;
pub use draft::Draft;
pub use links::{OneTimeLink, queue_link, withdraw_all_links, withdraw_links};
pub use outbox::{purge, queue, send_due};
pub use policy::check_network;
pub use send::{Message, check_server, send, send_in_time};
pub use server::{Security, Server};
pub use store::reseal;

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::base::secret_scan;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Change, Context, Entry, Event, RecordedEntry};
use crate::domain::settings;

/// The name, in an activity entry, of the permissions that the author had.
const PERMISSIONS_HELD: &str = "held";

/// The server through which email is sent; `None` if email is off.
pub fn server(connection: &mut Connection, keyring: &Keyring) -> Result<Option<Server>> {
    store::server(connection, keyring)
}

/// Whether email is on.
pub fn server_is_set(connection: &mut Connection) -> Result<bool> {
    store::is_set(connection)
}

/// The result of a change of the server.
#[derive(Clone)]
pub struct ServerChange {
    pub before: Option<Server>,
    pub after: Option<Server>,
    /// The changed values, as the interface shows them; never a password.
    pub changes: Vec<Change>,
}

/// Whether the server's host, user name or sender contains a secret key that was stored before the
/// program rejected such texts.
pub fn contains_secret(connection: &mut Connection) -> Result<bool> {
    Ok(store::texts(connection)?.iter().any(|text| secret_scan::contains_secret(text)))
}

/// Changes the server according to the draft; a draft without a host turns email off. The only
/// caller, `members::mail_server`, decides who may do this and passes the author's permissions,
/// which are recorded. With `is_confirmed`, a server that stays the same is recorded as well, as
/// the author's choice.
///
/// # Errors
/// [`Error::Invalid`] if the draft is invalid.
pub fn change(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    held: &[&str],
    is_confirmed: bool,
    context: &Context,
) -> Result<ServerChange> {
    let before = server(tx, &context.keyring)?;
    let after = draft.check(before.as_ref()).map_err(Error::Invalid)?;
    let changes = changes(before.as_ref(), after.as_ref());
    if !changes.is_empty() {
        store::replace(tx, after.as_ref(), &context.keyring)?;
    }
    if !changes.is_empty() || (is_confirmed && after.is_some()) {
        let details = serde_json::json!({ "changes": changes, PERMISSIONS_HELD: held });
        let entry = Entry::about(Event::MailChanged, settings::subject()).with(details);
        activity::record(tx, context, &entry)?;
    }
    Ok(ServerChange { before, after, changes })
}

/// The entry of the last change of the server, and the names of the permissions that its author
/// had; `None` if an older version of the program recorded it.
pub fn last_change(
    connection: &mut Connection,
) -> Result<Option<(RecordedEntry, Option<Vec<String>>)>> {
    let newest = activity::recent(connection, Event::MailChanged, Timestamp::default(), 1)?.pop();
    Ok(newest.map(|entry| {
        let held = entry.details().get(PERMISSIONS_HELD).cloned();
        let held = held.and_then(|names| serde_json::from_value(names).ok());
        (entry, held)
    }))
}

/// Records that a test message to `recipient` was requested. The caller sends it once the entry is
/// stored.
///
/// # Errors
/// [`Error::Invalid`] if no mail server is set.
pub fn test(tx: &mut Transaction<'_>, recipient: &str, context: &Context) -> Result<Server> {
    let server = server(tx, &context.keyring)?;
    let server = server.ok_or_else(|| Error::invalid("mail_host", "Save a mail server first"))?;
    let details = serde_json::json!({ "recipient": recipient, "host": server.host });
    let entry = Entry::about(Event::MailTested, settings::subject()).with(details);
    activity::record(tx, context, &entry)?;
    Ok(server)
}

/// The changed values, with the labels of the form; never a password.
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
