//! Tables of messages to send: when a message is due, which process sends it, and when it is
//! retried.
//!
//! A message waits until `next_attempt_at`. The process that sends it first claims it, and writes
//! the result afterwards. So a process that dies in between leaves a claim that expires, and the
//! message is sent again.

use crate::base::clock::{HOUR, MINUTE, SECOND, Timestamp};

/// The pauses before the second attempt, the third and so on, in milliseconds: short at first, then
/// longer, for 23 hours 35 minutes in total (Standard Webhooks, "Deliverability and reliability").
const PAUSES: [i64; 7] =
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 6 * HOUR];

/// How long a claim on a message lasts, in milliseconds: after that, the sender counts as failed,
/// and any process may send the message.
pub const CLAIM: i64 = MINUTE;

/// The status of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is sent for the first time as soon as possible.
    Queued,
    /// It failed and is retried at that time.
    Retrying(Timestamp),
    Sent(Timestamp),
    /// It was permanently rejected, or failed too often.
    GivenUp(Timestamp),
}

impl Status {
    /// The status in the columns of a message.
    pub fn read(
        tries: i64,
        next_attempt_at: Option<Timestamp>,
        sent_at: Option<Timestamp>,
        given_up_at: Option<Timestamp>,
    ) -> Self {
        match (next_attempt_at, sent_at) {
            (Some(_), _) if tries == 0 => Self::Queued,
            (Some(next), _) => Self::Retrying(next),
            (None, Some(then)) => Self::Sent(then),
            (None, None) => Self::GivenUp(given_up_at.unwrap_or_default()),
        }
    }

    /// The status of a message after that many failed attempts.
    pub fn after(failures: i64, now: Timestamp) -> Self {
        let index = usize::try_from(failures).ok().and_then(|failures| failures.checked_sub(1));
        let pause = index.and_then(|index| PAUSES.get(index));
        pause.map_or(Self::GivenUp(now), |pause| Self::Retrying(now.plus(*pause)))
    }
}

/// Defines the operations on the messages in `$table`, in the calling module. The column `$result`
/// contains the result of the last attempt, in words.
macro_rules! outbox {
    ($table:ident, $id:ty, $sent_at:ident, $result:ident) => {
        /// Whether a message is due.
        pub fn is_any_due(connection: &mut Connection, now: Timestamp) -> Result<bool> {
            let due = $table::table.filter($table::next_attempt_at.le(now));
            Ok(diesel::select(diesel::dsl::exists(due)).get_result(connection)?)
        }

        /// Claims messages for the caller for a while.
        pub fn claim(tx: &mut Transaction<'_>, ids: &[&$id], now: Timestamp) -> Result<()> {
            let until = now.plus(crate::db::outbox::CLAIM);
            diesel::update($table::table.filter($table::id.eq_any(ids)))
                .set($table::next_attempt_at.eq(Some(until)))
                .execute(&mut **tx)?;
            Ok(())
        }

        /// Releases a claim without an attempt, unless another process has taken or settled the
        /// message.
        pub fn release(
            tx: &mut Transaction<'_>,
            id: &$id,
            due_at: Timestamp,
            now: Timestamp,
        ) -> Result<()> {
            let until = now.plus(crate::db::outbox::CLAIM);
            let claimed = $table::table.find(id).filter($table::next_attempt_at.eq(until));
            diesel::update(claimed)
                .set($table::next_attempt_at.eq(Some(due_at)))
                .execute(&mut **tx)?;
            Ok(())
        }

        /// Writes the result of an attempt. A message that another process has sent or given up in
        /// the meantime is not changed.
        pub fn settle(
            tx: &mut Transaction<'_>,
            id: &$id,
            (tries, status): (i64, Status),
            result: &str,
        ) -> Result<()> {
            let is_sent = matches!(status, Status::Sent(_)).into_sql::<diesel::sql_types::Bool>();
            let is_open = is_sent.or($table::next_attempt_at.is_not_null());
            let (next, sent, given_up) = match status {
                // The message was not tried, so it stays due.
                Status::Queued => return Ok(()),
                Status::Retrying(next) => (Some(next), None, None),
                Status::Sent(then) => (None, Some(then), None),
                Status::GivenUp(then) => (None, None, Some(then)),
            };
            diesel::update($table::table.find(id).filter(is_open))
                .set((
                    $table::tries.eq(tries),
                    $table::next_attempt_at.eq(next),
                    $table::$sent_at.eq(sent),
                    $table::given_up_at.eq(given_up),
                    $table::$result.eq(result),
                ))
                .execute(&mut **tx)?;
            Ok(())
        }

        /// Schedules a message to be sent again, as if for the first time.
        pub fn schedule_again(tx: &mut Transaction<'_>, id: &$id, now: Timestamp) -> Result<()> {
            diesel::update($table::table.find(id))
                .set((
                    $table::tries.eq(0),
                    $table::next_attempt_at.eq(Some(now)),
                    $table::$sent_at.eq(None::<Timestamp>),
                    $table::given_up_at.eq(None::<Timestamp>),
                ))
                .execute(&mut **tx)?;
            Ok(())
        }
    };
}

/// How many messages are deleted at once.
pub const BATCH: usize = 500;

/// Deletes a batch of the messages in `$table` from before `$before`. Returns whether there are
/// more.
macro_rules! purge_before {
    ($tx:ident, $table:ident, $before:ident) => {{
        use crate::db::outbox::BATCH;

        let ids: Vec<String> = $table::table
            .filter($table::created_at.lt($before))
            .order($table::created_at)
            .limit(i64::try_from(BATCH).unwrap_or(i64::MAX))
            .select($table::id)
            .load(&mut **$tx)?;
        diesel::delete($table::table.filter($table::id.eq_any(&ids))).execute(&mut **$tx)?;
        Ok(ids.len() == BATCH)
    }};
}
pub(crate) use {outbox, purge_before};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::DAY;

    #[test]
    fn attempts_continue_for_about_a_day_and_end() {
        let now = Timestamp::default();
        let after = |failures| Status::after(failures, now);
        assert_eq!(after(0), Status::GivenUp(now));
        assert_eq!(after(1), Status::Retrying(now.plus(5 * SECOND)));
        assert_eq!(after(7), Status::Retrying(now.plus(6 * HOUR)));
        assert_eq!(after(8), Status::GivenUp(now));
        let all: i64 = PAUSES.iter().sum();
        assert!((DAY - HOUR..=DAY).contains(&all), "{all}");
    }
}
