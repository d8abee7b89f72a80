//! The one SELECT behind a decision.

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

use super::record::{Grant, Record};
use super::verdict::effective;
use crate::api_keys::{Environment, KeyId};
use crate::clock::Timestamp;
use crate::db::Connection;
use crate::db::schema::api_key_secrets;
use crate::error::{Error, Result};
use crate::usage::Secret;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    key_id: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Text)]
    environment: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Bool)]
    all_role_scopes: bool,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
    #[diesel(sql_type = BigInt)]
    expires_at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    revoked_at: Option<i64>,
    #[diesel(sql_type = BigInt)]
    secret_expires_at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    superseded_at: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    role_scopes: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    selected: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    addresses: Option<String>,
}

/// `{list}` is how the database joins texts; `{every}` how it says that a role covers a scope.
const SELECT: &str = "SELECT k.id AS key_id, s.number, k.environment, r.slug AS role, k.all_role_scopes, \
    k.created_at, k.expires_at, k.revoked_at, s.expires_at AS secret_expires_at, s.superseded_at, \
    CASE r.coverage \
        WHEN 'every' THEN (SELECT {list}(name, ' ') FROM scopes) \
        WHEN 'read_and_write' THEN \
            (SELECT {list}(name, ' ') FROM scopes WHERE operation IN ('read', 'write')) \
        WHEN 'read' THEN (SELECT {list}(name, ' ') FROM scopes WHERE operation = 'read') \
        ELSE (SELECT {list}(scope, ' ') FROM role_scopes WHERE role_id = r.id) \
    END AS role_scopes, \
    (SELECT {list}(scope, ' ') FROM api_key_scopes WHERE key_id = k.id) AS selected, \
    (SELECT {list}(address, ' ') FROM api_key_addresses WHERE key_id = k.id) AS addresses \
    FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id JOIN roles r ON r.id = k.role_id \
    WHERE s.digest = $1";

/// What is known of the secret key with this digest.
pub(super) fn find(connection: &mut Connection, digest: &[u8]) -> Result<Option<Record>> {
    let list = match connection {
        Connection::Postgres(_) => "string_agg",
        Connection::Sqlite(_) => "group_concat",
    };
    let row: Option<Row> = diesel::sql_query(SELECT.replace("{list}", list))
        .bind::<Binary, _>(digest)
        .get_result(connection)
        .optional()?;
    row.map(TryInto::try_into).transpose()
}

/// The digests that follow `after` in their order, at most `limit`.
pub(super) fn digests(
    connection: &mut Connection,
    after: &[u8],
    limit: i64,
) -> Result<Vec<Vec<u8>>> {
    let after = api_key_secrets::table.filter(api_key_secrets::digest.gt(after));
    let digests = after.order(api_key_secrets::digest).select(api_key_secrets::digest);
    Ok(digests.limit(limit).load(connection)?)
}

/// The digests of a key's secrets.
pub(super) fn digests_of(connection: &mut Connection, key_id: &str) -> Result<Vec<Vec<u8>>> {
    let of_key = api_key_secrets::table.filter(api_key_secrets::key_id.eq(key_id));
    Ok(of_key.select(api_key_secrets::digest).load(connection)?)
}

impl TryFrom<Row> for Record {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let set = |list: Option<String>| -> BTreeSet<String> {
            list.unwrap_or_default()
                .split(' ')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let environment = Environment::parse(&row.environment)
            .ok_or_else(|| Error::internal("a bad environment"))?;
        // An address that cannot be read must not turn into "any address".
        let addresses = row.addresses.unwrap_or_default();
        let addresses = addresses.split(' ').filter(|part| !part.is_empty()).map(str::parse);
        let selected = (!row.all_role_scopes).then(|| set(row.selected));
        let scopes = effective(set(row.role_scopes), selected.as_ref());
        Ok(Self {
            secret: Secret { key_id: KeyId::stored(&row.key_id)?, number: row.number },
            environment,
            grant: Arc::new(Grant::new(row.role, scopes)),
            addresses: addresses.collect::<Result<_, _>>().map_err(Error::internal)?,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
            revoked_at: row.revoked_at.map(Timestamp::from_millis),
            secret_expires_at: Timestamp::from_millis(row.secret_expires_at),
            superseded_at: row.superseded_at.map(Timestamp::from_millis),
        })
    }
}
