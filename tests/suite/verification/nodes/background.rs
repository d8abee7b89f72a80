//! A PostgreSQL node whose connections hang while it works in the background: the work goes on once the
//! database answers again, and the process can be stopped meanwhile.

use std::time::{Duration, Instant};

use latchkey::base::clock::SECOND;
use latchkey::jobs::Worker;
use latchkey::server;

use super::caller::in_the_end;
use super::listener::Nodes;
use super::proxy::{Proxy, Welcome, Which};
use crate::support::{Client, Shell, is_postgres};

/// What every transaction that writes says first.
const WRITES: &str = "pg_advisory_xact_lock";
const UNTIL: &str = "SELECT COALESCE(MAX(until), 0) FROM leases WHERE name = 'alerts'";

#[test]
fn work_in_the_background_goes_on_after_its_write_hung() {
    let Some(nodes) = Nodes::new() else { return };
    let worker = Worker::start(server::needs(&nodes.there.site)).expect("threads");
    in_the_end("it holds the lease", || nodes.here.number(UNTIL) > 0);
    let held = nodes.here.number(UNTIL);
    nodes.proxy.freeze_at(Some(WRITES));
    nodes.there.advance(25 * SECOND);
    in_the_end("a write hangs", || !nodes.proxy.serves());
    nodes.proxy.freeze_at(None);
    in_the_end("the lease moves", || nodes.here.number(UNTIL) > held);
    let write = || nodes.there.site.db.write_blocking(|_| Ok(()));
    in_the_end("others write", || write().is_ok());
    drop(worker);
    assert_eq!(nodes.here.number(UNTIL), 0, "the lease is given back");
}

#[test]
fn a_process_ends_within_twenty_seconds_while_its_database_says_nothing() {
    if !is_postgres() {
        return; // A file always answers.
    }
    let mut shell = Shell::new();
    let (proxy, through) = Proxy::to(&shell.database.location);
    shell.database.location = through;
    // With the link to the set-up page, which is printed as well.
    let (server, lines) = shell.serve_lines(&[], 2);
    let url = lines[0].split_whitespace().last().expect("an address").to_owned();
    assert_eq!(Client::new(&url).get("/readyz").status, 200);
    proxy.freeze_at(Some(WRITES));
    in_the_end("work in the background hangs", || !proxy.serves());
    proxy.welcome(Welcome::Silence);
    proxy.freeze(Which::All);
    let asking = std::thread::spawn(move || {
        let client = Client::new(&url);
        client.try_send(client.request("/sign-in")).map(|page| page.status)
    });
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    drop(asking.join().expect("it was answered or cut off"));
}
