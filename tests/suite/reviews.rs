//! Reviews: starting, deciding on keys, finishing, reporting, and when one is due.

mod decide;
mod disable;
mod due;
mod end;
mod facts;
mod keep;
mod report;

use latchkey::domain::api_keys::Draft;

use crate::support::{App, Client, Page, usual_draft};

/// Starts a review and returns the path of its page.
fn start_review(manager: &Client) -> String {
    let page = manager.submit("/reviews", &[]);
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.location().starts_with("/reviews/review_"), "{}", page.location());
    page.location().to_owned()
}

/// Creates keys with those names and returns their Key IDs.
fn create_keys<const N: usize>(app: &App, names: [&str; N]) -> [String; N] {
    names.map(|name| app.key_from(&Draft { name: name.into(), ..usual_draft() }))
}

/// Saves decisions, each a Key ID, a decision and a note, in the current form.
fn decide(manager: &Client, review: &str, decisions: &[(&str, &str, &str)]) -> Page {
    let shown = manager.get(&format!("{review}?view=all")).form_fields("form.review");
    submit(manager, review, &shown, decisions)
}

/// Saves decisions in a form that was loaded earlier.
fn submit(
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

/// The names of the keys on a page.
fn names(page: &Page) -> Vec<String> {
    page.all(".review-item h2 a")
}
