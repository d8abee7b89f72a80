//! A data directory whose secret keys are known, and all of whose keys pass.

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
use latchkey::base::keyring::{Keyring, hex};
use latchkey::db::{Connection, Db, Location, Transaction, without_indexes};
use latchkey::domain::api_keys::{self, Environment, SecretKey};
use rand::seq::SliceRandom as _;
use tempfile::TempDir;

/// How many digests are written at once.
const BATCH: usize = 1000;

/// In 90 days.
const LATER: &str = "CAST(strftime('%s') AS INTEGER) * 1000 + 7776000000";
/// Holds `orders:read`, and goes on to do so whatever scopes are added.
const ROLE: &str = "(SELECT id FROM roles WHERE slug = 'warehouse')";
/// The client's address stands last, where it takes longest to find.
const ADDRESSES: &str = "(VALUES (0, '192.0.2.1'), (1, '2001:db8::1'), (2, '127.0.0.1'))";

/// A filled data directory.
pub struct Data {
    pub folder: TempDir,
    /// The secret key of each API key, in no order.
    pub secrets: Vec<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Data {
    /// A sample organisation with that many keys.
    pub fn filled(keys: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let begin = Instant::now();
        let filled = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .env_clear()
            .arg("--data-dir")
            .arg(folder.path())
            .args(["demo", "--days", "0", "--keys", &keys.to_string()])
            .stdout(Stdio::null())
            .status();
        assert!(filled.expect("the program runs").success(), "the data directory is filled");
        let db = Db::open(&Location::Sqlite(folder.path().join("latchkey.db"))).expect("it opens");
        let keyring = Keyring::open(&folder.path().join("secret.key")).expect("it opens");
        // All of it with the large cache that comes with making indexes anew.
        let written = db.write_blocking(|tx| {
            without_indexes(tx, &["api_keys"], |tx| {
                open_up(tx)?;
                new_secrets(tx, &keyring)
            })
        });
        let mut secrets = written.expect("written");
        // Otherwise neighbours in the database would be asked about one after another.
        secrets.shuffle(&mut rand::rng());
        println!("{keys} keys were made in {:.1} s", begin.elapsed().as_secs_f64());
        Self { folder, secrets }
    }

    /// Waits until the first use of every key is written, as it is once after a start.
    pub fn wait_for_first_uses(&self) {
        let db = Db::open(&Location::Sqlite(self.folder.path().join("latchkey.db")));
        let db = db.expect("it opens");
        let (ever, now) = (Timestamp::from_millis(1), Clock::System.now());
        let is_one_left = |connection: &mut Connection| {
            Ok(!api_keys::unused(connection, ever, now, 1)?.is_empty())
        };
        while db.read_blocking(is_one_left).expect("read") {
            thread::sleep(Duration::from_secs(1));
        }
    }
}

/// Makes every key one that passes.
fn open_up(tx: &mut Transaction<'_>) -> Result<()> {
    Ok(tx.batch_execute(&format!(
        "UPDATE api_keys SET environment = 'production', role_id = {ROLE}, all_role_scopes = 1, \
             expires_at = {LATER}, name_folded = name_folded || '~' || id, \
             revoked_at = NULL, revoked_by = NULL; \
         DELETE FROM api_key_addresses; \
         INSERT INTO api_key_addresses (key_id, position, address) \
             SELECT k.id, a.column1, a.column2 FROM api_keys k, {ADDRESSES} a ORDER BY 1, 2; \
         DELETE FROM api_key_secrets WHERE superseded_at IS NOT NULL; \
         UPDATE api_key_secrets SET expires_at = {LATER}"
    ))?)
}

/// Gives every key a secret key that is known here.
fn new_secrets(tx: &mut Transaction<'_>, keyring: &Keyring) -> Result<Vec<String>> {
    let rows = "SELECT rowid AS number FROM api_key_secrets ORDER BY rowid";
    let rows: Vec<Row> = diesel::sql_query(rows).load(&mut **tx)?;
    let mut secrets = Vec::with_capacity(rows.len());
    for batch in rows.chunks(BATCH) {
        let mut values = String::new();
        for Row { number } in batch {
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
