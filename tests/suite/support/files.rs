//! Files with a given mode, which depends on the umask of a program or on an operator.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Writes a file with `mode` and replaces an existing file.
pub fn write(path: &Path, mode: u32, content: impl AsRef<[u8]>) {
    let _ = fs::remove_file(path);
    fs::write(path, content).expect("written");
    set_mode(path, mode);
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}
