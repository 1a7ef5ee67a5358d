//! The downloads directory, which the browser shares with the workspace. Others write in it too, so every file is looked at
//! through a descriptor of the directory, and no link is followed.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, fstat, openat, renameat_with, statat, unlinkat};
use rustix::io::Errno;

/// Where files are until they are whole, in the downloads directory.
pub const PARTIAL: &str = ".partial";
const MAX_NAME: usize = 120;
const MAX_TRIES: usize = 200;

/// A file that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    pub bytes: u64,
}

/// A name without anything that leads elsewhere, hides, or could not be a file's.
pub fn safe_name(wanted: &str) -> String {
    let last = wanted.rsplit(['/', '\\']).next().unwrap_or_default();
    let line = crate::text::line(last, MAX_NAME);
    let harmless = |letter: char| if "<>:\"|?*'`$;&…".contains(letter) { '_' } else { letter };
    let mut name: String = line.chars().map(harmless).collect();
    name = name.trim_matches(|letter: char| letter == '.' || letter == ' ' || letter == '-').to_owned();
    name.truncate(name.floor_char_boundary(MAX_NAME));
    if name.is_empty() { "download".into() } else { name }
}

/// Gives a file that is whole its name; a name that is taken gets a number. One that holds more than `limit`, or seems to,
/// is deleted.
pub fn finish(downloads: &Path, partial: &str, name: &str, limit: u64) -> io::Result<Kept> {
    let directory = open_directory(downloads)?;
    let partials = openat(&directory, PARTIAL, DIRECTORY, Mode::empty())?;
    let bytes = match measure(&partials, partial).and_then(|bytes| within(bytes, limit)) {
        Ok(bytes) => bytes,
        Err(error) => {
            let _ = unlinkat(&partials, partial, AtFlags::empty());
            return Err(error);
        }
    };
    let name = settle(name, |candidate| Ok(renameat_with(&partials, partial, &directory, candidate, RenameFlags::NOREPLACE)?))?;
    let bytes = stat_size(&directory, &name).unwrap_or(bytes);
    Ok(Kept { name, bytes })
}

/// Forgets what was begun and not ended.
pub fn discard(downloads: &Path, partial: &str) {
    let discarded = open_directory(downloads).and_then(|directory| Ok(openat(&directory, PARTIAL, DIRECTORY, Mode::empty())?));
    if let Ok(partials) = discarded {
        for name in [partial.to_owned(), format!("{partial}.crdownload")] {
            let _ = unlinkat(&partials, name, AtFlags::empty());
        }
    }
}

/// Writes a file of the browser's own making.
pub fn write(downloads: &Path, name: &str, bytes: &[u8]) -> io::Result<Kept> {
    let directory = open_directory(downloads)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let name = settle(name, |candidate| {
        let file = openat(&directory, candidate, flags, Mode::from_raw_mode(0o644))?;
        io::Write::write_all(&mut std::fs::File::from(file), bytes)
    })?;
    Ok(Kept { name, bytes: bytes.len() as u64 })
}

/// The size of a file that is to be given to a page: a regular one of the downloads directory itself.
pub fn to_give(downloads: &Path, name: &str, limit: u64) -> io::Result<u64> {
    if name.is_empty() || name.contains(['/', '\0']) || matches!(name, "." | ".." | PARTIAL) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not the name of a file in the downloads directory"));
    }
    measure(&open_directory(downloads)?, name).and_then(|bytes| within(bytes, limit))
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, DIRECTORY, Mode::empty())?)
}

/// How large a file is: what it seems to hold or what it takes, whichever is more. A file with holes seems large.
fn measure(directory: &OwnedFd, name: &str) -> io::Result<u64> {
    let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file"));
    }
    Ok(stat.st_size.cast_unsigned().max(stat.st_blocks.cast_unsigned().saturating_mul(512)))
}

/// What a file that was measured holds.
fn stat_size(directory: &OwnedFd, name: &str) -> io::Result<u64> {
    Ok(statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?.st_size.cast_unsigned())
}

fn within(bytes: u64, limit: u64) -> io::Result<u64> {
    let too_large =
        || io::Error::new(io::ErrorKind::FileTooLarge, format!("it has {bytes} bytes, and at most {limit} are taken"));
    if bytes > limit { Err(too_large()) } else { Ok(bytes) }
}

/// Tries names until one is free.
fn settle(name: &str, mut take: impl FnMut(&str) -> io::Result<()>) -> io::Result<String> {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    for number in 1..MAX_TRIES {
        let candidate = if number == 1 { name.to_owned() } else { format!("{stem}-{number}{extension}") };
        match take(&candidate) {
            Err(error) if error.raw_os_error() == Some(Errno::EXIST.raw_os_error()) => {}
            taken => return taken.map(|()| candidate),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files have that name"))
}

/// Makes the place for files that are not whole yet, and empties it.
pub fn prepare(downloads: &Path) -> io::Result<()> {
    std::fs::create_dir_all(downloads)?;
    let directory = open_directory(downloads)?;
    match rustix::fs::mkdirat(&directory, PARTIAL, Mode::from_raw_mode(0o700)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let partials = openat(&directory, PARTIAL, DIRECTORY, Mode::empty())?;
    let names: Vec<_> = rustix::fs::Dir::read_from(&partials)?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_owned()))
        .take(10_000)
        .collect();
    for name in names {
        let _ = unlinkat(&partials, &name, AtFlags::empty());
    }
    fstat(&partials)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        for (wanted, name) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\a\\b.exe", "b.exe"),
            ("..", "download"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("a\u{202e}gpj.exe\n", "agpj.exe"),
            ("re: $(x).pdf", "re_ _(x).pdf"),
            ("", "download"),
        ] {
            assert_eq!(safe_name(wanted), name);
        }
        assert!(safe_name(&"ß".repeat(500)).len() <= MAX_NAME);
    }

    #[test]
    fn a_file_gets_a_free_name_and_a_giant_is_refused_however_it_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let downloads = directory.path().join("d");
        prepare(&downloads).unwrap();
        let partial = downloads.join(PARTIAL).join("x");
        for expected in ["a.txt", "a-2.txt", "a-3.txt"] {
            std::fs::write(&partial, b"hello").unwrap();
            let kept = finish(&downloads, "x", "a.txt", 10_000).unwrap();
            assert_eq!(kept.name, expected);
        }
        let sparse = std::fs::File::create(&partial).unwrap();
        sparse.set_len(1 << 40).unwrap();
        assert_eq!(finish(&downloads, "x", "b.txt", 10_000).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(!partial.exists() && !downloads.join("b.txt").exists());
        std::fs::File::create(downloads.join("giant")).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(to_give(&downloads, "giant", 10_000).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        std::os::unix::fs::symlink("/etc/passwd", downloads.join("link")).unwrap();
        for wrong in ["link", "..", ".", "", "a/b", PARTIAL, "missing"] {
            assert!(to_give(&downloads, wrong, 10_000).is_err(), "{wrong}");
        }
        assert!(to_give(&downloads, "a.txt", 10_000).is_ok());
        std::os::unix::fs::symlink("/etc/passwd", &partial).unwrap();
        assert!(finish(&downloads, "x", "c.txt", 10_000).is_err());
        assert_eq!(write(&downloads, "a.txt", b"four").unwrap(), Kept { name: "a-4.txt".into(), bytes: 4 });
    }

    #[test]
    fn a_directory_that_was_swapped_for_a_link_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let downloads = directory.path().join("d");
        prepare(&downloads).unwrap();
        std::fs::write(downloads.join(PARTIAL).join("left"), b"x").unwrap();
        prepare(&downloads).unwrap();
        assert!(!downloads.join(PARTIAL).join("left").exists(), "what was left is gone");
        std::fs::remove_dir(downloads.join(PARTIAL)).unwrap();
        std::os::unix::fs::symlink("/etc", downloads.join(PARTIAL)).unwrap();
        assert!(prepare(&downloads).is_err());
        assert!(finish(&downloads, "passwd", "a", 1 << 40).is_err());
    }
}
