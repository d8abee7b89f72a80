//! The sample organisation: Meridian Freight, its members, roles and API keys.
//!
//! It is fictional, and always the same except for identifiers, secrets and the password. It uses
//! the operations of every feature; no feature depends on it.

mod keys;
mod life;
mod names;
mod organisation;
mod scenes;
mod showcase;
mod traffic;
mod visits;

use std::num::TryFromIntError;

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::base::progress::{Progress, Unwatched};
use crate::db::{Db, Transaction, without_indexes};
use crate::domain::activity::{self, Actor, Context, Entry, Event};
use crate::domain::api_keys::{self, Details, import};
use crate::domain::members::{self, Member};
use crate::domain::settings::Settings;
use keys::Keys;
use scenes::Stage;

pub use organisation::NAME;

/// How many of the newest keys have activity entries: recording those of a million keys takes
/// minutes.
const RECORDED_KEYS: usize = 2000;
/// The number of keys from which it is faster to create indexes afterwards.
const MANY: u32 = 20_000;
/// The tables with many new rows.
const LARGE: [&str; 4] = ["api_keys", "api_key_secrets", "api_key_scopes", "api_key_addresses"];

#[derive(Debug)]
pub struct Sample {
    /// The active members, those with the most permissions first.
    pub members: Vec<Member>,
    pub password: String,
    /// The number of roles.
    pub roles: usize,
}

/// Fills an empty database with the sample organisation, `count` keys and the traffic of `days`
/// days, ending today.
pub fn fill(db: &Db, keyring: &Keyring, count: u32, days: u32, now: Timestamp) -> Result<Sample> {
    fill_with_progress(db, keyring, (count, days), now, &mut Unwatched)
}

/// Fills a database like [`fill`], and reports how many keys it has.
pub fn fill_with_progress(
    db: &Db,
    keyring: &Keyring,
    (count, days): (u32, u32),
    now: Timestamp,
    progress: &mut dyn Progress,
) -> Result<Sample> {
    let password = organisation::password()?;
    let hashes = organisation::hashes(&password)?;
    db.write_blocking(|tx| {
        if organisation::exists(tx)? || api_keys::any(tx)? {
            return Err(Error::Internal(
                "the database is not empty: give another directory with --data-dir, or another \
                 database with --database-url"
                    .into(),
            ));
        }
        let (settings, roles, mut members) =
            organisation::set_up(tx, hashes, i64::from(count), keyring, now)?;
        let former = members.pop().ok_or_else(|| Error::internal("no members"))?;
        let keys = Keys { count, now, roles: &roles, members: &members, settings: &settings };
        let (mut past_entries, newest) = if count < MANY {
            add(tx, &keys, &settings, keyring, progress)?
        } else {
            without_indexes(tx, &LARGE, |tx| add(tx, &keys, &settings, keyring, progress))?
        };
        traffic::write(tx, &newest, days, now)?;
        past_entries.extend(visits::entries(&members, now));
        past_entries.sort_by_key(|(at, ..)| *at);
        let is_large = count as usize > RECORDED_KEYS;
        let stage =
            Stage { keys: &newest, members: &members, former: &former, keyring, now, is_large };
        for (at, scene) in scenes::all(&stage) {
            let next = past_entries.partition_point(|(entry_at, ..)| *entry_at <= at);
            let later = past_entries.split_off(next);
            record(tx, std::mem::replace(&mut past_entries, later), &members, keyring)?;
            scene(tx)?;
        }
        record(tx, past_entries, &members, keyring)?;
        scenes::deliver(tx, &stage)?;
        Ok(Sample { roles: roles.len(), members, password: password.to_string() })
    })
}

/// A past entry of the activity log: its time, and the id of the member who caused it.
type PastEntry = (Timestamp, Entry, String);

/// Writes the keys in batches, and returns their activity entries and the newest keys.
fn add(
    tx: &mut Transaction<'_>,
    keys: &Keys<'_>,
    settings: &Settings,
    keyring: &Keyring,
    progress: &mut dyn Progress,
) -> Result<(Vec<PastEntry>, Vec<Details>)> {
    progress.begin("Adding API keys", keys.count.into());
    let step: u32 = import::BATCH.try_into().map_err(|e: TryFromIntError| Error::internal(e))?;
    let (mut past_entries, mut newest) = (Vec::new(), Vec::new());
    for start in (0..keys.count).step_by(import::BATCH) {
        let end = keys.count.min(start.saturating_add(step));
        let batch: Vec<_> = (start..end).map(|index| keys.key(index)).collect::<Result<_>>()?;
        for details in batch.iter().take(RECORDED_KEYS.saturating_sub(start as usize)) {
            let by = &details.key.created_by;
            past_entries
                .extend(import::life(details).into_iter().map(|(at, e)| (at, e, by.clone())));
        }
        newest.extend(batch.iter().take(traffic::BUSY.saturating_sub(newest.len())).cloned());
        import::keys(tx, batch, settings, keyring)?;
        progress.advance(u64::from(end - start));
    }
    Ok((past_entries, newest))
}

/// Records `entries` in order.
fn record(
    tx: &mut Transaction<'_>,
    past_entries: Vec<PastEntry>,
    members: &[Member],
    keyring: &Keyring,
) -> Result<()> {
    for (at, entry, by) in past_entries {
        let context = Context::command_line(keyring.clone(), at);
        let found = members.iter().position(|member| member.id.as_str() == by);
        let Some((position, member)) = found.and_then(|at| Some((at, members.get(at)?))) else {
            let context = match entry.event {
                Event::SignInsFailed => Context::system(keyring.clone(), at),
                _ => Context { actor: Actor::Anonymous, origin: visits::stranger(), ..context },
            };
            activity::record(tx, &context, &entry)?;
            continue;
        };
        let context = Context { origin: visits::desk(position), ..context };
        let context = context.as_member(member.id.as_str(), member.name.as_str());
        if entry.event == Event::SignedIn {
            members::note_sign_in(tx, member, serde_json::json!({}), &context)?;
        } else {
            activity::record(tx, &context, &entry)?;
        }
    }
    Ok(())
}
