//! Why somebody is not signed in by the provider, in words for them.

const UNREACHABLE: &str = "Your provider did not answer as expected. Try again in a moment, or ask \
     whoever runs Latchkey";
const OUTDATED: &str = "This sign-in took too long or was started in another browser. Start again";
const UNVERIFIED: &str = "The answer of your provider could not be verified. Start again, and if \
     it happens again, ask whoever runs Latchkey";
const TOO_MANY_GROUPS: &str =
    "Your provider sends too many groups; use app roles (roles). Ask whoever runs Latchkey";
const NO_GROUPS: &str =
    "Your provider did not say which groups you are in. Ask whoever runs Latchkey";
const OPEN_INVITATION: &str =
    "You are invited: open the link in the invitation, and accept it with single sign-on";
const ALREADY_LINKED: &str =
    "This account is linked already. Unlink it first, or use another account";
const NO_ADDRESS: &str = "Your provider did not send an email address that it has verified. Ask a \
     super manager to invite you";
const NOT_FRESH: &str =
    "Your provider did not ask you to sign in again, so it did not confirm that it is you";
const NO_TIME: &str = "Your provider does not say when you signed in there, so it cannot confirm \
     that it is you. Sign out and in again, then set up a passkey or an authenticator app \
     in your account settings";
const INVITATION_ENDED: &str =
    "This invitation does not work any more. Ask whoever invited you for a new link";

/// Why a sign-in by the provider failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no provider.
    Off,
    /// Too many sign-ins wait for the provider.
    Busy,
    /// The provider did not answer, or not with what it must answer.
    Unreachable,
    /// The provider's answer is not for this browser, or came too late.
    Outdated,
    /// The provider did not let the person in.
    Denied,
    /// The provider's answer breaks the rules of the protocol.
    Unverified,
    /// The token only says where the groups could be asked for.
    TooManyGroups,
    /// Only those whose groups give access may sign in, and the token names no groups.
    NoGroups,
    /// None of the groups gives access.
    NoAccess,
    /// The account is linked to no member, and new members are invited first.
    NotAMember,
    /// A member has this address, and must link the account while signed in.
    LinkFirst,
    /// Somebody was invited with this address.
    OpenInvitation,
    /// The member may not sign in.
    Disabled,
    /// The account is linked to another member, or the member to another account.
    AlreadyLinked,
    /// The provider sent no address that a new member could have.
    NoAddress,
    /// The invitation has ended.
    InvitationEnded,
    /// The account is not the one that is linked to the member.
    OtherAccount,
    /// The person signed in at the provider too long ago.
    NotFresh,
    /// The provider does not say when the person signed in there.
    NoTime,
}

impl Refusal {
    /// What happened and what to do.
    pub fn message(self) -> &'static str {
        match self {
            Self::Off => "Single sign-on is off. Sign in with your password",
            Self::Busy => "Many people are signing in just now. Try again in a moment",
            Self::Unreachable => UNREACHABLE,
            Self::Outdated => OUTDATED,
            Self::Denied => "Your provider did not let you in",
            Self::Unverified => UNVERIFIED,
            Self::TooManyGroups => TOO_MANY_GROUPS,
            Self::NoGroups => NO_GROUPS,
            Self::NoAccess => "None of your groups at your provider gives access to Latchkey",
            Self::NotAMember => "You are not a member yet. Ask a super manager to invite you",
            Self::LinkFirst => "Sign in with your password once and link your account",
            Self::OpenInvitation => OPEN_INVITATION,
            Self::Disabled => "You cannot sign in at the moment. Ask a super manager",
            Self::AlreadyLinked => ALREADY_LINKED,
            Self::NoAddress => NO_ADDRESS,
            Self::OtherAccount => "This is not the account that you are linked to. Use your own",
            Self::NotFresh => NOT_FRESH,
            Self::NoTime => NO_TIME,
            Self::InvitationEnded => INVITATION_ENDED,
        }
    }

    /// Whether a later attempt may work without anybody changing anything.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::Busy | Self::Unreachable)
    }
}
