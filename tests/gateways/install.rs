//! Programs and packages that the tests run. Packages are installed on first use, into the target
//! folder.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The path of a program. Debian installs some of them in folders that only root has in its path.
pub fn program(name: &str) -> PathBuf {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is not installed: apt-get install {name}"))
}

/// A Python environment with these packages, as pip names them.
pub fn venv(name: &str, packages: &[&str]) -> PathBuf {
    installed(name, packages, |folder| {
        run(name, Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
        let mut pip = Command::new(folder.join("bin/pip"));
        run(name, pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(packages));
    })
}

/// The command that runs a script with a package, as npm names it. The script is copied into `folder`,
/// because Node looks for packages beside a script.
pub fn node(folder: &Path, script: &Path, package: &str) -> Command {
    let name = package.split('@').next().expect("a name");
    let installed = installed(name, &[package], |folder| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(folder);
        run(name, npm.arg(package));
    });
    symlink(installed.join("node_modules"), folder.join("node_modules")).expect("a link");
    fs::write(folder.join("package.json"), r#"{"type":"module"}"#).expect("written");
    let copy = folder.join(script.file_name().expect("a file"));
    fs::copy(script, &copy).expect("copied");
    let mut command = Command::new("node");
    command.arg(copy);
    command
}

/// A folder in which `install` has installed exactly these packages.
fn installed(name: &str, packages: &[&str], install: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder");
    // Other tests, also in other processes, may need the same packages.
    let lock = File::create(folder.with_file_name(format!("{name}.lock"))).expect("a file");
    lock.lock().expect("locked");
    let (marker, expected) = (folder.join("installed.txt"), packages.join("\n"));
    if fs::read_to_string(&marker).is_ok_and(|text| text == expected) {
        return folder;
    }
    install(&folder);
    fs::write(marker, expected).expect("written");
    folder
}

fn run(name: &str, command: &mut Command) {
    let output = command.output();
    let succeeded = output.as_ref().is_ok_and(|output| output.status.success());
    assert!(
        succeeded,
        "{name} cannot be installed; main.rs says how to leave its tests out\n\
         {command:?}: {output:?}"
    );
}
