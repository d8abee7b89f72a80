//! The SQL of the mail server, which has one row or none. The SQL of the outbox is in `outbox`.

mod links;
mod outbox;

use diesel::prelude::*;
use zeroize::Zeroizing;

pub(super) use links::{give_up_all_links, give_up_expired_links, give_up_links_of, seal};
pub use outbox::Email;
pub(super) use outbox::{
    claim_due, emails, find, give_up_all, insert, is_any_due, is_known, purge, record, release,
    resend,
};

use super::{Security, Server};
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::schema::mail_server;
use crate::db::{Connection, Transaction};

/// The label under which the password is encrypted.
const LABEL: &str = "mail server password";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = mail_server)]
struct Row {
    id: i32,
    host: String,
    port: i32,
    security: Security,
    username: String,
    password: Option<Vec<u8>>,
    sender: String,
}

pub(super) fn server(connection: &mut Connection, keyring: &Keyring) -> Result<Option<Server>> {
    let row: Option<Row> =
        mail_server::table.select(Row::as_select()).first(connection).optional()?;
    row.map(|row| read(row, keyring)).transpose()
}

/// The texts that somebody entered for the server, without the password.
pub(super) fn texts(connection: &mut Connection) -> Result<Vec<String>> {
    let row: Option<Row> =
        mail_server::table.select(Row::as_select()).first(connection).optional()?;
    Ok(row.map_or(Vec::new(), |row| vec![row.host, row.username, row.sender]))
}

/// Whether a mail server is set.
pub(super) fn is_set(connection: &mut Connection) -> Result<bool> {
    let found: Option<i32> =
        mail_server::table.select(mail_server::id).first(connection).optional()?;
    Ok(found.is_some())
}

pub(super) fn replace(
    tx: &mut Transaction<'_>,
    new: Option<&Server>,
    keyring: &Keyring,
) -> Result<()> {
    diesel::delete(mail_server::table).execute(&mut **tx)?;
    let Some(server) = new else { return Ok(()) };
    let password = server.password.as_ref();
    let row = Row {
        id: 1,
        host: server.host.clone(),
        port: server.port.into(),
        security: server.security,
        username: server.username.clone(),
        password: password.map(|text| keyring.seal(LABEL, text.as_bytes())).transpose()?,
        sender: server.sender.clone(),
    };
    diesel::insert_into(mail_server::table).values(row).execute(&mut **tx)?;
    Ok(())
}

/// Encrypts the password under the master key `to` instead of `from`.
pub fn reseal(tx: &mut Transaction<'_>, from: &Keyring, to: &Keyring) -> Result<()> {
    let sealed: Option<Option<Vec<u8>>> =
        mail_server::table.select(mail_server::password).first(&mut **tx).optional()?;
    let Some(sealed) = sealed.flatten() else { return Ok(()) };
    diesel::update(mail_server::table)
        .set(mail_server::password.eq(Some(to.reseal(from, LABEL, &sealed)?)))
        .execute(&mut **tx)?;
    Ok(())
}

fn read(row: Row, keyring: &Keyring) -> Result<Server> {
    let damaged = || Error::internal("the mail server's settings cannot be read");
    let unseal = |sealed: Vec<u8>| {
        let bytes = keyring.unseal(LABEL, &sealed).ok_or_else(damaged)?;
        str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| damaged())
    };
    Ok(Server {
        host: row.host,
        port: row.port.try_into().map_err(|_| damaged())?,
        security: row.security,
        username: row.username,
        password: row.password.map(unseal).transpose()?,
        sender: row.sender,
    })
}
