//! Imports past requests, many at once, without checks.
//!
//! For the sample organisation.

use std::net::IpAddr;

use super::buffer::{AddressTally, Buffer, DenialKey, DenialTally, SampledRequest};
use super::{Denial, Outcome, Retention, Secret, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::settings;

/// Past requests and their outcomes.
#[derive(Debug, Default)]
pub struct UsageHistory {
    counted: Buffer,
    denials: Vec<(Option<Secret>, DenialTally)>,
}

/// Allowed requests with one secret from one address within an hour.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    pub secret: Secret,
    pub address: IpAddr,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened, in the same hour.
    pub last: Timestamp,
    /// How many there were, at least one.
    pub count: u32,
}

impl UsageHistory {
    /// Adds allowed requests and the scopes that they asked for.
    pub fn pass<'a>(&mut self, passed: Requests, requested: impl Iterator<Item = &'a str>) {
        let Requests { secret, address, first, last, count } = passed;
        let tally = self.counted.count(secret, Outcome::Pass, first);
        tally.counts[Outcome::Pass as usize] += count.saturating_sub(1);
        tally.last = tally.last.max(Some((last, Some(address))));
        tally.seen.push(AddressTally { address, first, last, count: count.into() });
        requested.for_each(|scope| tally.add_scope(&scope.into()));
    }

    /// Adds a denied request.
    pub fn deny(&mut self, denial: Denial<'_>) {
        let Denial { secret, reason, detail, address, request_id: id, request, at } = denial;
        match secret {
            Some(secret) => drop(self.counted.count(secret, reason, at)),
            None => self.counted.count_stranger(reason, at),
        }
        let samples = vec![SampledRequest { id, line: request.line(), at }];
        let kind = DenialKey { reason, detail, address };
        self.denials.push((secret, DenialTally { kind, samples, count: 1 }));
    }

    /// Writes the history, except what would already have been deleted by now.
    pub fn write(&self, tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
        let retention = Retention::from(&settings::get(tx)?);
        store::import(tx, &self.counted, &self.denials, retention, now)
    }
}
