//! Requests that lie in the past: written as they are, many at once.
//!
//! For the sample organisation. Checks nothing.

use std::net::IpAddr;

use super::buffer::{Buffer, Denials, Kept, Kind, Seen};
use super::{Denial, Outcome, Retention, Secret, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::settings;

/// What became of requests in the past.
#[derive(Debug, Default)]
pub struct Past {
    counted: Buffer,
    denials: Vec<(Option<Secret>, Denials)>,
}

/// Requests with one secret that passed from one address within an hour.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    pub secret: Secret,
    pub address: IpAddr,
    /// When the first of them passed.
    pub first: Timestamp,
    /// When the last did, in the same hour.
    pub last: Timestamp,
    /// How many, one at least.
    pub count: u32,
}

impl Past {
    /// Adds requests that passed, and the scopes that they asked for.
    pub fn pass<'a>(&mut self, passed: Requests, asked: impl Iterator<Item = &'a str>) {
        let Requests { secret, address, first, last, count } = passed;
        let tally = self.counted.count(secret, Outcome::Pass, first);
        tally.counts[Outcome::Pass as usize] += count.saturating_sub(1);
        tally.last = tally.last.max(Some((last, Some(address))));
        tally.seen.push(Seen { address, first, last, count: count.into() });
        asked.for_each(|scope| tally.ask(&scope.into()));
    }

    /// Adds a request that was refused.
    pub fn refuse(&mut self, denial: Denial<'_>) {
        let Denial { secret, reason, detail, address, request_id: id, request, at } = denial;
        match secret {
            Some(secret) => drop(self.counted.count(secret, reason, at)),
            None => self.counted.count_stranger(reason, at),
        }
        let kept = vec![Kept { id, line: request.line(), at }];
        let kind = Kind { reason, detail, address };
        self.denials.push((secret, Denials { kind, kept, count: 1 }));
    }

    /// Writes it, but for what would have been cleared away by now.
    pub fn write(&self, tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
        let kept = Retention::from(&settings::get(tx)?);
        store::import(tx, &self.counted, &self.denials, kept, now)
    }
}
