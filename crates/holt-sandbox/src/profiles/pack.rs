//! What of a browser's directory is a profile, as one stream, and back.
//!
//! Only what says who somebody is: cookies and what pages store. No cache, no settings, nothing that a browser would run. The
//! directory was a sandbox's, so no link is followed, and every count and size is bounded.
//!
//! ```text
//! stream  gzip of: entry* 0: u8
//! entry   1: u8  length: u16 (of the path)  size: u64  path  bytes
//! ```
//!
//! Numbers are big-endian; the sum at the end of gzip says that all of it is there.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use holt_core::profile::ProfileError;
use rustix::fs::{Dir, Mode, OFlags, ResolveFlags};

use crate::bwrap::remove_stubborn;
use crate::workspace::open_beneath;

/// All files together, before they are packed.
pub const MOST_BYTES: u64 = 256 << 20;
const MOST_FILES: usize = 20_000;
const LONGEST_PATH: usize = 1024;
const DEEPEST: usize = 24;

/// Where Chromium keeps it, beneath what is its home.
const WITHIN: &str = "browser/Default";
/// What a profile is made of; the databases with what stands beside them while they change.
const PARTS: [&str; 9] = [
    "Cookies",
    "Cookies-journal",
    "Network",
    "Local Storage",
    "Session Storage",
    "IndexedDB",
    "WebStorage",
    "databases",
    "File System",
];

const FILE: u8 = 1;
const END: u8 = 0;
const RESOLVE: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_XDEV);

/// Packs what a browser left in its directory. Says whether there was anything.
pub fn pack(home: &Path, out: impl Write) -> Result<bool, ProfileError> {
    let mut packer = Packer { out: GzEncoder::new(out, Compression::fast()), files: 0, bytes: 0 };
    let top = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let home = rustix::fs::open(home, top, Mode::empty()).map_err(io::Error::from)?;
    if let Ok(profile) = open_beneath(home.as_fd(), WITHIN, OFlags::RDONLY | OFlags::DIRECTORY, RESOLVE) {
        for part in PARTS {
            packer.entry(&profile, part, part, DEEPEST)?;
        }
    }
    packer.out.write_all(&[END])?;
    packer.out.finish()?.flush()?;
    Ok(packer.files > 0)
}

struct Packer<W: Write> {
    out: GzEncoder<W>,
    files: usize,
    bytes: u64,
}

impl<W: Write> Packer<W> {
    /// What has this name in a directory; what is neither file nor directory, or cannot be read, is no part of a profile.
    fn entry(&mut self, directory: &OwnedFd, name: &str, path: &str, depth: usize) -> Result<(), ProfileError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
        let Ok(opened) = open_beneath(directory.as_fd(), name, flags, RESOLVE) else { return Ok(()) };
        let file = File::from(opened);
        let found = file.metadata()?;
        if found.is_file() {
            return self.file(path, file, found.len());
        }
        if !found.is_dir() || depth == 0 {
            return Ok(());
        }
        let inner = OwnedFd::from(file);
        for entry in Dir::read_from(&inner).map_err(io::Error::from)? {
            let entry = entry.map_err(io::Error::from)?;
            let Some(name) = entry.file_name().to_str().ok().filter(|name| !matches!(*name, "." | "..")) else { continue };
            self.entry(&inner, name, &format!("{path}/{name}"), depth - 1)?;
        }
        Ok(())
    }

    fn file(&mut self, path: &str, file: File, size: u64) -> Result<(), ProfileError> {
        let Some(length) = u16::try_from(path.len()).ok().filter(|_| path.len() <= LONGEST_PATH) else { return Ok(()) };
        self.files += 1;
        self.bytes += size;
        if self.files > MOST_FILES || self.bytes > MOST_BYTES {
            return Err(ProfileError::TooLarge(MOST_BYTES));
        }
        self.out.write_all(&[FILE])?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(&size.to_be_bytes())?;
        self.out.write_all(path.as_bytes())?;
        let copied = io::copy(&mut file.take(size), &mut self.out)?;
        if copied < size {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file of the profile became shorter").into());
        }
        Ok(())
    }
}

/// Puts a packed profile into a browser's directory, in which nothing is.
pub fn unpack(input: impl Read, home: &Path) -> Result<(), ProfileError> {
    let mut input = GzDecoder::new(input);
    let (mut files, mut bytes) = (0, 0);
    while let [FILE] = read(&mut input)? {
        let length = u16::from_be_bytes(read(&mut input)?);
        let size = u64::from_be_bytes(read(&mut input)?);
        let mut path = vec![0; length.into()];
        input.read_exact(&mut path)?;
        (files, bytes) = (files + 1, bytes + size.min(MOST_BYTES + 1));
        let path = String::from_utf8(path).ok().filter(|path| is_part(path)).ok_or(ProfileError::Broken)?;
        if files > MOST_FILES || bytes > MOST_BYTES {
            return Err(ProfileError::TooLarge(MOST_BYTES));
        }
        put(&mut input, size, &home.join(WITHIN).join(path))?;
    }
    // The rest is the sum.
    io::copy(&mut input, &mut io::sink())?;
    Ok(())
}

fn read<const COUNT: usize>(input: &mut impl Read) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Whether this is the path of a part of a profile, and of nothing else.
fn is_part(path: &str) -> bool {
    let mut names = path.split('/');
    names.next().is_some_and(|first| PARTS.contains(&first))
        && path.len() <= LONGEST_PATH
        && path.split('/').all(|name| !matches!(name, "" | "." | "..") && !name.contains('\0'))
}

fn put(input: &mut impl Read, size: u64, to: &Path) -> Result<(), ProfileError> {
    if let Some(directory) = to.parent() {
        DirBuilder::new().mode(0o700).recursive(true).create(directory)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    if io::copy(&mut input.take(size), &mut file)? < size {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(())
}

/// Removes all that a browser left, following no link.
pub fn wipe(home: &Path) -> io::Result<()> {
    match fs::remove_dir_all(home) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => remove_stubborn(home),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(home: &Path, path: &str, text: &str) {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn packed(home: &Path) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(pack(home, &mut out).unwrap());
        out
    }

    #[test]
    fn what_says_who_somebody_is_comes_back_and_nothing_else() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let kept = ["Cookies", "Local Storage/leveldb/000003.log", "IndexedDB/https_a_0.indexeddb.leveldb/LOG"];
        for path in kept {
            write(from.path(), &format!("{WITHIN}/{path}"), path);
        }
        for path in ["browser/Default/Preferences", "browser/Default/Cache/data", "browser/Local State", "other"] {
            write(from.path(), path, "not this");
        }
        write(to.path(), "../elsewhere", "");
        unpack(&packed(from.path())[..], to.path()).unwrap();
        for path in kept {
            assert_eq!(fs::read_to_string(to.path().join(WITHIN).join(path)).unwrap(), path);
        }
        let mut left: Vec<_> = fs::read_dir(to.path().join(WITHIN)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["Cookies", "IndexedDB", "Local Storage"]);
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_and_pipes_are_not_followed() {
        let from = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        write(outside.path(), "secret", "secret");
        write(from.path(), &format!("{WITHIN}/Cookies"), "good");
        let at = |name: &str| from.path().join(WITHIN).join(name);
        std::os::unix::fs::symlink(outside.path(), at("Local Storage")).unwrap();
        fs::create_dir(at("IndexedDB")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), at("IndexedDB/link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("IndexedDB/pipe"), rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
        let to = tempfile::tempdir().unwrap();
        unpack(&packed(from.path())[..], to.path()).unwrap();
        assert_eq!(fs::read_dir(to.path().join(WITHIN)).unwrap().count(), 1);
    }

    #[test]
    fn a_sparse_giant_is_refused_and_a_stream_that_lies_writes_nowhere_else() {
        let from = tempfile::tempdir().unwrap();
        write(from.path(), &format!("{WITHIN}/Cookies"), "");
        File::options().write(true).open(from.path().join(WITHIN).join("Cookies")).unwrap().set_len(MOST_BYTES + 1).unwrap();
        assert!(matches!(pack(from.path(), io::sink()), Err(ProfileError::TooLarge(_))));
        for bad in ["../../x", "Cookies/../../../x", "Preferences", "/etc/x", "Network//x", ""] {
            let to = tempfile::tempdir().unwrap();
            let mut lie = GzEncoder::new(Vec::new(), Compression::fast());
            lie.write_all(&[FILE]).unwrap();
            lie.write_all(&(bad.len() as u16).to_be_bytes()).unwrap();
            lie.write_all(&1_u64.to_be_bytes()).unwrap();
            lie.write_all(bad.as_bytes()).unwrap();
            lie.write_all(&[7, END]).unwrap();
            assert!(matches!(unpack(&lie.finish().unwrap()[..], to.path()), Err(ProfileError::Broken)), "{bad}");
            assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
        }
        let whole = {
            let from = tempfile::tempdir().unwrap();
            write(from.path(), &format!("{WITHIN}/Cookies"), "cookies");
            packed(from.path())
        };
        let to = tempfile::tempdir().unwrap();
        assert!(unpack(&whole[..whole.len() - 9], to.path()).is_err());
    }
}
