//! Records failed sign-ins. They are counted by network and, if the email address belongs to a
//! member, by member. A member's first failures in an hour also get one activity entry each.
//!
//! An address that does not belong to a member is not stored, because people type passwords into the
//! wrong field.

use super::known;
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::activity::{self, Context, Entry, Event, Occurrence, TallyKind};
use crate::domain::members::Member;

/// Records a wrong code after a right password. The throttle bounds the number of entries.
pub(super) fn record_second_step(
    tx: &mut Transaction<'_>,
    member: &Member,
    context: &Context,
) -> Result<()> {
    activity::record(tx, context, &Entry::about(Event::SecondStepFailed, member.subject()))
}

/// Counts a failed sign-in, for `member` or for an address that does not belong to a member.
pub(super) fn record(
    tx: &mut Transaction<'_>,
    member: Option<&Member>,
    context: &Context,
) -> Result<()> {
    let network = known::network(context).to_string();
    let by_network = Occurrence {
        kind: TallyKind::FailedSignInsByNetwork,
        subject_id: &network,
        subject_name: "",
        part: member.map(|_| TallyKind::MEMBER),
    };
    activity::count(tx, &by_network, context.now)?;
    let Some(member) = member else { return Ok(()) };
    let by_member = Occurrence {
        kind: TallyKind::FailedSignInsByMember,
        subject_id: member.id.as_str(),
        subject_name: member.name.as_str(),
        part: Some(&network),
    };
    let failures = activity::count(tx, &by_member, context.now)?;
    if failures <= TallyKind::FailedSignInsByMember.single_entries() {
        let details = serde_json::json!({ "email": member.email.as_str() });
        let entry = Entry::about(Event::SignInFailed, member.subject()).with(details);
        activity::record(tx, context, &entry)?;
    }
    Ok(())
}
