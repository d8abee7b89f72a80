//! The one SELECT that a decision needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, Bool, HasSqlType, Integer, Nullable, Text};

use super::digests::Candidate;
use super::record::{Grant, OwnerHeaders, Record};
use super::verdict::effective;
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::schema::api_key_secrets;
use crate::db::{Connection, on_each};
use crate::domain::api_keys::{Environment, KeyId, Labels, Owner};
use crate::domain::usage::Secret;

/// The SELECT in the form in which diesel can cache it as a prepared statement.
struct Find<'a> {
    digest: &'a [u8],
    /// The database's function that concatenates texts.
    list: &'static str,
}

type Columns = (
    Text,
    BigInt,
    Text,
    Text,
    Bool,
    BigInt,
    BigInt,
    Nullable<BigInt>,
    Bool,
    BigInt,
    Nullable<BigInt>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Text,
    Nullable<Text>,
    Integer,
    Nullable<Binary>,
);

#[derive(Queryable)]
struct Row {
    key_id: KeyId,
    number: i64,
    environment: Environment,
    role: String,
    all_role_scopes: bool,
    created_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    is_disabled: bool,
    secret_expires_at: Timestamp,
    superseded_at: Option<Timestamp>,
    role_scopes: Option<String>,
    selected: Option<String>,
    addresses: Option<String>,
    owner: Owner,
    labels: Option<String>,
    generation: i32,
    proof: Option<Vec<u8>>,
}

/// `{list}` is the database's function that concatenates texts. The columns are in the order of
/// [`Row`].
const SELECT: &str = "SELECT k.id, s.number, k.environment, r.slug, k.all_role_scopes, \
    k.created_at, k.expires_at, k.revoked_at, k.disabled_at IS NOT NULL, s.expires_at, s.superseded_at, \
    CASE r.coverage \
        WHEN 'every' THEN (SELECT {list}(name, ' ') FROM scopes WHERE NOT built_in) \
        WHEN 'read_and_write' THEN \
            (SELECT {list}(name, ' ') FROM scopes \
                WHERE NOT built_in AND operation IN ('read', 'write')) \
        WHEN 'read' THEN (SELECT {list}(name, ' ') FROM scopes \
                WHERE NOT built_in AND operation = 'read') \
        ELSE (SELECT {list}(scope, ' ') FROM role_scopes WHERE role_id = r.id) \
    END, \
    (SELECT {list}(scope, ' ') FROM api_key_scopes WHERE key_id = k.id), \
    (SELECT {list}(address, ' ') FROM api_key_addresses WHERE key_id = k.id), k.owner, \
    CASE WHEN (SELECT sends_labels FROM settings) THEN (SELECT \
        {list}(name || '=' || value, '\n') FROM api_key_labels WHERE key_id = k.id) END, \
    s.pepper_version, s.former_proof \
    FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id JOIN roles r ON r.id = k.role_id \
    WHERE s.digest = ";

impl Query for Find<'_> {
    type SqlType = Columns;
}

impl QueryId for Find<'_> {
    type QueryId = Find<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for Find<'_> {}

impl<DB: Backend> QueryFragment<DB> for Find<'_>
where
    DB: HasSqlType<Binary>,
    for<'a> &'a [u8]: ToSql<Binary, DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut parts = SELECT.split("{list}");
        pass.push_sql(parts.next().unwrap_or_default());
        for part in parts {
            pass.push_sql(self.list);
            pass.push_sql(part);
        }
        pass.push_bind_param::<Binary, _>(&self.digest)
    }
}

/// The record of the secret key that is stored as `candidate`.
pub(super) fn find(
    connection: &mut Connection,
    candidate: &Candidate,
    keyring: &Keyring,
) -> Result<Option<Record>> {
    let row = row(connection, candidate.digest())?;
    row.filter(|row| candidate.accepts(row.generation, row.proof.as_deref(), keyring))
        .map(TryInto::try_into)
        .transpose()
}

/// The record of a key's secret with this number.
pub(super) fn find_by_number(
    connection: &mut Connection,
    secret: Secret,
) -> Result<Option<Record>> {
    let digest: Option<Vec<u8>> = api_key_secrets::table
        .filter(api_key_secrets::key_id.eq(&secret.key_id))
        .filter(api_key_secrets::number.eq(secret.number))
        .select(api_key_secrets::digest)
        .first(connection)
        .optional()?;
    let Some(digest) = digest else { return Ok(None) };
    row(connection, &digest)?.map(TryInto::try_into).transpose()
}

fn row(connection: &mut Connection, digest: &[u8]) -> Result<Option<Row>> {
    let list = match connection {
        Connection::Postgres(_) => "string_agg",
        Connection::Sqlite(_) => "group_concat",
    };
    let find = Find { digest, list };
    Ok(on_each!(connection, native => find.get_result(native).optional()?))
}

/// The digests after `after`, in order, at most `limit`.
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
        // An unreadable address must not turn into "any address".
        let addresses = row.addresses.unwrap_or_default();
        let addresses = addresses.split(' ').filter(|part| !part.is_empty()).map(str::parse);
        let selected = (!row.all_role_scopes).then(|| set(row.selected));
        let scopes = effective(set(row.role_scopes), selected.as_ref());
        Ok(Self {
            secret: Secret { key_id: row.key_id, number: row.number },
            environment: row.environment,
            grant: Arc::new(Grant::new(&row.role, scopes)?),
            addresses: addresses.collect::<Result<_, _>>().map_err(Error::internal)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            is_disabled: row.is_disabled,
            secret_expires_at: row.secret_expires_at,
            superseded_at: row.superseded_at,
            owner: OwnerHeaders::new(
                &row.owner,
                Labels::from_lines(row.labels.as_deref().unwrap_or_default())?,
            )?,
        })
    }
}
