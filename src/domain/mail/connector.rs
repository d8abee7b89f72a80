//! Connects to a mail server and signs in (RFC 5321).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use url::Host;

use super::{Security, Server, helo};
use crate::base::network::{Networks, TrustedRoots};

/// How this program connects to mail servers.
#[derive(Clone, Debug)]
pub struct Connector {
    /// The private networks in which mail servers may be.
    pub networks: Networks,
    /// The name that this program gives to mail servers.
    pub ehlo_name: Host,
    /// The trusted certificate authorities.
    pub roots: TrustedRoots,
}

impl Connector {
    /// Connects to `server` at `address` and signs in. The certificate must be valid for the
    /// server's name.
    pub(super) async fn connect(
        &self,
        server: &Server,
        address: IpAddr,
        timeout: Duration,
    ) -> Result<AsyncSmtpConnection, SmtpError> {
        let (at, name) = (SocketAddr::new(address, server.port), self.client_id());
        let [wrapper, starttls] = match server.security {
            Security::Tls => [Some(self.tls(server)?), None],
            Security::StartTls => [None, Some(self.tls(server)?)],
            Security::None => [None, None],
        };
        let connected =
            AsyncSmtpConnection::connect_tokio1(at, Some(timeout), &name, wrapper, None).await;
        let mut connection = match connected {
            Err(error) if error.is_permanent() => {
                let Ok(greeted) = helo::connect(self, server, at).await else { return Err(error) };
                AsyncSmtpConnection::connect_with_transport(greeted, &name).await?
            }
            connected => connected?,
        };
        if let Some(tls) = starttls {
            connection.starttls(tls, &name).await?;
        }
        if let Some(password) = &server.password {
            let credentials = Credentials::new(server.username.clone(), String::clone(password));
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }

    /// The name as defined in RFC 5321, 4.1.3, which writes addresses in brackets.
    pub(super) fn client_id(&self) -> ClientId {
        match &self.ehlo_name {
            Host::Domain(name) => ClientId::Domain(name.clone()),
            Host::Ipv4(address) => ClientId::Ipv4(*address),
            Host::Ipv6(address) => ClientId::Ipv6(*address),
        }
    }

    fn tls(&self, server: &Server) -> Result<TlsParameters, SmtpError> {
        let builder = TlsParameters::builder(server.name().to_owned());
        let builder = builder.certificate_store(CertificateStore::None);
        let mut roots = self.roots.certificates().iter();
        let with_roots = roots.try_fold(builder, |builder, root| {
            Certificate::from_der(root.to_vec()).map(|root| builder.add_root_certificate(root))
        });
        with_roots?.build()
    }
}
