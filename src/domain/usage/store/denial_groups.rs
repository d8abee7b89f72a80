//! The SQL of denied requests that are grouped by key, reason, detail and address.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::Denial;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::Walk;
use crate::db::schema::denials;
use crate::domain::api_keys::KeyId;
use crate::domain::usage::Outcome;
use crate::domain::usage::denials::{DenialScope, Filter};

type Backend = <Connection as diesel::Connection>::Backend;

const GROUP: &str = "key_id, reason, detail, address";

/// What the denials of a group have in common, and how many there were.
#[derive(Clone, Debug, QueryableByName)]
pub struct GroupTotal {
    #[diesel(sql_type = Nullable<Text>)]
    pub key_id: Option<KeyId>,
    #[diesel(sql_type = Text)]
    pub reason: Outcome,
    #[diesel(sql_type = Text)]
    pub detail: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub address: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// How many of the requests are stored.
    #[diesel(sql_type = BigInt)]
    pub stored: i64,
    #[diesel(sql_type = BigInt)]
    pub first_at: Timestamp,
    #[diesel(sql_type = BigInt)]
    pub last_at: Timestamp,
    /// One of its request ids, to sort groups with requests at the same time.
    #[diesel(sql_type = Text)]
    pub id: String,
}

/// The condition of a filter, whose values are [`values`].
fn condition(filter: &Filter) -> String {
    let key = match filter.scope {
        DenialScope::Everybody => "$3 = ''",
        DenialScope::Key(_) => "key_id = $3",
        DenialScope::Strangers => "key_id IS NULL AND $3 = ''",
    };
    let reason = if filter.reason.is_some() { "reason = $4" } else { "$4 = ''" };
    format!("at >= $1 AND at < $2 AND {key} AND {reason}")
}

/// The values of a filter: since, until, key and reason.
fn values(filter: &Filter) -> (i64, i64, String, &'static str) {
    let key = match &filter.scope {
        DenialScope::Key(id) => id.as_str().to_owned(),
        DenialScope::Everybody | DenialScope::Strangers => String::new(),
    };
    let reason = filter.reason.as_ref().map_or("", Outcome::as_str);
    (filter.since.millis(), filter.until.millis(), key, reason)
}

/// The time of the `n`th newest denial with the scope and the time of a filter, whatever its reason.
/// An index has these columns.
pub(in crate::domain::usage) fn time_of_nth(
    connection: &mut Connection,
    filter: &Filter,
    n: i64,
) -> Result<Option<Timestamp>> {
    let times = denials::table
        .filter(denials::at.ge(filter.since))
        .filter(denials::at.lt(filter.until))
        .order(denials::at.desc())
        .select(denials::at)
        .offset(n - 1)
        .limit(1)
        .into_boxed();
    let times = match &filter.scope {
        DenialScope::Everybody => times,
        DenialScope::Key(id) => times.filter(denials::key_id.eq(id)),
        DenialScope::Strangers => times.filter(denials::key_id.is_null()),
    };
    Ok(times.first(connection).optional()?)
}

/// A page of groups, the one with the latest request first.
pub(in crate::domain::usage) fn groups(
    connection: &mut Connection,
    filter: &Filter,
    walk: &Walk<Timestamp>,
) -> Result<Vec<GroupTotal>> {
    let (sign, order) = if walk.is_forward { ("<", "DESC") } else { (">", "ASC") };
    let end = if walk.is_forward { i64::MAX } else { i64::MIN };
    let (at, id) = walk.from.clone().unwrap_or((Timestamp::from_millis(end), String::new()));
    let (since, until, key, reason) = values(filter);
    Ok(diesel::sql_query(format!(
        "SELECT {GROUP}, CAST(SUM(count) AS BIGINT) AS count, COUNT(*) AS stored, \
         MIN(at) AS first_at, MAX(at) AS last_at, MAX(request_id) AS id FROM denials \
         WHERE {} GROUP BY {GROUP} HAVING (MAX(at), MAX(request_id)) {sign} ($5, $6) \
         ORDER BY last_at {order}, id {order} LIMIT $7",
        condition(filter)
    ))
    .bind::<BigInt, _>(since)
    .bind::<BigInt, _>(until)
    .bind::<Text, _>(key)
    .bind::<Text, _>(reason)
    .bind::<BigInt, _>(at)
    .bind::<Text, _>(id)
    .bind::<BigInt, _>(walk.limit())
    .load(connection)?)
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The number of groups, counted up to `limit`.
pub(in crate::domain::usage) fn count_groups(
    connection: &mut Connection,
    filter: &Filter,
    limit: i64,
) -> Result<i64> {
    let (since, until, key, reason) = values(filter);
    let counted: Number = diesel::sql_query(format!(
        "SELECT COUNT(*) AS number FROM \
         (SELECT 1 FROM denials WHERE {} GROUP BY {GROUP} LIMIT $5) AS found",
        condition(filter)
    ))
    .bind::<BigInt, _>(since)
    .bind::<BigInt, _>(until)
    .bind::<Text, _>(key)
    .bind::<Text, _>(reason)
    .bind::<BigInt, _>(limit)
    .get_result(connection)?;
    Ok(counted.number)
}

/// The latest requests of every group with one of these keys, or without a key for `None`: at most
/// `each`, latest first.
pub(in crate::domain::usage) fn latest_of_groups(
    connection: &mut Connection,
    filter: &Filter,
    keys: &[Option<KeyId>],
    each: i64,
) -> Result<Vec<Denial>> {
    let ids: Vec<&str> = keys.iter().flatten().map(KeyId::as_str).collect();
    let mut of_keys = Vec::new();
    if keys.contains(&None) {
        of_keys.push("key_id IS NULL".to_owned());
    }
    if !ids.is_empty() {
        let places: Vec<String> = (5..5 + ids.len()).map(|place| format!("${place}")).collect();
        of_keys.push(format!("key_id IN ({})", places.join(", ")));
    }
    if of_keys.is_empty() {
        return Ok(Vec::new());
    }
    let (since, until, key, reason) = values(filter);
    let query = diesel::sql_query(format!(
        "SELECT request_id, key_id, secret, reason, detail, address, request_line, at, count FROM \
         (SELECT denials.*, ROW_NUMBER() OVER \
             (PARTITION BY {GROUP} ORDER BY at DESC, request_id DESC) AS place \
          FROM denials WHERE {} AND ({})) AS numbered \
         WHERE place <= ${} ORDER BY at DESC, request_id DESC",
        condition(filter),
        of_keys.join(" OR "),
        5 + ids.len()
    ))
    .into_boxed::<Backend>()
    .bind::<BigInt, _>(since)
    .bind::<BigInt, _>(until)
    .bind::<Text, _>(key)
    .bind::<Text, _>(reason);
    let query = ids.into_iter().fold(query, |query, id| query.bind::<Text, _>(id.to_owned()));
    Ok(query.bind::<BigInt, _>(each).load(connection)?)
}
