//! What all dialogs have in common.

use std::collections::BTreeSet;

use crate::security::form_tokens;
use crate::support::Page;

/// The ids on a page, in order.
fn ids(page: &Page) -> Vec<String> {
    let document = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("[id]").expect("a selector");
    document.select(&selector).filter_map(|e| e.value().id().map(str::to_owned)).collect()
}

#[test]
fn closing_a_dialog_leads_to_a_control_or_row_that_exists() {
    let (_app, client, pages) = form_tokens::fixture();
    let mut seen = 0;
    for path in pages.values() {
        let Some(close) = client.get(path).attribute("dialog[data-close]", "data-close") else {
            continue;
        };
        let (page, id) = close.split_once('#').unwrap_or((&close, ""));
        let page = client.get(page);
        assert_eq!(page.status, 200, "{path} closes to {close}");
        assert!(id.is_empty() || ids(&page).contains(&id.to_owned()), "{path} closes to {close}");
        seen += usize::from(!id.is_empty());
    }
    assert!(seen >= 15, "{seen} dialogs return the focus");
}

#[test]
fn no_page_has_two_elements_with_the_same_id() {
    let (_app, client, pages) = form_tokens::fixture();
    for path in pages.values() {
        let mut seen = BTreeSet::new();
        for id in ids(&client.get(path)) {
            assert!(seen.insert(id.clone()), "{path} has two elements with the id {id}");
        }
    }
}
