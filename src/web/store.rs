//! The SQL of spent form tokens.

use diesel::prelude::*;

use crate::base::error::Result;
use crate::db::schema::spent_form_tokens;
use crate::db::{Connection, Transaction};

pub(super) fn spent_location(connection: &mut Connection, hash: &str) -> Result<Option<String>> {
    Ok(spent_form_tokens::table
        .find(hash)
        .select(spent_form_tokens::location)
        .first(connection)
        .optional()?)
}

pub(super) fn insert_spent(
    tx: &mut Transaction<'_>,
    hash: &str,
    location: &str,
    expires_at: i64,
) -> Result<()> {
    diesel::insert_into(spent_form_tokens::table)
        .values((
            spent_form_tokens::token_hash.eq(hash),
            spent_form_tokens::location.eq(location),
            spent_form_tokens::expires_at.eq(expires_at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}
