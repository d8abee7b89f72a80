//! What `serve` prints once it listens: sentences where a log is kept, aligned lines on a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

/// Where Latchkey is, and what to do next.
pub(super) struct Announcement {
    /// The URL of the dashboard's own address.
    pub dashboard: String,
    /// The URL of the address for programs alone.
    pub gateways: Option<String>,
    pub metrics: Option<String>,
    /// The link that sets up the first super manager, while there is none.
    pub set_up: Option<String>,
    pub data_dir: PathBuf,
}

impl Announcement {
    /// Errors are ignored: the log and a file contain what matters.
    pub(super) fn print(&self) {
        let mut output = io::stdout().lock();
        let text = if output.is_terminal() { self.aligned() } else { self.sentences() };
        let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    }

    fn sentences(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let lines = [
            Some(format!("Latchkey {version} listens on {}", self.dashboard)),
            self.gateways.as_ref().map(|url| format!("Gateways and services ask {url}")),
            self.metrics.as_ref().map(|url| format!("Metrics are on {url}")),
            self.set_up
                .as_ref()
                .map(|link| format!("Set up the first super manager within one hour: {link}")),
        ];
        lines.into_iter().flatten().map(|line| line + "\n").collect()
    }

    fn aligned(&self) -> String {
        let data = self.data_dir.display().to_string();
        let lines = [
            ("Dashboard", Some(&self.dashboard)),
            ("Gateways", self.gateways.as_ref()),
            ("Metrics", self.metrics.as_ref()),
            ("Set up", self.set_up.as_ref()),
            ("Data", Some(&data)),
        ];
        let lines: String = lines
            .into_iter()
            .filter_map(|(name, value)| Some(format!("  {name:<9}  {}\n", value?)))
            .collect();
        let next = match self.set_up {
            Some(_) => {
                "\nThe set-up link works for one hour. To look around with sample data first:\n  \
                 latchkey demo --data-dir sample && latchkey --data-dir sample\n"
            }
            None => "",
        };
        format!("\nLatchkey {}\n\n{lines}{next}\n", env!("CARGO_PKG_VERSION"))
    }
}
