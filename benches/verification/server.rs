//! A server in its own process, on its own core.

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

/// The argument that runs this benchmark as the bare server.
pub const BARE: &str = "--bare";
/// What a server prints before the address of its listener for programs.
pub const ADDRESS_LABEL: &str = "Gateways and services ask";

/// The time after which a new server receives all changes. Until then it caches nothing.
const STARTUP_DELAY: Duration = Duration::from_millis(300);

/// A running server, which is stopped when this is dropped.
pub struct Server {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub address: SocketAddr,
}

impl Server {
    /// Starts Latchkey with one worker and no log.
    pub fn latchkey(data: &Data) -> Self {
        let mut command = pinned(Path::new(env!("CARGO_BIN_EXE_latchkey")));
        command.arg("--data-dir").arg(data.folder.path()).arg("serve");
        command.args(["--workers", "1", "--listen", "127.0.0.1:0"]);
        Self::start(command.args(["--verify-listen", "127.0.0.1:0"]))
    }

    /// Starts this executable as the bare server.
    pub fn bare() -> Self {
        Self::start(pinned(&this_executable()).arg(BARE))
    }

    /// Starts this executable as Latchkey with one worker. It writes usage only on request.
    pub fn counting(data: &Data) -> Self {
        let mut command = pinned(&this_executable());
        Self::start(command.stdin(Stdio::piped()).arg(SERVE).arg(data.folder.path()))
    }

    /// Writes a line to the server's input and waits for a line of its output.
    pub fn send_line(&mut self, line: &str) {
        let input = self.process.stdin.as_mut().expect("its input");
        writeln!(input, "{line}").expect("written");
        self.lines.next().expect("the server runs").expect("a line");
    }

    fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the server starts, by way of taskset");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let address = lines.find_map(|line| {
            line.expect("a line")
                .strip_prefix(ADDRESS_LABEL)?
                .trim()
                .strip_prefix("http://")?
                .parse()
                .ok()
        });
        thread::sleep(STARTUP_DELAY);
        Self { process, lines, address: address.expect("an address") }
    }

    /// The CPU time of all threads so far, in user mode and in the kernel. Time that the host of a
    /// virtual machine takes is not included.
    pub fn cpu(&self) -> Duration {
        let process = i32::try_from(self.process.id()).expect("Linux");
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(process)).expect("the server runs");
        clock.now().expect("a time").into()
    }

    /// Resident memory, in kilobytes.
    pub fn memory(&self) -> u32 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("the server runs");
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

fn this_executable() -> PathBuf {
    std::env::current_exe().expect("a path")
}

/// A command that runs `program` on the last core. So each of its listeners has one worker, and the
/// client has another core.
fn pinned(program: &Path) -> Command {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let last = cores.and_then(|cores| cores.trim().rsplit([',', '-']).next()).expect("a core");
    let mut command = Command::new("taskset");
    command.env_clear().args(["--cpu-list", last]).arg(program);
    command
}
