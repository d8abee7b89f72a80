//! A proxy between a node and PostgreSQL that can close, freeze and refuse connections.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use latchkey::db::Location;

/// Only the connection over which a node receives changes sends this.
const LISTEN: &str = "LISTEN latchkey_changes";
/// Every connection sends this first.
const FIRST_STATEMENT: &str = "SET TIME ZONE";

/// Longer than a request waits for a connection.
const SLOW_START: Duration = Duration::from_millis(1_500);

/// What happens to new connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OnConnect {
    Forward,
    /// They are forwarded after [`SLOW_START`].
    ForwardLate,
    /// They are accepted and get no data.
    Silence,
    /// The server completes the handshake, and then they get no data.
    HandshakeOnly,
    Refuse,
}

pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    /// `None` once the proxy has ended.
    on_connect: Mutex<Option<OnConnect>>,
    links: Mutex<Vec<Arc<Link>>>,
    faults: Arc<Mutex<Faults>>,
}

/// The faults of every connection.
#[derive(Clone, Copy, Default)]
struct Faults {
    commit: OnCommit,
    /// A connection is frozen before its client's next data that contains this.
    freeze_at: Option<&'static str>,
}

/// What happens to COMMIT and its response.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum OnCommit {
    #[default]
    Forward,
    /// It does not arrive, and the connection is closed.
    Lose,
    /// It arrives, and the connection is closed before its response.
    LoseResponse,
    /// It arrives, and its response is held back.
    HoldResponse,
}

/// One connection through the proxy.
struct Link {
    ends: [TcpStream; 2],
    on_connect: OnConnect,
    is_listener: AtomicBool,
    is_frozen: Mutex<bool>,
    thawed: Condvar,
    faults: Arc<Mutex<Faults>>,
    has_committed: AtomicBool,
}

impl Proxy {
    /// Starts a proxy to the server at `location`, and returns the location of the proxy as well.
    pub fn to(location: &Location) -> (Self, Location) {
        let Location::Postgres(url) = location else {
            panic!("SQLite has no connections to a server")
        };
        let (user, rest) = url.split_once('@').expect("a user");
        let (server, database) = rest.split_once('/').expect("a database");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            on_connect: Mutex::new(Some(OnConnect::Forward)),
            links: Mutex::default(),
            faults: Arc::default(),
        });
        let accepting = shared.clone();
        std::thread::spawn(move || accepting.accept(&listener));
        // Without encryption, so that the proxy can read statements.
        let through = Location::Postgres(format!("{user}@{address}/{database}?sslmode=disable"));
        (Self { address, shared }, through)
    }

    /// Sets what happens to connections that are opened from now on.
    pub fn on_connect(&self, on_connect: OnConnect) {
        *self.shared.on_connect.lock().expect("not poisoned") = Some(on_connect);
    }

    /// Sets what happens to COMMIT and its response from now on.
    pub fn on_commit(&self, commit: OnCommit) {
        self.shared.faults.lock().expect("not poisoned").commit = commit;
    }

    /// Freezes connections before their client's next data that contains `text`.
    pub fn freeze_at(&self, text: Option<&'static str>) {
        self.shared.faults.lock().expect("not poisoned").freeze_at = text;
    }

    /// Stops forwarding, but keeps the connections open.
    pub fn freeze(&self, which: Connections) {
        self.each(which, Link::freeze);
    }

    /// Forwards data again, including what was held back.
    pub fn thaw(&self) {
        for link in &*self.shared.links.lock().expect("not poisoned") {
            *link.is_frozen.lock().expect("not poisoned") = false;
            link.thawed.notify_all();
        }
    }

    /// Closes connections.
    pub fn hang_up(&self, which: Connections) {
        self.each(which, Link::hang_up);
    }

    /// How many connections to receive changes have been opened so far.
    pub fn listeners(&self) -> usize {
        self.shared
            .links
            .lock()
            .expect("not poisoned")
            .iter()
            .filter(|link| link.is(Connections::Listener))
            .count()
    }

    /// Whether no connection is frozen.
    pub fn is_forwarding(&self) -> bool {
        let links = self.shared.links.lock().expect("not poisoned");
        links.iter().all(|link| !*link.is_frozen.lock().expect("not poisoned"))
    }

    fn each(&self, which: Connections, work: impl Fn(&Link)) {
        self.shared
            .links
            .lock()
            .expect("not poisoned")
            .iter()
            .filter(|link| link.is(which))
            .for_each(|link| work(link));
    }
}

/// The connections to which a fault applies.
#[derive(Clone, Copy)]
pub enum Connections {
    All,
    /// Those over which the node receives changes.
    Listener,
}

impl Shared {
    fn accept(&self, listener: &TcpListener) {
        for client in listener.incoming() {
            let client = client.expect("a connection");
            // Locked until the connection is added, so that later faults apply to it.
            let on_connect = self.on_connect.lock().expect("not poisoned");
            match *on_connect {
                None => return,
                Some(OnConnect::Refuse) => drop(client),
                Some(on_connect) => self.connect(client, on_connect),
            }
        }
    }

    fn connect(&self, client: TcpStream, on_connect: OnConnect) {
        let server = TcpStream::connect(&self.server).expect("PostgreSQL accepts connections");
        for end in [&client, &server] {
            end.set_nodelay(true).expect("an option");
        }
        let link = Arc::new(Link {
            ends: [client, server],
            on_connect,
            is_listener: AtomicBool::new(false),
            is_frozen: Mutex::new(on_connect == OnConnect::Silence),
            thawed: Condvar::new(),
            faults: self.faults.clone(),
            has_committed: AtomicBool::new(false),
        });
        self.links.lock().expect("not poisoned").push(link.clone());
        for from in [0, 1] {
            let link = link.clone();
            std::thread::spawn(move || link.forward(from));
        }
    }
}

impl Link {
    fn is(&self, which: Connections) -> bool {
        matches!(which, Connections::All) || self.is_listener.load(Ordering::SeqCst)
    }

    /// Forwards from one end to the other until one of them is closed.
    fn forward(&self, from: usize) {
        let is_client = from == 0;
        let (mut from, mut to) = (&self.ends[from], &self.ends[1 - from]);
        if is_client && self.on_connect == OnConnect::ForwardLate {
            std::thread::sleep(SLOW_START);
        }
        let mut bytes = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            let bytes = &bytes[..read];
            let contains =
                |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
            if contains(LISTEN) {
                self.is_listener.store(true, Ordering::SeqCst);
            }
            if self.on_connect == OnConnect::HandshakeOnly && contains(FIRST_STATEMENT) {
                self.freeze();
            }
            let faults = *self.faults.lock().expect("not poisoned");
            if is_client {
                self.has_committed.store(contains("COMMIT"), Ordering::SeqCst);
                if faults.freeze_at.is_some_and(contains) {
                    self.freeze();
                }
            }
            if self.has_committed.load(Ordering::SeqCst) {
                match (faults.commit, is_client) {
                    (OnCommit::Lose, _) | (OnCommit::LoseResponse, false) => break,
                    (OnCommit::HoldResponse, false) => self.freeze(),
                    _ => {}
                }
            }
            let frozen = self.is_frozen.lock().expect("not poisoned");
            drop(self.thawed.wait_while(frozen, |frozen| *frozen).expect("not poisoned"));
            if to.write_all(bytes).is_err() {
                break;
            }
        }
        self.hang_up();
    }

    fn freeze(&self) {
        *self.is_frozen.lock().expect("not poisoned") = true;
    }

    fn hang_up(&self) {
        for end in &self.ends {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        *self.shared.on_connect.lock().expect("not poisoned") = None;
        let _ = TcpStream::connect(self.address);
        self.hang_up(Connections::All);
        self.thaw();
    }
}
