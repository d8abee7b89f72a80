//! A data directory in which every key passes and every secret key is known.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use latchkey::base::clock::{Clock, Timestamp};
use latchkey::base::error::Result;
use latchkey::base::keyring::{KeyFile, Keyring, hex};
use latchkey::db::{Connection, Db, Location, Transaction, without_indexes};
use latchkey::domain::api_keys::{self, Environment, SecretKey};
use rand::seq::SliceRandom as _;
use tempfile::TempDir;

/// How many digests one statement writes.
const BATCH: usize = 1000;

/// The time in 90 days.
const EXPIRY: &str = "CAST(strftime('%s') AS INTEGER) * 1000 + 7776000000";
/// This role has `orders:read`, and adding scopes does not change that.
const ROLE: &str = "(SELECT id FROM roles WHERE slug = 'warehouse')";
/// The client's address comes last, where finding it takes longest.
const ADDRESSES: &str = "(VALUES (0, '192.0.2.1'), (1, '2001:db8::1'), (2, '127.0.0.1'))";

/// A filled data directory.
pub struct Data {
    pub folder: TempDir,
    /// The secret key of each API key, in random order.
    pub secrets: Vec<String>,
}

#[derive(QueryableByName)]
struct SecretRow {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Data {
    /// Creates a sample organisation with `keys` keys.
    pub fn generate(keys: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let begin = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .env_clear()
            .arg("--data-dir")
            .arg(folder.path())
            .args(["demo", "--days", "0", "--keys", &keys.to_string()])
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("the program runs").success(), "the data directory is filled");
        let db = Db::open(&Location::Sqlite(folder.path().join("latchkey.db"))).expect("it opens");
        let file = KeyFile::open(&folder.path().join("secret.key")).expect("it opens");
        let keyring = file.newest().clone();
        // Both steps need the large cache that `without_indexes` sets.
        let written = db.write_blocking(|tx| {
            without_indexes(tx, &["api_keys"], |tx| {
                make_every_key_pass(tx)?;
                replace_secrets(tx, &keyring)
            })
        });
        let mut secrets = written.expect("written");
        // Otherwise requests would read neighbouring rows of the database one after another.
        secrets.shuffle(&mut rand::rng());
        println!("{keys} keys were made in {:.1} s", begin.elapsed().as_secs_f64());
        Self { folder, secrets }
    }

    /// Waits until the first use of every key is written, which happens only once for each key.
    pub fn wait_for_first_uses(&self) {
        let db = Db::open(&Location::Sqlite(self.folder.path().join("latchkey.db")));
        let db = db.expect("it opens");
        let (epoch, now) = (Timestamp::from_millis(1), Clock::System.now());
        let is_any_unused = |connection: &mut Connection| {
            Ok(!api_keys::unused(connection, epoch, now, 1)?.is_empty())
        };
        while db.read_blocking(is_any_unused).expect("read") {
            thread::sleep(Duration::from_secs(1));
        }
    }
}

/// Changes every key so that it passes.
fn make_every_key_pass(tx: &mut Transaction<'_>) -> Result<()> {
    Ok(tx.batch_execute(&format!(
        "UPDATE api_keys SET environment = 'production', role_id = {ROLE}, all_role_scopes = 1, \
             expires_at = {EXPIRY}, name_folded = name_folded || '~' || id, \
             revoked_at = NULL, revoked_by = NULL; \
         DELETE FROM api_key_addresses; \
         INSERT INTO api_key_addresses (key_id, position, address) \
             SELECT k.id, a.column1, a.column2 FROM api_keys k, {ADDRESSES} a ORDER BY 1, 2; \
         DELETE FROM api_key_secrets WHERE superseded_at IS NOT NULL; \
         UPDATE api_key_secrets SET expires_at = {EXPIRY}"
    ))?)
}

/// Replaces the secret key of every key, and returns the new ones.
fn replace_secrets(tx: &mut Transaction<'_>, keyring: &Keyring) -> Result<Vec<String>> {
    let rows = "SELECT rowid AS number FROM api_key_secrets ORDER BY rowid";
    let rows: Vec<SecretRow> = diesel::sql_query(rows).load(&mut **tx)?;
    let mut secrets = Vec::with_capacity(rows.len());
    for batch in rows.chunks(BATCH) {
        let mut values = String::new();
        for SecretRow { number } in batch {
            let secret = SecretKey::generate("lk", Environment::Production)?;
            let comma = if values.is_empty() { "" } else { ", " };
            let _ = write!(values, "{comma}({number}, x'{}')", hex(&secret.digest(keyring)));
            secrets.push(secret.expose().to_owned());
        }
        tx.batch_execute(&format!(
            "UPDATE api_key_secrets SET digest = new.column2 FROM (VALUES {values}) AS new \
                 WHERE api_key_secrets.rowid = new.column1"
        ))?;
    }
    Ok(secrets)
}
