//! The SQL of sessions and spent form tokens; that of one-time codes is in `codes`.

mod codes;
pub(super) mod member_networks;
mod networks;

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::{members, sessions, spent_form_tokens};
use crate::db::{Connection, Transaction};
use crate::domain::members::MemberId;
pub(super) use codes::{
    count_live_codes_of, delete_all_codes, delete_code, delete_codes_for, delete_codes_of,
    delete_expired_codes, insert_code, live_code,
};
pub(super) use networks::{
    count_networks, delete_networks, delete_oldest_network, insert_network, is_known_network,
    touch_network,
};

/// A session's row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(in crate::domain::sign_in) struct StoredSession {
    pub id_hash: String,
    pub state: String,
    #[diesel(column_name = created_at)]
    pub signed_in_at: Timestamp,
    pub last_seen_at: Timestamp,
}

/// An active session, as requests need it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(in crate::domain::sign_in) struct LiveSession {
    pub state: String,
    pub last_seen_at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
    pub confirmed_network: Option<String>,
}

/// A session's times.
#[derive(Clone, Copy, Debug, Insertable)]
#[diesel(table_name = sessions)]
pub(in crate::domain::sign_in) struct Times {
    #[diesel(column_name = created_at)]
    pub signed_in: Timestamp,
    #[diesel(column_name = last_seen_at)]
    pub last_seen: Timestamp,
    #[diesel(column_name = idle_ends_at)]
    pub idle_end: Timestamp,
    #[diesel(column_name = ends_at)]
    pub end: Timestamp,
    #[diesel(column_name = confirmed_at)]
    pub confirmed: Timestamp,
}

/// The state and the times of an active session whose member is not disabled.
pub(super) fn live_session(
    connection: &mut Connection,
    id_hash: &str,
    now: Timestamp,
) -> Result<Option<LiveSession>> {
    Ok(sessions::table
        .inner_join(members::table.on(members::id.eq(sessions::member_id)))
        .filter(sessions::id_hash.eq(id_hash))
        .filter(sessions::idle_ends_at.gt(now))
        .filter(sessions::ends_at.gt(now))
        .filter(members::disabled_at.is_null())
        .select(LiveSession::as_select())
        .first(connection)
        .optional()?)
}

/// The state of a session that ended after `since` and by `now`, and whose member is not disabled.
pub(super) fn ended_session(
    connection: &mut Connection,
    id_hash: &str,
    since: Timestamp,
    now: Timestamp,
) -> Result<Option<String>> {
    Ok(sessions::table
        .inner_join(members::table.on(members::id.eq(sessions::member_id)))
        .filter(sessions::id_hash.eq(id_hash))
        .filter(sessions::idle_ends_at.gt(since))
        .filter(sessions::ends_at.gt(since))
        .filter(sessions::idle_ends_at.le(now).or(sessions::ends_at.le(now)))
        .filter(members::disabled_at.is_null())
        .select(sessions::state)
        .first(connection)
        .optional()?)
}

pub(super) fn insert_session(
    tx: &mut Transaction<'_>,
    id_hash: &str,
    member: &MemberId,
    state: &str,
    times: Times,
    network: Option<&str>,
) -> Result<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id_hash.eq(id_hash),
            sessions::member_id.eq(member),
            sessions::state.eq(state),
            sessions::confirmed_network.eq(network),
            times,
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn update_session(
    tx: &mut Transaction<'_>,
    id_hash: &str,
    member: &MemberId,
    state: &str,
    now: Timestamp,
) -> Result<bool> {
    let updated = diesel::update(sessions::table.find(id_hash))
        .filter(sessions::member_id.eq(member))
        .filter(sessions::idle_ends_at.gt(now))
        .filter(sessions::ends_at.gt(now))
        .set(sessions::state.eq(state))
        .execute(&mut **tx)?;
    Ok(updated > 0)
}

/// Records that the member of a session has proved who they are.
pub(super) fn confirm_session(
    tx: &mut Transaction<'_>,
    id_hash: &str,
    network: &str,
    now: Timestamp,
) -> Result<()> {
    diesel::update(sessions::table.find(id_hash))
        .set((
            sessions::confirmed_at.eq(now),
            sessions::confirmed_network.eq(network),
            sessions::failed_confirmations.eq(0),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Counts a failed confirmation. Returns how many there were since the last one that succeeded.
pub(super) fn count_failed_confirmation(tx: &mut Transaction<'_>, id_hash: &str) -> Result<i32> {
    let failed = sessions::failed_confirmations;
    diesel::update(sessions::table.find(id_hash)).set(failed.eq(failed + 1)).execute(&mut **tx)?;
    Ok(sessions::table.find(id_hash).select(failed).first(&mut **tx)?)
}

pub(super) fn rename_session(tx: &mut Transaction<'_>, from: &str, to: &str) -> Result<()> {
    diesel::update(sessions::table.find(from)).set(sessions::id_hash.eq(to)).execute(&mut **tx)?;
    Ok(())
}

/// The active sessions of a member, in no particular order.
pub(super) fn live_sessions_of(
    connection: &mut Connection,
    member: &MemberId,
    now: Timestamp,
) -> Result<Vec<StoredSession>> {
    Ok(sessions::table
        .filter(sessions::member_id.eq(member))
        .filter(sessions::idle_ends_at.gt(now))
        .filter(sessions::ends_at.gt(now))
        .select(StoredSession::as_select())
        .load(connection)?)
}

/// The hash, start and last use of each active session of a member, in no particular order.
pub(super) fn times_of_live_sessions(
    connection: &mut Connection,
    member: &MemberId,
    now: Timestamp,
) -> Result<Vec<(String, Timestamp, Timestamp)>> {
    Ok(sessions::table
        .filter(sessions::member_id.eq(member))
        .filter(sessions::idle_ends_at.gt(now))
        .filter(sessions::ends_at.gt(now))
        .select((sessions::id_hash, sessions::created_at, sessions::last_seen_at))
        .load(connection)?)
}

/// The sessions with these hashes, in no particular order.
pub(super) fn sessions(
    connection: &mut Connection,
    hashes: &[String],
) -> Result<Vec<StoredSession>> {
    let query = sessions::table.filter(sessions::id_hash.eq_any(hashes));
    Ok(query.select(StoredSession::as_select()).load(connection)?)
}

pub(super) fn touch_session(
    tx: &mut Transaction<'_>,
    id_hash: &str,
    now: Timestamp,
    idle_ends_at: Timestamp,
) -> Result<()> {
    diesel::update(sessions::table.find(id_hash))
        .filter(sessions::idle_ends_at.gt(now))
        .set((sessions::last_seen_at.eq(now), sessions::idle_ends_at.eq(idle_ends_at)))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn delete_session(tx: &mut Transaction<'_>, id_hash: &str) -> Result<()> {
    diesel::delete(sessions::table.find(id_hash)).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn shorten_sessions(tx: &mut Transaction<'_>, idle: i64, length: i64) -> Result<()> {
    let end = sessions::created_at + length;
    diesel::update(sessions::table.filter(sessions::ends_at.gt(end)))
        .set(sessions::ends_at.eq(end))
        .execute(&mut **tx)?;
    let idle_end = sessions::last_seen_at + idle;
    diesel::update(sessions::table.filter(sessions::idle_ends_at.gt(idle_end)))
        .set(sessions::idle_ends_at.eq(idle_end))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn delete_sessions_of(tx: &mut Transaction<'_>, member: &MemberId) -> Result<()> {
    diesel::delete(sessions::table.filter(sessions::member_id.eq(member))).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn delete_all_sessions(tx: &mut Transaction<'_>) -> Result<()> {
    diesel::delete(sessions::table).execute(&mut **tx)?;
    Ok(())
}

/// Deletes the sessions that ended by `until`.
pub(super) fn delete_ended_sessions(tx: &mut Transaction<'_>, until: Timestamp) -> Result<usize> {
    let (idle, ended) = (sessions::idle_ends_at.le(until), sessions::ends_at.le(until));
    Ok(diesel::delete(sessions::table.filter(idle.or(ended))).execute(&mut **tx)?)
}

/// Records that something that works once was used. Returns whether it had not been used before; of two
/// transactions that use it at the same time, the second one fails.
pub(super) fn spend_once(tx: &mut Transaction<'_>, hash: &str, until: Timestamp) -> Result<bool> {
    let spent = spent_form_tokens::table.find(hash);
    if diesel::select(diesel::dsl::exists(spent)).get_result(&mut **tx)? {
        return Ok(false);
    }
    diesel::insert_into(spent_form_tokens::table)
        .values((
            spent_form_tokens::token_hash.eq(hash),
            spent_form_tokens::location.eq(""),
            spent_form_tokens::expires_at.eq(until),
        ))
        .execute(&mut **tx)?;
    Ok(true)
}

pub(super) fn delete_spent_form_tokens(tx: &mut Transaction<'_>, now: Timestamp) -> Result<usize> {
    let expired = spent_form_tokens::expires_at.le(now);
    Ok(diesel::delete(spent_form_tokens::table.filter(expired)).execute(&mut **tx)?)
}

#[cfg(test)]
pub(super) mod rows;
