//! The environment: the same rule for every variable.
//!
//! White space around a value is ignored, since files that variables are read from end in a line
//! break. An empty variable counts as unset, except the database's: using a new, empty database
//! instead would look like the loss of all keys.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

use super::ConfigError;

/// The only option whose variable counts even if it is empty.
const NEVER_UNSET: &str = "database_url";

/// `command` with the values of its variables after trimming. Variables that need no change are
/// left to clap, which shows them in the help.
pub(super) fn settled(command: Command, value_of: impl Fn(&OsStr) -> Option<OsString>) -> Command {
    command.mut_args(|argument: Arg| {
        let Some(value) = argument.get_env().and_then(&value_of) else { return argument };
        let Some(text) = value.to_str() else { return argument };
        match text.trim() {
            "" if argument.get_id() == NEVER_UNSET => from_variable(argument, ""),
            "" => argument.env(None::<&'static str>),
            trimmed if trimmed.len() == text.len() => argument,
            // clap does not own strings; this value is read once and lives as long as the program.
            trimmed => from_variable(argument, trimmed.to_owned().leak()),
        }
    })
}

/// `argument` with the default `value`, which a typed value overrides.
fn from_variable(argument: Arg, value: &'static str) -> Arg {
    let takes_value = argument.get_action().takes_values();
    let argument = argument.env(None::<&'static str>).default_value(value);
    // The help does not show the values of variables.
    if takes_value { argument.hide_default_value(true) } else { argument }
}

/// Rejects unknown variables: a misspelt one would be ignored silently, and with it, for example,
/// the trusted proxies.
pub(super) fn reject_unknown(
    command: &Command,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(), ConfigError> {
    let known: Vec<_> = command.get_arguments().filter_map(Arg::get_env).collect();
    for (name, value) in variables.filter(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX)) {
        if !known.contains(&name.as_os_str()) && !is_of_kubernetes(&name, &value) {
            return Err(ConfigError::new(format!(
                "there is no setting {}: remove it, or see latchkey --help for those there are",
                name.display()
            )));
        }
    }
    Ok(())
}

const PREFIX: &[u8] = b"LATCHKEY_";

/// Whether Kubernetes has set the variable for a service whose name begins with `latchkey`: each
/// container gets variables for every service in its namespace, in the style of Docker links
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>).
fn is_of_kubernetes(name: &OsStr, value: &OsStr) -> bool {
    let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") {
        return true;
    }
    match name.rsplit_once("_PORT_") {
        // LATCHKEY_PORT_8080_TCP, optionally followed by _ADDR, _PORT or _PROTO.
        Some((_, end)) if end.contains('_') => {
            let mut parts = end.split('_');
            parts.next().is_some_and(is_number)
                && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
                && matches!(parts.next(), None | Some("ADDR" | "PORT" | "PROTO"))
                && parts.next().is_none()
        }
        _ => name.ends_with("_PORT") && value.contains("://"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_kubernetes;

    #[test]
    fn variables_of_kubernetes_are_distinguished_from_misspelt_settings() {
        let is_kubernetes =
            |name: &str, value: &str| is_of_kubernetes(name.as_ref(), value.as_ref());
        for (name, value) in [
            ("LATCHKEY_SERVICE_HOST", "10.0.0.11"),
            ("LATCHKEY_SERVICE_PORT", "8080"),
            ("LATCHKEY_SERVICE_PORT_HTTP", "8080"),
            ("LATCHKEY_PORT", "tcp://10.0.0.11:8080"),
            ("LATCHKEY_PORT_8080_TCP", "tcp://10.0.0.11:8080"),
            ("LATCHKEY_PORT_8080_TCP_ADDR", "10.0.0.11"),
            ("LATCHKEY_PORT_8080_TCP_PORT", "8080"),
            ("LATCHKEY_PORT_8080_TCP_PROTO", "tcp"),
            ("LATCHKEY_VERIFY_PORT_8081_UDP", "udp://10.0.0.12:8081"),
        ] {
            assert!(is_kubernetes(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("LATCHKEY_PORT", "8080"),
            ("LATCHKEY_HOST", "10.0.0.11"),
            ("LATCHKEY_PORT_8080", "x"),
            ("LATCHKEY_PORT_HTTP_TCP", "x"),
            ("LATCHKEY_PORT_8080_TCP_NAME", "x"),
            ("LATCHKEY_TRUSTED_PROXY", "10.0.0.0/8"),
        ] {
            assert!(!is_kubernetes(name, value), "{name}={value}");
        }
    }
}
