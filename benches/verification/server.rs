//! A server as a process of its own, on a core of its own: what it uses is in /proc.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::counting::{SERVE, WRITES};
use crate::data::Data;

/// The argument that turns the benchmark into the bare server.
pub const BARE: &str = "--bare";
/// What a server says before the address that gateways ask.
pub const ASK: &str = "Gateways and services ask";

/// Linux counts CPU time in hundredths of a second here, whatever it counts in elsewhere.
const TICK: f64 = 10_000.0;
/// How long a server takes, at most, to hear of all changes: until then it remembers nothing.
const SETTLE: Duration = Duration::from_millis(300);

/// A running server.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
}

impl Server {
    /// The program, with one worker and no log.
    pub fn latchkey(data: &Data) -> Self {
        let mut command = pinned(Path::new(env!("CARGO_BIN_EXE_latchkey")));
        command.arg("--data-dir").arg(data.folder.path()).arg("serve");
        command.args(["--workers", "1", "--listen", "127.0.0.1:0"]);
        Self::start(command.args(["--verify-listen", "127.0.0.1:0"]))
    }

    /// This executable as the bare server.
    pub fn bare() -> Self {
        let itself = std::env::current_exe().expect("a path");
        Self::start(pinned(&itself).arg(BARE))
    }

    /// This executable as the program, with one worker; whether it writes what it counts is said.
    pub fn counting(data: &Data, writes: bool) -> Self {
        let itself = std::env::current_exe().expect("a path");
        let mut command = pinned(&itself);
        command.arg(SERVE).arg(data.folder.path()).args(writes.then_some(WRITES));
        Self::start(&mut command)
    }

    fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the server starts, by way of taskset");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let address = lines.find_map(|line| {
            line.expect("a line").strip_prefix(ASK)?.trim().strip_prefix("http://")?.parse().ok()
        });
        thread::sleep(SETTLE);
        Self { process, address: address.expect("an address") }
    }

    /// Microseconds of CPU time until now, of all its threads, in the program and in the kernel.
    pub fn cpu(&self) -> f64 {
        let stat = self.proc("stat");
        // The name of the program comes before, and may hold spaces.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let ticks = fields.split_whitespace().skip(11).take(2);
        TICK * ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>()
    }

    /// Resident memory, in kilobytes.
    pub fn memory(&self) -> u32 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).expect("it runs")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs `program` on the last core, so that every listener of it has one worker and the client
/// finds another core free.
fn pinned(program: &Path) -> Command {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let last = cores.and_then(|cores| cores.trim().rsplit([',', '-']).next()).expect("a core");
    let mut command = Command::new("taskset");
    command.env_clear().args(["--cpu-list", last]).arg(program);
    command
}
