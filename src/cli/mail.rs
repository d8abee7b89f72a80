//! `latchkey mail set`, `show` and `off`.

use std::io::{BufRead, Write};

use zeroize::Zeroizing;

use super::arguments::{MailCommand, SetMail};
use super::{CLOCK, open, read_line, write_line};
use crate::base::error::{Error, Result};
use crate::base::network::TrustedRoots;
use crate::config::{Config, ServerConfig};
use crate::domain::activity::Context;
use crate::domain::mail::{self, Connector, Draft, Server};
use crate::domain::members::mail_server;
use crate::letters;

pub(super) fn run(
    config: &Config,
    command: &MailCommand,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<()> {
    match command {
        MailCommand::Set(options) => change(config, &draft(options, input)?, output),
        MailCommand::Off => change(config, &Draft::default(), output),
        MailCommand::Show => show(config, output),
    }
}

fn draft(options: &SetMail, input: &mut impl BufRead) -> Result<Draft> {
    let SetMail { host, port, security, username, sender } = options.clone();
    if host.trim().is_empty() {
        return Err(Error::invalid("mail_host", "Give the mail server a name or an address"));
    }
    Ok(Draft {
        host,
        port: port.to_string(),
        security: security.as_str().to_owned(),
        password: if username.is_empty() { Zeroizing::default() } else { read_line(input)? },
        username,
        sender,
    })
}

fn change(config: &Config, draft: &Draft, output: &mut impl Write) -> Result<()> {
    let connector = connector(&config.server)?;
    let (db, keyring) = open(config)?;
    let context = Context::command_line(keyring, CLOCK.now());
    let changed = db.write_blocking(|tx| mail_server::change(tx, draft, &context));
    let (server, notification) = changed?;
    let line = server.map_or_else(
        || "No more email is sent.".into(),
        |server| format!("Email is sent through {} at port {}.", server.host, server.port),
    );
    write_line(output, &line)?;
    if let Some(notification) = notification {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::internal)?;
        runtime.block_on(letters::notify(&notification, &connector));
        // Does not wait for a DNS lookup that never ends.
        runtime.shutdown_background();
    }
    Ok(())
}

fn connector(server: &ServerConfig) -> Result<Connector> {
    Ok(Connector {
        networks: server.mail_networks.clone(),
        ehlo_name: server.ehlo_name(&server.public_url(server.listen)),
        roots: TrustedRoots::load(server.ca_file.as_deref())?,
    })
}

fn show(config: &Config, output: &mut impl Write) -> Result<()> {
    let (db, keyring) = open(config)?;
    let Some(server) = db.read_blocking(|c| mail::server(c, &keyring))? else {
        return write_line(output, "No email is sent: no mail server is set.");
    };
    let Server { host, port, security, username, password, sender } = server;
    let username = if username.is_empty() { "none".to_owned() } else { username };
    let password = if password.is_some() { "set" } else { "not set" };
    let lines = [
        ("Mail server", host),
        ("Port", port.to_string()),
        ("Encryption", security.as_str().to_owned()),
        ("User name", username),
        ("Password", password.to_owned()),
        ("Sender", sender),
    ];
    lines.iter().try_for_each(|(name, value)| write_line(output, &format!("{name:12} {value}")))
}
