//! The certificate of listeners, and its key. Both are read again when their files change, so that
//! a renewed certificate needs no restart. ASVS 12.1.1, 12.3.1.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, crypto};
use tokio_rustls::TlsAcceptor;

use crate::base::error::{Error, Result};

/// A certificate and its key, in two PEM files.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Tls {
    /// Reads the certificate with its chain, and the key.
    pub fn open(certificate: &Path, key: &Path) -> Result<Arc<Self>> {
        let current = RwLock::new(Arc::new(read(certificate, key)?));
        Ok(Arc::new(Self { certificate: certificate.into(), key: key.into(), current }))
    }

    /// Reads both files again; keeps the current certificate if the new one is unusable.
    pub(super) fn reload(&self) {
        match read(&self.certificate, &self.key) {
            Ok(read) if read.cert == self.current().cert => {}
            Ok(read) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                tracing::info!(certificate = %self.certificate.display(), "certificate replaced");
            }
            Err(error) => tracing::warn!(%error, "the certificate in use was kept"),
        }
    }

    /// The acceptor for TLS 1.2 and 1.3.
    pub(super) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor> {
        let provider = Arc::new(crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn current(&self) -> Arc<CertifiedKey> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey> {
    let unusable = |path: &Path, error: &dyn std::fmt::Display| {
        Error::Internal(format!("{} cannot be used for TLS: {error}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|error| unusable(certificate, &error))?;
    if chain.is_empty() {
        return Err(unusable(certificate, &"it holds no certificate in PEM form"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
    CertifiedKey::from_der(chain, private, &crypto::ring::default_provider())
        .map_err(|error| unusable(key, &error))
}
