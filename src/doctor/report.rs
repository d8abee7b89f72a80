//! All findings, as lines for people, as JSON, and without names for a public issue.

use std::fmt::Write as _;

use serde::Serialize;

use super::Installation;
use super::finding::{Finding, Level};
use crate::config::Setting;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    pub version: &'static str,
    pub findings: Vec<Finding>,
    pub settings: Vec<Setting>,
}

impl Report {
    pub(super) fn new(installation: &Installation<'_>, findings: Vec<Finding>) -> Self {
        let settings = installation.config.settings.clone();
        Self { version: env!("CARGO_PKG_VERSION"), findings, settings }
    }

    /// The most serious level among the findings.
    pub fn level(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Fine)
    }

    /// Lines for people: what is wrong first.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        for Finding { title, level, text: found, advice, .. } in findings {
            let _ = writeln!(text, "{:<8} {title}: {found}", level.label());
            if !advice.is_empty() {
                let _ = writeln!(text, "{:<8} {advice}", "");
            }
        }
        text
    }

    /// The findings and all settings without the names of people, machines and folders, to publish
    /// in an issue.
    pub fn without_names(&self) -> String {
        let mut text = format!(
            "Latchkey {} on {} {}\n\n",
            self.version,
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        for Finding { id, level, .. } in &self.findings {
            let _ = writeln!(text, "{:<8} {id}", level.as_str());
        }
        text.push('\n');
        for Setting { option, value, source } in &self.settings {
            let value = if is_plain(value) { value.as_str() } else { "(not shown)" };
            let _ = writeln!(text, "{option} = {value} ({})", source.label());
        }
        text
    }
}

/// Whether a value names nothing: a number, a switch, or a word of the program.
fn is_plain(value: &str) -> bool {
    let words = ["", "true", "false", "text", "json", "authorization"];
    words.contains(&value) || value.bytes().all(|byte| byte.is_ascii_digit())
}
