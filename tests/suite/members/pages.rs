//! The table of members: paging and search.

use super::app_with_ines;
use crate::support::{App, Client, Page};

fn names(page: &Page) -> Vec<String> {
    page.all("table.members tbody th")
}

fn link(page: &Page, rel: &str) -> Option<String> {
    page.attribute(&format!(".pager a[rel={rel}]"), "href")
}

/// An app with Ines signed in, who has invited 60 members.
fn app_with_sixty_invitations() -> (App, Client) {
    let (app, ines) = app_with_ines();
    for number in 0..60 {
        let (name, email) = (format!("Élise {number:02}"), format!("elise.{number}@example.com"));
        let fields = [("name", name.as_str()), ("email", email.as_str())];
        assert_eq!(ines.submit_from("/members/new", "/members", &fields).status, 200);
    }
    (app, ines)
}

#[test]
fn a_short_table_has_neither_a_pager_nor_a_search() {
    let (_app, ines) = app_with_ines();
    let page = ines.get("/members");
    assert_eq!(names(&page).len(), 1);
    assert!(!page.has(".pager") && !page.has("#q"));
}

#[test]
fn paging_forwards_and_back_shows_each_member_once_sorted_by_name() {
    let (_app, ines) = app_with_sixty_invitations();
    let first = ines.get("/members");
    assert_eq!(first.text(".foot p"), "1–25 of 61");
    assert_eq!(link(&first, "prev"), None);
    let (mut page, mut seen, mut hrefs) = (ines.get("/members"), names(&first), Vec::new());
    while let Some(next) = link(&page, "next") {
        page = ines.get(&next);
        seen.extend(names(&page));
        hrefs.push(next);
    }
    let mut expected: Vec<String> = (0..60).map(|number| format!("Élise {number:02}")).collect();
    expected.push("Ines OkaforYou".into());
    assert_eq!(seen, expected);
    assert_eq!((hrefs.len(), page.text(".foot p").as_str()), (2, "51–61 of 61"));
    for _ in hrefs {
        page = ines.get(&link(&page, "prev").expect("a previous page"));
    }
    assert_eq!((names(&page), page.text(".foot p")), (names(&first), first.text(".foot p")));
}

#[test]
fn a_search_finds_members_by_part_of_their_name_or_address() {
    let (_app, ines) = app_with_sixty_invitations();
    let find = |search: &str| names(&ines.get(&format!("/members?q={search}")));
    assert_eq!(find("%C3%A9lise+07"), ["Élise 07"]);
    assert_eq!(find("ELISE.31%40"), ["Élise 31"]);
    assert_eq!(find("okafor"), ["Ines OkaforYou"]);
    let all = ines.get("/members?q=example.com");
    assert_eq!(all.text(".foot p"), "1–25 of 60");
    let next = link(&all, "next").expect("a next page");
    assert!(next.contains("q=example.com"), "{next}");
    assert_eq!(ines.get(&next).text(".foot p"), "26–50 of 60");
    let empty = ines.get("/members?q=%3Cb%3E");
    assert_eq!(empty.text(".empty h2"), "No members found");
    assert_eq!(empty.attribute("#q", "value").as_deref(), Some("<b>"));
    assert_eq!(empty.attribute(".empty a", "href").as_deref(), Some("/members"));
}

#[test]
fn an_invalid_cursor_shows_the_first_page() {
    let (_app, ines) = app_with_sixty_invitations();
    let first = names(&ines.get("/members"));
    for cursor in ["after=x", "before=1~2", "after=%00~%00~%00", "before=-1~x~y", "after="] {
        assert_eq!(names(&ines.get(&format!("/members?{cursor}"))), first, "{cursor}");
    }
}

#[test]
fn the_page_stays_small_with_ten_thousand_members() {
    let (app, ines) = app_with_ines();
    app.sql(
        "INSERT INTO members (id, name, email, email_folded, super_manager, version, created_at) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000) \
         SELECT 'mem_' || CAST(n AS TEXT), 'Member ' || n, n || '@example.com', n || '@example.com', \
         false, 1, 1 FROM numbers",
    );
    for path in ["/members", "/members?q=member", "/members/new"] {
        let page = ines.get(path);
        assert_eq!((page.status, names(&page).len()), (200, 25), "{path}");
        assert!(page.body.len() < 60_000, "{path}: {} bytes", page.body.len());
    }
    assert_eq!(ines.get("/members").text(".foot p"), "1–25 of 1,000+");
    assert_eq!(names(&ines.get("/members?q=9876")), ["Member 9876"]);
}
