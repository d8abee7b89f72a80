//! Reviews: starting one, deciding on keys, its end, its report, and when one is due.

mod decide;
mod due;
mod end;
mod report;

use latchkey::domain::api_keys::Draft;

use crate::support::{App, Client, Page, usual_draft};

/// Starts a review; where it is.
fn started(manager: &Client) -> String {
    let page = manager.submit("/reviews", &[]);
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.location().starts_with("/reviews/review_"), "{}", page.location());
    page.location().to_owned()
}

/// Makes keys of those names; their Key IDs.
fn keys<const N: usize>(app: &App, names: [&str; N]) -> [String; N] {
    names.map(|name| app.key_of(&Draft { name: name.into(), ..usual_draft() }))
}

/// Saves decisions, each of a Key ID with a word and a note, in the form as it stands.
fn decide(manager: &Client, review: &str, decisions: &[(&str, &str, &str)]) -> Page {
    let shown = manager.get(&format!("{review}?view=all")).form_fields("form.review");
    send(manager, review, &shown, decisions)
}

/// The same in a form that was handed out before.
fn send(
    manager: &Client,
    review: &str,
    shown: &[(String, String)],
    decisions: &[(&str, &str, &str)],
) -> Page {
    let is_filled_in = |name: &str| decisions.iter().any(|(id, ..)| name.ends_with(id));
    let mut fields: Vec<(String, String)> = shown
        .iter()
        .filter(|(name, _)| name.starts_with("seen_") || !is_filled_in(name))
        .cloned()
        .collect();
    for (id, decision, note) in decisions {
        fields.push((format!("decision_{id}"), (*decision).to_owned()));
        fields.push((format!("note_{id}"), (*note).to_owned()));
    }
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    manager.post(review, &fields)
}

fn progress(page: &Page) -> String {
    page.text("label[for=progress]")
}

/// The keys of a page, by name.
fn names(page: &Page) -> Vec<String> {
    page.all(".review-item h2 a")
}
