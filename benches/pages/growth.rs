//! How much a day with a million requests adds to an SQLite file.

use std::net::IpAddr;
use std::sync::Arc;

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl as _};
use latchkey::base::clock::{DAY, Timestamp};
use latchkey::db::{Db, Location};
use latchkey::domain::api_keys::KeyId;
use latchkey::domain::usage::{Recorder, Secret};

const REQUESTS: i64 = 1_000_000;
/// After how many requests usage is written. This is three times an hour. Writing more often does
/// not change the size of the file.
const WRITE_INTERVAL: i64 = REQUESTS / 72;
const SCOPES: [&str; 3] = ["invoices:read", "invoices:write", "orders:read"];
/// The start of the first day.
const START: Timestamp = Timestamp::from_millis(20_780 * DAY);

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Counts a million requests as the program does, with one key and with many, and prints how much
/// the file grows.
pub fn measure() {
    println!("\n{:<58} {:>9} {:>12}", "1,000,000 requests in a day", "rows", "bytes");
    for (name, keys, addresses) in [
        ("with one key, from 3 addresses", 1, 3),
        ("with one key, from 100 addresses", 1, 100),
        ("with 100 keys, each from one address", 100, 1),
        ("with 10,000 keys, each from one address", 10_000, 1),
    ] {
        let (rows, bytes) = growth_per_day(keys, addresses);
        println!("{name:<58} {rows:>9} {bytes:>12}");
    }
}

/// The growth on the second of two days. By then all tables have their first pages.
fn growth_per_day(keys: i64, addresses: i64) -> (i64, i64) {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Db::open(&Location::Sqlite(folder.path().join("latchkey.db"))).expect("a database");
    let ids: Vec<_> = (0..keys).map(|_| KeyId::random().expect("random")).collect();
    let recorder = Recorder::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let scopes = SCOPES.map(Arc::<str>::from);
    let mut sizes = Vec::new();
    for day in 0..2 {
        for request in 0..REQUESTS {
            let at = START.plus(day * DAY + DAY * request / REQUESTS);
            let index = usize::try_from(request % keys).expect("an index");
            let secret = Secret { key_id: ids[index], number: 1 };
            let host = u8::try_from(request / keys % addresses).expect("a number");
            let scope = &scopes[usize::try_from(request / keys % 3).expect("an index")];
            let address = IpAddr::from([203, 0, 113, host]);
            recorder.pass(secret, Some(address), [scope].into_iter(), at);
            if request % WRITE_INTERVAL == 0 {
                runtime.block_on(recorder.write(&db)).expect("written");
            }
        }
        runtime.block_on(recorder.write(&db)).expect("written");
        sizes.push(size(&db));
    }
    (sizes[1].0 - sizes[0].0, sizes[1].1 - sizes[0].1)
}

/// The number of rows of usage, and the bytes of all pages that are in use.
fn size(db: &Db) -> (i64, i64) {
    let number = |query: &str| {
        let result = db.read_blocking(|connection| {
            let row: Number = diesel::sql_query(query).get_result(connection)?;
            Ok(row.number)
        });
        result.expect("read")
    };
    let tables = ["usage_hours", "usage_days", "usage_totals", "usage_addresses", "usage_scopes"];
    let count = |table| number(&format!("SELECT COUNT(*) AS number FROM {table}"));
    let pages = "SELECT (p.page_count - f.freelist_count) * s.page_size AS number FROM \
                 pragma_page_count p, pragma_freelist_count f, pragma_page_size s";
    (tables.into_iter().map(count).sum(), number(pages))
}
