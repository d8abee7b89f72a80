//! The words for a member on pages.

use crate::base::clock::{Timestamp, long_date, short_date};
use crate::base::text;
use crate::domain::members::{Member, Permission, State};
use crate::web::flash::Notice;

/// The maximum number of people that are named as contacts.
const NAMED: usize = 5;

/// A badge for templates.
#[derive(Clone, Debug)]
pub(super) struct Badge {
    pub class: &'static str,
    /// The icon in the sprite; empty for a dot.
    pub icon: &'static str,
    pub text: String,
}

impl Badge {
    pub(super) fn new(member: &Member, now: Timestamp) -> Self {
        let (class, icon, text) = match member.state {
            State::Active => ("badge-active", "", "Active".to_owned()),
            State::Disabled(_) => ("badge-revoked", "ban", "Disabled".to_owned()),
            State::Invited(until) if until <= now => {
                ("badge-expired", "circle-minus", "Invitation expired".to_owned())
            }
            State::Invited(until) => {
                let until = short_date(until.date());
                ("badge-rotate", "clock", format!("Invited, expires {until}"))
            }
        };
        Self { class, icon, text }
    }
}

/// `All permissions`, `3 of 8 permissions`; empty for members who are not super managers.
pub(super) fn permissions(member: &Member) -> String {
    let all = Permission::ALL.len();
    match member.held().iter().count() {
        _ if !member.super_manager => String::new(),
        0 => "No permissions".into(),
        held if held == all => "All permissions".into(),
        held => format!("{held} of {all} permissions"),
    }
}

/// `30 November 2026, 12:00 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{}, {} UTC", long_date(at.date()), at.time_of_day())
}

/// The member's state, for someone whose action came too late.
pub(super) fn describe_state(member: &Member) -> String {
    let name = member.name.as_str();
    match member.state {
        State::Active => format!("“{name}” is active."),
        State::Disabled(_) => format!("“{name}” is disabled."),
        State::Invited(_) => format!("“{name}” has not accepted the invitation yet."),
    }
}

/// The notice about an action on the member.
pub(super) fn done(member: &Member, what: &str) -> Notice {
    Notice::done(format!("{} {what}.", text::quoted(member.name.as_str())))
}

/// The other people to ask, as [`either`] puts them; `None` if there is nobody else.
pub fn someone_to_ask(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| either(names))
}

/// `A`, `A or B`, `A, B or C`; a generic text if `names` is empty.
pub fn either(names: &[String]) -> String {
    match &names[..names.len().min(NAMED)] {
        [] => "a super manager who manages members".into(),
        [one] => one.clone(),
        [more @ .., last] => format!("{} or {last}", more.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_people_to_ask_are_joined_in_a_phrase() {
        let names = ["A", "B", "C", "D", "E", "F"].map(str::to_owned);
        let phrases = [0, 1, 2, 3, 6].map(|count| either(&names[..count]));
        assert_eq!(
            phrases,
            ["a super manager who manages members", "A", "A or B", "A, B or C", "A, B, C, D or E"]
        );
    }
}
