//! What a day with a million requests leaves in an SQLite file.

use std::net::IpAddr;
use std::sync::Arc;

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl as _};
use latchkey::base::clock::{DAY, Timestamp};
use latchkey::db::{Db, Location};
use latchkey::domain::api_keys::KeyId;
use latchkey::domain::usage::{Recorder, Secret};

const REQUESTS: i64 = 1_000_000;
/// After how many of them what was counted is written, three times an hour; more often changes
/// nothing in the file.
const EVERY: i64 = REQUESTS / 72;
const SCOPES: [&str; 3] = ["invoices:read", "invoices:write", "orders:read"];
/// The first day that is counted.
const START: Timestamp = Timestamp::from_millis(20_780 * DAY);

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Counts a million requests as the program does, of one key and of many, and prints what the
/// file has grown by.
pub fn measure() {
    println!("\n{:<58} {:>9} {:>12}", "1,000,000 requests in a day", "rows", "bytes");
    for (name, keys, addresses) in [
        ("of one key, from 3 addresses", 1, 3),
        ("of one key, from 100 addresses", 1, 100),
        ("of 100 keys, each from one address", 100, 1),
        ("of 10,000 keys, each from one address", 10_000, 1),
    ] {
        let (rows, bytes) = of_a_day(keys, addresses);
        println!("{name:<58} {rows:>9} {bytes:>12}");
    }
}

/// What the second of two days adds: tables and their first pages are there by then.
fn of_a_day(keys: i64, addresses: i64) -> (i64, i64) {
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
            let place = usize::try_from(request % keys).expect("a place");
            let secret = Secret { key_id: ids[place], number: 1 };
            let host = u8::try_from(request / keys % addresses).expect("a number");
            let asked = &scopes[usize::try_from(request / keys % 3).expect("a place")];
            let address = IpAddr::from([203, 0, 113, host]);
            recorder.pass(secret, Some(address), [asked].into_iter(), at);
            if request % EVERY == 0 {
                runtime.block_on(recorder.write(&db)).expect("written");
            }
        }
        runtime.block_on(recorder.write(&db)).expect("written");
        sizes.push(size(&db));
    }
    (sizes[1].0 - sizes[0].0, sizes[1].1 - sizes[0].1)
}

/// The rows of counts and addresses, and the bytes of all pages that hold something.
fn size(db: &Db) -> (i64, i64) {
    let number = |query: &str| {
        let found = db.read_blocking(|connection| {
            let row: Number = diesel::sql_query(query).get_result(connection)?;
            Ok(row.number)
        });
        found.expect("read")
    };
    let tables = ["usage_hours", "usage_days", "usage_totals", "usage_addresses", "usage_scopes"];
    let count = |table| number(&format!("SELECT COUNT(*) AS number FROM {table}"));
    let pages = "SELECT (p.page_count - f.freelist_count) * s.page_size AS number FROM \
                 pragma_page_count p, pragma_freelist_count f, pragma_page_size s";
    (tables.into_iter().map(count).sum(), number(pages))
}
