//! What the environment says: one rule for every variable.
//!
//! White space around a value is no part of it, since files that variables are read from end in a
//! line break. An empty variable is as one that is not set, but for the database's: falling back on a
//! new, empty database would look like the loss of all keys.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

use super::Refusal;

/// The one option whose variable counts when it is empty.
const NEVER_UNSET: &str = "database_url";

/// `command` with the values of variables as they count. Variables that count as they stand are left to
/// clap, which shows them in the help.
pub(super) fn settled(command: Command, value_of: impl Fn(&OsStr) -> Option<OsString>) -> Command {
    command.mut_args(|argument: Arg| {
        let Some(value) = argument.get_env().and_then(&value_of) else { return argument };
        let Some(text) = value.to_str() else { return argument };
        match text.trim() {
            "" if argument.get_id() == NEVER_UNSET => from_variable(argument, ""),
            "" => argument.env(None::<&'static str>),
            trimmed if trimmed.len() == text.len() => argument,
            // clap keeps no text of its own; this is read once and lives as long as the program.
            trimmed => from_variable(argument, trimmed.to_owned().leak()),
        }
    })
}

/// `argument` with `value` unless it is typed.
fn from_variable(argument: Arg, value: &'static str) -> Arg {
    let takes_value = argument.get_action().takes_values();
    let argument = argument.env(None::<&'static str>).default_value(value);
    // The help shows no values of variables.
    if takes_value { argument.hide_default_value(true) } else { argument }
}

/// A misspelt variable would be passed over in silence, and with it, say, the trusted proxies.
pub(super) fn refuse_unknown(
    command: &Command,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(), Refusal> {
    let known: Vec<_> = command.get_arguments().filter_map(Arg::get_env).collect();
    for (name, value) in variables.filter(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX)) {
        if !known.contains(&name.as_os_str()) && !is_of_kubernetes(&name, &value) {
            return Err(Refusal::new(format!(
                "there is no setting {}: remove it, or see latchkey --help for those there are",
                name.display()
            )));
        }
    }
    Ok(())
}

const PREFIX: &[u8] = b"LATCHKEY_";

/// Whether Kubernetes has set the variable, for a service whose name begins with `latchkey`: each
/// container is told of every service in its namespace, in Docker's old manner
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>).
fn is_of_kubernetes(name: &OsStr, value: &OsStr) -> bool {
    let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") {
        return true;
    }
    match name.rsplit_once("_PORT_") {
        // LATCHKEY_PORT_8080_TCP, and with _ADDR, _PORT and _PROTO after that.
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
    fn what_kubernetes_sets_for_a_service_is_told_from_a_misspelt_setting() {
        let is_its = |name: &str, value: &str| is_of_kubernetes(name.as_ref(), value.as_ref());
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
            assert!(is_its(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("LATCHKEY_PORT", "8080"),
            ("LATCHKEY_HOST", "10.0.0.11"),
            ("LATCHKEY_PORT_8080", "x"),
            ("LATCHKEY_PORT_HTTP_TCP", "x"),
            ("LATCHKEY_PORT_8080_TCP_NAME", "x"),
            ("LATCHKEY_TRUSTED_PROXY", "10.0.0.0/8"),
        ] {
            assert!(!is_its(name, value), "{name}={value}");
        }
    }
}
