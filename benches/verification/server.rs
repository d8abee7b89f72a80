//! A server as a process of its own, on a core of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::time::ClockId;
use nix::unistd::Pid;

use crate::counting::SERVE;
use crate::data::Data;

/// The argument that turns the benchmark into the bare server.
pub const BARE: &str = "--bare";
/// What a server says before the address that gateways ask.
pub const ASK: &str = "Gateways and services ask";

/// How long a server takes, at most, to hear of all changes: until then it remembers nothing.
const SETTLE: Duration = Duration::from_millis(300);

/// A running server, which ends with this.
pub struct Server {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
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
        Self::start(pinned(&itself()).arg(BARE))
    }

    /// This executable as the program, with one worker, that writes what it counts when told to.
    pub fn counting(data: &Data) -> Self {
        let mut command = pinned(&itself());
        Self::start(command.stdin(Stdio::piped()).arg(SERVE).arg(data.folder.path()))
    }

    /// Gives a server that listens to it a line, and waits for one.
    pub fn tell(&mut self, line: &str) {
        let input = self.process.stdin.as_mut().expect("its input");
        writeln!(input, "{line}").expect("it reads");
        self.lines.next().expect("it runs").expect("a line");
    }

    fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the server starts, by way of taskset");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let address = lines.find_map(|line| {
            line.expect("a line").strip_prefix(ASK)?.trim().strip_prefix("http://")?.parse().ok()
        });
        thread::sleep(SETTLE);
        Self { process, lines, address: address.expect("an address") }
    }

    /// CPU time until now, of all its threads, in the program and in the kernel. What the host of
    /// a virtual machine takes is not in it.
    pub fn cpu(&self) -> Duration {
        let process = i32::try_from(self.process.id()).expect("Linux");
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(process)).expect("it runs");
        clock.now().expect("it is told").into()
    }

    /// Resident memory, in kilobytes.
    pub fn memory(&self) -> u32 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn itself() -> PathBuf {
    std::env::current_exe().expect("a path")
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
