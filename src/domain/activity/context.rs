//! The context of a write: who acts, when, from where, and with which keys.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::keyring::Keyring;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A member, by id and name.
    Member {
        id: String,
        /// The member's name when the action happened.
        name: String,
    },
    /// Somebody with a shell on the machine.
    CommandLine,
    /// Somebody who has not signed in.
    Anonymous,
    /// The program itself, in the background.
    System,
}

impl Actor {
    /// The actor's kind, as entries store it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Member { .. } => "member",
            Self::CommandLine => "command_line",
            Self::Anonymous => "anonymous",
            Self::System => "system",
        }
    }

    /// The member's id, if the actor is a member.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Member { id, .. } => Some(id),
            Self::CommandLine | Self::Anonymous | Self::System => None,
        }
    }

    /// The actor's name, as entries store it.
    pub fn name(&self) -> &str {
        match self {
            Self::Member { name, .. } => name,
            Self::CommandLine => "Command line",
            Self::Anonymous => "Somebody not signed in",
            Self::System => "Latchkey",
        }
    }
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub address: Option<IpAddr>,
    /// The browser's `User-Agent`, cut to 200 characters.
    pub user_agent: Option<String>,
    /// The request's id, as in the log.
    pub request_id: Option<String>,
}

/// The context of a write. Every operation that writes takes it.
///
/// It has the time and the keys of the installation, too, so that an operation needs no clock and
/// no key file.
#[derive(Clone)]
pub struct Context {
    pub actor: Actor,
    pub origin: Origin,
    /// The time of the write.
    pub now: Timestamp,
    /// The keys for the hash and the seal of the entry, and for what the write encrypts.
    pub keyring: Keyring,
}

impl Context {
    /// The context of somebody with a shell on the machine.
    pub fn command_line(keyring: Keyring, now: Timestamp) -> Self {
        Self { actor: Actor::CommandLine, origin: Origin::default(), now, keyring }
    }

    /// The context of the program itself, in the background.
    pub fn system(keyring: Keyring, now: Timestamp) -> Self {
        Self { actor: Actor::System, origin: Origin::default(), now, keyring }
    }

    /// The same request, made by the member `id`.
    #[must_use]
    pub fn as_member(&self, id: &str, name: &str) -> Self {
        let actor = Actor::Member { id: id.to_owned(), name: name.to_owned() };
        Self { actor, ..self.clone() }
    }
}
