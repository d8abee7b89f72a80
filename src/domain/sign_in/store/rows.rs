//! Operations on the tables that only tests need.

use super::*;
use crate::db::schema::one_time_codes;

pub(crate) fn disable(tx: &mut Transaction<'_>, member: &MemberId, at: Timestamp) {
    diesel::update(members::table.find(member))
        .set(members::disabled_at.eq(at))
        .execute(&mut **tx)
        .expect("disabled");
}

pub(crate) fn enrol(tx: &mut Transaction<'_>, member: &MemberId, at: Timestamp) {
    diesel::update(members::table.find(member))
        .set(members::two_step_since.eq(at))
        .execute(&mut **tx)
        .expect("enrolled");
}

pub(crate) fn spend_form_token(tx: &mut Transaction<'_>, until: Timestamp) {
    diesel::insert_into(spent_form_tokens::table)
        .values((
            spent_form_tokens::token_hash.eq(until.millis().to_string()),
            spent_form_tokens::location.eq("/"),
            spent_form_tokens::expires_at.eq(until),
        ))
        .execute(&mut **tx)
        .expect("spent");
}

/// The number of sessions, codes and spent form tokens.
pub(crate) fn count(connection: &mut Connection) -> (i64, i64, i64) {
    (
        sessions::table.count().get_result(connection).expect("counted"),
        one_time_codes::table.count().get_result(connection).expect("counted"),
        spent_form_tokens::table.count().get_result(connection).expect("counted"),
    )
}

/// The events recorded so far, oldest first, with their details.
pub(crate) fn events(connection: &mut Connection) -> Vec<(String, Option<String>, String)> {
    use crate::db::schema::activity;
    activity::table
        .order(activity::number)
        .select((activity::event, activity::subject_id, activity::details))
        .load(connection)
        .expect("read")
}

/// Simulates a broken database.
pub(crate) fn drop_sessions(tx: &mut Transaction<'_>) {
    diesel::sql_query("DROP TABLE sessions").execute(&mut **tx).expect("dropped");
}

pub(crate) fn drop_activity(tx: &mut Transaction<'_>) {
    diesel::sql_query("DROP TABLE activity").execute(&mut **tx).expect("dropped");
}
