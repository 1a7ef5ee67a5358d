//! Which files of a workspace a snapshot has.

use holt_core::workspace::{EntryKind, FileError, Files};

/// The most files of a snapshot.
const MOST_FILES: usize = 20_000;
/// The largest file that is kept.
pub const MOST_BYTES_OF_A_FILE: u64 = 64 << 20;
/// All files of a snapshot together.
const MOST_BYTES: u64 = 1 << 30;
/// How deep it goes.
const DEEPEST: usize = 64;
/// Directories that a command makes again.
const MADE_AGAIN: [&str; 5] = ["node_modules", ".venv", "__pycache__", ".cache", ".npm"];
/// By this a directory says that what is in it can be made again.
const CACHE_TAG: &str = "CACHEDIR.TAG";

#[derive(Debug, Default)]
pub struct Found {
    pub stands: Vec<String>,
    pub left_out: u64,
    bytes: u64,
}

pub fn look(files: &dyn Files) -> Result<Found, FileError> {
    let mut found = Found::default();
    enter(files, "", DEEPEST, &mut found)?;
    Ok(found)
}

fn enter(files: &dyn Files, directory: &str, depth: usize, found: &mut Found) -> Result<(), FileError> {
    let listing = files.list(directory)?;
    if listing.truncated {
        found.left_out += 1;
    }
    if !directory.is_empty() && listing.entries.iter().any(|entry| entry.name == CACHE_TAG) {
        return Ok(());
    }
    for entry in listing.entries {
        match entry.kind {
            // A name that cannot be written on a line of its own cannot be asked for either.
            EntryKind::File if entry.name.contains(['\u{fffd}', '\n']) => found.left_out += 1,
            EntryKind::File
                if found.stands.len() >= MOST_FILES
                    || entry.size > MOST_BYTES_OF_A_FILE
                    || found.bytes + entry.size > MOST_BYTES =>
            {
                found.left_out += 1;
            }
            EntryKind::File => {
                found.bytes += entry.size;
                found.stands.push(entry.path);
            }
            EntryKind::Directory if MADE_AGAIN.contains(&entry.name.as_str()) => {}
            EntryKind::Directory if depth == 0 => found.left_out += 1,
            // One that is gone again already, or cannot be entered, has nothing to keep.
            EntryKind::Directory => drop(enter(files, &entry.path, depth - 1, found)),
            EntryKind::Link | EntryKind::Other => {}
        }
    }
    Ok(())
}
