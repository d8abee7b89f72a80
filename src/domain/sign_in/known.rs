//! Browsers and networks that members have signed in from: browsers by a signed cookie, networks in
//! a table of bounded size. Their passwords wait in a separate lane (`queue`).
//!
//! Being known has no other effect. The cookie holds a random id and nothing about the member.

use std::net::{IpAddr, Ipv4Addr};

use subtle::ConstantTimeEq as _;

use super::queue::Requester;
use super::store;
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::base::keyring::{Keyring, Purpose, hex};
use crate::base::network::Network;
use crate::base::random;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;

/// For how many days a browser stays known after a sign-in.
pub const BROWSER_DAYS: i64 = 180;
/// For how long a network stays known after a sign-in, in milliseconds.
const NETWORK_LIFETIME: i64 = 90 * DAY;
/// How many networks are remembered; beyond this, the one with the oldest sign-in is forgotten.
const MAX_NETWORKS: i64 = 10_000;
/// The length of a browser's id in characters.
const ID_LENGTH: usize = 22;

/// The value of a new cookie: `<issued>.<id>.<MAC>`.
pub fn issue(keyring: &Keyring, now: Timestamp) -> Result<String> {
    let content = format!("{}.{}", now.millis(), random::text(random::BASE62, ID_LENGTH)?);
    let mac = mac(keyring, &content);
    Ok(format!("{content}.{mac}"))
}

/// The id in a cookie; `None` if the cookie is not genuine or is too old.
pub fn browser(keyring: &Keyring, cookie: &str, now: Timestamp) -> Option<String> {
    let (content, presented) = cookie.rsplit_once('.')?;
    let is_genuine: bool = mac(keyring, content).as_bytes().ct_eq(presented.as_bytes()).into();
    let (issued, id) = content.split_once('.').filter(|_| is_genuine)?;
    let age = now.since(Timestamp::from_millis(issued.parse().ok()?));
    (age < BROWSER_DAYS * DAY).then(|| id.to_owned())
}

/// The network that a request came from.
pub(super) fn network(context: &Context) -> Network {
    context.origin.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).into()
}

/// The requester, with the id in the cookie of a known browser.
pub(super) fn requester(
    connection: &mut Connection,
    browser: Option<String>,
    context: &Context,
) -> Result<Requester> {
    let network = network(context);
    let since = context.now.plus(-NETWORK_LIFETIME);
    let is_known = store::is_known_network(connection, &network.to_string(), since)?;
    Ok(match browser {
        Some(id) => Requester::KnownBrowser(id),
        None if is_known => Requester::KnownNetwork(network),
        None => Requester::UnknownNetwork(network),
    })
}

/// Remembers that a member signed in from the author's network.
pub(super) fn remember_network(tx: &mut Transaction<'_>, context: &Context) -> Result<()> {
    let network = network(context).to_string();
    if !store::touch_network(tx, &network, context.now)? {
        store::insert_network(tx, &network, context.now)?;
        if store::count_networks(tx)? > MAX_NETWORKS {
            store::delete_oldest_network(tx)?;
        }
    }
    Ok(())
}

/// Deletes networks that nobody has signed in from for [`NETWORK_LIFETIME`].
pub(super) fn purge(tx: &mut Transaction<'_>, now: Timestamp) -> Result<usize> {
    store::delete_networks(tx, now.plus(-NETWORK_LIFETIME))
}

fn mac(keyring: &Keyring, content: &str) -> String {
    hex(&keyring.mac(Purpose::Web, &[b"known browser ", content.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sign_in::fixture::Fixture;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    #[test]
    fn a_browser_is_known_for_180_days_and_only_with_a_genuine_cookie() {
        let keyring = Keyring::from_bytes(&[7; 32]);
        let cookie = issue(&keyring, NOW).expect("random");
        let id = browser(&keyring, &cookie, NOW).expect("genuine");
        assert_eq!(id.len(), ID_LENGTH);
        let end = NOW.plus(BROWSER_DAYS * DAY);
        assert_eq!(browser(&keyring, &cookie, end.plus(-1)), Some(id));
        assert_eq!(browser(&keyring, &cookie, end), None);
        assert_eq!(browser(&Keyring::from_bytes(&[8; 32]), &cookie, NOW), None);
    }

    #[test]
    fn a_network_is_known_for_90_days_after_a_sign_in() {
        let fixture = Fixture::new();
        let at =
            |millis| Context { now: fixture.now().plus(millis), ..fixture.context([192, 0, 2, 1]) };
        let requester = |millis| fixture.read(|c| requester(c, None, &at(millis)));
        let network = network(&at(0));
        assert_eq!(requester(0), Requester::UnknownNetwork(network));
        fixture.write(|tx| remember_network(tx, &at(0)));
        fixture.write(|tx| remember_network(tx, &at(DAY)));
        assert_eq!(requester(NETWORK_LIFETIME + DAY - 1), Requester::KnownNetwork(network));
        assert_eq!(requester(NETWORK_LIFETIME + DAY), Requester::UnknownNetwork(network));
        assert_eq!(fixture.write(|tx| purge(tx, at(NETWORK_LIFETIME + DAY - 1).now)), 0);
        assert_eq!(fixture.write(|tx| purge(tx, at(NETWORK_LIFETIME + DAY).now)), 1);
    }

    #[test]
    fn the_table_of_networks_is_bounded_and_the_oldest_sign_in_is_forgotten() {
        let fixture = Fixture::new();
        let from = |n: u16, millis| {
            let [high, low] = n.to_be_bytes();
            Context { now: fixture.now().plus(millis), ..fixture.context([198, 18, high, low]) }
        };
        fixture.write(|tx| {
            (0..10_000).try_for_each(|n: u16| remember_network(tx, &from(n, n.into())))?;
            // The first network signs in again, so the second one has the oldest sign-in.
            remember_network(tx, &from(0, 10_000))?;
            remember_network(tx, &from(10_000, 10_001))
        });
        let is_known = |n| {
            let context = from(n, 10_002);
            let requester = fixture.read(|c| requester(c, None, &context));
            requester == Requester::KnownNetwork(network(&context))
        };
        assert_eq!([0, 1, 2, 10_000].map(is_known), [true, false, true, true]);
        assert_eq!(fixture.write(|tx| store::count_networks(tx)), MAX_NETWORKS);
    }

    proptest! {
        #[test]
        fn a_forged_cookie_does_not_make_a_browser_known(text in ".*", at: prop::sample::Index, to in "[.0-z]") {
            let keyring = Keyring::from_bytes(&[7; 32]);
            prop_assert_eq!(browser(&keyring, &text, NOW), None);
            let cookie = issue(&keyring, NOW).expect("random");
            let at = at.index(cookie.len());
            prop_assume!(cookie[at..=at] != to);
            let changed = format!("{}{to}{}", &cookie[..at], &cookie[at + 1..]);
            prop_assert_eq!(browser(&keyring, &changed, NOW), None);
        }
    }
}
