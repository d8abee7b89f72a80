//! How people and programs reach Latchkey, and how it reaches the mail server.

use std::net::IpAddr;

use super::Installation;
use super::finding::{Check, Finding};
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::base::outgoing::{BodyLimit, Client, http};
use crate::db::Db;
use crate::domain::mail::{self, Connector};
use crate::domain::settings::{self, master_key::INSTALLATION_HEADER};

const ENCRYPTION: Check = Check("encryption", "Encryption");
const PUBLIC_URL: Check = Check("public_url", "Public URL");
const MAIL_SERVER: Check = Check("mail_server", "Mail server");

pub(super) fn encryption(installation: &Installation<'_>) -> Finding {
    let (url, server) = (installation.public_url, &installation.config.server);
    if url.is_https() {
        return ENCRYPTION.fine(format!("Browsers use {url}."));
    }
    let is_local = |address: IpAddr| address.to_canonical().is_loopback();
    if url.is_loopback() && is_local(server.listen.ip()) {
        return ENCRYPTION.warning(
            format!("Only browsers on this machine reach {url}."),
            "For others, put a proxy with TLS in front and give its https URL with --public-url, or \
             give --tls-cert and --tls-key.",
        );
    }
    ENCRYPTION.error(
        format!("{url} sends passwords and secret keys in the clear."),
        "Put a proxy with TLS in front and give its https URL with --public-url, or give --tls-cert \
         and --tls-key.",
    )
}

/// Whether the public URL leads to this installation.
pub(super) fn public_url(
    installation: &Installation<'_>,
    opened: &Result<(Db, Keyring)>,
) -> Finding {
    let url = installation.public_url;
    let failed = |why: &str| {
        PUBLIC_URL.warning(
            format!("{url} does not lead here: {why}."),
            "Start Latchkey, and check the name and the proxy. People elsewhere may reach it all the \
             same.",
        )
    };
    let Ok(request) = http::Request::get(format!("{url}/healthz")).body(Vec::new()) else {
        return failed("it cannot be requested");
    };
    match Client::for_operator(installation.roots).send(request, BodyLimit::Start(16)) {
        Err(why) => failed(&why),
        Ok(answer) if !answer.status().is_success() => {
            failed(&format!("it answers with status {}", answer.status().as_u16()))
        }
        Ok(answer) => {
            let named =
                answer.headers().get(INSTALLATION_HEADER).and_then(|name| name.to_str().ok());
            match (named, opened) {
                (None, _) => failed("something other than Latchkey answers"),
                (Some(named), Ok((_, keyring)))
                    if named != settings::installation_name(keyring) =>
                {
                    failed("another installation of Latchkey answers")
                }
                _ => PUBLIC_URL.fine(format!("{url} leads to this installation.")),
            }
        }
    }
}

/// Tries to sign in at the mail server.
pub(super) fn mail_server(
    installation: &Installation<'_>,
    db: &Db,
    keyring: &Keyring,
) -> Option<Finding> {
    let keyring = keyring.clone();
    let server = match db.read_blocking(move |c| mail::server(c, &keyring)) {
        Ok(server) => server?,
        Err(error) => {
            let text = format!("Its settings cannot be read: {error}.");
            return Some(MAIL_SERVER.error(text, "Set the mail server again, in Settings."));
        }
    };
    let config = &installation.config.server;
    let connector = Connector {
        networks: config.mail_networks.clone(),
        ehlo_name: config.ehlo_name(installation.public_url),
        roots: installation.roots.clone(),
    };
    Some(match mail::check_server(&server, &connector) {
        Ok(()) => MAIL_SERVER.fine(format!("{} accepts the sign-in.", server.host)),
        Err(why) => MAIL_SERVER.error(
            format!("{why}."),
            "Emails wait and are tried again for a day. Correct the server, or Settings → Email.",
        ),
    })
}
