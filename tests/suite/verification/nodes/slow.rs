//! A PostgreSQL node that needs a while to connect: it starts, and after its connections were lost it
//! recovers, as psql would.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use latchkey::db::Location;

use super::super::{Key, pass, told};
use super::caller::in_the_end;
use super::proxy::{Proxy, Welcome, Which};
use super::{is_current_in_the_end, listener::Nodes};
use crate::support::{App, is_postgres};

/// The time for one host that does not answer, and for a server's own connections.
const RECOVERY: Duration = Duration::from_secs(8);

/// Starts a node at `through`, cuts its connections, and waits until it reads, writes and hears again.
fn starts_and_recovers(here: &App, proxy: &Proxy, through: &Location) {
    let manager = here.super_manager();
    let there = here.second_node_at(through);
    let key = Key::new(&manager, &[]);
    assert_eq!(told(&there, "", &key.secret), pass());
    is_current_in_the_end(&there);
    proxy.hang_up(Which::All);
    let began = Instant::now();
    let other = there.anonymous();
    in_the_end("it can be used", || other.get("/readyz").status == 200);
    in_the_end("it reads", || other.get("/sign-in").status == 200);
    in_the_end("it writes", || there.site.db.write_blocking(|_| Ok(())).is_ok());
    assert!(began.elapsed() <= RECOVERY, "{:?}", began.elapsed());
}

#[test]
fn a_node_whose_connections_take_a_second_and_a_half_starts_and_recovers() {
    if !is_postgres() {
        return; // A file is opened at once.
    }
    let here = App::set_up();
    let (proxy, through) = Proxy::to(&here.database.location);
    proxy.welcome(Welcome::Slowly);
    starts_and_recovers(&here, &proxy, &through);
}

#[test]
fn a_node_whose_first_host_says_nothing_uses_the_second() {
    if !is_postgres() {
        return; // A file has no host.
    }
    let here = App::set_up();
    let (proxy, through) = Proxy::to(&here.database.location);
    // The kernel accepts for it.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    starts_and_recovers(&here, &proxy, &with_first_host(&through, &silent));
}

fn with_first_host(location: &Location, first: &TcpListener) -> Location {
    let Location::Postgres(url) = location else { panic!("a file has no host") };
    let (who, rest) = url.split_once('@').expect("a user");
    let address = first.local_addr().expect("an address");
    Location::Postgres(format!("{who}@{address},{rest}"))
}

#[test]
fn a_node_that_does_not_hear_of_changes_is_not_ready_and_says_so() {
    let Some(nodes) = Nodes::new() else { return };
    let ready = || {
        let page = nodes.there.anonymous().get("/readyz");
        (page.status, page.body)
    };
    assert_eq!(ready(), (200, "ok\n".into()));
    nodes.proxy.welcome(Welcome::Silence);
    nodes.proxy.freeze(Which::Listener);
    in_the_end("its lease lapses", || !nodes.is_current());
    let deaf = (503, "changes made elsewhere are not heard of\n".into());
    in_the_end("it is not ready", || ready() == deaf);
    nodes.proxy.welcome(Welcome::Serve);
    in_the_end("it is ready", || ready().0 == 200);
}
