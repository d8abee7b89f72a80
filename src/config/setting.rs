//! Every setting with its value and where the value comes from, without secrets.

use std::ffi::{OsStr, OsString};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use serde::Serialize;
use url::Url;

/// A setting as `latchkey doctor` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The option, as `--listen`.
    pub option: String,
    /// Empty when it is not set.
    pub value: String,
    pub source: Source,
}

/// Where the value of a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Default,
    /// A variable of the environment.
    Environment,
    CommandLine,
}

impl Source {
    pub fn label(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::CommandLine => "command line",
        }
    }
}

/// The settings of `command` after `matches` were read; `value_of` reads the environment.
pub(super) fn list(
    command: &Command,
    matches: &ArgMatches,
    value_of: impl Fn(&OsStr) -> Option<OsString>,
) -> Vec<Setting> {
    let global = command.get_arguments().filter(|argument| argument.get_env().is_some());
    let setting = |argument: &clap::Arg| {
        let id = argument.get_id().as_str();
        let values = matches.get_raw(id).into_iter().flatten();
        let value: Vec<_> = values.map(|value| value.to_string_lossy().into_owned()).collect();
        let is_in_environment = || {
            let value = argument.get_env().and_then(&value_of);
            value.is_some_and(|value| !value.to_string_lossy().trim().is_empty())
        };
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => Source::CommandLine,
            Some(ValueSource::EnvVariable) => Source::Environment,
            // A value that had to be trimmed is a default for clap.
            _ if is_in_environment() => Source::Environment,
            _ => Source::Default,
        };
        let option = format!("--{}", argument.get_long().unwrap_or(id));
        Setting { option, value: without_password(&value.join(",")), source }
    };
    global.map(setting).collect()
}

/// The text without the password that a URL may contain.
fn without_password(text: &str) -> String {
    if !text.contains("://") {
        return text.to_owned();
    }
    let Ok(mut url) = Url::parse(text) else { return "(not shown)".into() };
    if url.password().is_some() && url.set_password(Some("REMOVED")).is_err() {
        return "(not shown)".into();
    }
    let is_password = |name: &str| name.eq_ignore_ascii_case("password");
    if url.query_pairs().any(|(name, _)| is_password(&name)) {
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let kept = pairs.iter().filter(|(name, _)| !is_password(name));
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    // An origin is written without the slash that the parser adds.
    let shown = url.to_string();
    if text.ends_with('/') { shown } else { shown.trim_end_matches('/').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_in_urls_are_not_shown() {
        for (text, shown) in [
            ("postgres://u:p%40ss@h/d", "postgres://u:REMOVED@h/d"),
            ("postgres://h/d?password=x&sslmode=require", "postgres://h/d?sslmode=require"),
            ("postgres://u:p@h1:1,h2:2/d", "(not shown)"),
            ("https://keys.example.com", "https://keys.example.com"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("", ""),
        ] {
            assert_eq!(without_password(text), shown, "{text}");
        }
    }
}
