//! A private certificate authority, and TLS servers with a certificate of that authority.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

pub struct Authority {
    folder: TempDir,
    /// The TLS configuration of servers named localhost.
    server: Arc<ServerConfig>,
}

impl Authority {
    pub fn new() -> Self {
        Self::with_servers(&CertificateParams::new(["localhost".to_owned()]).expect("parameters"))
    }

    /// An authority whose servers have a certificate that has expired.
    pub fn with_expired_servers() -> Self {
        let mut leaf = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
        Self::with_servers(&leaf)
    }

    fn with_servers(leaf: &CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([]).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("written");
        let (issuer, key) = (Issuer::new(params, key), KeyPair::generate().expect("a key"));
        let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .expect("a certificate");
        Self { folder, server: Arc::new(server) }
    }

    /// The PEM file with the certificate of the authority.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Returns a function that starts TLS on an accepted connection.
    pub fn accept(&self) -> impl Fn(std::net::TcpStream) -> Tls + Clone + Send + 'static {
        let server = Arc::clone(&self.server);
        move |stream| {
            let connection = ServerConnection::new(Arc::clone(&server)).expect("a connection");
            StreamOwned::new(connection, stream)
        }
    }
}

pub type Tls = StreamOwned<ServerConnection, std::net::TcpStream>;

/// A connection with or without TLS.
pub trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}
