//! The SQL of a key's last use.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::find;
use crate::api_keys::{KeyId, Used};
use crate::clock::Timestamp;
use crate::db::schema::api_keys;
use crate::db::{Transaction, on_each, rows_of};
use crate::error::Result;
use crate::settings::Settings;

/// Which of some hundred keys were never used.
pub(in crate::api_keys) fn never_used(
    tx: &mut Transaction<'_>,
    ids: &[&str],
) -> Result<Vec<KeyId>> {
    let found: Vec<String> = api_keys::table
        .filter(api_keys::id.eq_any(ids))
        // Nothing added, so that the ids' index is used and not this column's.
        .filter((api_keys::last_used_at + 0).eq(0))
        .select(api_keys::id)
        .load(&mut **tx)?;
    found.iter().map(|id| KeyId::stored(id)).collect()
}

pub(in crate::api_keys) fn used<'a>(
    tx: &mut Transaction<'_>,
    uses: impl ExactSizeIterator<Item = &'a Used>,
) -> Result<()> {
    let statement = format!(
        "WITH used (id, at, address) AS (VALUES {}) UPDATE api_keys \
         SET last_used_at = used.at, last_used_address = used.address FROM used \
         WHERE api_keys.id = used.id AND api_keys.last_used_at < used.at",
        rows_of(3, uses.len())
    );
    on_each!(&mut **tx, native => {
        let mut query = diesel::sql_query(statement).into_boxed();
        for used in uses {
            query = query
                .bind::<Text, _>(used.key_id.as_str())
                .bind::<BigInt, _>(used.at.millis())
                .bind::<Nullable<Text>, _>(used.address.map(|address| address.to_string()));
        }
        query.execute(native)?
    });
    Ok(())
}

/// Works out anew when a key starts to need attention.
pub(in crate::api_keys) fn refresh_attention(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    settings: &Settings,
) -> Result<()> {
    let Some(key) = find(tx, id)? else { return Ok(()) };
    diesel::update(api_keys::table.find(id.as_str()))
        .set(api_keys::attention_at.eq(Timestamp::millis(key.attention_at(settings))))
        .execute(&mut **tx)?;
    Ok(())
}
