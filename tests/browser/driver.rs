//! `ChromeDriver`, which all tests of this program share, on a port that it chooses.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

struct Driver {
    url: String,
    // Kept until this program ends. Then its standard input closes, which stops ChromeDriver.
    _child: Child,
    _output: BufReader<ChildStdout>,
}

/// Stops the whole process group, including browsers, once the standard input closes. This works
/// even if this program is killed.
const SCRIPT: &str = "chromedriver --port=0 & read -r _; kill 0";

/// Where `ChromeDriver` listens.
pub fn url() -> &'static str {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    &DRIVER.get_or_init(start).url
}

fn start() -> Driver {
    let mut child = Command::new("sh")
        .args(["-c", SCRIPT])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut output = BufReader::new(child.stdout.take().expect("an output"));
    let mut line = String::new();
    let port = loop {
        line.clear();
        let read = output.read_line(&mut line).expect("the output of ChromeDriver");
        assert!(read > 0, "ChromeDriver did not start: is the package chromium-driver installed?");
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            break port.trim().trim_end_matches('.').parse::<u16>().expect("a port");
        }
    };
    Driver { url: format!("http://127.0.0.1:{port}"), _child: child, _output: output }
}
