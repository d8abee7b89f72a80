//! A PostgreSQL node whose connections hang during background work: the work resumes once the
//! database responds again, and until then the process can still be stopped.

use std::time::{Duration, Instant};

use latchkey::base::clock::SECOND;
use latchkey::jobs::Worker;
use latchkey::server;

use super::caller::wait_until;
use super::listener::Nodes;
use super::proxy::{Connections, OnConnect, Proxy};
use crate::support::{Client, Shell, is_postgres};

/// Part of the first statement of every transaction that writes.
const WRITE_LOCK: &str = "pg_advisory_xact_lock";
const LEASE_END: &str = "SELECT COALESCE(MAX(until), 0) FROM leases WHERE name = 'alerts'";

#[test]
fn background_work_resumes_after_a_write_hung() {
    let Some(nodes) = Nodes::new() else { return };
    let worker = Worker::start(server::dependencies(&nodes.there.site)).expect("threads");
    wait_until("the node holds the lease", || nodes.here.number(LEASE_END) > 0);
    let first_end = nodes.here.number(LEASE_END);
    nodes.proxy.freeze_at(Some(WRITE_LOCK));
    nodes.there.advance(25 * SECOND);
    wait_until("a write hangs", || !nodes.proxy.is_forwarding());
    nodes.proxy.freeze_at(None);
    wait_until("the lease is renewed", || nodes.here.number(LEASE_END) > first_end);
    let write = || nodes.there.site.db.write_blocking(|_| Ok(()));
    wait_until("other writes succeed", || write().is_ok());
    drop(worker);
    assert_eq!(nodes.here.number(LEASE_END), 0, "the lease is released");
}

#[test]
fn a_process_ends_within_twenty_seconds_while_its_database_does_not_respond() {
    if !is_postgres() {
        return; // SQLite always responds.
    }
    let mut shell = Shell::new();
    let (proxy, through) = Proxy::to(&shell.database.location);
    shell.database.location = through;
    // The second line is the link to the set-up page.
    let (server, lines) = shell.serve_lines(&[], 2);
    let url = lines[0].split_whitespace().last().expect("an address").to_owned();
    assert_eq!(Client::new(&url).get("/readyz").status, 200);
    proxy.freeze_at(Some(WRITE_LOCK));
    wait_until("background work hangs", || !proxy.is_forwarding());
    proxy.on_connect(OnConnect::Silence);
    proxy.freeze(Connections::All);
    let request = std::thread::spawn(move || {
        let client = Client::new(&url);
        client.try_send(client.request("/sign-in")).map(|page| page.status)
    });
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    drop(request.join().expect("the request ends"));
}
