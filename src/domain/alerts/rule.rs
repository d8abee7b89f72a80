//! The rules of alerts.

use strum::VariantArray as _;

use crate::base::clock::{DAY, HOUR};
use crate::base::closed_set::closed_set;
use crate::db::types::text_column;
use crate::domain::attention::ReasonKind;

macro_rules! rules {
    ($(
        $(#[$doc:meta])* $variant:ident = $word:literal $label:literal,
            $description:literal, $quiet_period:expr;
    )*) => {
        closed_set! {
            /// What an alert can be opened for, by the name in the database, in forms and in
            /// messages.
            pub enum Rule { $($(#[$doc])* $variant = $word $label,)* }
        }

        impl Rule {
            /// Describes when the rule opens an alert and when it closes it.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }

            /// How long a cause must not have been found before its alert closes, in milliseconds.
            pub const fn quiet_period(self) -> i64 {
                match self { $(Self::$variant => $quiet_period,)* }
            }
        }
    };
}

rules! {
    /// A key expires soon.
    Expiring = "expiring" "A key expires",
        "30, 14, 7 and 1 days before. Closes when the key is rotated, given a later date, revoked, or has expired.", 0;
    /// A key's secret is older than the rotation interval in the settings.
    RotationDue = "rotation_due" "Rotation is due",
        "When a secret is older than the rotation interval of its environment. Closes when the key is rotated or revoked.", 0;
    /// Many requests with a key are denied.
    DenialBurst = "refusal_burst" "A key is denied many times",
        "20 times within 10 minutes, for a scope, the IP whitelist or the environment. Closes after an hour without.", HOUR;
    /// A network sends many keys that do not exist.
    UnknownKeys = "unknown_keys" "Unknown keys come from one network",
        "50 within 10 minutes. Closes after an hour without.", HOUR;
    /// A secret that no longer works is used.
    InactiveSecret = "dead_secret" "A revoked or superseded secret is used",
        "When it comes an hour after it stopped working, or later. Closes after a day without.", DAY;
    /// A disabled key is used.
    DisabledKeyUsed = "disabled_key_used" "A disabled key is used",
        "At the first request since it was disabled. Closes when the key is enabled, revoked or kept.", 0;
    /// A disabled key is about to be revoked.
    RevocationDue = "revocation_due" "A disabled key will be revoked",
        "24 hours before. Closes when the key is enabled or revoked.", 0;
    /// A key is used from a new address.
    NewAddress = "new_address" "A key is used from a new address",
        "For keys that are 14 days old and known from 5 addresses at most, in the last 90 days. Closes after a day.", DAY;
    /// A key is used far more than usual.
    Volume = "volume" "A key is used far more than usual",
        "At 4 times as many requests in an hour as in any of the same hours of the last 4 weeks, and in any of the last day; from 500 on. Closes after 3 hours without.", 3 * HOUR;
    SignInFailures = "sign_in_failures" "Sign-ins fail",
        "10 times within 15 minutes, from one network or for one account. Closes after an hour without.", HOUR;
    /// The mail server was changed or turned off.
    MailServerChanged = "mail_server_changed" "The mail server is changed",
        "Each time, also when email is turned off: invitations and links that set passwords go through it. Closes after 7 days.", 0;
    /// A member signed in or confirmed who they are with a recovery code.
    RecoveryCodeUsed = "recovery_code_used" "A recovery code is used",
        "Each time: it replaces a lost authenticator app. Closes after 7 days.", 0;
    /// Wrong codes follow a right password.
    SecondStepFailures = "second_step_failures" "Two-step codes are wrong",
        "10 times within an hour for one member, after the right password. Closes after an hour without.", HOUR;
    /// A break-glass member signed in while passwords were off.
    BreakGlassSignIn = "break_glass_sign_in" "A break-glass member signs in",
        "Each time, while passwords are off. Closes after 7 days.", 0;
    /// Groups would have removed the last member who manages members.
    MappingSkipped = "mapping_skipped" "Groups would remove the last manager",
        "When the groups of the last member who can manage members no longer allow it. Closes after 7 days without.", 0;
}
text_column!(Rule);

impl Rule {
    /// Whether the causes are also reasons why a key needs attention, and are listed with the key.
    pub fn is_listed_with_key(self) -> bool {
        ReasonKind::VARIANTS.iter().any(|kind| Self::of_reason(*kind).contains(&self))
    }

    /// The rules that open an alert for the cause of a reason why a key needs attention.
    const fn of_reason(kind: ReasonKind) -> &'static [Self] {
        match kind {
            ReasonKind::InactiveSecretUsed => &[Self::InactiveSecret, Self::DisabledKeyUsed],
            ReasonKind::Expiring => &[Self::Expiring],
            ReasonKind::DeniedOften => &[Self::DenialBurst],
            ReasonKind::RotationDue => &[Self::RotationDue],
            ReasonKind::ScheduleSkipped
            | ReasonKind::SecretStored
            | ReasonKind::IntrospectionEnded
            | ReasonKind::NameTaken
            | ReasonKind::FormerMasterKey
            | ReasonKind::OverlapCanEnd
            | ReasonKind::CreatorLeft
            | ReasonKind::NeverUsed
            | ReasonKind::Unused => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_about_a_reason_for_attention_are_listed_with_the_key() {
        let listed = Rule::ALL.into_iter().filter(|rule| rule.is_listed_with_key());
        let expected = [
            Rule::Expiring,
            Rule::RotationDue,
            Rule::DenialBurst,
            Rule::InactiveSecret,
            Rule::DisabledKeyUsed,
        ];
        assert!(listed.eq(expected));
    }
}
