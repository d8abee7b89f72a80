//! The types of events that webhooks tell of: a closed list.

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $label:literal,)*) => {
        /// A type of event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventType {
            $($(#[$doc])* $variant,)*
            /// Somebody tests a webhook; sent to that one, whatever it wants.
            Test,
        }

        impl EventType {
            /// Those that an endpoint may want.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name that stands in messages, in forms and in the database.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* Self::Test => "webhook.test" }
            }

            /// When it is sent, in words.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* Self::Test => "Somebody tests the webhook" }
            }
        }
    };
}

event_types! {
    /// An API key was created.
    KeyCreated = "api_key.created" "A key was created",
    /// An API key was edited.
    KeyEdited = "api_key.edited" "A key was edited",
    /// An API key was given a new secret.
    KeyRotated = "api_key.rotated" "A key was rotated",
    /// An API key was revoked.
    KeyRevoked = "api_key.revoked" "A key was revoked",
    /// An API key expires soon.
    KeyExpiring = "api_key.expiring" "A key expires soon",
    /// An API key has expired.
    KeyExpired = "api_key.expired" "A key has expired",
    /// A secret key was found where it must not be.
    KeyLeaked = "api_key.leaked" "A secret key was reported as leaked",
    /// An alert was opened.
    AlertOpened = "alert.opened" "An alert was opened",
    /// An alert was closed.
    AlertClosed = "alert.closed" "An alert was closed",
}

impl EventType {
    /// The one of that name that an endpoint may want.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}
