//! The trusted certificate authorities for HTTP servers and mail servers: the system's, and
//! those in a file that the configuration names.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::base::error::{Error, Result};

/// Certificates of authorities; empty by default. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct TrustedRoots(Arc<Vec<CertificateDer<'static>>>);

impl TrustedRoots {
    /// The system's authorities and those in `file`, in PEM form. If the system has none, as in a
    /// container image with only the program, the Mozilla list in the program replaces them; but
    /// not if they could not be read, such as when `SSL_CERT_FILE` names no file.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(%error, "certificate authorities of the system could not be read");
        }
        let mut roots = usable(system.certs);
        if roots.is_empty() && system.errors.is_empty() {
            roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
        }
        if let Some(file) = file {
            roots.extend(read(file)?);
        }
        Ok(Self(Arc::new(roots)))
    }

    /// The certificates, all of which are usable.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }

    /// The certificates in the form that rustls takes.
    pub fn store(&self) -> RootCertStore {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(self.0.iter().cloned());
        store
    }
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unusable = |why: &str| {
        Error::Internal(format!("the certificates in {} cannot be used: {why}", file.display()))
    };
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.map_err(|error| unusable(&error.to_string()))?;
    let (count, usable) = (read.len(), usable(read));
    if usable.is_empty() || usable.len() < count {
        return Err(unusable("give certificates of authorities in PEM form"));
    }
    Ok(usable)
}

/// The certificates that rustls can use: some systems have certificates that it cannot read.
fn usable(certificates: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    let is_usable = |certificate: &CertificateDer<'static>| {
        RootCertStore::empty().add(certificate.clone()).is_ok()
    };
    certificates.into_iter().filter(is_usable).collect()
}
