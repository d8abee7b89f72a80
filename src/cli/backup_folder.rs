//! A directory of backups that are named after their time, of which the newest are kept.

use std::fs;
use std::io;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::files;

const START: &str = "latchkey-";
const END: &str = ".backup";
/// What `db::copy` appends to the name of a file that is not finished, before a number.
const PARTIAL: &str = ".partial-";

/// The file to write at `now`. Creates the directory if only its last part is missing, so that
/// nothing is written next to a file system that is not mounted.
pub(super) fn next_file(folder: &Path, now: Timestamp) -> Result<PathBuf> {
    let named = |error| Error::Internal(format!("{} cannot be used: {error}", folder.display()));
    let absolute = std::path::absolute(folder).map_err(named)?;
    if absolute.parent().is_some_and(|parent| !parent.is_dir()) {
        return Err(named(io::Error::other("the directory above it does not exist")));
    }
    files::create_directory(&absolute).map_err(named)?;
    let time = now.rfc_3339().replace(':', "");
    Ok(folder.join(format!("{START}{time}{END}")))
}

/// Removes all backups of the directory but the newest `keep`, and unfinished ones that are older
/// than these. The one just `written` is kept even if the clock was set back.
pub(super) fn remove_older(folder: &Path, written: &Path, keep: NonZeroU16) -> Result<usize> {
    let named = |error: io::Error| {
        Error::Internal(format!("older backups in {} cannot be removed: {error}", folder.display()))
    };
    let files = file_names(folder).map_err(named)?;
    let written = written.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let superfluous = superfluous(files, written, keep.get().into());
    for name in &superfluous {
        fs::remove_file(folder.join(name)).map_err(named)?;
    }
    Ok(superfluous.len())
}

fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    Ok(names)
}

/// Which of `names` are to be removed.
fn superfluous(names: Vec<String>, written: &str, keep: usize) -> Vec<String> {
    let (mut complete, others): (Vec<_>, Vec<_>) =
        names.into_iter().filter(|name| name != written).partition(|name| is_backup(name));
    complete.sort_by(|a, b| b.cmp(a));
    let mut removed = complete.split_off(complete.len().min(keep - 1));
    let oldest = complete.last().map_or(written, String::as_str).min(written);
    let is_unfinished = |name: &String| {
        name.split_once(PARTIAL).is_some_and(|(name, _)| is_backup(name) && name < oldest)
    };
    removed.extend(others.into_iter().filter(is_unfinished));
    removed
}

/// Whether this program gave the name, as `latchkey-2026-11-30T031500Z.backup`.
fn is_backup(name: &str) -> bool {
    let time = name.strip_prefix(START).and_then(|rest| rest.strip_suffix(END));
    let shape = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
    time.is_some_and(|time| time.bytes().map(shape).eq(*b"0000-00-00T000000Z"))
}

#[cfg(test)]
mod tests {
    use super::superfluous;

    fn removed(names: &[&str], written: &str, keep: usize) -> Vec<String> {
        superfluous(names.iter().map(|&name| name.to_owned()).collect(), written, keep)
    }

    const MONDAY: &str = "latchkey-2026-11-23T031500Z.backup";
    const TUESDAY: &str = "latchkey-2026-11-24T031500Z.backup";
    const WEDNESDAY: &str = "latchkey-2026-11-25T031500Z.backup";

    #[test]
    fn the_newest_are_kept() {
        let all = [TUESDAY, WEDNESDAY, MONDAY];
        assert_eq!(removed(&all, WEDNESDAY, 1), [TUESDAY, MONDAY]);
        assert_eq!(removed(&all, WEDNESDAY, 2), [MONDAY]);
        assert!(removed(&all, WEDNESDAY, 3).is_empty());
        assert!(removed(&all, WEDNESDAY, 99).is_empty());
    }

    #[test]
    fn the_one_just_written_is_kept_although_the_clock_was_set_back() {
        let all = [TUESDAY, WEDNESDAY, MONDAY];
        assert_eq!(removed(&all, MONDAY, 1), [WEDNESDAY, TUESDAY]);
        assert_eq!(removed(&all, MONDAY, 2), [TUESDAY]);
    }

    #[test]
    fn nothing_else_is_removed() {
        let others = [
            "latchkey-2026-11-20.backup",
            "latchkey-2026-11-20T031500Z.backup.gz",
            "other-2026-11-20T031500Z.backup",
            "latchkey-2026-11-20T03150éZ.backup",
            "latchkey.db",
            "latchkey.db.partial-7",
        ];
        assert!(removed(&others, WEDNESDAY, 1).is_empty());
    }

    #[test]
    fn an_unfinished_one_is_removed_when_it_is_older_than_all_others() {
        let [old, new] = [MONDAY, WEDNESDAY].map(|name| format!("{name}.partial-4711"));
        let all = [&old, &new, TUESDAY, WEDNESDAY];
        assert_eq!(removed(&all, WEDNESDAY, 2), [old]);
    }
}
