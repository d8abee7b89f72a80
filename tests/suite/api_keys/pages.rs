//! Pages of the table: in every order, paging forwards and back shows each key once.

use std::collections::BTreeSet;

use crate::support::{App, Client, Page};

const KEYS: usize = 63;

/// An app whose keys have many ties in every order: few distinct dates and last uses, and names
/// that differ in case and accents.
fn app_with_many_keys() -> (App, Client) {
    let app = App::set_up();
    let now = app.site.clock.now().millis();
    let prefixes = ["alpha", "Alpha!", "Ärger", "zulu", "Zulu-", "東京", "_x", "%y", "~z"];
    let updates = (0..KEYS).map(|n| {
        let id = app.key(&format!("{} key {n}", prefixes[n % prefixes.len()]));
        let day = 86_400_000;
        let created = now - i64::try_from(n % 4).expect("a small number") * day;
        let used =
            if n % 3 == 0 { 0 } else { now - i64::try_from(n % 5).expect("a small number") * day };
        let end = now + i64::try_from(n % 6 + 1).expect("a small number") * 30 * day;
        format!(
            "UPDATE api_keys SET created_at = {created}, last_used_at = {used}, expires_at = {end} \
             WHERE id = '{id}';"
        )
    });
    app.sql(&updates.collect::<String>());
    let manager = app.super_manager();
    (app, manager)
}

fn ids(page: &Page) -> Vec<String> {
    page.all("table.keys tbody .keyid")
}

fn link(page: &Page, rel: &str) -> Option<String> {
    page.attribute(&format!(".pager a[rel={rel}]"), "href")
}

#[test]
fn paging_forwards_and_back_shows_each_key_once_in_every_order() {
    let (app, manager) = app_with_many_keys();
    let mut orders = BTreeSet::new();
    for sort in ["created", "name", "last_used", "expires"] {
        let mut both_directions = Vec::new();
        for dir in ["asc", "desc"] {
            let (mut pages, mut footers) = (Vec::new(), Vec::new());
            let mut page = manager.get(&format!("/api-keys?sort={sort}&dir={dir}"));
            assert!(link(&page, "prev").is_none());
            loop {
                assert_eq!(page.status, 200);
                pages.push(ids(&page));
                footers.push(page.text(".foot .num"));
                let Some(next) = link(&page, "next") else { break };
                page = manager.get(&next);
            }
            let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
            assert_eq!(sizes, [25, 25, 13], "{sort} {dir}");
            assert_eq!(
                footers,
                [
                    "1–25 of 63 keys. You can create 37 more.",
                    "26–50 of 63 keys. You can create 37 more.",
                    "51–63 of 63 keys. You can create 37 more.",
                ]
            );
            let all: Vec<String> = pages.concat();
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), KEYS, "{sort} {dir}");
            let mut back = vec![ids(&page)];
            let mut positions = vec![page.text(".foot .num")];
            while let Some(previous) = link(&page, "prev") {
                page = manager.get(&previous);
                back.push(ids(&page));
                positions.push(page.text(".foot .num"));
            }
            back.reverse();
            positions.reverse();
            assert_eq!(back, pages, "{sort} {dir} backwards");
            assert_eq!(positions, footers, "{sort} {dir} backwards");
            both_directions.push(all);
        }
        let mut reversed = both_directions[1].clone();
        reversed.reverse();
        assert_eq!(both_directions[0], reversed, "{sort}: descending is the reverse of ascending");
        assert!(
            orders.insert(both_directions[0].clone()),
            "{sort} has the same order as another column"
        );
    }
    assert_eq!(app.count("api_keys"), 63);
}

#[test]
fn the_columns_show_their_sort_direction_and_link_to_the_reverse() {
    let (_app, manager) = app_with_many_keys();
    let page = manager.get("/api-keys");
    assert_eq!(page.attribute("th.col-created", "aria-sort").as_deref(), Some("descending"));
    assert_eq!(page.text("caption"), "API keys, newest first");
    for (column, sort, first) in [
        ("name", "name", "ascending"),
        ("used", "last_used", "descending"),
        ("expires", "expires", "ascending"),
    ] {
        let href = page.attribute(&format!("th.col-{column} a"), "href").expect("a link");
        assert_eq!(href, format!("/api-keys?sort={sort}"));
        let sorted = manager.get(&href);
        let heading = format!("th.col-{column}");
        assert_eq!(sorted.attribute(&heading, "aria-sort").as_deref(), Some(first));
        assert_eq!(sorted.all("th[aria-sort]").len(), 1);
        let other = sorted.attribute(&format!("{heading} a"), "href").expect("a link");
        let reversed = manager.get(&other);
        let direction = reversed.attribute(&heading, "aria-sort").expect("sorted");
        assert!(direction != first && matches!(direction.as_str(), "ascending" | "descending"));
    }
}

#[test]
fn names_sort_case_insensitively() {
    let app = App::set_up();
    let manager = app.super_manager();
    for name in ["beta", "Alpha", "alpha 2", "Beta 2", "ALPHA 3"] {
        app.key(name);
    }
    let names = manager.get("/api-keys?sort=name").all("table.keys tbody th a");
    assert_eq!(names, ["Alpha", "alpha 2", "ALPHA 3", "beta", "Beta 2"]);
}

#[test]
fn never_used_keys_come_last_when_the_most_recently_used_come_first() {
    let (_app, manager) = app_with_many_keys();
    let page = manager.get("/api-keys?sort=last_used");
    assert!(page.all("td[data-label='Last used']").iter().all(|used| used != "Never"));
    let page = manager.get("/api-keys?sort=last_used&dir=asc");
    let used = page.all("td[data-label='Last used']");
    assert_eq!(used.iter().filter(|used| *used == "Never").count(), 21);
    assert!(used[..21].iter().all(|used| used == "Never"));
}

#[test]
fn pages_keep_the_view_the_filters_and_the_search() {
    let (app, manager) = app_with_many_keys();
    app.sql("UPDATE api_keys SET environment = 'staging', expires_at = 1");
    let first = manager
        .get("/api-keys?view=expired&environment=staging&role=read-and-write&q=key&sort=name");
    let total = first.text(".foot .num");
    let next = link(&first, "next").expect("more pages");
    for kept in ["view=expired", "environment=staging", "role=read-and-write", "q=key", "sort=name"]
    {
        assert!(next.contains(kept), "{kept} in {next}");
    }
    let second = manager.get(&next);
    assert!(second.text(".foot .num").ends_with(total.split(" of ").nth(1).expect("a total")));
    assert!(ids(&second).iter().all(|id| !ids(&first).contains(id)));
}

#[test]
fn a_key_that_is_revoked_while_paging_shifts_no_page() {
    let (app, manager) = app_with_many_keys();
    let first = manager.get("/api-keys?sort=expires");
    let (seen, next) = (ids(&first), link(&first, "next").expect("a page"));
    let before = ids(&manager.get(&next));
    let revoke =
        format!("UPDATE api_keys SET revoked_at = 1 WHERE id IN ('{}', '{}')", seen[3], seen[24]);
    app.sql(&revoke);
    assert_eq!(ids(&manager.get(&next)), before, "the cursor still works when its row is gone");
}

#[test]
fn a_cursor_beyond_the_end_gives_an_empty_page_with_a_way_back() {
    let (_app, manager) = app_with_many_keys();
    let page = manager.get("/api-keys?sort=name&after=63~key_ZZZZZZZZZZZZ~\u{10ffff}");
    assert_eq!(page.status, 200);
    assert!(page.has(".empty h2"));
    let clear = page.attribute(".empty a", "href").expect("a way back");
    assert_eq!(ids(&manager.get(&clear)).len(), 25);
}
