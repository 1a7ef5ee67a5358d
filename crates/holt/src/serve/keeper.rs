//! The keeper's executable on the disk: written out from this program, under a name that says which one it is.
//!
//! A keeper outlives its server, and runs on from its file when another version writes its own beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure};

#[cfg(has_keeper)]
const EMBEDDED: Option<(&[u8], &str)> = Some((include_bytes!(env!("HOLT_KEEPER_FILE")), env!("HOLT_KEEPER_HASH")));
#[cfg(not(has_keeper))]
const EMBEDDED: Option<(&[u8], &str)> = None;

/// How many keepers of other versions stay: sandboxes that they opened may still be running.
const KEPT: usize = 4;

/// Where the keeper is, written out when it is not there yet.
pub fn install(data_dir: &Path) -> Result<PathBuf, Failure> {
    let Some((bytes, hash)) = EMBEDDED else { return beside_us() };
    let directory = data_dir.join("bin");
    let path = directory.join(format!("holt-keeper-{hash}"));
    let whole = fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() == bytes.len() as u64);
    if !whole {
        write(&directory, &path, bytes).map_err(|error| {
            let message = format!("the keeper cannot be written to {}: {error}", path.display());
            Failure::new(Exit::DataDirUnusable, "keeper_not_written", message, "Check the space and the permissions there.")
        })?;
        forget_old(&directory, &path);
    }
    Ok(path)
}

/// Under another name first, so that nobody ever runs half of it.
fn write(directory: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let part = path.with_extension("part");
    // What a crash left is of no use.
    let _ = fs::remove_file(&part);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o755).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&part, path)?;
    File::open(directory)?.sync_all()
}

/// Removes the oldest of the others. One that still runs goes on: its file lives as long as it does.
fn forget_old(directory: &Path, current: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let is_keeper = |path: &PathBuf| {
        path != current && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("holt-keeper-"))
    };
    let mut others: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_keeper)
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    others.sort();
    let surplus = others.len().saturating_sub(KEPT);
    for (_, path) in others.into_iter().take(surplus) {
        let _ = fs::remove_file(path);
    }
}

/// The keeper of a development build that was made without one.
fn beside_us() -> Result<PathBuf, Failure> {
    let missing = || {
        Failure::new(Exit::NoSandbox, "keeper_missing", "this build of Holt has no keeper in it", "Build it with `make build`.")
    };
    let program = std::env::current_exe().map_err(|_| missing())?;
    let directory = program.parent().ok_or_else(missing)?;
    let candidates =
        [directory.join("holt-keeper"), directory.join("../keeper/holt-keeper"), directory.join("../../keeper/holt-keeper")];
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_torn_file_is_written_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("holt-keeper-x");
        fs::write(&path, "half").unwrap();
        fs::write(path.with_extension("part"), "left by a crash").unwrap();
        write(directory.path(), &path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0o111);
        assert!(!path.with_extension("part").exists());
    }

    #[test]
    fn keepers_of_long_ago_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..KEPT + 3 {
            fs::write(directory.path().join(format!("holt-keeper-{number}")), "").unwrap();
        }
        fs::write(directory.path().join("other"), "").unwrap();
        let current = directory.path().join("holt-keeper-0");
        forget_old(directory.path(), &current);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), KEPT + 2);
        assert!(current.exists());
    }
}
