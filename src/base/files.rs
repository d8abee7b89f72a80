//! Files and directories that hold data. This is the only module that creates files, each with mode
//! 0600, and that checks who else can reach existing ones. ASVS 13.3.2, 14.2.4.
//!
//! A umask only removes permissions: a file never has more than the mode it is created with.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::Once;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_DIRECTORY: u32 = 0o700;
/// Every permission of the group and of others.
const NOT_OWNER: u32 = 0o077;
const WRITABLE_BY_NOT_OWNER: u32 = 0o022;
const READABLE_BY_NOT_OWNER: u32 = 0o044;
const READABLE_BY_OTHERS: u32 = 0o004;

/// Creates a file that only its owner can read and write; fails if the file exists.
pub fn create(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().write(true).create_new(true))
}

/// Opens a file for appending; creates it like [`create`] if it does not exist.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().append(true).create(true))
}

/// Creates a file like [`create`] with this content. After a crash it is complete or not there.
pub fn create_with(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = with_ending(path, &format!(".partial-{}", std::process::id()));
    let write = || {
        let mut file = create(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        match renameat_with(CWD, &unfinished, CWD, path, RenameFlags::NOREPLACE) {
            // This file system cannot do it in one step.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                create(path)?;
                fs::rename(&unfinished, path)
            }
            renamed => Ok(renamed?),
        }
    };
    write().inspect_err(|_| drop(fs::remove_file(&unfinished)))?;
    sync_folder_of(path)
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.mode(PRIVATE_FILE).open(path)
}

/// Renames the complete file `partial` to `path`, once all of it is on the disk.
pub fn put_in_place(partial: &Path, path: &Path) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    fs::rename(partial, path)?;
    sync_folder_of(path)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Creates a directory that only its owner can use, and its missing parents. An existing directory
/// keeps its mode.
pub fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(PRIVATE_DIRECTORY).create(path)
}

/// Makes the existing files among `paths` private, and logs in one line which of them other users
/// could reach. A file of another owner is only reported.
pub fn restrict(paths: &[PathBuf]) {
    let is_open = |path: &&PathBuf| mode(path).is_some_and(|mode| mode & NOT_OWNER != 0);
    let (restricted, others): (Vec<_>, Vec<_>) =
        paths.iter().filter(is_open).partition(|path| restrict_one(path).is_ok());
    if !restricted.is_empty() {
        let files = listed(&restricted);
        tracing::warn!("other users could read or change {files}: the mode is 0600 now");
    }
    if !others.is_empty() {
        let files = listed(&others);
        tracing::warn!(
            "other users can read or change {files}: run chmod 600 {files} as the owner"
        );
    }
}

/// Uses the path: closing a file descriptor of a database would release the process's locks on it.
fn restrict_one(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.uid() != user() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    fs::set_permissions(path, Permissions::from_mode(PRIVATE_FILE))
}

fn listed(paths: &[&PathBuf]) -> String {
    paths.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Logs how to close a directory that the group or others can reach.
pub fn check_directory(path: &Path) {
    if let Some(mode) = mode(path).filter(|mode| mode & NOT_OWNER != 0) {
        let directory = path.display();
        tracing::warn!(
            "other users can reach the directory {directory} (mode {mode:04o}): chmod 700 {directory}, \
             or keep the data in a directory of its own"
        );
    }
}

/// What this process and others can do with a directory.
pub struct Access {
    pub mode: u32,
    /// Whether only its owner can reach it.
    pub is_private: bool,
    /// Whether this process can create files in it.
    pub is_writable: bool,
}

/// Looks at a directory without creating anything in it.
pub fn directory_access(path: &Path) -> io::Result<Access> {
    let mode = fs::read_dir(path).and_then(|_| fs::metadata(path))?.mode() & 0o7777;
    let is_writable = rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    Ok(Access { mode, is_private: mode & NOT_OWNER == 0, is_writable })
}

/// How many bytes this process can still write in the file system of `path`.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(path)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// The permissions of the file at `path`; `None` if there is no file.
fn mode(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|metadata| metadata.mode() & 0o7777)
}

/// The absolute path with symbolic links resolved: SQLite keeps its other files there.
pub fn resolved(path: &Path) -> PathBuf {
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.canonicalize().unwrap_or_else(|_| absolute())
}

/// The path with `ending` appended to its name, as in the names of SQLite's other files.
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Opens a file that holds a secret, and checks that no other user can change or read it. The check
/// applies to the file that was opened, even through symbolic links.
pub fn open_secret(path: &Path) -> io::Result<File> {
    static REPORTED: Once = Once::new();
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let (mode, name) = (metadata.mode() & 0o7777, path.display());
    match Exposure::of(mode, metadata.uid(), user()) {
        Exposure::None => {}
        // Kubernetes and Compose mount secrets this way: the process's user cannot change their
        // mode. A process that serves reads the file again and again, and reports this once.
        Exposure::Mounted => REPORTED.call_once(|| {
            tracing::warn!(
                "the secret key file {name} has mode {mode:04o}, so that every user can read it: \
                 mount it with mode 0400, or with 0440 and the group of the user that Latchkey \
                 runs as"
            );
        }),
        Exposure::Writable => return Err(exposed(mode, "change", path)),
        Exposure::Readable => return Err(exposed(mode, "read", path)),
    }
    Ok(file)
}

fn exposed(mode: u32, verb: &str, path: &Path) -> io::Error {
    io::Error::other(format!(
        "its mode is {mode:04o}, so that other users can {verb} it: chmod 600 {}",
        path.display()
    ))
}

/// What other users can do with a file that holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exposure {
    None,
    /// The file has another owner, and every user can read it.
    Mounted,
    /// Others can read the file, and its owner is the process's user.
    Readable,
    /// Others can change the file.
    Writable,
}

impl Exposure {
    /// The exposure of a file with that mode and owner, to a process of `user`.
    fn of(mode: u32, owner: u32, user: u32) -> Self {
        if mode & WRITABLE_BY_NOT_OWNER != 0 {
            Self::Writable
        } else if owner == user && mode & READABLE_BY_NOT_OWNER != 0 {
            Self::Readable
        } else if mode & READABLE_BY_OTHERS != 0 {
            Self::Mounted
        } else {
            Self::None
        }
    }
}

/// Logs a warning if the process runs with more rights than it needs.
pub fn check_user() {
    if user() == 0 {
        tracing::warn!("Latchkey runs as root: run it as a user of its own, it needs no rights");
    }
}

/// The effective user of the process.
fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_can_change_or_read_is_exposed() {
        let (own, root) = (1000, 0);
        for (mode, owner, expected) in [
            (0o600, own, Exposure::None),
            (0o400, own, Exposure::None),
            (0o644, own, Exposure::Readable),
            (0o640, own, Exposure::Readable),
            (0o604, own, Exposure::Readable),
            (0o666, own, Exposure::Writable),
            (0o620, own, Exposure::Writable),
            (0o602, own, Exposure::Writable),
            (0o400, root, Exposure::None),
            (0o440, root, Exposure::None),
            (0o600, root, Exposure::None),
            (0o444, root, Exposure::Mounted),
            (0o644, root, Exposure::Mounted),
            (0o666, root, Exposure::Writable),
            (0o460, root, Exposure::Writable),
        ] {
            assert_eq!(Exposure::of(mode, owner, own), expected, "{mode:03o} of {owner}");
        }
    }
}
