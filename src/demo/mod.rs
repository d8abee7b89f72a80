//! The sample organisation: Meridian Freight, its members, roles and API keys.
//!
//! Made up, and always the same but for identifiers, secrets and the password. Uses every feature's
//! verbs; no feature knows it.

mod keys;
mod life;
mod names;
mod organisation;
mod rotation;
mod showcase;
mod traffic;
mod visits;

use std::num::TryFromIntError;

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::{Db, Transaction, without_indexes};
use crate::domain::activity::{self, Actor, Author, Entry, Event};
use crate::domain::api_keys::{self, Details, import};
use crate::domain::members::{self, Member};
use crate::domain::settings::Settings;
use keys::Keys;

pub use organisation::NAME;

/// Of how many keys, the newest, the activity tells: recording all of a million takes minutes.
const TOLD: usize = 2000;
/// From how many keys on indexes are better made afterwards.
const MANY: u32 = 20_000;
/// The tables that many rows go into.
const LARGE: [&str; 4] = ["api_keys", "api_key_secrets", "api_key_scopes", "api_key_addresses"];

#[derive(Debug)]
pub struct Sample {
    /// Everybody, whoever may do most first.
    pub members: Vec<Member>,
    pub password: String,
    /// How many roles there are.
    pub roles: usize,
}

/// Fills an empty database with the sample organisation, `count` keys and the traffic of so many
/// `days`, today the last of them.
pub fn fill(db: &Db, keyring: &Keyring, count: u32, days: u32, now: Timestamp) -> Result<Sample> {
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
        let (settings, roles, members) =
            organisation::set_up(tx, hashes, i64::from(count), keyring, now)?;
        let keys = Keys { count, now, roles: &roles, members: &members, settings: &settings };
        let (mut told, newest) = if count < MANY {
            add(tx, &keys, &settings, keyring)?
        } else {
            without_indexes(tx, &LARGE, |tx| add(tx, &keys, &settings, keyring))?
        };
        traffic::write(tx, &newest, days, now)?;
        told.extend(visits::told(&members, now));
        told.sort_by_key(|(at, ..)| *at);
        let later = told.split_off(told.partition_point(|(at, ..)| *at <= rotation::at(now)));
        record(tx, told, &members, keyring)?;
        rotation::rotate(tx, &newest, &members, keyring, now)?;
        record(tx, later, &members, keyring)?;
        Ok(Sample { roles: roles.len(), members, password: password.to_string() })
    })
}

/// Something that happened to a key, when, and the id of the member who did it.
type Told = (Timestamp, Entry, String);

/// Writes the keys in batches, and returns what is to be told of them, and the newest.
fn add(
    tx: &mut Transaction<'_>,
    keys: &Keys<'_>,
    settings: &Settings,
    keyring: &Keyring,
) -> Result<(Vec<Told>, Vec<Details>)> {
    let step: u32 = import::BATCH.try_into().map_err(|e: TryFromIntError| Error::internal(e))?;
    let (mut told, mut newest) = (Vec::new(), Vec::new());
    for start in (0..keys.count).step_by(import::BATCH) {
        let end = keys.count.min(start.saturating_add(step));
        let batch: Vec<_> = (start..end).map(|index| keys.key(index)).collect::<Result<_>>()?;
        for details in batch.iter().take(TOLD.saturating_sub(start as usize)) {
            let by = &details.key.created_by;
            told.extend(import::life(details).into_iter().map(|(at, e)| (at, e, by.clone())));
        }
        newest.extend(batch.iter().take(traffic::BUSY.saturating_sub(newest.len())).cloned());
        import::keys(tx, batch, settings, keyring)?;
    }
    Ok((told, newest))
}

/// Records what is told, in its order.
fn record(
    tx: &mut Transaction<'_>,
    told: Vec<Told>,
    members: &[Member],
    keyring: &Keyring,
) -> Result<()> {
    for (at, entry, by) in told {
        let author = Author::command_line(keyring.clone(), at);
        let found = members.iter().position(|member| member.id.as_str() == by);
        let Some((position, member)) = found.and_then(|at| Some((at, members.get(at)?))) else {
            let author = match entry.event {
                Event::SignInsFailed => Author::system(keyring.clone(), at),
                _ => Author { actor: Actor::Anonymous, origin: visits::stranger(), ..author },
            };
            activity::record(tx, &author, &entry)?;
            continue;
        };
        let author = Author { origin: visits::desk(position), ..author };
        let author = author.as_member(member.id.as_str(), member.name.as_str());
        if entry.event == Event::SignedIn {
            members::note_sign_in(tx, member, &author)?;
        } else {
            activity::record(tx, &author, &entry)?;
        }
    }
    Ok(())
}
