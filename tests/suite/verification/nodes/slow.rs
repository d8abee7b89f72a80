//! A PostgreSQL node that takes long to connect: it starts, and it recovers after it has lost its
//! connections.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use latchkey::db::Location;

use super::super::{Key, authorize, pass};
use super::caller::wait_until;
use super::proxy::{Connections, OnConnect, Proxy};
use super::{listener::Nodes, wait_until_current};
use crate::support::{App, is_postgres};

/// Enough time for a host that does not respond and for new connections to another.
const RECOVERY: Duration = Duration::from_secs(8);

/// Starts a node at `through`, drops its connections, and waits until it reads and writes again.
fn starts_and_recovers(here: &App, proxy: &Proxy, through: &Location) {
    let manager = here.super_manager();
    let there = here.second_node_at(through);
    let key = Key::new(&manager, &[]);
    assert_eq!(authorize(&there, "", &key.secret), pass());
    wait_until_current(&there);
    proxy.hang_up(Connections::All);
    let began = Instant::now();
    let other = there.anonymous();
    wait_until("the node is ready", || other.get("/readyz").status == 200);
    wait_until("the node reads", || other.get("/sign-in").status == 200);
    wait_until("the node writes", || there.site.db.write_blocking(|_| Ok(())).is_ok());
    assert!(began.elapsed() <= RECOVERY, "{:?}", began.elapsed());
}

#[test]
fn a_node_whose_connections_take_a_second_and_a_half_starts_and_recovers() {
    if !is_postgres() {
        return; // SQLite has no connections to a server.
    }
    let here = App::set_up();
    let (proxy, through) = Proxy::to(&here.database.location);
    proxy.on_connect(OnConnect::ForwardLate);
    starts_and_recovers(&here, &proxy, &through);
}

#[test]
fn a_node_whose_first_host_does_not_respond_uses_the_second() {
    if !is_postgres() {
        return; // SQLite has no host.
    }
    let here = App::set_up();
    let (proxy, through) = Proxy::to(&here.database.location);
    // The kernel accepts connections to it, and nothing responds.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    starts_and_recovers(&here, &proxy, &with_first_host(&through, &silent));
}

fn with_first_host(location: &Location, first: &TcpListener) -> Location {
    let Location::Postgres(url) = location else { panic!("SQLite has no host") };
    let (user, rest) = url.split_once('@').expect("a user");
    let address = first.local_addr().expect("an address");
    Location::Postgres(format!("{user}@{address},{rest}"))
}

#[test]
fn a_node_that_does_not_receive_changes_is_not_ready_and_says_why() {
    let Some(nodes) = Nodes::new() else { return };
    let ready = || {
        let page = nodes.there.anonymous().get("/readyz");
        (page.status, page.body)
    };
    assert_eq!(ready(), (200, "ok\n".into()));
    nodes.proxy.on_connect(OnConnect::Silence);
    nodes.proxy.freeze(Connections::Listener);
    wait_until("the lease expires", || !nodes.is_current());
    let not_ready = (503, "changes made elsewhere are not heard of\n".into());
    wait_until("the node is not ready", || ready() == not_ready);
    nodes.proxy.on_connect(OnConnect::Forward);
    wait_until("the node is ready", || ready().0 == 200);
}
