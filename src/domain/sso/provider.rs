//! The provider of single sign-on, as it is stored.

use zeroize::Zeroizing;

use super::mapping::Mapping;
use super::store;
use crate::base::closed_set::closed_set;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Connection;
use crate::db::types::text_column;
use crate::domain::activity::Subject;
use crate::domain::members::ways_in::Passwords;

closed_set! {
    /// What happens when somebody signs in whose account is linked to no member.
    #[derive(Default)]
    pub enum NewMembers {
        #[default]
        Refuse = "refuse" "Nobody: members are invited first",
        Ordinary = "ordinary" "Everybody the provider lets in, as ordinary members",
        /// Also denies members whose sign-in says nothing about groups.
        Mapped = "mapped" "Those whose groups give access",
    }
}
text_column!(NewMembers);

/// The provider with which members sign in.
#[derive(Clone)]
pub struct Provider {
    /// Its URL, without a slash that was not there: it is compared with what the provider says.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Zeroizing<String>,
    /// The scopes to ask for, separated by spaces.
    pub scopes: String,
    /// The claim that lists a member's groups; dots lead into objects.
    pub groups_claim: String,
    /// The text of the button on the sign-in page.
    pub button: String,
    pub new_members: NewMembers,
    pub passwords: Passwords,
    /// Whether signing out also signs out at the provider.
    pub sign_out_at_provider: bool,
    pub version: i64,
    pub mappings: Vec<Mapping>,
}

impl Provider {
    /// The provider as it is set now; `None` if it is another one, or single sign-on is off, since
    /// this was read. What another provider said must not count.
    pub fn current(&self, connection: &mut Connection, keyring: &Keyring) -> Result<Option<Self>> {
        let now = store::provider(connection, keyring)?;
        let is_same = |now: &Self| (&now.issuer, &now.client_id) == (&self.issuer, &self.client_id);
        Ok(now.filter(is_same))
    }

    /// Whether only break-glass members may sign in with a password.
    pub fn is_enforced(&self) -> bool {
        self.passwords == Passwords::BreakGlassOnly
    }
}

/// Single sign-on as the subject of activity entries.
pub(super) fn subject() -> Subject {
    Subject { kind: "sso", id: "sso".into(), name: "Single sign-on".into() }
}
