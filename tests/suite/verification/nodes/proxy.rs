//! What stands between a node and its PostgreSQL, and can hang up, fall silent and refuse.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use latchkey::db::Location;

/// What the connection of a node that hears of changes says, and no other.
const LISTEN: &str = "LISTEN latchkey_changes";
/// What every connection says first.
const FIRST: &str = "SET TIME ZONE";

/// Longer than a request waits for a connection.
const SLOW: Duration = Duration::from_millis(1_500);

/// What becomes of new connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Welcome {
    Serve,
    /// They are served after [`SLOW`].
    Slowly,
    /// They are accepted, and never told anything.
    Silence,
    /// They are told that they are connected, and nothing else.
    Greet,
    Refuse,
}

pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    /// `None` once it is over.
    welcome: Mutex<Option<Welcome>>,
    lines: Mutex<Vec<Arc<Line>>>,
    faults: Arc<Mutex<Faults>>,
}

/// What happens to what is said, on every connection.
#[derive(Clone, Copy, Default)]
struct Faults {
    commit: OnCommit,
    /// A connection whose client says this is frozen first.
    freeze_at: Option<&'static str>,
}

/// What becomes of COMMIT and its answer.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum OnCommit {
    #[default]
    Forward,
    /// It never arrives, and the connection is cut.
    Lose,
    /// It arrives, and the connection is cut before its answer.
    CutAnswer,
    /// It arrives, and its answer is held back.
    HoldAnswer,
}

/// One connection through the proxy.
struct Line {
    ends: [TcpStream; 2],
    welcome: Welcome,
    is_listener: AtomicBool,
    is_frozen: Mutex<bool>,
    thawed: Condvar,
    faults: Arc<Mutex<Faults>>,
    has_committed: AtomicBool,
}

impl Proxy {
    /// A proxy to the server at `location`, and where it is reached.
    pub fn to(location: &Location) -> (Self, Location) {
        let Location::Postgres(url) = location else { panic!("a file has no connections") };
        let (who, rest) = url.split_once('@').expect("a user");
        let (server, database) = rest.split_once('/').expect("a database");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            welcome: Mutex::new(Some(Welcome::Serve)),
            lines: Mutex::default(),
            faults: Arc::default(),
        });
        let accepting = shared.clone();
        std::thread::spawn(move || accepting.accept(&listener));
        // It reads along, so nothing may be encrypted.
        let through = Location::Postgres(format!("{who}@{address}/{database}?sslmode=disable"));
        (Self { address, shared }, through)
    }

    /// What becomes of connections that are made from now on.
    pub fn welcome(&self, welcome: Welcome) {
        *self.shared.welcome.lock().expect("sound") = Some(welcome);
    }

    /// What becomes of COMMIT and its answer from now on.
    pub fn on_commit(&self, commit: OnCommit) {
        self.shared.faults.lock().expect("sound").commit = commit;
    }

    /// Freezes connections whose client says `words`, before they are forwarded.
    pub fn freeze_at(&self, words: Option<&'static str>) {
        self.shared.faults.lock().expect("sound").freeze_at = words;
    }

    /// Forwards nothing any more, and keeps the connections open.
    pub fn freeze(&self, which: Which) {
        self.each(which, Line::freeze);
    }

    /// Forwards everything again, also what was held back.
    pub fn thaw(&self) {
        for line in &*self.shared.lines.lock().expect("sound") {
            *line.is_frozen.lock().expect("sound") = false;
            line.thawed.notify_all();
        }
    }

    pub fn hang_up(&self, which: Which) {
        self.each(which, Line::hang_up);
    }

    /// How many connections to listen there have been.
    pub fn listeners(&self) -> usize {
        self.shared
            .lines
            .lock()
            .expect("sound")
            .iter()
            .filter(|line| line.is(Which::Listener))
            .count()
    }

    /// Whether no connection is frozen.
    pub fn serves(&self) -> bool {
        let lines = self.shared.lines.lock().expect("sound");
        lines.iter().all(|line| !*line.is_frozen.lock().expect("sound"))
    }

    fn each(&self, which: Which, work: impl Fn(&Line)) {
        self.shared
            .lines
            .lock()
            .expect("sound")
            .iter()
            .filter(|line| line.is(which))
            .for_each(|line| work(line));
    }
}

/// Which connections are meant.
#[derive(Clone, Copy)]
pub enum Which {
    All,
    /// Those on which the node listens.
    Listener,
}

impl Shared {
    fn accept(&self, listener: &TcpListener) {
        for client in listener.incoming() {
            let client = client.expect("a connection");
            // Held while the connection is added: who changes it then meets all connections.
            let welcome = self.welcome.lock().expect("sound");
            match *welcome {
                None => return,
                Some(Welcome::Refuse) => drop(client),
                Some(welcome) => self.connect(client, welcome),
            }
        }
    }

    fn connect(&self, client: TcpStream, welcome: Welcome) {
        let server = TcpStream::connect(&self.server).expect("PostgreSQL answers");
        for end in [&client, &server] {
            end.set_nodelay(true).expect("an option");
        }
        let line = Arc::new(Line {
            ends: [client, server],
            welcome,
            is_listener: AtomicBool::new(false),
            is_frozen: Mutex::new(welcome == Welcome::Silence),
            thawed: Condvar::new(),
            faults: self.faults.clone(),
            has_committed: AtomicBool::new(false),
        });
        self.lines.lock().expect("sound").push(line.clone());
        for from in [0, 1] {
            let line = line.clone();
            std::thread::spawn(move || line.forward(from));
        }
    }
}

impl Line {
    fn is(&self, which: Which) -> bool {
        matches!(which, Which::All) || self.is_listener.load(Ordering::SeqCst)
    }

    /// Forwards from one end to the other for as long as both last.
    fn forward(&self, from: usize) {
        let is_client = from == 0;
        let (mut from, mut to) = (&self.ends[from], &self.ends[1 - from]);
        if is_client && self.welcome == Welcome::Slowly {
            std::thread::sleep(SLOW);
        }
        let mut bytes = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            let bytes = &bytes[..read];
            let says =
                |words: &str| bytes.windows(words.len()).any(|part| part == words.as_bytes());
            if says(LISTEN) {
                self.is_listener.store(true, Ordering::SeqCst);
            }
            if self.welcome == Welcome::Greet && says(FIRST) {
                self.freeze();
            }
            let faults = *self.faults.lock().expect("sound");
            if is_client {
                self.has_committed.store(says("COMMIT"), Ordering::SeqCst);
                if faults.freeze_at.is_some_and(says) {
                    self.freeze();
                }
            }
            if self.has_committed.load(Ordering::SeqCst) {
                match (faults.commit, is_client) {
                    (OnCommit::Lose, _) | (OnCommit::CutAnswer, false) => break,
                    (OnCommit::HoldAnswer, false) => self.freeze(),
                    _ => {}
                }
            }
            let frozen = self.is_frozen.lock().expect("sound");
            drop(self.thawed.wait_while(frozen, |frozen| *frozen).expect("sound"));
            if to.write_all(bytes).is_err() {
                break;
            }
        }
        self.hang_up();
    }

    fn freeze(&self) {
        *self.is_frozen.lock().expect("sound") = true;
    }

    fn hang_up(&self) {
        for end in &self.ends {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        *self.shared.welcome.lock().expect("sound") = None;
        let _ = TcpStream::connect(self.address);
        self.hang_up(Which::All);
        self.thaw();
    }
}
