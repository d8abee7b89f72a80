//! Everything that the sample lists under Needs attention can be resolved in the dashboard.

use crate::support::{App, Client, NOW, Page};

const LIST: &str = "/attention";

/// Selects the keys that are listed for one of these reasons, and applies an action to them.
fn resolve(manager: &Client, action: &str, reasons: &[&str], fields: &[(&str, &str)]) {
    let page = manager.get(LIST);
    let keys = listed(&page, reasons);
    assert!(!keys.is_empty(), "{reasons:?}: {:?}", page.all(".cell-why strong"));
    let query: Vec<String> = keys.iter().map(|key| format!("keys={key}")).collect();
    let mut all: Vec<(&str, &str)> = keys.iter().map(|key| ("keys", key.as_str())).collect();
    let count = keys.len().to_string();
    all.extend_from_slice(fields);
    all.push(("confirm", &count));
    let path = format!("/api-keys/bulk/{action}");
    let done = manager.submit_from(&format!("{path}?{}", query.join("&")), &path, &all);
    assert!(matches!(done.status, 200 | 303), "{action}: {}", done.body);
    let remaining = listed(&manager.get(LIST), reasons);
    assert!(remaining.is_empty(), "{action} leaves {remaining:?}");
}

/// The keys that are listed for one of these reasons.
fn listed(page: &Page, reasons: &[&str]) -> Vec<String> {
    let rows = page.all(".work-t tbody tr .cell-why");
    let ids = page.all(".work-t tbody tr .keyid");
    let is_listed = |row: &String| reasons.iter().any(|reason| row.contains(reason));
    let listed = rows.iter().zip(ids).filter(|(row, _)| is_listed(row));
    listed.map(|(_, id)| id).collect()
}

#[test]
fn the_list_is_empty_once_everything_on_it_is_resolved() {
    let app = App::new();
    let (db, keyring) = (&app.site.db, &app.site.keyring);
    latchkey::demo::fill(db, keyring, 40, 90, NOW).expect("filled");
    app.find_alerts();
    let manager = app.super_manager();
    let reasons = manager.get(LIST).all(".work-t .cell-why strong");
    for reason in [
        "Revoked key still in use",
        "Expired key still in use",
        "Many denied requests",
        "Rotation due",
        "Never used",
    ] {
        assert!(reasons.iter().any(|text| text == reason), "{reason}: {reasons:?}");
    }
    let in_use = ["Revoked key", "Expired key", "Many denied requests"];
    resolve(&manager, "snooze", &in_use, &[("note", "Told them.")]);
    let rotation = [("overlap", "7d"), ("lifetime", "90")];
    resolve(&manager, "rotate", &["Rotation due", "Expires"], &rotation);
    resolve(&manager, "revoke", &["Never used"], &[]);
    let reviews = |page: &Page| page.all(".section-tabs a").remove(2);
    assert_eq!(reviews(&manager.get(LIST)), "Reviews 1");
    complete_review(&manager);
    app.find_alerts();
    let page = manager.get(LIST);
    assert_eq!(reviews(&page), "Reviews");
    assert!(page.text("main").contains("Nothing needs attention"), "{}", page.text("main"));
    assert_eq!(page.text(".section-tabs a[aria-current]"), "Keys");
}

/// Starts the review that is due, keeps every key and finishes the review.
fn complete_review(manager: &Client) {
    let started = manager.submit("/reviews", &[]);
    let review = started.location().to_owned();
    loop {
        let shown = manager.get(&format!("{review}?view=undecided"));
        if !shown.has("form.review") {
            break;
        }
        let mut fields = shown.form_fields("form.review");
        let ids: Vec<String> = fields
            .iter()
            .filter_map(|(name, _)| name.strip_prefix("note_").map(str::to_owned))
            .collect();
        assert!(!ids.is_empty(), "{}", shown.body);
        fields.extend(ids.iter().map(|id| (format!("decision_{id}"), "keep".to_owned())));
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(manager.post(&review, &fields).status, 303);
    }
    assert_eq!(manager.submit(&format!("{review}/finish"), &[]).status, 303);
}
