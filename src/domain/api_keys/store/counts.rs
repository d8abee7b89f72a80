//! The SQL that counts keys, up to a bound.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::super::Totals;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    live: i64,
    #[diesel(sql_type = BigInt)]
    attention: i64,
    #[diesel(sql_type = BigInt)]
    over_but_noted: i64,
    #[diesel(sql_type = BigInt)]
    disabled: i64,
    #[diesel(sql_type = BigInt)]
    expired: i64,
    #[diesel(sql_type = BigInt)]
    revoked: i64,
}

/// The number of active keys that need attention at the time $1, up to $2.
///
/// SQLite numbers parameters by where they come first, so a query must name $1 before $2.
macro_rules! attention {
    () => {
        "(SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE revoked_at IS NULL \
            AND attention_at <= $1 AND expires_at > $1 ORDER BY attention_at DESC LIMIT $2) AS b)"
    };
}

/// The number of keys that no longer work but still need attention at the time $1, up to $2.
macro_rules! inactive_but_flagged {
    () => {
        "(SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE noted_at IS NOT NULL AND noted_at <= $1 \
            AND (revoked_at IS NOT NULL OR expires_at + 0 <= $1 OR disabled_at IS NOT NULL) LIMIT $2) AS e)"
    };
}

const COUNTS: &str = concat!(
    "SELECT ",
    attention!(),
    " AS attention, ",
    inactive_but_flagged!(),
    " AS over_but_noted, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE revoked_at IS NULL \
        ORDER BY created_at LIMIT $2) AS a) AS live, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE disabled_at IS NOT NULL AND revoked_at IS NULL \
        AND expires_at + 0 > $1 LIMIT $2) AS f) AS disabled, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE revoked_at IS NULL \
        AND expires_at <= $1 LIMIT $2) AS c) AS expired, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM api_keys WHERE revoked_at IS NOT NULL LIMIT $2) AS d) AS revoked"
);

const COUNT_NEEDING_ATTENTION: &str =
    concat!("SELECT ", attention!(), " + ", inactive_but_flagged!(), " AS n");

pub(in crate::domain::api_keys) fn count_needing_attention(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<i64> {
    let count: Count = diesel::sql_query(COUNT_NEEDING_ATTENTION)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(limit)
        .get_result(connection)?;
    Ok(count.n)
}

pub(in crate::domain::api_keys) fn totals(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Totals> {
    let counts: Counts = diesel::sql_query(COUNTS)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(limit)
        .get_result(connection)?;
    let Counts { live, attention, over_but_noted, disabled, expired, revoked } = counts;
    Ok(Totals {
        all: live,
        attention,
        inactive_but_flagged: over_but_noted,
        disabled,
        expired,
        revoked,
    })
}

const COUNT_ACTIVE: &str = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM api_keys \
    WHERE revoked_at IS NULL AND expires_at > $1 LIMIT $2) AS a";

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

pub(in crate::domain::api_keys) fn count_active(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<i64> {
    let count: Count = diesel::sql_query(COUNT_ACTIVE)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(limit)
        .get_result(connection)?;
    Ok(count.n)
}
