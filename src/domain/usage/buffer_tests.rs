//! The limits of the buffer, and that nothing else is lost.

use super::*;
use crate::domain::api_keys::KeyId;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

fn secret(number: i64) -> Secret {
    Secret { key_id: KeyId::parse("key_7QF2M8KDX4TN").expect("a Key ID"), number }
}

fn address(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(number).into()
}

fn requested_scopes() -> impl Iterator<Item = &'static Arc<str>> {
    static SCOPE: LazyLock<Arc<str>> = LazyLock::new(|| "orders:read".into());
    [&*SCOPE].into_iter()
}

fn deny(buffer: &mut Buffer, secret: Option<Secret>, from: u32) {
    let kind = DenialKey {
        reason: Outcome::AddressNotAllowed,
        detail: "".into(),
        address: Some(address(from)),
    };
    let kept = || SampledRequest { id: RequestId::random(), line: "GET /".into(), at: NOW };
    buffer.deny(secret, kind, kept);
}

fn total(buffer: &Buffer) -> u64 {
    buffer.denials().map(|(_, denials)| denials.count).sum()
}

#[test]
fn counts_of_two_threads_add_up() {
    let (mut one, mut other) = (Buffer::default(), Buffer::default());
    one.pass(secret(1), Some(address(1)), requested_scopes(), NOW.plus(5));
    one.pass(secret(1), Some(address(2)), requested_scopes(), NOW.plus(1));
    other.pass(secret(1), Some(address(1)), requested_scopes(), NOW.plus(3));
    other.pass(secret(2), None, requested_scopes(), NOW);
    deny(&mut one, None, 1);
    deny(&mut other, None, 1);
    deny(&mut other, None, 2);
    let mut all = Buffer::default();
    all.merge(one);
    all.merge(other);
    let tally = &all.tallies[&(secret(1), NOW.hour())];
    assert_eq!(tally.counts[Outcome::Pass as usize], 3);
    assert_eq!(tally.last, Some((NOW.plus(3), Some(address(1)))));
    let [first, second] = tally.seen.as_slice() else { panic!("{:?}", tally.seen) };
    assert_eq!((first.first, first.last, first.count), (NOW.plus(3), NOW.plus(5), 2));
    assert_eq!((second.count, second.address), (1, address(2)));
    assert_eq!(all.tallies.len(), 2);
    assert_eq!((all.denials().count(), total(&all)), (2, 3));
}

#[test]
fn addresses_kinds_and_requests_are_bounded_but_counts_are_not() {
    let mut buffer = Buffer::default();
    for n in 0..1_000 {
        buffer.pass(secret(1), Some(address(n)), requested_scopes(), NOW);
        deny(&mut buffer, Some(secret(1)), n);
        deny(&mut buffer, None, n);
        deny(&mut buffer, None, 7);
    }
    let tally = &buffer.tallies[&(secret(1), NOW.hour())];
    assert_eq!((tally.counts[0], tally.seen.len()), (1_000, ADDRESSES));
    assert_eq!(total(&buffer), 3_000);
    assert!(buffer.denials().all(|(_, denials)| denials.samples.len() <= REQUESTS));
    let of = |secret: Option<Secret>| buffer.denials().filter(|(of, _)| *of == secret).count();
    assert_eq!(of(Some(secret(1))), KINDS + 1);
    assert_eq!(of(None), STRANGERS_KINDS + 1);
}

#[test]
fn the_total_for_many_secrets_is_bounded() {
    let mut buffer = Buffer::default();
    for number in 0..3_000 {
        deny(&mut buffer, Some(secret(number)), 1);
    }
    assert_eq!(buffer.denials().count(), ALL_KINDS);
    assert_eq!(buffer.take(&[]).denials().count(), ALL_KINDS);
    assert_eq!((buffer.is_empty(), buffer.kinds), (true, 0));
    deny(&mut buffer, Some(secret(1)), 1);
    assert_eq!(buffer.denials().count(), 1, "there must be room again after a write");
}

#[test]
fn tallies_are_taken_in_order_and_can_be_merged_back() {
    let mut buffer = Buffer::default();
    for number in [5, 1, 4, 2, 3] {
        buffer.pass(secret(number), None, requested_scopes(), NOW);
        deny(&mut buffer, Some(secret(number)), 1);
    }
    let part = buffer.take(&buffer.places()[..2]);
    let numbers = |buffer: &Buffer| -> Vec<i64> {
        buffer.tallies().iter().map(|((secret, _), _)| secret.number).collect()
    };
    assert_eq!((numbers(&part), numbers(&buffer)), (vec![1, 2], vec![3, 4, 5]));
    buffer.merge(part);
    assert_eq!((numbers(&buffer), total(&buffer)), (vec![1, 2, 3, 4, 5], 5));
}
