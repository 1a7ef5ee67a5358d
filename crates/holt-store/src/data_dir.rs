//! The directory that holds everything of one server.
//!
//! Whoever holds a `DataDir` is the only one: the lock lives as long as the value and dies with the process, however
//! that ends. The directory is private to its user, and carries the version of its layout.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const VERSION_FILE: &str = "version";

/// Which layout of the data directory this program writes and reads.
pub const VERSION: u32 = 1;

/// A data directory that this process alone may use.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("the data directory {} cannot be made: {source}", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("{} is not a directory", path.display())]
    NotADirectory { path: PathBuf },
    #[error("the data directory {} belongs to user {owner}, not to user {user}", path.display())]
    ForeignOwner { path: PathBuf, owner: u32, user: u32 },
    #[error("{} holds other files and is not a data directory of Holt", path.display())]
    NotOurs { path: PathBuf },
    #[error("the data directory {} cannot be written: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("the data directory {} is in use by another server{}", path.display(), by(*pid))]
    InUse { path: PathBuf, pid: Option<u32> },
    #[error("the data directory {} has layout {found}; this version of Holt knows layouts up to {known}", path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
    #[error("the data directory {} does not say its version: {} reads {found:?}", path.display(), VERSION_FILE)]
    UnknownVersion { path: PathBuf, found: String },
}

fn by(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

impl DataDirError {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Create { .. } => "data_dir_not_created",
            Self::NotADirectory { .. } => "data_dir_not_a_directory",
            Self::ForeignOwner { .. } => "data_dir_foreign_owner",
            Self::NotOurs { .. } => "data_dir_not_ours",
            Self::Unwritable { .. } => "data_dir_unwritable",
            Self::InUse { .. } => "data_dir_in_use",
            Self::Newer { .. } => "data_dir_newer",
            Self::UnknownVersion { .. } => "data_dir_unknown_version",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Create { .. } | Self::NotADirectory { .. } => "Name another directory with --data-dir.".into(),
            Self::ForeignOwner { path, owner, user } => {
                format!("Run Holt as user {owner}, or give the directory away: chown -R {user} {}", path.display())
            }
            Self::NotOurs { .. } => "Name a directory that is empty or does not exist yet with --data-dir.".into(),
            Self::Unwritable { .. } => "Mend its permissions or its disk, or name another directory with --data-dir.".into(),
            Self::InUse { .. } => {
                "Stop that server first (`holt stop server`), or name another directory with --data-dir.".into()
            }
            Self::Newer { .. } => {
                "Use the newer version of Holt that wrote it, or name another directory with --data-dir.".into()
            }
            Self::UnknownVersion { path, .. } => {
                format!("Restore {} from a backup; it holds one number.", path.join(VERSION_FILE).display())
            }
        }
    }
}

impl DataDir {
    /// Makes the directory when there is none, and takes it. Refuses when another process has it.
    pub fn acquire(path: &Path) -> Result<Self, DataDirError> {
        create(path)?;
        let path = fs::canonicalize(path).map_err(|source| DataDirError::Create { path: path.into(), source })?;
        check_owner(&path)?;
        if !is_ours_or_empty(&path).map_err(|source| unwritable(&path, source))? {
            return Err(DataDirError::NotOurs { path });
        }
        fs::set_permissions(&path, Permissions::from_mode(0o700)).map_err(|source| unwritable(&path, source))?;
        let lock = lock(&path)?;
        check_version(&path)?;
        Ok(Self { path, lock })
    }

    /// Its one true path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Flushes what making it left unflushed, and the names in it. To be called before anything in it is acknowledged.
    pub fn settle(&self) -> io::Result<()> {
        File::open(self.path.join(VERSION_FILE))?.sync_all()?;
        File::open(&self.path)?.sync_all()
    }
}

impl Drop for DataDir {
    /// Said aloud: a process that is being started at this moment still has the descriptor, and with it the lock.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

fn unwritable(path: &Path, source: io::Error) -> DataDirError {
    DataDirError::Unwritable { path: path.into(), source }
}

fn create(path: &Path) -> Result<(), DataDirError> {
    let failed = |source| DataDirError::Create { path: path.into(), source };
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(DataDirError::NotADirectory { path: path.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(DataDirError::NotADirectory { path: path.into() });
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Err(_) => {}
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other.map_err(failed),
    }
}

fn check_owner(path: &Path) -> Result<(), DataDirError> {
    let found = fs::metadata(path).map_err(|source| unwritable(path, source))?;
    let (owner, user) = (found.uid(), rustix::process::geteuid().as_raw());
    if owner == user { Ok(()) } else { Err(DataDirError::ForeignOwner { path: path.into(), owner, user }) }
}

/// Nobody's documents get closed off or mixed with ours because of a slip in `--data-dir`.
fn is_ours_or_empty(path: &Path) -> io::Result<bool> {
    if path.join(VERSION_FILE).exists() || path.join(LOCK).exists() {
        return Ok(true);
    }
    Ok(fs::read_dir(path)?.next().is_none())
}

fn lock(path: &Path) -> Result<File, DataDirError> {
    let failed = |source| unwritable(path, source);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(path.join(LOCK)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Only for the message; a lock without a readable number is a lock all the same.
            let _ = (&mut file).take(32).read_to_string(&mut text);
            return Err(DataDirError::InUse { path: path.into(), pid: text.trim().parse().ok() });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    // The number helps people only. A disk too full for it must not keep the server from starting.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

fn check_version(path: &Path) -> Result<(), DataDirError> {
    let file = path.join(VERSION_FILE);
    let found = match fs::read_to_string(&file) {
        // Made by a server of which nothing was ever acknowledged: see `settle`.
        Ok(text) if text.is_empty() => return write_version(path, &file),
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return write_version(path, &file),
        Err(source) => return Err(unwritable(path, source)),
    };
    match found.trim().parse() {
        Ok(found) if found > VERSION => Err(DataDirError::Newer { path: path.into(), found, known: VERSION }),
        Ok(0) | Err(_) => Err(DataDirError::UnknownVersion { path: path.into(), found: found.chars().take(40).collect() }),
        Ok(_) => Ok(()),
    }
}

/// Through a temporary name, so that no reader finds half of it.
fn write_version(path: &Path, file: &Path) -> Result<(), DataDirError> {
    let temporary = path.join("version.new");
    let written = fs::write(&temporary, format!("{VERSION}\n")).and_then(|()| fs::rename(&temporary, file));
    written.map_err(|source| unwritable(path, source))
}
