//! The SQL of questions that were not understood.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::invalid_questions;
use crate::db::{Connection, Transaction};
use crate::domain::usage::questions::QuestionTally;

/// How many different mistakes are stored. A client's own parameters could be any number.
const MAX_STORED: i64 = 100;

/// A mistake in the questions of gateways.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
pub struct InvalidQuestion {
    /// What is wrong, and what to do about it.
    pub mistake: String,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// The number of requests.
    pub count: i64,
}

/// Adds the counts of mistakes. Further mistakes are left out while too many are stored.
pub(in crate::domain::usage) fn add<'a>(
    tx: &mut Transaction<'_>,
    questions: impl Iterator<Item = (&'a String, &'a QuestionTally)>,
) -> Result<()> {
    for (mistake, tally) in questions {
        let known: Option<(Timestamp, i64)> = invalid_questions::table
            .find(mistake)
            .select((invalid_questions::last_at, invalid_questions::count))
            .first(&mut **tx)
            .optional()?;
        if let Some((last_at, count)) = known {
            diesel::update(invalid_questions::table.find(mistake))
                .set((
                    invalid_questions::last_at.eq(last_at.max(tally.last)),
                    invalid_questions::count.eq(count + i64::from(tally.count)),
                ))
                .execute(&mut **tx)?;
        } else if invalid_questions::table.count().get_result::<i64>(&mut **tx)? < MAX_STORED {
            diesel::insert_into(invalid_questions::table)
                .values((
                    invalid_questions::mistake.eq(mistake),
                    invalid_questions::first_at.eq(tally.first),
                    invalid_questions::last_at.eq(tally.last),
                    invalid_questions::count.eq(i64::from(tally.count)),
                ))
                .execute(&mut **tx)?;
        }
    }
    Ok(())
}

/// The mistakes since `since`, latest first, at most `limit`.
pub(in crate::domain::usage) fn invalid_questions(
    connection: &mut Connection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<InvalidQuestion>> {
    Ok(invalid_questions::table
        .filter(invalid_questions::last_at.ge(since))
        .order((invalid_questions::last_at.desc(), invalid_questions::mistake))
        .limit(limit)
        .select(InvalidQuestion::as_select())
        .load(connection)?)
}
