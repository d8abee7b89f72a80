//! The table with more keys than are counted: few and many matches are queried differently, but
//! show the same keys.

use latchkey::base::keyring::Keyring;
use latchkey::db::Db;
use latchkey::db::keyset::{Cursor, MAX_COUNTED, Page};
use latchkey::demo;
use latchkey::domain::api_keys::{
    self, ApiKey, Direction, Environment, Filter, Sort, Status, View,
};
use latchkey::domain::settings;

use crate::support::{Database, NOW};

struct Table {
    db: Db,
    _database: Database,
}

impl Table {
    fn filled(keys: u32) -> Self {
        let database = Database::new();
        let db = Db::open(&database.location).expect("a database");
        let keyring = Keyring::from_bytes(&[42; 32]);
        db.write_blocking(|tx| settings::prepare(tx, &keyring)).expect("settings");
        demo::fill(&db, &keyring, keys, 0, NOW).expect("filled");
        Self { db, _database: database }
    }

    fn page(&self, filter: &Filter, cursor: Option<&Cursor>) -> Page<ApiKey> {
        let page = self.db.read_blocking(|connection| {
            let totals = api_keys::totals(connection, NOW)?;
            api_keys::list(connection, filter, cursor, &totals, NOW)
        });
        page.expect("a page")
    }

    /// All keys of a view in the given order, read page by page.
    fn all(&self, view: View, sort: Sort, direction: Direction) -> Vec<ApiKey> {
        let filter = Filter { view, sort, direction, ..Filter::default() };
        let mut page = self.page(&filter, None);
        let mut keys = page.rows;
        while let Some(after) = page.after {
            page = self.page(&filter, Some(&after));
            keys.extend(page.rows);
        }
        keys
    }
}

/// The value that keys are sorted by.
fn sort_value(key: &ApiKey, sort: Sort) -> String {
    match sort {
        Sort::Created => key.created_at.millis().to_string(),
        Sort::Name => key.name.sort_key(),
        Sort::LastUsed => key.last_used_at.unwrap_or_default().millis().to_string(),
        Sort::Expires => key.expires_at.millis().to_string(),
    }
}

fn ids<'a>(keys: impl IntoIterator<Item = &'a ApiKey>) -> Vec<&'a str> {
    keys.into_iter().map(|key| key.id.as_str()).collect()
}

const SORTS: [Sort; 4] = [Sort::Created, Sort::Name, Sort::LastUsed, Sort::Expires];

#[test]
fn pages_show_every_key_once_and_in_order() {
    let table = Table::filled(1300);
    let live = table.all(View::All, Sort::Created, Direction::Descending);
    assert!(i64::try_from(live.len()).expect("small") > MAX_COUNTED);
    for sort in SORTS {
        let mut expected: Vec<_> = live.iter().collect();
        expected.sort_by_key(|key| (sort_value(key, sort), key.id));
        let listed = table.all(View::All, sort, Direction::Ascending);
        assert_eq!(ids(&listed), ids(expected.iter().copied()), "{sort:?}");
        expected.reverse();
        let listed = table.all(View::All, sort, Direction::Descending);
        assert_eq!(ids(&listed), ids(expected), "{sort:?}");
    }
}

/// Whether the name, the owner or the external id of a key contains `text`, in lower case.
fn has_text(key: &ApiKey, text: &str) -> bool {
    let others = [key.owner.as_str(), key.external_id.as_str()].map(str::to_ascii_lowercase);
    key.name.folded().contains(text) || others.iter().any(|other| other.contains(text))
}

/// A filter, and whether it should show a key.
type FilterCase<'a> = (Filter, Box<dyn Fn(&ApiKey) -> bool + 'a>);

#[test]
fn a_filter_finds_the_right_keys_whether_few_or_many_match() {
    let table = Table::filled(3000);
    let live = table.all(View::All, Sort::Created, Direction::Descending);
    let prefix = live[7].id.as_str()[..5].to_owned();
    let role_id = live[7].role_id.clone();
    let with_owner = live.iter().find(|key| !key.owner.as_str().is_empty());
    let owner = with_owner.expect("a key with an owner").owner.as_str().to_owned();
    let plain = Filter::default;
    let cases: [FilterCase<'_>; 11] = [
        (
            Filter { view: View::Expired, ..plain() },
            Box::new(|key| key.status(NOW) == Status::Expired),
        ),
        (
            Filter { search: "a".into(), ..plain() },
            Box::new(|key| has_text(key, "a") || key.id.as_str().contains('A')),
        ),
        (Filter { search: "key_".into(), ..plain() }, Box::new(|_| false)),
        (
            Filter { search: prefix.to_lowercase(), ..plain() },
            Box::new(|key| key.id.as_str().starts_with(&prefix)),
        ),
        (
            Filter { search: live[7].id.as_str().into(), ..plain() },
            Box::new(|key| key.id == live[7].id),
        ),
        (Filter { search: "GATEWAY".into(), ..plain() }, Box::new(|key| has_text(key, "gateway"))),
        (Filter { search: "no such key".into(), ..plain() }, Box::new(|_| false)),
        (
            Filter { role_id: Some(role_id.clone()), ..plain() },
            Box::new(|key| key.role_id == role_id),
        ),
        (
            Filter { environment: Some(Environment::Production), ..plain() },
            Box::new(|key| key.environment == Environment::Production),
        ),
        (
            Filter { search: owner.to_uppercase(), ..plain() },
            Box::new(|key| has_text(key, &owner.to_lowercase())),
        ),
        (Filter { owner: owner.clone(), ..plain() }, Box::new(|key| key.owner.as_str() == owner)),
    ];
    for (filter, matches) in cases {
        let expected: Vec<_> = live.iter().filter(|key| matches(key)).collect();
        let page = table.page(&filter, None);
        let first = ids(expected.iter().take(25).copied());
        assert_eq!(ids(&page.rows), first, "{filter:?}");
        let counted = i64::try_from(expected.len()).expect("small").min(MAX_COUNTED + 1);
        assert_eq!(page.total, Some(counted), "{filter:?}");
    }
}
