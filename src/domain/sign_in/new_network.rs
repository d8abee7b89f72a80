//! Sign-ins from a network that is new for the member.
//!
//! Each member's networks are kept in a table of bounded size. A sign-in from another one is recorded
//! in the activity, of which `alerts::events` makes the email to the member, as it does for all events
//! that somebody is notified of. The networks in `known` are those of all members together, and decide
//! only in which queue a password waits.

use std::net::IpAddr;

use super::known;
use super::store::member_networks as store;
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::base::network::Network;
use crate::db::Transaction;
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::{Member, MemberId};

/// For how many days a network is remembered after a sign-in.
pub const DAYS: i64 = 180;
/// How many networks of a member are remembered; beyond this, the one with the oldest sign-in is
/// forgotten.
const MAX_NETWORKS: usize = 50;
/// How many sign-ins are read for a member who has no networks yet.
const MAX_SIGN_INS: i64 = 200;

/// What is known of a network when a member uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Familiarity {
    /// The member signed in from it before.
    Known,
    /// The member signed in from others before.
    New,
    /// No network of the member is known.
    First,
}

/// Remembers the network of a sign-in, and records it if it is new and the member has signed in
/// before. `member` is the member as they were before the sign-in.
pub(super) fn note(tx: &mut Transaction<'_>, member: &Member, context: &Context) -> Result<()> {
    let is_new = match remember(tx, &member.id, context)? {
        Familiarity::Known => false,
        Familiarity::New => true,
        // The networks of somebody who was away for long are forgotten.
        Familiarity::First => member.last_signed_in_at.is_some(),
    };
    if is_new {
        let entry = Entry::about(Event::NewNetwork, member.subject());
        activity::record(tx, context, &entry)?;
    }
    Ok(())
}

/// Remembers the network of a member who came by a link, of which nobody is notified.
pub(super) fn remember(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    context: &Context,
) -> Result<Familiarity> {
    let now = context.now;
    let network = known::network(context).to_string();
    store::delete_until(tx, now.plus(-DAYS * DAY))?;
    if store::count(tx, member)? == 0 {
        recall(tx, member, now)?;
    }
    if store::touch(tx, member, &network, now)? {
        return Ok(Familiarity::Known);
    }
    store::insert(tx, member, &network, now)?;
    match store::count(tx, member)? {
        1 => return Ok(Familiarity::First),
        count if count > MAX_NETWORKS => store::delete_oldest(tx, member)?,
        _ => {}
    }
    Ok(Familiarity::New)
}

/// Takes the networks of earlier sign-ins from the activity, for a member who signed in with a
/// version of the program that did not keep them.
fn recall(tx: &mut Transaction<'_>, member: &MemberId, now: Timestamp) -> Result<()> {
    // A network is forgotten when the days have passed, so that moment does not count.
    let since = now.plus(1 - DAYS * DAY);
    let signed_in =
        activity::addresses_of(tx, member.as_str(), Event::SignedIn, since, MAX_SIGN_INS)?;
    let mut networks: Vec<(String, Timestamp)> = Vec::new();
    for (address, at) in signed_in {
        let Ok(address) = address.parse::<IpAddr>() else { continue };
        let network = Network::from(address).to_string();
        // The present sign-in may have been recorded already.
        if at < now && !networks.iter().any(|(known, _)| *known == network) {
            networks.push((network, at));
        }
    }
    networks.truncate(MAX_NETWORKS);
    networks.iter().try_for_each(|(network, at)| store::insert(tx, member, network, *at))
}

/// Deletes networks that their member has not signed in from for [`DAYS`].
pub(super) fn purge(tx: &mut Transaction<'_>, now: Timestamp) -> Result<usize> {
    store::delete_until(tx, now.plus(-DAYS * DAY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::members;
    use crate::domain::sign_in::fixture::Fixture;

    /// A sign-in from an address, which is `number`, after `millis`.
    fn sign_in(fixture: &Fixture, member: &Member, number: u8, millis: i64) -> Familiarity {
        let context = fixture.context([192, 0, 2, number]);
        let context = Context { now: fixture.now().plus(millis), ..context };
        fixture.write(|tx| remember(tx, &member.id, &context))
    }

    #[test]
    fn a_network_is_known_for_180_days_after_the_last_sign_in() {
        let fixture = Fixture::new();
        let member = fixture.member("ines@example.com", None);
        assert_eq!(sign_in(&fixture, &member, 1, 0), Familiarity::First);
        assert_eq!(sign_in(&fixture, &member, 2, 1), Familiarity::New);
        assert_eq!(sign_in(&fixture, &member, 1, DAYS * DAY - 1), Familiarity::Known);
        assert_eq!(sign_in(&fixture, &member, 2, DAYS * DAY + 1), Familiarity::New);
        let other = fixture.member("noor@example.com", None);
        assert_eq!(sign_in(&fixture, &other, 1, DAYS * DAY + 1), Familiarity::First);
        let end = fixture.now().plus(2 * DAYS * DAY + 1);
        assert_eq!(fixture.write(|tx| purge(tx, end)), 3);
    }

    #[test]
    fn fifty_networks_of_a_member_are_kept_and_the_oldest_is_forgotten() {
        let fixture = Fixture::new();
        let member = fixture.member("ines@example.com", None);
        for number in 0..50 {
            sign_in(&fixture, &member, number, number.into());
        }
        sign_in(&fixture, &member, 0, 50);
        assert_eq!(sign_in(&fixture, &member, 50, 51), Familiarity::New);
        assert_eq!(fixture.read(|c| store::count(c, &member.id)), MAX_NETWORKS);
        let known = [0, 1, 3].map(|number| sign_in(&fixture, &member, number, 52));
        assert_eq!(known, [Familiarity::Known, Familiarity::New, Familiarity::Known]);
    }

    #[test]
    fn sign_ins_before_the_table_existed_count() {
        let fixture = Fixture::new();
        let member = fixture.member("ines@example.com", None);
        for (number, millis) in [(1, 0), (2, 1), (1, 2)] {
            let context = fixture.context([192, 0, 2, number]);
            let context = Context { now: fixture.now().plus(millis), ..context };
            let context = context.as_member(member.id.as_str(), member.name.as_str());
            fixture.write(|tx| members::note_sign_in(tx, &member, serde_json::json!({}), &context));
        }
        assert_eq!(sign_in(&fixture, &member, 2, 3), Familiarity::Known);
        assert_eq!(sign_in(&fixture, &member, 1, 3), Familiarity::Known);
        assert_eq!(sign_in(&fixture, &member, 3, 3), Familiarity::New);
        assert_eq!(fixture.read(|c| store::count(c, &member.id)), 3);
    }
}
