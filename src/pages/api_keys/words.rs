//! The words for a key on pages: badges and relative times.

use crate::base::clock::{Timestamp, day_and_month};
pub(super) use crate::base::clock::{ago, ago_within};
use crate::base::text::thousands;
use crate::domain::api_keys::{ApiKey, Badge, Overlap, Status};
use crate::domain::settings::Settings;
use crate::domain::usage::LastDay;

/// A badge for templates.
#[derive(Clone, Debug)]
pub(super) struct BadgeView {
    pub class: &'static str,
    /// The icon in the sprite; empty for a dot.
    pub icon: &'static str,
    pub text: String,
}

impl BadgeView {
    pub(super) fn new(key: &ApiKey, settings: &Settings, now: Timestamp) -> Self {
        let badge = |class, icon, text: &str| Self { class, icon, text: text.to_owned() };
        match key.badge(settings, now) {
            Badge::Revoked => badge("badge-revoked", "ban", "Revoked"),
            Badge::Expired => badge("badge-expired", "circle-minus", "Expired"),
            Badge::Disabled => badge("badge-expired", "circle-pause", "Disabled"),
            Badge::ExpiresIn(0) => badge("badge-soon", "clock", "Expires today"),
            Badge::ExpiresIn(1) => badge("badge-soon", "clock", "Expires in 1 day"),
            Badge::ExpiresIn(days) => {
                badge("badge-soon", "clock", &format!("Expires in {days} days"))
            }
            Badge::RotationDue => badge("badge-rotate", "refresh-cw", "Rotation due"),
            Badge::NeverUsed => badge("badge-never", "circle-dashed", "Never used"),
            Badge::Active => badge("badge-active", "", "Active"),
        }
    }
}

/// Whether a key can be disabled or enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    Disable,
    Enable,
}

impl Switch {
    /// `None` if the key can neither be disabled nor enabled.
    pub(super) fn of(key: &ApiKey, now: Timestamp) -> Option<Self> {
        match key.status(now) {
            _ if key.is_disabled() => Some(Self::Enable),
            Status::Active => Some(Self::Disable),
            Status::Disabled | Status::Expired | Status::Revoked => None,
        }
    }

    /// The last part of its path.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Disable => "Disable",
            Self::Enable => "Enable",
        }
    }
}

/// `in 9 days`, `today`, `9 days ago`: from today to `then`, UTC.
pub(super) fn in_days(then: time::Date, now: Timestamp) -> String {
    match (then - now.date()).whole_days() {
        0 => "today".into(),
        1 => "tomorrow".into(),
        -1 => "yesterday".into(),
        days if days > 0 => format!("in {days} days"),
        days => format!("{} days ago", -days),
    }
}

/// When the old secret stops.
pub(super) fn overlap_label(overlap: Overlap) -> &'static str {
    match overlap {
        Overlap::Hours24 => "In 24 hours",
        Overlap::Days7 => "In 7 days",
        Overlap::Days14 => "In 14 days",
        Overlap::Now => "Now",
    }
}

/// `30 Nov, 14:06`, UTC.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{}, {}", day_and_month(at.date()), at.time_of_day())
}

/// `14,208 requests from 2 addresses`: the allowed requests.
pub(super) fn requests(day: LastDay) -> String {
    let count = |count: i64, one: &str, many: &str| {
        let noun = if count == 1 { one } else { many };
        format!("{} {noun}", thousands(count.unsigned_abs()))
    };
    match (day.passed, day.addresses) {
        (0, _) => "No requests".into(),
        // Addresses may not be reported.
        (passed, 0) => count(passed, "request", "requests"),
        (passed, addresses) => format!(
            "{} from {}",
            count(passed, "request", "requests"),
            count(addresses, "address", "addresses")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_shown_with_their_addresses() {
        let texts = [(0, 0), (1, 1), (14_208, 2), (3, 0)]
            .map(|(passed, addresses)| requests(LastDay { passed, addresses }));
        assert_eq!(
            texts,
            [
                "No requests",
                "1 request from 1 address",
                "14,208 requests from 2 addresses",
                "3 requests"
            ]
        );
    }
}
