//! The SQL of secrets whose digests are under the pepper of the master key before the current one.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::base::progress::Progress;
use crate::db::schema::{api_key_secrets, api_keys};
use crate::db::{Connection, Transaction, Value, execute_for};
use crate::domain::api_keys::{KeyId, former_proof};

/// How many digests are read at once.
const BATCH: i64 = 10_000;

/// Proves, under the new master key `to`, that the digests under the one before it are in the
/// database. Reports each batch.
pub fn prove_digests(
    tx: &mut Transaction<'_>,
    to: &Keyring,
    progress: &mut dyn Progress,
) -> Result<()> {
    let all: i64 = api_key_secrets::table.count().get_result(&mut **tx)?;
    progress.begin("Carrying over secret keys", all.unsigned_abs());
    let mut after = Vec::new();
    loop {
        let rows: Vec<(Vec<u8>, i32)> = api_key_secrets::table
            .filter(api_key_secrets::digest.gt(&after))
            .order(api_key_secrets::digest)
            .select((api_key_secrets::digest, api_key_secrets::pepper_version))
            .limit(BATCH)
            .load(&mut **tx)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after.clone_from(last);
        let read = rows.len() as u64;
        let former = rows.into_iter().filter(|(_, version)| version + 1 == to.generation());
        let proofs: Vec<(Vec<u8>, [u8; 32])> = former
            .map(|(digest, _)| {
                let proof = former_proof(to, &digest);
                (digest, proof)
            })
            .collect();
        let values: Vec<_> = proofs
            .iter()
            .map(|(digest, proof)| [Value::Bytes(digest), Value::Bytes(proof)])
            .collect();
        execute_for(
            tx,
            "WITH proved (digest, proof) AS (VALUES ",
            &values,
            ") UPDATE api_key_secrets SET former_proof = proved.proof FROM proved \
             WHERE api_key_secrets.digest = proved.digest",
        )?;
        progress.advance(read);
    }
}

/// Removes all proofs: digests under the former pepper no longer count.
pub fn forget_proofs(tx: &mut Transaction<'_>) -> Result<()> {
    diesel::update(api_key_secrets::table.filter(api_key_secrets::former_proof.is_not_null()))
        .set(api_key_secrets::former_proof.eq(None::<Vec<u8>>))
        .execute(&mut **tx)?;
    Ok(())
}

/// The keys whose current secret works and is under the former pepper, at most `limit`; among `ids`
/// if there are any.
pub fn under_former_pepper(
    connection: &mut Connection,
    ids: Option<&[&str]>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<KeyId>> {
    let mut found = api_key_secrets::table
        .inner_join(api_keys::table.on(api_keys::id.eq(api_key_secrets::key_id)))
        .filter(api_key_secrets::former_proof.is_not_null())
        .filter(api_key_secrets::superseded_at.is_null())
        .filter(api_key_secrets::expires_at.gt(now))
        .filter(api_keys::revoked_at.is_null())
        .into_boxed();
    if let Some(ids) = ids {
        found = found.filter(api_key_secrets::key_id.eq_any(ids));
    }
    Ok(found
        .order(api_key_secrets::key_id)
        .limit(limit)
        .select(api_key_secrets::key_id)
        .load(connection)?)
}
