//! When members signed in and out, from where, and failed attempts.

use std::net::{IpAddr, Ipv4Addr};

use super::PastEntry;
use super::life::pick;
use crate::base::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::domain::activity::{Entry, Event, Origin};
use crate::domain::members::Member;

/// The number of days with visits.
const DAYS: u32 = 60;
/// Addresses are from the ranges that RFC 5737 reserves for documentation: the last octets of the
/// office's addresses, in the order of the members.
const DESKS: [u8; 4] = [5, 9, 31, 40];
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 140);
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// The request origin of the `position`th member.
pub(super) fn desk(position: usize) -> Origin {
    from(Ipv4Addr::new(203, 0, 113, DESKS[position % DESKS.len()]))
}

fn from(address: Ipv4Addr) -> Origin {
    Origin {
        address: Some(IpAddr::V4(address)),
        user_agent: Some(BROWSER.into()),
        request_id: None,
    }
}

/// The activity entries of all visits.
pub(super) fn entries(members: &[Member], now: Timestamp) -> Vec<PastEntry> {
    let mut past_entries = Vec::new();
    for day in 0..DAYS {
        for (position, member) in (0..).zip(members) {
            // Members with more permissions sign in more often.
            if pick(day, 30 + position, 2 + position as usize) > 0 {
                continue;
            }
            let Some(at) = working_hour(day, position, now) else { continue };
            let by = member.id.as_str().to_owned();
            past_entries.push((at, Entry::about(Event::SignedIn, member.subject()), by.clone()));
            let end = at.plus(2 * HOUR);
            if pick(day, 40 + position, 3) == 0 && end < now {
                past_entries.push((end, Entry::about(Event::SignedOut, member.subject()), by));
            }
        }
    }
    past_entries.extend(members.get(1).into_iter().flat_map(|member| failures(member, now)));
    past_entries
}

/// An instant between 7 and 16 o'clock, `day` days ago; `None` at the weekend and after `now`.
fn working_hour(day: u32, position: u32, now: Timestamp) -> Option<Timestamp> {
    let date = now.plus(-i64::from(day) * DAY).date();
    let minute = pick(day, 50 + position, 9 * 60);
    let at = Timestamp::start_of(date).plus(7 * HOUR + i64::try_from(minute).ok()? * MINUTE);
    let is_working_day = date.weekday().number_days_from_monday() < 5;
    (is_working_day && at < now).then_some(at)
}

/// Failed attempts with a member's email address and, in the same hour, with unknown addresses.
fn failures(member: &Member, now: Timestamp) -> Vec<PastEntry> {
    let hour = Timestamp::from_millis((now.millis() - 2 * DAY - 3 * HOUR) / HOUR * HOUR);
    let failed = |minutes: i64| {
        let details = serde_json::json!({ "email": member.email.as_str() });
        let entry = Entry::about(Event::SignInFailed, member.subject()).with(details);
        (hour.plus(minutes * MINUTE), entry, String::new())
    };
    let ended = hour.plus(HOUR);
    let details = serde_json::json!({
        "began_at": hour.millis(),
        "ended_at": ended.millis(),
        "failures": 14,
        "networks": 1,
        "largest_networks": [format!("{STRANGER}: 14")],
    });
    let counted = Entry { event: Event::SignInsFailed, subject: None, details };
    vec![failed(41), failed(42), (ended.plus(4 * MINUTE), counted, String::new())]
}

/// The origin of entries that no member caused: a stranger.
pub(super) fn stranger() -> Origin {
    from(STRANGER)
}
