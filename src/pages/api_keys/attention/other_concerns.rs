//! Items other than keys that need attention: other text that contains a secret key, names that two
//! items have, and mistakes in the questions of gateways.

use super::list::{Action, Task};
use crate::base::text::thousands;
use crate::domain::attention::{OtherConcern, Problem};
use crate::domain::usage::InvalidQuestion;
use crate::pages::Viewer;
use crate::web::time_view::TimeView;

/// What to do about a secret key that is stored as text.
pub(super) const STORED: &str = "Remove it, and rotate the key that it belongs to";
/// What to do about a name that another item has too.
pub(super) const NAME_TAKEN: &str =
    "Names that differ only in case or spacing count as the same. Rename one of the two";
/// What to do about an address that another member has too.
const ADDRESS_TAKEN: &str = "Remove the member who no longer needs access";

/// One task for all mistakes in the questions of gateways, of which it shows the latest.
pub(super) fn question(found: &[InvalidQuestion]) -> Option<Task> {
    let latest = found.first()?;
    let requests = match found.iter().map(|question| question.count).sum::<i64>() {
        1 => "1 request was".to_owned(),
        count => format!("{} requests were", thousands(count.unsigned_abs())),
    };
    let others = match found.len() - 1 {
        0 => String::new(),
        1 => " There is one other mistake; the log has both.".into(),
        others => format!(" There are {others} other mistakes; the log has all of them."),
    };
    let since = found.iter().map(|question| question.first_at).min()?;
    Some(Task {
        icon: "triangle-alert",
        class: "why-red",
        why: "A gateway asks a question that Latchkey does not understand".into(),
        detail: format!("{} {requests} denied with a valid key.{others}", quoted(&latest.mistake)),
        since: Some(TimeView::date(since)),
        action: None,
        subject: String::new(),
    })
}

/// A line of the log as screen text, with quotation marks in place of backticks.
fn quoted(line: &str) -> String {
    let mut is_open = false;
    let quote = |c| match c {
        '`' => {
            is_open = !is_open;
            if is_open { '“' } else { '”' }
        }
        c => c,
    };
    line.chars().map(quote).collect()
}

pub(super) fn concern(viewer: &Viewer, found: &OtherConcern) -> Task {
    let OtherConcern { what, problem, href, permission } = found;
    let (icon, class, why, detail) = match problem {
        Problem::ContainsSecret => ("triangle-alert", "why-red", "contains a secret key", STORED),
        Problem::NameTaken => ("info", "why-amber", "has the same name as another one", NAME_TAKEN),
        Problem::AddressTaken => {
            ("info", "why-amber", "has the same email address as another one", ADDRESS_TAKEN)
        }
    };
    let action = Action { label: "Edit", href: href.clone(), is_danger: false };
    Task {
        icon,
        class,
        why: format!("{what} {why}"),
        detail: detail.into(),
        since: None,
        action: viewer.may(*permission).then_some(action),
        subject: what.clone(),
    }
}
