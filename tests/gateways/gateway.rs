//! Starts the real gateways with the configurations of `examples/gateways/`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::Client;
use crate::configuration;

/// How long a gateway may take to accept connections.
const START: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    Nginx,
    /// Debian's version.
    Caddy,
    Caddy210,
    Caddy211,
    HaProxy,
    /// Envoy with `path_override`.
    Envoy,
    /// Envoy with `path_prefix`.
    EnvoyPrefix,
    Traefik,
}

/// A running gateway or service, which is stopped when this is dropped.
pub struct Running {
    pub address: SocketAddr,
    process: Child,
    folder: TempDir,
}

impl Gateway {
    /// Starts the gateway with its example, in front of an API.
    pub fn start(self, latchkey: SocketAddr, api: SocketAddr) -> Running {
        self.start_after(|_| {}, latchkey, api)
    }

    /// Starts the gateway after `change` has modified the folder with its configuration.
    pub fn start_after(
        self,
        change: impl FnOnce(&Path),
        latchkey: SocketAddr,
        api: SocketAddr,
    ) -> Running {
        let (folder, address) = (tempfile::tempdir().expect("a folder"), free_address());
        let command = configuration::write(self, folder.path(), address, latchkey, api);
        change(folder.path());
        let mut running = Running::start(command, address, folder);
        if self == Self::Traefik {
            running.wait_until_it_has_routes();
        }
        running
    }

    /// Starts the gateway in front of the dashboard, with a minimal configuration. It sends paths on
    /// as they are.
    pub fn start_for_dashboard(self, latchkey: SocketAddr) -> Running {
        let (folder, address) = (tempfile::tempdir().expect("a folder"), free_address());
        let mut command = configuration::write(self, folder.path(), address, latchkey, latchkey);
        let (file, site) = match self {
            Self::Nginx => (
                "latchkey.conf",
                format!(
                    "server {{ listen {address}; location / {{ proxy_pass http://{latchkey}; \
                     proxy_set_header Host $http_host; \
                     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }}\n"
                ),
            ),
            Self::Caddy => (
                "Caddyfile",
                format!(
                    "{{\n\tadmin off\n}}\nhttp://:{} {{\n\tbind 127.0.0.1\n\treverse_proxy {latchkey}\n}}\n",
                    address.port()
                ),
            ),
            Self::HaProxy => (
                "haproxy.cfg",
                format!(
                    "global\n maxconn 4000\ndefaults\n mode http\n timeout connect 5s\n \
                     timeout client 60s\n timeout server 60s\n option forwardfor\n\
                     frontend pages\n bind {address}\n default_backend latchkey\n\
                     backend latchkey\n server latchkey {latchkey}\n"
                ),
            ),
            _ => panic!("no test uses {self:?} for the dashboard"),
        };
        fs::write(folder.path().join(file), site).expect("written");
        if self == Self::Nginx {
            let main = folder.path().join("nginx.conf");
            let text = fs::read_to_string(&main).expect("its configuration");
            let many = text.replace("events {}", "events { worker_connections 4000; }");
            fs::write(main, many).expect("written");
        }
        command.env("GOMAXPROCS", "1");
        Running::start(command, address, folder)
    }
}

impl Running {
    /// Starts a program that accepts connections at `address`.
    pub fn start(mut command: Command, address: SocketAddr, folder: TempDir) -> Self {
        let log = File::create(folder.path().join("log")).expect("a log");
        let process = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        let mut running = Self { address, process, folder };
        running.wait_until(|address| TcpStream::connect(address).is_ok());
        running
    }

    /// Traefik accepts connections before it has read its routes, and answers 404 until then. This
    /// path is denied without asking Latchkey.
    fn wait_until_it_has_routes(&mut self) {
        self.wait_until(|address| !Client::new(address).status_of("", "/.;").contains("404"));
    }

    fn wait_until(&mut self, is_ready: impl Fn(SocketAddr) -> bool) {
        let start = Instant::now();
        while !is_ready(self.address) {
            let ended = self.process.try_wait().expect("a status");
            assert!(ended.is_none(), "the program ended: {ended:?}");
            assert!(start.elapsed() < START, "the program is not ready");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    #[expect(clippy::print_stderr, reason = "a failed test prints the log of its gateway")]
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log"));
            eprintln!("{}", log.unwrap_or_default());
        }
    }
}

/// An address that no other test gets. Its port is below those that the system assigns to clients.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).expect("below 100") * 100;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
