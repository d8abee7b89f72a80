//! Tests of pagination.

use super::*;
use proptest::prelude::*;

/// A row of a list: its value, which several rows may share, and its id.
type Row = (i64, String);

fn page(rows: &[Row], is_ascending: bool, cursor: Option<&Cursor>) -> Page<Row> {
    let walk = |walk: &Walk<_>| Ok(walk.pick(rows.to_vec(), is_ascending, Clone::clone));
    Page::load(cursor, walk, Clone::clone).expect("a page")
}

proptest! {
    #[test]
    fn walking_forward_and_back_visits_each_row_once_in_order(
        values in prop::collection::vec(0..9_i64, 0..120), is_ascending: bool,
    ) {
        let rows = values.iter().zip(100..).map(|(value, id)| (*value, id.to_string()));
        let mut rows: Vec<Row> = rows.collect();
        let first = page(&rows, is_ascending, None);
        rows.sort();
        if !is_ascending {
            rows.reverse();
        }
        let (mut last, mut seen) = (first.clone(), first.rows.clone());
        prop_assert!(first.before.is_none());
        while let Some(after) = &last.after {
            prop_assert_eq!(after.position, seen.len() as u64);
            last = page(&rows, is_ascending, Some(after));
            seen.extend(last.rows.clone());
        }
        prop_assert_eq!(&seen, &rows);
        let mut back = last.rows.clone();
        while let Some(before) = &last.before {
            prop_assert_eq!(before.position + back.len() as u64, rows.len() as u64);
            last = page(&rows, is_ascending, Some(before));
            back.splice(..0, last.rows.clone());
        }
        prop_assert_eq!((last.position, &back), (0, &rows));
        prop_assert_eq!(last.rows, first.rows);
    }

    #[test]
    fn a_cursor_reads_back_and_other_text_is_rejected(
        position: u64, id in "[!-}]{0,40}", value in "\\PC{0,40}", is_after: bool, text in ".{0,40}",
    ) {
        let cursor = Cursor { is_after, position, id, value };
        prop_assert_eq!(Cursor::parse(&cursor.text(), is_after), Some(cursor));
        let read = Cursor::parse(&text, true).map(|read| Cursor::parse(&read.text(), true));
        prop_assert!(read.is_none_or(|again| again.is_some()));
    }

    #[test]
    fn sort_keys_read_back(is_open: bool, number: i64, text in "\\PC{0,40}") {
        let pair = (is_open, Timestamp::from_millis(number));
        prop_assert_eq!(SortKey::read(&pair.text()), Some(pair));
        prop_assert_eq!(SortKey::read(&SortKey::text(&text)), Some(text));
    }
}

#[test]
fn an_unreadable_cursor_is_the_first_page() {
    let rows: Vec<Row> = (0..60).map(|number| (number, number.to_string())).collect();
    let cursor = Cursor { is_after: true, position: 25, id: "24".into(), value: "x".into() };
    let page = page(&rows, true, Some(&cursor));
    assert_eq!((page.position, page.rows[0].0, page.before), (0, 0, None));
}

#[test]
fn a_range_gives_the_total_or_its_lower_bound() {
    let page = Page { position: 25, ..Page::single(vec![(); 25]) };
    assert_eq!(page.clone().range(), "");
    assert_eq!(page.clone().of(812).range(), "26–50 of 812");
    assert_eq!(page.of(MAX_COUNTED + 1).range(), "26–50 of 1,000+");
}
