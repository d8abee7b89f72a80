//! Commands that describe or ask the program, and what it prints on a terminal.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::process::{Output, Stdio};
use std::time::Duration;

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::start::{Installation, error_line};

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn health_says_whether_a_server_is_ready() {
    let installation = Installation::new();
    let running = installation.serve();
    let address = running.url.strip_prefix("http://").expect("a URL").to_owned();
    assert_eq!(text(&installation.run(&["health", "--url", &running.url], "")), "ready\n");
    // As in a container, where the address is a setting.
    assert_eq!(text(&installation.run(&["health", "--listen", &address], "")), "ready\n");
    let any = address.replace("127.0.0.1", "0.0.0.0");
    assert_eq!(text(&installation.run(&["health", "--listen", &any], "")), "ready\n");
    running.stop();
    let line = error_line(&installation.run(&["health", "--listen", &address], ""));
    assert!(
        line.contains(&format!("http://{address} is not ready: Could not be reached")),
        "{line}"
    );
    let line = error_line(&installation.run(&["health", "--listen", "127.0.0.1:0"], ""));
    assert!(line.contains("--url"), "{line}");
    // Something else that listens there and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    let line = error_line(&installation.run(&["health", "--listen", &address], ""));
    assert!(line.contains("Did not answer within 5 seconds"), "{line}");
}

#[test]
fn shells_and_man_get_the_whole_command_line() {
    let installation = Installation::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(&installation.run(&["completions", shell], ""));
        assert!(script.contains("reset-two-step") && script.contains("public-url"), "{shell}");
    }
    let line = error_line(&installation.run(&["completions", "csh"], ""));
    assert!(line.contains("csh") && line.contains("bash"), "{line}");
    let directory = installation.folder.path().join("share/man1");
    let name = directory.display().to_string();
    let line = error_line(&installation.run(&["man", &name], ""));
    assert!(line.contains(&name), "{line}");
    fs::create_dir_all(&directory).expect("a folder");
    let said = text(&installation.run(&["man", &name], ""));
    assert_eq!(said, format!("Wrote the manual pages into {name}.\n"));
    let page = fs::read_to_string(directory.join("latchkey.1")).expect("a page");
    assert!(page.contains(".TH latchkey 1") && page.contains("LATCHKEY_PUBLIC_URL"), "{page}");
    let page = fs::read_to_string(directory.join("latchkey-member-add.1")).expect("a page");
    assert!(page.contains("super\\-manager"), "{page}");
    assert!(!installation.data().exists(), "no data directory was created");
}

#[test]
fn a_service_manager_hears_that_the_program_is_ready_works_and_stops() {
    let installation = Installation::new();
    let path = installation.folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_mins(1))).expect("a time limit");
    let hear = || {
        let mut state = [0; 64];
        let length = socket.recv(&mut state).expect("a message");
        String::from_utf8_lossy(&state[..length]).trim().to_owned()
    };
    let mut command = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
    assert_eq!([hear(), hear(), hear()], ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).expect("a signal");
    let last = std::iter::repeat_with(hear).find(|state| state != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}

#[test]
fn a_terminal_gets_aligned_lines_and_no_log() {
    let installation = Installation::new();
    let terminal = openpty(None, None).expect("a terminal");
    let mut command = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
    let error = terminal.slave.try_clone().expect("a terminal");
    let mut child = command.stdout(terminal.slave).stderr(error).spawn().expect("started");
    drop(command);
    let lines = BufReader::new(File::from(terminal.master)).lines();
    let mut lines = lines.map(|line| line.expect("a line").trim_end().to_owned());
    let is_warning = |line: &String| line.contains("WARN");
    let shown: Vec<String> = lines.by_ref().filter(|line| !is_warning(line)).take(9).collect();
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(shown[1], format!("Latchkey {}", env!("CARGO_PKG_VERSION")));
    assert!(shown[3].starts_with("  Dashboard  http://127.0.0.1:"), "{shown:?}");
    assert!(shown[4].starts_with("  Set up     http://127.0.0.1:"), "{shown:?}");
    assert_eq!(shown[5], format!("  Data       {}", installation.data().display()));
    assert_eq!(shown[8], "  latchkey demo --data-dir sample && latchkey --data-dir sample");
}
