//! `ChromeDriver`: one for all tests of this program, on a port of its own choosing.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

struct Driver {
    url: String,
    // Held until this program ends: then its standard input closes, which ends ChromeDriver.
    _child: Child,
    _output: BufReader<ChildStdout>,
}

/// Ends the whole group, browsers included, as soon as nobody holds the standard input any more:
/// also when this program is killed.
const GUARDED: &str = "chromedriver --port=0 & read -r _; kill 0";

/// Where `ChromeDriver` listens.
pub fn url() -> &'static str {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    &DRIVER.get_or_init(start).url
}

fn start() -> Driver {
    let mut child = Command::new("sh")
        .args(["-c", GUARDED])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut output = BufReader::new(child.stdout.take().expect("an output"));
    let mut line = String::new();
    let port = loop {
        line.clear();
        let read = output.read_line(&mut line).expect("what ChromeDriver says");
        assert!(read > 0, "ChromeDriver did not start: is the package chromium-driver installed?");
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            break port.trim().trim_end_matches('.').parse::<u16>().expect("a port");
        }
    };
    Driver { url: format!("http://127.0.0.1:{port}"), _child: child, _output: output }
}
