//! How a node that serves notices that the master key was rotated.

use std::path::Path;
use std::time::Duration;

use crate::base::error::{Error, Result};
use crate::base::keyring::{KeyFile, Keyring};
use crate::db::Db;
use crate::domain::settings::{self, master_key};

/// How often a node looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// Waits until the database no longer belongs to `keyring`, and returns the master key in the secret
/// key file `path` that it belongs to now. While the database does not answer, nothing is known.
///
/// # Errors
/// [`Error::Internal`] if the file does not have that master key. Who goes on with the old one would
/// let secret keys pass that no longer may.
pub async fn replaced(db: &Db, keyring: &Keyring, path: &Path) -> Result<Keyring> {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let (keyring, path) = (keyring.clone(), path.to_owned());
        let looked = db.read(move |connection| {
            if master_key::is_current(connection, &keyring)? {
                return Ok(None);
            }
            Ok(Some(KeyFile::read(&path).and_then(|keys| settings::keyring(connection, &keys))))
        });
        match looked.await {
            Ok(None) => {}
            Err(error) | Ok(Some(Err(error @ Error::Unavailable(_)))) => {
                tracing::debug!(%error, "it is not known whether the master key was rotated");
            }
            Ok(Some(found)) => {
                return found.map_err(|error| {
                    Error::Internal(format!("the master key was rotated, and {error}"))
                });
            }
        }
    }
}
