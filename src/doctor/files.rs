//! The data directory, the secret key file and free space.

use std::path::Path;

use super::finding::{Check, Finding};
use crate::base::files;
use crate::base::keyring::KeyFile;
use crate::config::{Config, Location};

const DATA_DIRECTORY: Check = Check("data_directory", "Data directory");
const SECRET_KEY_FILE: Check = Check("secret_key_file", "Secret key file");
const FREE_SPACE: Check = Check("free_space", "Free space");

/// Below this many bytes, a day of counts may not fit any more.
const LITTLE_SPACE: u64 = 1024 * MEGABYTE;
/// Below this many bytes, writes are about to fail.
const NO_SPACE: u64 = 100 * MEGABYTE;
const MEGABYTE: u64 = 1024 * 1024;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let database = &config.database;
    let directory = match &database.location {
        Location::Sqlite(path) => path.parent().unwrap_or(&database.data_dir),
        Location::Postgres(_) => &database.data_dir,
    };
    vec![
        data_directory(&database.data_dir),
        secret_key_file(&database.secret_key_file),
        free_space(directory),
    ]
}

fn data_directory(path: &Path) -> Finding {
    let shown = files::resolved(path);
    let shown = shown.display();
    match files::directory_access(path) {
        Err(error) => DATA_DIRECTORY.error(
            format!("{shown} cannot be used: {error}."),
            "Name another one with --data-dir, or give it to the user that runs Latchkey.",
        ),
        Ok(files::Access { is_writable: false, .. }) => DATA_DIRECTORY.error(
            format!("{shown} cannot be written to."),
            format!("Give it to the user that runs Latchkey: chown USER {shown}."),
        ),
        Ok(files::Access { mode, is_private: false, .. }) => DATA_DIRECTORY.warning(
            format!("Other users can reach {shown} (mode {mode:04o})."),
            format!("Run chmod 700 {shown}."),
        ),
        Ok(_) => DATA_DIRECTORY.fine(format!("{shown} is private and can be written to.")),
    }
}

fn secret_key_file(path: &Path) -> Finding {
    let shown = files::resolved(path);
    let shown = shown.display();
    if !path.exists() {
        return SECRET_KEY_FILE.error(
            format!("{shown} is missing."),
            "Put it back, or name it with --secret-key-file. Without it no secret key passes.",
        );
    }
    match KeyFile::read(path) {
        Ok(_) => SECRET_KEY_FILE.fine(format!("{shown} can be used.")),
        Err(error) => SECRET_KEY_FILE.error(
            format!("{shown} cannot be used: {error}."),
            "Correct its mode or its content. Latchkey does not start with it.",
        ),
    }
}

fn free_space(directory: &Path) -> Finding {
    let shown = files::resolved(directory);
    let shown = shown.display();
    let Ok(free) = files::free_space(directory) else {
        let advice = "Check that the directory exists.";
        return FREE_SPACE.warning(format!("The free space of {shown} is unknown."), advice);
    };
    let text = format!("{} MB are free in {shown}.", free / MEGABYTE);
    let advice = "Free some: when the disk is full, nothing can be changed or counted.";
    match free {
        ..NO_SPACE => FREE_SPACE.error(text, advice),
        NO_SPACE..LITTLE_SPACE => FREE_SPACE.warning(text, advice),
        _ => FREE_SPACE.fine(text),
    }
}
